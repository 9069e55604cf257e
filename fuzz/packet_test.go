package fuzz

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"example.com/dps/packet"
	"github.com/google/go-cmp/cmp"
)

// Invariant: no bytes make the decoder panic or use more memory than a small
// multiple of their number, and every decoded packet encodes to the same bytes.
func FuzzDecode(f *testing.F) { f.Fuzz(checkDecode) }

func checkDecode(t *testing.T, b []byte) {
	for len(b) > 0 {
		frame, rest, err := packet.Cut(b, 0)
		if err != nil {
			checkPacketError(t, err, packet.ErrMalformed, packet.ErrTooLarge, packet.ErrShort)
			return
		}
		p, err := packet.Decode(frame)
		if err != nil {
			checkPacketError(t, err, packet.ErrMalformed, packet.ErrProtocolLevel)
			return
		}
		checkListMemory(t, p, len(frame.Body))
		checkCanonical(t, p, b[:len(b)-len(rest)])
		b = rest
	}
}

// checkPacketError checks that err is one of the wanted errors, with a rule, a
// message and an offset.
func checkPacketError(t *testing.T, err error, want ...error) {
	t.Helper()
	for _, w := range want {
		if w == packet.ErrShort && err == w {
			return
		}
		var e *packet.SyntaxError
		if errors.As(err, &e) && e.Err == w && e.Rule != "" && e.Msg != "" && e.Offset >= 0 && err.Error() != "" {
			return
		}
	}
	t.Fatalf("got %v, want one of %v", err, want)
}

func checkListMemory(t *testing.T, p packet.Packet, body int) {
	t.Helper()
	size := 0
	switch p := p.(type) {
	case *packet.Subscribe:
		size = cap(p.Subscriptions) * int(reflect.TypeFor[packet.Subscription]().Size())
	case *packet.Unsubscribe:
		size = cap(p.Filters) * int(reflect.TypeFor[[]byte]().Size())
	}
	if size > 16*body {
		t.Fatalf("a list uses %d bytes for a body of %d", size, body)
	}
}

func checkCanonical(t *testing.T, p packet.Packet, want []byte) {
	t.Helper()
	if p.String() == "" {
		t.Fatalf("%#v has an empty String", p)
	}
	got, err := p.AppendBinary(nil)
	if c, ok := p.(*packet.Connect); ok && len(c.ClientID) == 0 && !c.CleanSession {
		checkPacketError(t, err, packet.ErrInvalid) // well-formed, but no client may send it
		return
	}
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%x decodes to %v, which encodes to %x, %v", want, p, got, err)
	}
}

// Invariant: a stream in pieces of any sizes, with calls of Next after any of
// them, yields the same packets, error and remainder as in one piece.
func FuzzSplit(f *testing.F) { f.Fuzz(checkSplit) }

