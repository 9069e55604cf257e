package packet_test

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"example.com/dps/packet"
	"github.com/google/go-cmp/cmp"
)

// fullPackets returns a packet of each type in which every field is set.
func fullPackets() []packet.Packet {
	return []packet.Packet{
		&packet.Connect{
			ProtocolName: []byte("MQTT"), ProtocolLevel: 4, CleanSession: true, KeepAlive: 0xabcd, ClientID: []byte("client"),
			Will:     &packet.Will{Topic: []byte("will"), Message: []byte("message"), QoS: packet.QoS2, Retain: true},
			Username: []byte("user"), Password: packet.Secret("password"),
		},
		&packet.Connack{SessionPresent: true}, &packet.Connack{ReturnCode: packet.NotAuthorized}, // they exclude each other
		&packet.Publish{Dup: true, QoS: packet.QoS2, Retain: true, ID: 0xabcd, Topic: []byte("topic"), Payload: []byte("payload")},
		&packet.Puback{ID: 0xabcd}, &packet.Pubrec{ID: 0xabcd}, &packet.Pubrel{ID: 0xabcd}, &packet.Pubcomp{ID: 0xabcd},
		&packet.Subscribe{ID: 0xabcd, Subscriptions: []packet.Subscription{
			{Filter: []byte("one/+"), QoS: packet.QoS2}, {Filter: []byte("two/#"), QoS: packet.QoS1}, {Filter: []byte("three"), QoS: packet.QoS2},
		}},
		&packet.Suback{ID: 0xabcd, ReturnCodes: []byte{2, 0x80, 1}},
		&packet.Unsubscribe{ID: 0xabcd, Filters: [][]byte{[]byte("one/+"), []byte("two/#"), []byte("three")}},
		&packet.Unsuback{ID: 0xabcd}, &packet.Pingreq{}, &packet.Pingresp{}, &packet.Disconnect{},
	}
}

// Two packets are decoded from two buffers. Overwriting the second buffer does
// not change the first packet. Overwriting its own buffer changes every slice
// of it.
func TestDecodedPacketsBorrowTheirFrameAndShareNothingElse(t *testing.T) {
	for _, want := range fullPackets() {
		mine, other := mustAppend(nil, want), mustAppend(nil, want)
		p, err := decodeOne(mine)
		if err != nil {
			t.Fatal(err)
		}
		q, err := decodeOne(other)
		if err != nil {
			t.Fatal(err)
		}
		for i := range other {
			other[i] = 0xaa
		}
		scribble(q)
		if diff := cmp.Diff(want, p); diff != "" {
			t.Errorf("%v changed with another packet (-want +got):\n%s", want.Type(), diff)
		}
		for i := range mine {
			mine[i] = 0xaa
		}
		for i, s := range borrowed(p) {
			if !bytes.Equal(s, bytes.Repeat([]byte{0xaa}, len(s))) {
				t.Errorf("%v: slice %d is a copy: %q", want.Type(), i, s)
			}
		}
	}
}

// A clone of each packet that borrows something stays as it is, whatever
// becomes of the packet and of the bytes that it was decoded from.
func TestEveryCloneIsACopy(t *testing.T) {
	cloned := 0
	for _, want := range fullPackets() {
		b := mustAppend(nil, want)
		p, err := decodeOne(b)
		if err != nil {
			t.Fatal(err)
		}
		method := reflect.ValueOf(p).MethodByName("Clone")
		if !method.IsValid() {
			if len(borrowed(p)) > 0 {
				t.Errorf("%v borrows and has no Clone", want.Type())
			}
			continue
		}
		cloned++
		clone := method.Call(nil)[0].Interface()
		for i := range b {
			b[i] = 0xaa
		}
		scribble(p)
		if diff := cmp.Diff(any(want), clone); diff != "" {
			t.Errorf("the clone of a %v changed (-want +got):\n%s", want.Type(), diff)
		}
	}
	if cloned != 5 {
		t.Errorf("%d types have a Clone, want 5", cloned)
	}
}

