package packet_test

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"example.com/dps/packet"
	"github.com/google/go-cmp/cmp"
)

// MQTT-2.2.2-2, MQTT-3.3.1-2, MQTT-3.3.1-4, section 2.2.1: 23 of the 256
// possible first bytes are legal, and all others are rejected before a second
// byte is read.
func TestFirstByte(t *testing.T) {
	legal := wire("10 20 30 31 32 33 34 35 3a 3b 3c 3d 40 50 62 70 82 90 a2 b0 c0 d0 e0")
	for b := range 256 {
		_, _, err := packet.Cut([]byte{byte(b)}, 0)
		if bytes.IndexByte(legal, byte(b)) >= 0 {
			if err != packet.ErrShort {
				t.Errorf("%#02x: got %v, want ErrShort", b, err)
			}
			continue
		}
		var e *packet.SyntaxError
		if !errors.As(err, &e) || e.Err != packet.ErrMalformed || e.Offset != 0 || e.Type != packet.Type(b>>4) {
			t.Errorf("%#02x: got %v, want ErrMalformed at byte 0", b, err)
		}
		f := packet.Frame{Type: packet.Type(b >> 4), Flags: byte(b & 15), Body: make([]byte, 2)}
		if _, byHand := packet.Decode(f); !errors.Is(byHand, packet.ErrMalformed) || byHand.Error() != err.Error() {
			t.Errorf("%#02x: Decode returns %v, Cut returns %v", b, byHand, err)
		}
	}
}

// Section 2.4 and the sections of the packets: whether a type can have a
// Remaining Length is checked before any byte of the body is received. ErrShort
// means that it can.
func TestFirstByteAndLength(t *testing.T) {
	fixed := map[packet.Type]int{
		packet.CONNACK: 2, packet.PUBACK: 2, packet.PUBREC: 2, packet.PUBREL: 2, packet.PUBCOMP: 2,
		packet.UNSUBACK: 2, packet.PINGREQ: 0, packet.PINGRESP: 0, packet.DISCONNECT: 0,
	}
	atLeast := map[packet.Type]int{packet.CONNECT: 10, packet.PUBLISH: 2, packet.SUBSCRIBE: 2, packet.SUBACK: 2, packet.UNSUBSCRIBE: 2}
	for _, row := range oneOfEach {
		first := wire(row.wire)[0]
		for length := range 200 {
			b := appendLength([]byte{first}, length)
			h, n, err := packet.ParseHeader(b)
			only, isFixed := fixed[row.Type()]
			if isFixed && length != only || !isFixed && length < atLeast[row.Type()] {
				if !errors.Is(err, packet.ErrMalformed) {
					t.Errorf("%v with Remaining Length %d: %v", row.Type(), length, err)
				}
				continue
			}
			want := packet.Header{Type: row.Type(), Flags: first & 15, Length: length}
			if diff := cmp.Diff(want, h); err != nil || n != len(b) || diff != "" {
				t.Errorf("%v with Remaining Length %d: %d, %v (-want +got):\n%s", row.Type(), length, n, err, diff)
			}
		}
	}
}

// appendLength encodes a Remaining Length as the pseudocode of the standard
// does.
func appendLength(b []byte, x int) []byte {
	for {
		digit := byte(x % 128)
		if x /= 128; x > 0 {
			digit |= 128
		}
		if b = append(b, digit); x == 0 {
			return b
		}
	}
}

