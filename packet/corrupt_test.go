package packet_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"example.com/dps/packet"
)

// singles returns the valid vectors that consist of one packet of moderate
// size.
func singles(t testing.TB) (all []vector) {
	for _, v := range readVectors(t) {
		if v.Valid && v.Chunks == nil && v.Len < 1<<12 {
			if _, err := decodeOne(v.bytes()); err == nil {
				all = append(all, v)
			}
		}
	}
	if len(all) < 50 {
		t.Fatalf("only %d vectors", len(all))
	}
	return all
}

// If any byte of a packet is changed to any other, the result is either
// rejected or the only encoding of some packet.
func TestEveryCorruptionIsRefusedOrCanonical(t *testing.T) {
	for _, v := range singles(t) {
		b := v.bytes()
		for i := 0; i < len(b); i += 1 + i/64 {
			for change := 1; change < 256; change++ {
				c := bytes.Clone(b)
				c[i] ^= byte(change)
				checkCanonical(t, v.Name, c)
			}
		}
	}
}

// checkCanonical checks that b does not begin with a packet, or begins with one
// that encodes to the same bytes.
func checkCanonical(t *testing.T, name string, b []byte) {
	t.Helper()
	f, rest, err := packet.Cut(b, noLimit)
	if err != nil {
		if err != packet.ErrShort && !errors.Is(err, packet.ErrMalformed) || !bytes.Equal(rest, b) {
			t.Errorf("%s: %.40x: %v, %d bytes left", name, b, err, len(rest))
		}
		return
	}
	p, err := packet.Decode(f)
	if err != nil {
		if !errors.Is(err, packet.ErrMalformed) && !errors.Is(err, packet.ErrProtocolLevel) {
			t.Errorf("%s: %.40x: %v", name, b, err)
		}
		return
	}
	again, err := p.AppendBinary(nil)
	if owedAnAnswer(p) {
		if !errors.Is(err, packet.ErrInvalid) {
			t.Errorf("%s: %v can be sent", name, p)
		}
		return
	}
	if want := b[:len(b)-len(rest)]; err != nil || !bytes.Equal(again, want) {
		t.Errorf("%s: %.40x decodes to %v, which encodes to %.40x, %v", name, want, p, again, err)
	}
}

// owedAnAnswer reports whether p is the only well-formed packet that must not
// be sent.
func owedAnAnswer(p packet.Packet) bool {
	c, ok := p.(*packet.Connect)
	return ok && len(c.ClientID) == 0 && !c.CleanSession
}

// No content of a body, such as a wrong field length, affects the next packet:
// the first packet neither depends on the second nor changes it.
func TestNothingIsSmuggled(t *testing.T) {
	behind := mustAppend(nil, fixturePublish(5))
	for _, v := range singles(t) {
		b := v.bytes()
		_, header, err := packet.ParseHeader(b)
		if err != nil {
			t.Fatal(err)
		}
		for i := header; i < min(len(b), 300); i++ {
			for _, to := range []byte{0x00, 0x01, 0x02, 0x7f, 0x80, 0xff, b[i] - 1, b[i] + 1} {
				alone := bytes.Clone(b)
				alone[i] = to
				pair := append(bytes.Clone(alone), behind...)
				want, wantErr := decodeOne(alone)
				f, rest, err := packet.Cut(pair, 0)
				if err != nil || !bytes.Equal(rest, behind) {
					t.Fatalf("%s: cut to %d bytes, %v", v.Name, len(rest), err)
				}
				got, err := packet.Decode(f)
				if !reflect.DeepEqual(want, got) || !reflect.DeepEqual(wantErr, err) {
					t.Errorf("%s: alone %v, %v; before another packet %v, %v", v.Name, want, wantErr, got, err)
				}
				if !bytes.Equal(rest, behind) {
					t.Errorf("%s: decoding changed the next packet", v.Name)
				}
			}
		}
	}
}

// borrowed returns the slices of p that are part of the frame.
func borrowed(p packet.Packet) (all [][]byte) {
	switch p := p.(type) {
	case *packet.Connect:
		all = [][]byte{p.ProtocolName, p.ClientID, p.Username, p.Password}
		if p.Will != nil {
			all = append(all, p.Will.Topic, p.Will.Message)
		}
	case *packet.Publish:
		all = [][]byte{p.Topic, p.Payload}
	case *packet.Subscribe:
		for _, s := range p.Subscriptions {
			all = append(all, s.Filter)
		}
	case *packet.Suback:
		all = [][]byte{p.ReturnCodes}
	case *packet.Unsubscribe:
		all = p.Filters
	}
	return all
}

// A borrowed slice has no spare capacity, even if the body has some, so that
// appending to it cannot overwrite the bytes after it.
func TestBorrowedSlicesHaveNoRoom(t *testing.T) {
	for _, v := range singles(t) {
		f, _, err := packet.Cut(append(v.bytes(), "behind"...), 0)
		if err != nil || cap(f.Body) != len(f.Body) {
			t.Fatalf("%s: %v, a body of %d bytes with capacity %d", v.Name, err, len(f.Body), cap(f.Body))
		}
		f.Body = append(f.Body, "behind"...)[:len(f.Body)]
		p, err := packet.Decode(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range borrowed(p) {
			if cap(s) != len(s) {
				t.Errorf("%s: %d bytes with capacity %d", v.Name, len(s), cap(s))
			}
		}
	}
}

// Decode checks a frame made by hand as strictly as one returned by Cut.
func TestFrameByHand(t *testing.T) {
	for _, row := range oneOfEach {
		f, _, err := packet.Cut(wire(row.wire), 0)
		if err != nil {
			t.Fatal(err)
		}
		for typ := range 256 {
			other := packet.Frame{Type: packet.Type(typ), Flags: f.Flags, Body: f.Body}
			err := packet.New(f.Type).Decode(other)
			if same := other.Type == f.Type; same != (err == nil) || !same && !errors.Is(err, packet.ErrInvalid) {
				t.Errorf("%v decodes a frame of %v: %v", f.Type, other.Type, err)
			}
		}
		for flags := range 256 {
			other := packet.Frame{Type: f.Type, Flags: byte(flags), Body: f.Body}
			err := packet.New(f.Type).Decode(other)
			if flags > 0x0f && !errors.Is(err, packet.ErrInvalid) {
				t.Errorf("%v decodes a frame with flags %#x: %v", f.Type, flags, err)
			}
			if flags <= 0x0f && err != nil && !errors.Is(err, packet.ErrMalformed) {
				t.Errorf("%v decodes a frame with flags %#x: %v", f.Type, flags, err)
			}
		}
		for n := range len(f.Body) {
			if err := packet.New(f.Type).Decode(packet.Frame{Type: f.Type, Flags: f.Flags, Body: f.Body[:n]}); err == packet.ErrShort {
				t.Errorf("%v: a body of %d bytes is reported as incomplete", f.Type, n)
			}
		}
	}
	if p, err := packet.Decode(packet.Frame{Type: 200}); p != nil || !errors.Is(err, packet.ErrMalformed) {
		t.Errorf("type 200: %v, %v", p, err)
	}
}
