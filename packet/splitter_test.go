package packet_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"reflect"
	"testing"

	"example.com/dps/packet"
	"pgregory.net/rapid"
)

// A run is the observable result of a stream: the packets, the first error, and
// the remaining bytes at the end of the stream.
type run struct {
	frames   []packet.Frame
	err      error
	buffered int
}

// runWhole cuts the stream in place, with Cut.
func runWhole(stream []byte, limit int) (r run) {
	for r.err == nil && len(stream) > 0 {
		var f packet.Frame
		if f, stream, r.err = packet.Cut(stream, limit); r.err == nil {
			r.frames = append(r.frames, cloneFrame(f))
		}
	}
	if r.err == packet.ErrShort {
		r.err, r.buffered = nil, len(stream)
	}
	return r
}

// runSplit feeds the pieces to a Splitter. It calls Next after the pieces that
// drain selects, and at the end. It overwrites each piece as soon as the
// Splitter must no longer use it.
func runSplit(pieces [][]byte, limit int, drain func() bool) (r run) {
	s := packet.Splitter{Limit: limit}
	lent := [][]byte{}
	for i, p := range pieces {
		p = bytes.Clone(p)
		lent = append(lent, p)
		s.Feed(p)
		if i < len(pieces)-1 && !drain() {
			continue
		}
		for {
			f, err := s.Next()
			if err != nil {
				r.err, r.buffered = err, s.Buffered()
				break
			}
			r.frames = append(r.frames, cloneFrame(f))
		}
		for _, p := range lent {
			clear(p)
		}
		lent = lent[:0]
	}
	if r.err == packet.ErrShort {
		r.err = nil
	}
	return r
}

func cloneFrame(f packet.Frame) packet.Frame {
	f.Body = append([]byte{}, f.Body...)
	return f
}

func (r run) compare(t *rapid.T, want run) {
	t.Helper()
	if !reflect.DeepEqual(want, r) {
		t.Fatalf("got %d packets, %v, %d bytes buffered; want %d, %v, %d",
			len(r.frames), r.err, r.buffered, len(want.frames), want.err, want.buffered)
	}
}

// streams draws some packets back to back, sometimes truncated, sometimes with
// one byte changed.
var streams = rapid.Custom(func(t *rapid.T) []byte {
	stream := []byte{}
	for _, p := range rapid.SliceOfN(packets, 0, 8).Draw(t, "packets") {
		stream = mustAppend(stream, p)
	}
	if len(stream) > 0 && rapid.Bool().Draw(t, "cut off") {
		stream = stream[:rapid.IntRange(0, len(stream)).Draw(t, "end")]
	}
	if len(stream) > 0 && rapid.Bool().Draw(t, "corrupt") {
		stream[rapid.IntRange(0, len(stream)-1).Draw(t, "at")] ^= rapid.Byte().Draw(t, "change")
	}
	return stream
})

// pieces splits a stream at random positions, or into single bytes.
func pieces(t *rapid.T, stream []byte) (all [][]byte) {
	most := rapid.SampledFrom([]int{1, 2, 7, 100, 1000}).Draw(t, "largest piece")
	for len(stream) > 0 {
		n := min(rapid.IntRange(0, most).Draw(t, "piece"), len(stream))
		all, stream = append(all, stream[:n]), stream[n:]
	}
	return append(all, nil)
}

// MQTT-6.0.0-2, U-STREAM-1: the positions at which the stream is split do not
// affect the packets.
func TestSplittingChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stream := streams.Draw(t, "stream")
		limit := rapid.SampledFrom([]int{0, 0, 0, 50}).Draw(t, "limit")
		often := rapid.SampledFrom([]func() bool{
			func() bool { return true }, func() bool { return false }, func() bool { return rapid.Bool().Draw(t, "drain") },
		}).Draw(t, "how often to drain")
		runSplit(pieces(t, stream), limit, often).compare(t, runWhole(stream, limit))
	})
}