// Section 2.2.3, table 2.4, and Errata 01, which corrects pseudocode that
// stopped at 2,097,151: the values on both sides of every boundary, in both
// directions.
func TestRemainingLength(t *testing.T) {
	payload := make([]byte, packet.MaxRemainingLength-2)
	for _, row := range []struct {
		length int
		bytes  string
	}{
		{3, "03"}, {64, "40"}, {127, "7f"}, {128, "8001"}, {321, "c102"}, {16_383, "ff7f"}, {16_384, "808001"},
		{2_097_151, "ffff7f"}, {2_097_152, "80808001"}, {packet.MaxRemainingLength, "ffffff7f"},
	} {
		header := append([]byte{0x30}, wire(row.bytes)...)
		h, n, err := packet.ParseHeader(header)
		if want := (packet.Header{Type: packet.PUBLISH, Length: row.length}); h != want || n != len(header) || err != nil {
			t.Errorf("%s is read as %+v, %d bytes, %v", row.bytes, h, n, err)
		}
		for cut := range header {
			if _, _, err := packet.ParseHeader(header[:cut]); err != packet.ErrShort {
				t.Errorf("%d bytes of %s: %v", cut, row.bytes, err)
			}
		}
		p := packet.Publish{Topic: []byte("t"), Payload: payload[:row.length-3]}
		got, err := p.AppendHeader(nil)
		if want := append(header, 0, 1, 't'); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d is written as %x, %v", row.length, got, err)
		}
	}
	p := packet.Publish{Topic: []byte("tt"), Payload: payload[:packet.MaxRemainingLength-3]}
	if b, err := p.AppendBinary([]byte("before")); !errors.Is(err, packet.ErrInvalid) || string(b) != "before" {
		t.Errorf("a Remaining Length of 268,435,456: %d bytes, %v", len(b), err)
	}
}

// MQTT-3.2.2-4, sections 3.2.2.1 and 3.2.2.3: 7 of the 65,536 possible CONNACK
// packets are legal.
func TestConnack(t *testing.T) {
	var legal int
	for flags := range 256 {
		for code := range 256 {
			b := []byte{0x20, 2, byte(flags), byte(code)}
			p, err := decodeOne(b)
			if want := flags == 0 && code <= 5 || flags == 1 && code == 0; want != (err == nil) {
				t.Errorf("% x: %v", b, err)
			}
			if err != nil {
				continue
			}
			legal++
			if diff := cmp.Diff(&packet.Connack{SessionPresent: flags == 1, ReturnCode: packet.ReturnCode(code)}, p); diff != "" {
				t.Errorf("% x (-want +got):\n%s", b, diff)
			}
			checkEncodes(t, []packet.Packet{p}, b)
		}
	}
	if legal != 7 {
		t.Errorf("%d are legal, want 7", legal)
	}
	for code := range 256 {
		for _, present := range []bool{false, true} {
			_, err := (&packet.Connack{SessionPresent: present, ReturnCode: packet.ReturnCode(code)}).AppendBinary(nil)
			if want := code == 0 || code <= 5 && !present; want != (err == nil) {
				t.Errorf("code %d, session present %t: %v", code, present, err)
			}
		}
	}
}

// MQTT-3.9.3-2: 4 of the 256 possible return codes of a SUBACK are legal, at
// any position.
func TestSubackCodes(t *testing.T) {
	for code := range 256 {
		for at := range 3 {
			p := &packet.Suback{ID: 1, ReturnCodes: []byte{0, 1, 0x80}}
			p.ReturnCodes[at] = byte(code)
			b := append([]byte{0x90, 5, 0, 1}, p.ReturnCodes...)
			legal := code <= 2 || code == packet.SubackFailure
			if got, err := decodeOne(b); legal != (err == nil) || legal && cmp.Diff(p, got) != "" {
				t.Errorf("% x: %v, %v", b, got, err)
			}
			if got, err := p.AppendBinary(nil); legal != (err == nil) || legal && !bytes.Equal(got, b) {
				t.Errorf("%v: % x, %v", p, got, err)
			}
		}
	}
}

// MQTT-3.8.3-4: 3 of the 256 possible bytes after a topic filter are legal.
func TestRequestedQoS(t *testing.T) {
	for qos := range 256 {
		p := &packet.Subscribe{ID: 10, Subscriptions: []packet.Subscription{{Filter: []byte("a"), QoS: packet.QoS(qos)}}}
		b := append(wire("82 06 000a 0001 61"), byte(qos))
		if got, err := decodeOne(b); qos <= 2 != (err == nil) || err == nil && cmp.Diff(p, got) != "" {
			t.Errorf("% x: %v, %v", b, got, err)
		}
		if got, err := p.AppendBinary(nil); qos <= 2 != (err == nil) || err == nil && !bytes.Equal(got, b) {
			t.Errorf("%v: % x, %v", p, got, err)
		}
	}
}