// Two streams are cut in turn, each in the middle of packets. A frame is valid
// until the next call for its own stream, whatever happens to the other.
func TestSplittersShareNothing(t *testing.T) {
	streams := [2][]byte{}
	for i := range streams {
		p := &packet.Publish{Topic: []byte("t"), Payload: bytes.Repeat([]byte{byte('a' + i)}, 700)}
		streams[i] = slices.Repeat(mustAppend(nil, p), 3)
	}
	var splitters [2]packet.Splitter
	var frames [2]packet.Frame
	whole := 0
	for i := 0; i < len(streams[0]); i += 100 {
		for k := range splitters {
			s := &splitters[k]
			frames[k] = packet.Frame{}
			s.Feed(bytes.Clone(streams[k][i:min(i+100, len(streams[k]))]))
			if f, err := s.Next(); err == nil {
				frames[k] = f
				whole++
			} else if err != packet.ErrShort {
				t.Fatal(err)
			}
			for k, f := range frames {
				if want := fmt.Sprintf("\x00\x01t%s", bytes.Repeat([]byte{byte('a' + k)}, 700)); f.Body != nil && string(f.Body) != want {
					t.Fatalf("the frame of stream %d became %.20q…", k, f.Body)
				}
			}
		}
	}
	if whole != 6 {
		t.Errorf("%d packets were cut off, want 6", whole)
	}
}

// For every type, two packets are decoded into the same struct: first one with
// all fields set, then each packet of the vectors and each of the smallest
// packets. The result is the same as in a new struct.
func TestDecodeIntoUsedStructSetsEveryField(t *testing.T) {
	var seconds [][]byte
	for _, v := range singles(t) {
		seconds = append(seconds, v.bytes())
	}
	for _, row := range oneOfEach {
		seconds = append(seconds, wire(row.wire))
	}
	for _, p := range fullPackets() {
		seconds = append(seconds, mustAppend(nil, p))
	}
	level3, level5 := "10 0c 0004 4d515454 03 02 0000 0000", "10 16 0004 4d515454 05 c6 ffff 00 0001 61 00 0001 77 0000 0001 75"
	seconds = append(seconds, wire(level3), wire(level5)) // decoded with ErrProtocolLevel
	for _, first := range fullPackets() {
		for _, second := range seconds {
			f, _, err := packet.Cut(second, noLimit)
			if err != nil || f.Type != first.Type() {
				continue
			}
			used := packet.New(f.Type)
			if g, _, err := packet.Cut(mustAppend(nil, first), 0); err != nil || used.Decode(g) != nil {
				t.Fatal(err)
			}
			fresh := packet.New(f.Type)
			want, got := fresh.Decode(f), used.Decode(f)
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%x: %v, want %v", second, got, want)
			}
			if diff := cmp.Diff(fresh, used); diff != "" {
				t.Errorf("%x into a %v that was used (-fresh +used):\n%s", second, f.Type, diff)
			}
		}
	}
}

// A list has the elements of its packet in the same order, and no others.
func TestListsOfAnyLength(t *testing.T) {
	for _, n := range []int{1, 2, 1023, 1024, 1025, 4097} {
		subscribe, unsubscribe, suback := &packet.Subscribe{ID: 1}, &packet.Unsubscribe{ID: 1}, &packet.Suback{ID: 1}
		for i := range n {
			filter := fmt.Appendf(nil, "f/%d", i)
			subscribe.Subscriptions = append(subscribe.Subscriptions, packet.Subscription{Filter: filter, QoS: packet.QoS(i % 3)})
			unsubscribe.Filters = append(unsubscribe.Filters, filter)
			suback.ReturnCodes = append(suback.ReturnCodes, byte(i%3))
		}
		for _, want := range []packet.Packet{subscribe, unsubscribe, suback} {
			got, err := decodeOne(mustAppend(nil, want))
			if err != nil || !cmp.Equal(want, got) {
				t.Errorf("%v with a list of %d decodes to a different list, %v", want.Type(), n, err)
			}
		}
	}
}