// This is the same test for every pair of consecutive vectors, split at every
// position.
func TestSplitVectorsEverywhere(t *testing.T) {
	var before []byte
	for _, v := range singles(t) {
		b := v.bytes()
		stream := append(bytes.Clone(before), b...)
		want := runWhole(stream, 0)
		for i := range min(len(stream), 400) {
			got := runSplit([][]byte{stream[:i], stream[i:]}, 0, func() bool { return true })
			if !reflect.DeepEqual(want, got) {
				t.Errorf("%s, split at %d: got %d packets, %v, want %d, %v", v.Name, i, len(got.frames), got.err, len(want.frames), want.err)
			}
		}
		before = b
	}
}

// At the end of the stream, Buffered reports whether it ended between two
// packets or within one.
func TestBuffered(t *testing.T) {
	stream := append(mustAppend(nil, fixturePublish(20)), mustAppend(nil, &packet.Puback{ID: 1})...)
	first := len(stream) - 4
	var s packet.Splitter
	for i := range stream {
		s.Feed(stream[i : i+1])
		for {
			if _, err := s.Next(); err != nil {
				break
			}
		}
		want := i + 1 // of the first packet
		if want >= first {
			want = (want - first) % 4 // of the second
		}
		if got := s.Buffered(); got != want {
			t.Errorf("after %d bytes: %d are buffered, want %d", i+1, got, want)
		}
	}
	s.Feed(stream)
	if got := s.Buffered(); got != len(stream) {
		t.Errorf("before Next: %d are buffered, want %d", got, len(stream))
	}
	if _, err := s.Next(); err != nil || s.Buffered() != 4 {
		t.Errorf("after one packet: %d are buffered, want 4; %v", s.Buffered(), err)
	}
}

// AppendRest returns the bytes that are not part of a packet returned, and none
// after a fault.
func TestAppendRest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stream := streams.Draw(t, "stream")
		var s packet.Splitter
		fed, used := 0, 0
		for _, p := range pieces(t, stream) {
			s.Feed(p)
			fed += len(p)
			var err error
			for range rapid.IntRange(0, 3).Draw(t, "calls of Next") {
				var f packet.Frame
				if f, err = s.Next(); err == nil {
					used += len(appendLength([]byte{0}, len(f.Body))) + len(f.Body)
				}
			}
			failed := err != nil && err != packet.ErrShort
			if failed {
				used = fed
			}
			want := append([]byte("before"), stream[used:fed]...)
			if got := s.AppendRest([]byte("before")); !bytes.Equal(got, want) || s.Buffered() != fed-used {
				t.Fatalf("after %d bytes, %d of them used: % x, want % x", fed, used, got, want)
			}
			if failed {
				return
			}
		}
	})
}

// MQTT-4.8.0-1: after a fault, the Splitter ignores all further bytes.
func TestErrorsAreForEver(t *testing.T) {
	ping := mustAppend(nil, &packet.Pingreq{})
	for _, row := range []struct {
		name   string
		pieces []string
		want   error
	}{
		{"immediately", []string{"f000"}, packet.ErrMalformed},
		{"after a packet", []string{"c000c100c000"}, packet.ErrMalformed},
		{"in a split header", []string{"30", "80", "80", "80", "80"}, packet.ErrMalformed},
		{"after a split packet", []string{"40", "020001c1"}, packet.ErrMalformed},
		{"too large", []string{"30ffff7f"}, packet.ErrTooLarge},
		{"too large in pieces", []string{"30", "ffff", "7f"}, packet.ErrTooLarge},
	} {
		var s packet.Splitter
		var first error
		for _, p := range row.pieces {
			s.Feed(unhex(p))
			for first = nil; first == nil; {
				_, first = s.Next()
			}
		}
		if !errors.Is(first, row.want) {
			t.Errorf("%s: %v, want %v", row.name, first, row.want)
		}
		for range 3 {
			s.Feed(ping)
			if f, err := s.Next(); err != first || !reflect.DeepEqual(f, packet.Frame{}) || s.Buffered() != 0 {
				t.Errorf("%s: later %v, %v, %d bytes buffered", row.name, f.Type, err, s.Buffered())
			}
		}
		s.Reset()
		s.Feed(ping)
		if f, err := s.Next(); f.Type != packet.PINGREQ || err != nil {
			t.Errorf("%s: after Reset %v, %v", row.name, f.Type, err)
		}
	}
}

