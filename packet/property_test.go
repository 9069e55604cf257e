package packet_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"example.com/dps/packet"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestRoundTrip(t *testing.T) {
	reused := map[packet.Type]packet.Packet{}
	rapid.Check(t, func(t *rapid.T) {
		p := packets.Draw(t, "packet")
		b, err := p.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeOne(b)
		if diff := cmp.Diff(p, got); err != nil || diff != "" {
			t.Fatalf("%v (-want +got):\n%s", err, diff)
		}
		// A reused struct keeps nothing of its previous contents.
		again := reused[p.Type()]
		if again == nil {
			again = packet.New(p.Type())
			reused[p.Type()] = again
		}
		f, _, _ := packet.Cut(b, 0)
		err = again.Decode(f)
		if diff := cmp.Diff(p, again); err != nil || diff != "" {
			t.Fatalf("into a used struct: %v (-want +got):\n%s", err, diff)
		}
	})
}

func TestAppendLeavesThePrefixAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := packets.Draw(t, "packet")
		prefix := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "prefix")
		room := rapid.SampledFrom([]int{0, 1, 10, 1000}).Draw(t, "room")
		alone := mustAppend(nil, p)
		b := append(make([]byte, 0, len(prefix)+room), prefix...)
		got, err := p.AppendBinary(b)
		if want := append(bytes.Clone(prefix), alone...); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("got % x, %v, want % x", got, err, want)
		}
		if room >= len(alone) && len(prefix)+room > 0 && &got[:1][0] != &b[:1][0] {
			t.Fatal("there was room, but it was not used")
		}
	})
}

// spoil changes a valid packet to one that must not be sent. It returns false
// if it cannot do so for this packet.
func spoil(t *rapid.T, p packet.Packet) bool {
	bad := []byte(rapid.SampledFrom([]string{"\x00", surrogate, "a\xff", string(text(65536))}).Draw(t, "bad text"))
	switch p := p.(type) {
	case *packet.Connect:
		p.ClientID = bad
	case *packet.Connack:
		p.ReturnCode += 6
	case *packet.Publish:
		p.Topic = bad
	case *packet.Puback:
		p.ID = 0
	case *packet.Pubrec:
		p.ID = 0
	case *packet.Pubrel:
		p.ID = 0
	case *packet.Pubcomp:
		p.ID = 0
	case *packet.Subscribe:
		p.Subscriptions[len(p.Subscriptions)-1].Filter = bad
	case *packet.Suback:
		p.ReturnCodes[len(p.ReturnCodes)-1] = 3
	case *packet.Unsubscribe:
		p.Filters[len(p.Filters)-1] = bad
	case *packet.Unsuback:
		p.ID = 0
	default:
		return false
	}
	return true
}

func TestRefusedAppendWritesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := packets.Draw(t, "packet")
		if !spoil(t, p) {
			return
		}
		whole := bytes.Repeat([]byte{0xaa}, 200)
		b, err := p.AppendBinary(whole[:7])
		if !errors.Is(err, packet.ErrInvalid) || len(b) != 7 || &b[0] != &whole[0] {
			t.Fatalf("%d bytes, %v", len(b), err)
		}
		if bytes.Count(whole, []byte{0xaa}) != len(whole) {
			t.Fatalf("something was written: % x", whole)
		}
	})
}

// The result of AppendHeader followed by the payload is the packet.
func TestAppendHeader(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPublish(t)
		header, err := p.AppendHeader(nil)
		if err != nil || !bytes.Equal(append(header, p.Payload...), mustAppend(nil, p)) {
			t.Fatalf("% x, %v", header, err)
		}
	})
}

func TestCloneSharesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := packets.Draw(t, "packet")
		b := mustAppend(nil, p)
		borrowing, err := decodeOne(b)
		if err != nil {
			t.Fatal(err)
		}
		method := reflect.ValueOf(borrowing).MethodByName("Clone")
		if !method.IsValid() {
			return // nothing is borrowed
		}
		clone := method.Call(nil)[0].Interface()
		if diff := cmp.Diff(packet.Packet(p), clone); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		for i := range b {
			b[i] = 0xaa
		}
		scribble(borrowing)
		if diff := cmp.Diff(packet.Packet(p), clone); diff != "" {
			t.Fatalf("the clone changed with what it was cloned from (-want +got):\n%s", diff)
		}
	})
}

// scribble changes everything that p points to, except the bytes that it
// borrows.
func scribble(p packet.Packet) {
	switch p := p.(type) {
	case *packet.Connect:
		if p.Will != nil {
			*p.Will = packet.Will{}
		}
	case *packet.Subscribe:
		clear(p.Subscriptions)
	case *packet.Unsubscribe:
		clear(p.Filters)
	}
}

// A clone preserves the difference between absent and empty.
func TestCloneKeepsNil(t *testing.T) {
	for _, p := range []*packet.Connect{
		{}, {ProtocolName: []byte{}, ClientID: []byte{}, Username: []byte{}, Password: packet.Secret{}}, {Will: &packet.Will{}},
		{Will: &packet.Will{Topic: []byte{}, Message: []byte{}}},
	} {
		if diff := cmp.Diff(p, p.Clone()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	for _, p := range []*packet.Publish{{}, {Topic: []byte{}, Payload: []byte{}}} {
		if diff := cmp.Diff(p, p.Clone()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}
