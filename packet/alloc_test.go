package packet_test

import (
	"slices"
	"testing"

	"example.com/dps/packet"
)

// allocationRows holds one packet of each type, as large as it gets in
// practice.
func allocationRows() []packet.Packet {
	rows := []packet.Packet{
		fixtureConnect(), fixturePublish(0), fixturePublish(4096), fixtureSubscribe(8), fixtureSuback(),
		&packet.Unsubscribe{ID: 1, Filters: [][]byte{[]byte("a/+/b"), []byte("é/#")}},
		connect(func(p *packet.Connect) { p.Will = &packet.Will{Topic: []byte("é"), Message: []byte("m")} }),
	}
	for _, row := range oneOfEach {
		rows = append(rows, row.Packet)
	}
	return rows
}

func TestEncodeDoesNotAllocate(t *testing.T) {
	for _, p := range allocationRows() {
		b := mustAppend(nil, p)
		if n := testing.AllocsPerRun(100, func() { b, _ = p.AppendBinary(b[:0]) }); n != 0 {
			t.Errorf("%v: %v allocations", p.Type(), n)
		}
	}
	p := fixturePublish(1 << 20)
	b := make([]byte, 0, 100)
	if n := testing.AllocsPerRun(100, func() { b, _ = p.AppendHeader(b[:0]) }); n != 0 {
		t.Errorf("AppendHeader: %v allocations", n)
	}
}

func TestDecodeIntoUsedStructDoesNotAllocate(t *testing.T) {
	for _, p := range allocationRows() {
		b := mustAppend(nil, p)
		into := packet.New(p.Type())
		n := testing.AllocsPerRun(100, func() {
			f, _, err := packet.Cut(b, 0)
			if err != nil || into.Decode(f) != nil {
				t.Fatal("rejected")
			}
		})
		if n != 0 {
			t.Errorf("%v: %v allocations", p.Type(), n)
		}
	}
}

func TestParseHeaderDoesNotAllocate(t *testing.T) {
	b := mustAppend(nil, fixturePublish(4096))
	if n := testing.AllocsPerRun(100, func() { packet.ParseHeader(b) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() { packet.ParseHeader(b[:2]) }); n != 0 {
		t.Errorf("cut short: %v allocations", n)
	}
}

// A stream of whole packets does not allocate. A stream in pieces allocates a
// buffer when a packet is split, and reuses it for the next one.
func TestSplitterDoesNotAllocate(t *testing.T) {
	stream := fixtureStream(1000)
	for _, size := range []int{len(stream), 1460, 1} {
		var s splitterFeeder
		var at int
		segment := func() {
			end := min(at+size, len(stream))
			if err := s.feed(stream[at:end]); err != packet.ErrShort {
				t.Fatal(err)
			}
			at = end % len(stream)
		}
		for range len(stream)/size + 1 { // one pass over the stream: the structs and the buffer have grown
			segment()
		}
		if n := testing.AllocsPerRun(100, segment); n != 0 {
			t.Errorf("pieces of %d bytes: %v allocations", size, n)
		}
	}
}

// A stream of a thousand packets allocates at most 10 times, even on the first
// pass, in pieces of any size.
func TestFreshSplitterAllocatesLittle(t *testing.T) {
	stream := fixtureStream(1000)
	for _, size := range []int{1, 2, 3, 7, 64, 500, 511, 512, 513, 1024, 1460, 4096, 65536, len(stream)} {
		n := testing.AllocsPerRun(1, func() {
			var s splitterFeeder
			for piece := range slices.Chunk(stream, size) {
				if err := s.feed(piece); err != packet.ErrShort {
					t.Fatal(err)
				}
			}
		})
		if n > 10 {
			t.Errorf("pieces of %d bytes: %v allocations", size, n)
		}
	}
}
