package simulate

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A client has its burst at once, and then its rate: it waits as long as it
// takes to make up for what it used, one second at a time. The flood is told
// once.
func TestMeter(t *testing.T) {
	now := time.Unix(0, 0)
	var m meter
	const rate = 1000
	check := func(want time.Duration) {
		t.Helper()
		if got := m.wait(now, rate); got != want {
			t.Errorf("waits %v, want %v", got, want)
		}
	}
	m.wait(now, rate)
	m.charge(now, burst)
	check(0)
	m.charge(now, 500)
	check(time.Second / 2)
	now = now.Add(time.Second / 4)
	check(time.Second / 4)
	m.charge(now, 100*rate)
	check(maxWait)
	now = now.Add(time.Minute)
	check(maxWait)
	now = now.Add(time.Hour)
	if m.charge(now, burst); m.wait(now, rate) > 0 {
		t.Error("after an hour there is no burst")
	}
	if n := m.flood(); n != 0 {
		t.Errorf("%d bytes are a flood", n)
	}
	m.charge(now, floods)
	if first, second := m.flood(), m.flood(); first < floods || second != 0 {
		t.Errorf("floods of %d and %d", first, second)
	}
}

// Of a client that has used too much, little is read at once: pings have two
// bytes each, and a chunk of them must not use more than the burst.
func TestPortion(t *testing.T) {
	c := &conn{server: &Server{}}
	if n := c.portion(); n != chunk || n/2*perPacket > burst {
		t.Errorf("a new client gets %d bytes read at once", n)
	}
	c.meter.charge(time.Now(), burst+3*totalRate)
	if n := c.portion(); n != crumb {
		t.Errorf("a flooding client gets %d bytes read at once", n)
	}
}

// The borders between packets are found however the stream comes in pieces.
func TestPackets(t *testing.T) {
	stream := []byte("\x10\x0cabcdefghijkl\xc0\x00\x30\x84\x01")
	stream = append(stream, make([]byte, 132)...)
	stream = append(stream, "\xe0\x00\x82\x09ab"...)
	type result struct {
		Packets, Connects, Held int
	}
	for size := 1; size <= len(stream); size++ {
		var f packets
		var got result
		for rest := stream; len(rest) > 0; {
			n := min(size, len(rest))
			packets, connect := f.scan(rest[:n])
			if got.Packets += packets; connect {
				got.Connects++
			}
			if got.Held = f.held; packets == 0 && got.Held+len(f.head) == 0 {
				t.Fatal("nothing ended, and nothing is held")
			}
			rest = rest[n:]
		}
		if diff := cmp.Diff(result{4, 1, 4}, got); diff != "" {
			t.Fatalf("in pieces of %d: %s", size, diff)
		}
	}
	var f packets
	if packets, _ := f.scan(bytes.Repeat([]byte{0xff}, 1000)); packets != 0 || len(f.head) > 5 {
		t.Errorf("nonsense: %d packets, %d bytes kept", packets, len(f.head))
	}
}

// Frames are counted however the stream comes in pieces, with any form of their
// length.
func TestFrames(t *testing.T) {
	stream := []byte("\x82\x83mask123\x89\x00\x00\x80mask\x82\xfe\x01\x00mask")
	stream = append(stream, make([]byte, 256)...)
	stream = append(stream, "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"...)
	stream = append(stream, make([]byte, 1<<16)...)
	stream = append(stream, "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xffmaskxyz"...)
	for _, size := range []int{1, 2, 3, 5, 7, 100, 1000, len(stream)} {
		var f frames
		got := 0
		for rest := stream; len(rest) > 0; {
			n := min(size, len(rest))
			got += f.scan(rest[:n])
			rest = rest[n:]
		}
		if got != 6 || f.skip != 1<<63-1-3 {
			t.Errorf("in pieces of %d: %d frames, want 6; %d bytes to come", size, got, f.skip)
		}
	}
}