func checkSplit(t *testing.T, stream, sizes []byte, limit int) {
	want, wantRest, wantErr := wholeStream(stream, limit)
	s := packet.Splitter{Limit: limit}
	var got [][]byte
	var err error
	for i := 0; len(stream) > 0 || i == 0; i++ {
		n, drain := len(stream), true
		if i < 8*len(sizes) {
			size := sizes[i%len(sizes)]
			n, drain = min(n, int(size&0x7f)), size < 0x80
		}
		s.Feed(stream[:n])
		for stream = stream[n:]; drain || len(stream) == 0; {
			var frame packet.Frame
			if frame, err = s.Next(); err != nil {
				break
			}
			got = append(got, frameBytes(frame))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("packets (-whole +split):\n%s", diff)
	}
	if !reflect.DeepEqual(wantErr, err) || wantErr == packet.ErrShort && !bytes.Equal(wantRest, s.AppendRest([]byte{})) {
		t.Fatalf("%v, %d bytes left; whole: %v, %d", err, s.Buffered(), wantErr, len(wantRest))
	}
}

func wholeStream(b []byte, limit int) (all [][]byte, rest []byte, err error) {
	for {
		f, rest, err := packet.Cut(b, limit)
		if err != nil {
			return all, rest, err
		}
		all, b = append(all, frameBytes(f)), rest
	}
}

// frameBytes copies a frame. Two frames are equal if their copies are.
func frameBytes(f packet.Frame) []byte {
	return append([]byte{byte(f.Type)<<4 | f.Flags}, f.Body...)
}

// Invariant: the decoder restores every packet that the encoder accepts, and if
// the encoder rejects a packet, it does not change the slice.
func FuzzEncode(f *testing.F) { f.Fuzz(checkEncode) }

func checkEncode(t *testing.T, typ, flags byte, id uint16, n byte, a, b, c, d []byte) {
	p := buildPacket(packet.Type(typ), flags, id, n, a, b, c, d)
	if p == nil {
		return
	}
	wire, err := p.AppendBinary([]byte("before"))
	if err != nil {
		checkPacketError(t, err, packet.ErrInvalid)
		if string(wire) != "before" {
			t.Fatalf("rejected with %v, but the slice is %x", err, wire)
		}
		return
	}
	frame, rest, err := packet.Cut(wire[len("before"):], 1<<30)
	if err != nil || len(rest) > 0 {
		t.Fatalf("%v: %v, %d bytes left", p, err, len(rest))
	}
	got, err := packet.Decode(frame)
	if err != nil {
		t.Fatalf("%v: %v", p, err)
	}
	if diff := cmp.Diff(p, got); diff != "" {
		t.Fatalf("(-encoded +decoded):\n%s", diff)
	}
}

// buildPacket makes a packet from the arguments. As after Decode, fields that
// are always present are not nil. A packet with an empty list cannot be
// encoded.
func buildPacket(typ packet.Type, flags byte, id uint16, n byte, a, b, c, d []byte) packet.Packet {
	bit := func(i int) bool { return flags>>i&1 != 0 }
	lists := [][]byte{a, b, c, d}[:n%5]
	switch p := packet.New(typ).(type) {
	case *packet.Connect:
		p.ProtocolName, p.ProtocolLevel, p.CleanSession, p.KeepAlive, p.ClientID = []byte("MQTT"), 4, bit(0), id, a
		if bit(1) {
			p.Will = &packet.Will{Topic: b, Message: d, QoS: packet.QoS(n), Retain: bit(2)}
		}
		if bit(3) {
			p.Username = c
		}
		if bit(4) {
			p.Password = d
		}
		return p
	case *packet.Connack:
		p.SessionPresent, p.ReturnCode = bit(0), packet.ReturnCode(n)
		return p
	case *packet.Publish:
		p.Dup, p.Retain, p.QoS, p.ID, p.Topic, p.Payload = bit(0), bit(1), packet.QoS(n), id, a, d
		return p
	case *packet.Subscribe:
		p.ID = id
		for i, filter := range lists {
			p.Subscriptions = append(p.Subscriptions, packet.Subscription{Filter: filter, QoS: packet.QoS(flags >> (2 * i) & 3)})
		}
		return p
	case *packet.Suback:
		p.ID, p.ReturnCodes = id, d
		return p
	case *packet.Unsubscribe:
		p.ID, p.Filters = id, append(p.Filters, lists...)
		return p
	case *packet.Puback:
		p.ID = id
		return p
	case *packet.Pubrec:
		p.ID = id
		return p
	case *packet.Pubrel:
		p.ID = id
		return p
	case *packet.Pubcomp:
		p.ID = id
		return p
	case *packet.Unsuback:
		p.ID = id
		return p
	case nil:
		return nil
	default:
		return p
	}
}

// Invariant: the body of a packet and the bytes after the packet do not affect
// how the other is decoded.
func FuzzSmuggle(f *testing.F) { f.Fuzz(checkSmuggle) }

func checkSmuggle(t *testing.T, first []byte, at uint16, to byte, behind []byte) {
	_, rest, err := packet.Cut(first, 0)
	if err != nil {
		return
	}
	first = bytes.Clone(first[:len(first)-len(rest)])
	_, header, _ := packet.ParseHeader(first)
	if i := header + int(at); i < len(first) {
		first[i] = to // probably a corrupt length
	}
	alone := decodeFirst(t, first, nil)
	pair := append(bytes.Clone(first), behind...)
	if got := decodeFirst(t, pair, behind); !reflect.DeepEqual(alone, got) {
		t.Fatalf("alone %v, before another packet %v", alone, got)
	}
	if !bytes.Equal(pair[len(first):], behind) {
		t.Fatal("decoding changed the bytes after the packet")
	}
}

// An outcome is the result of decoding one packet.
type outcome struct {
	packet packet.Packet
	err    error
}

// decodeFirst decodes the first packet of b, which rest follows.
func decodeFirst(t *testing.T, b, rest []byte) outcome {
	t.Helper()
	frame, got, err := packet.Cut(b, 0)
	if err != nil || !bytes.Equal(got, rest) || cap(frame.Body) != len(frame.Body) {
		t.Fatalf("Cut: %v, %d bytes left instead of %d, %d bytes of spare capacity", err, len(got), len(rest), cap(frame.Body)-len(frame.Body))
	}
	p, err := packet.Decode(frame)
	return outcome{p, err}
}
