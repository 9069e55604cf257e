package simulate

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A client may use its burst immediately. After that, it waits until its rate
// covers what it has used, at most maxWait at a time. A flood is reported once.
func TestMeter(t *testing.T) {
	now := time.Unix(0, 0)
	var m meter
	const rate = 1000
	check := func(want time.Duration) {
		t.Helper()
		if got := m.wait(now, rate); got != want {
			t.Errorf("want a wait of %v, got %v", want, got)
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
		t.Error("the burst is not available again after an hour")
	}
	if n := m.flood(); n != 0 {
		t.Errorf("want no flood, got %d bytes", n)
	}
	m.charge(now, floods)
	if first, second := m.flood(), m.flood(); first < floods || second != 0 {
		t.Errorf("want one flood of at least %d bytes, got %d and %d", floods, first, second)
	}
}

// Only a little is read at a time from a client that has used too much. A chunk
// of PINGREQ packets, which have two bytes each, does not use more than the
// burst.
func TestPortion(t *testing.T) {
	c := &conn{server: &Server{}}
	if n := c.portion(); n != chunk || n/2*perPacket > burst {
		t.Errorf("%d bytes are read at a time from a new client", n)
	}
	c.meter.charge(time.Now(), burst+3*totalRate)
	if n := c.portion(); n != crumb {
		t.Errorf("want to read %d bytes at a time from a client that floods, got %d", crumb, n)
	}
}

// Packets are counted regardless of how the stream is divided into pieces.
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
				t.Fatal("no packet ended, but no incomplete packet is held")
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

// Frames are counted regardless of how the stream is divided into pieces, with
// each form of their length.
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
			t.Errorf("in pieces of %d: want 6 frames, got %d; bytes to skip: %d", size, got, f.skip)
		}
	}
}