// MQTT-3.1.2-3, -9, -11, -13 to -15, -18 to -22: all 256 values of the connect
// flags, each with exactly the fields that it announces, with one more, and
// with one fewer.
func TestConnectFlags(t *testing.T) {
	for flags := range 256 {
		will, username, password := flags&0x04 != 0, flags&0x80 != 0, flags&0x40 != 0
		fields := 1
		if will {
			fields += 2
		}
		if username {
			fields++
		}
		if password {
			fields++
		}
		legal := flags&0x01 == 0 && flags&0x18 != 0x18 && (will || flags&0x38 == 0) && (username || !password)
		for _, n := range []int{fields - 1, fields, fields + 1} {
			b := append(wire("10 00 0004 4d515454 04 00 0000"), bytes.Repeat([]byte{0, 1, 'x'}, n)...)
			b[1], b[9] = byte(len(b)-2), byte(flags)
			p, err := decodeOne(b)
			if want := legal && n == fields; want != (err == nil) {
				t.Errorf("flags %08b with %d fields: %v", flags, n, err)
			}
			if err == nil {
				checkEncodes(t, []packet.Packet{p}, b)
			} else if !errors.Is(err, packet.ErrMalformed) {
				t.Errorf("flags %08b with %d fields: %v, want ErrMalformed", flags, n, err)
			}
		}
	}
}

// MQTT-3.1.2-2: another level is not malformed, since a server answers it with
// CONNACK 1. Only the protocol name and level are decoded.
func TestProtocolLevel(t *testing.T) {
	for level := range 256 {
		b := wire("10 0d 0004 4d515454 04 ff 003c 0001 61")
		b[8] = byte(level)
		p, err := decodeOne(b)
		if level == 4 {
			if !errors.Is(err, packet.ErrMalformed) {
				t.Errorf("level 4 with flags ff: %v", err)
			}
			continue
		}
		var e *packet.SyntaxError
		if !errors.As(err, &e) || e.Err != packet.ErrProtocolLevel || e.Offset != 8 || e.Rule != "MQTT-3.1.2-2" || errors.Is(err, packet.ErrMalformed) {
			t.Errorf("level %d: %v", level, err)
		}
		if diff := cmp.Diff(packet.Packet(&packet.Connect{ProtocolName: []byte("MQTT"), ProtocolLevel: byte(level)}), p); diff != "" {
			t.Errorf("level %d (-want +got):\n%s", level, diff)
		}
	}
}

// MQTT-3.1.3-8: an empty client identifier with CleanSession 0 is well-formed,
// since a server answers it with CONNACK 2. No client may send it
// (MQTT-3.1.3-7).
func TestEmptyClientIDIsDelivered(t *testing.T) {
	p, err := decodeOne(wire("10 0c 0004 4d515454 04 00 0000 0000"))
	want := connect(func(p *packet.Connect) { p.CleanSession, p.ClientID = false, []byte{} })
	if diff := cmp.Diff(packet.Packet(want), p); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// The limit applies to the whole packet, and is checked as soon as the header
// is complete.
func TestLimit(t *testing.T) {
	for _, row := range []struct {
		limit, size int
		fits        bool
	}{
		{0, packet.DefaultLimit, true}, {0, packet.DefaultLimit + 1, false}, {-1, packet.DefaultLimit, true}, {-1, packet.DefaultLimit + 1, false},
		{10, 10, true}, {10, 11, false}, {1, 10, false}, {math.MaxInt, packet.MaxRemainingLength + 5, true},
	} {
		header := appendLength([]byte{0x30}, row.size)
		header = appendLength([]byte{0x30}, row.size-len(header))
		_, _, err := packet.Cut(header, row.limit)
		s := packet.Splitter{Limit: row.limit}
		s.Feed(header)
		_, splitErr := s.Next()
		if row.fits && (err != packet.ErrShort || splitErr != packet.ErrShort) {
			t.Errorf("%d bytes with limit %d: %v, %v", row.size, row.limit, err, splitErr)
		}
		if !row.fits && (!errors.Is(err, packet.ErrTooLarge) || !errors.Is(splitErr, packet.ErrTooLarge) || errors.Is(err, packet.ErrMalformed)) {
			t.Errorf("%d bytes with limit %d: %v, %v", row.size, row.limit, err, splitErr)
		}
	}
}