func TestResetKeepsTheLimit(t *testing.T) {
	for _, before := range []byte{0x30, 0x00} { // the beginning of a packet, an error
		s := packet.Splitter{Limit: 10}
		s.Feed([]byte{before})
		s.Next()
		s.Reset()
		checkLimitIs10(t, &s)
	}
}

// A limit that is lowered within a packet also applies to that packet.
func TestLimitLoweredWithinAPacket(t *testing.T) {
	for _, size := range []int{100, 5000} {
		b := mustAppend(nil, &packet.Publish{Topic: []byte("t"), Payload: make([]byte, size)})
		for _, limit := range []int{len(b), len(b) - 1} {
			var s packet.Splitter
			for i := range b {
				if i == 10 {
					s.Limit = limit
				}
				s.Feed(b[i : i+1])
				f, err := s.Next()
				switch {
				case err == packet.ErrShort && i < len(b)-1:
				case err == nil && i == len(b)-1 && limit == len(b) && len(f.Body) == size+3:
				case errors.Is(err, packet.ErrTooLarge) && limit < len(b) && f.Body == nil:
				default:
					t.Fatalf("%d bytes, the limit is lowered to %d: after %d bytes %v", len(b), limit, i+1, err)
				}
			}
		}
	}
}

// With the largest possible limit, a Splitter accepts the largest packet.
func TestLargestLimit(t *testing.T) {
	s := packet.Splitter{Limit: math.MaxInt}
	header := unhex("30ffffff7f")
	for i := range len(header) + 1 {
		if _, _, err := packet.Cut(header[:i], math.MaxInt); err != packet.ErrShort {
			t.Errorf("% x: Cut returns %v", header[:i], err)
		}
		if _, err := s.Next(); err != packet.ErrShort {
			t.Errorf("% x: Next returns %v", header[:i], err)
		}
		s.Feed(header[i:min(i+1, len(header))])
	}
}

func checkLimitIs10(t *testing.T, s *packet.Splitter) {
	if s.Buffered() != 0 {
		t.Errorf("%d bytes remain", s.Buffered())
	}
	s.Feed([]byte{0x30, 9})
	if _, err := s.Next(); !errors.Is(err, packet.ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
}

// Feeding nothing, or calling Next without Feed, has no effect.
func TestNothingFed(t *testing.T) {
	var s packet.Splitter
	for range 3 {
		if _, err := s.Next(); err != packet.ErrShort || s.Buffered() != 0 {
			t.Errorf("%v, %d bytes buffered", err, s.Buffered())
		}
		s.Feed(nil)
	}
	if errors.Is(packet.ErrShort, io.EOF) || errors.Is(packet.ErrShort, packet.ErrMalformed) {
		t.Error("ErrShort is also an error of another kind")
	}
}

// Calling Feed before Next has returned ErrShort copies the bytes, but never
// into the spare capacity of the caller's slice.
func TestFeedLeavesTheCallersRoomAlone(t *testing.T) {
	b := []byte("\xc0\x00\xc0\x00behind")
	var s packet.Splitter
	s.Feed(b[:4])
	s.Feed([]byte("\xd0\x00"))
	for _, want := range []packet.Type{packet.PINGREQ, packet.PINGREQ, packet.PINGRESP} {
		if f, err := s.Next(); f.Type != want || err != nil {
			t.Errorf("got %v, %v, want %v", f.Type, err, want)
		}
	}
	if string(b[4:]) != "behind" {
		t.Errorf("the bytes after the slice are %q", b[4:])
	}
}

// The frames of one call of Feed are adjacent in the caller's buffer: nothing
// is copied.
func TestWholePacketsAreNotCopied(t *testing.T) {
	b := mustAppend(mustAppend(nil, fixturePublish(20)), fixturePublish(30))
	var s packet.Splitter
	s.Feed(b)
	for at := 0; at < len(b); {
		f, err := s.Next()
		if err != nil {
			t.Fatal(err)
		}
		at += 2
		if &f.Body[0] != &b[at] || cap(f.Body) != len(f.Body) {
			t.Errorf("the body is not at %d, or has spare capacity", at)
		}
		at += len(f.Body)
	}
}
