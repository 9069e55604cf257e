package packet

import (
	"bytes"
	"errors"
	"runtime"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// smallest is the size in bytes of the buffer that even a single byte may
// require.
const smallest = 512

// idle is the maximum number of bytes that a Splitter retains between two
// packets, according to its documentation.
const idle = 1024

// held returns the size in bytes of the memory that s retains. Before Next has
// returned an error, some of it may be the caller's.
func (s *Splitter) held() int { return cap(s.part) + cap(s.in) }

// nextAll calls Next until it returns an error, and returns that error.
func (s *Splitter) nextAll() (err error) {
	for err == nil {
		_, err = s.Next()
	}
	return err
}

// The memory of a Splitter is proportional to the bytes received of an
// incomplete packet, not to the length that its header announces.
func TestMemoryFollowsBytesReceived(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(2, 200_000).Draw(t, "size")
		packet := append(appendHeader(nil, PUBLISH, 0, size), make([]byte, size)...)
		most := rapid.SampledFrom([]int{1000, 1460, 70_000}).Draw(t, "largest piece")
		var s Splitter
		for fed := 0; fed < len(packet)-1; {
			n := min(rapid.IntRange(1, most).Draw(t, "piece"), len(packet)-1-fed)
			s.Feed(packet[fed : fed+n])
			if err := s.nextAll(); err != ErrShort {
				t.Fatal(err)
			}
			if fed += n; s.held() > max(smallest, 2*fed) || s.Buffered() != fed {
				t.Fatalf("after %d of %d bytes: %d bytes are retained, %d buffered", fed, len(packet), s.held(), s.Buffered())
			}
		}
	})
}

// The same is true of a buffer that was allocated for a larger packet, even if
// the pieces never end between two packets.
func TestMemoryOfAUsedSplitterFollowsBytesReceived(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var stream []byte
		for _, size := range rapid.SliceOfN(rapid.SampledFrom([]int{2, 300, 700, 3000, 20_000, 200_000}), 1, 10).Draw(t, "sizes") {
			stream = append(appendHeader(stream, PUBLISH, 0, size), make([]byte, size)...)
		}
		var s Splitter
		for len(stream) > 0 {
			n := min(rapid.SampledFrom([]int{1, 2, 100, 1460, 70_000}).Draw(t, "piece"), len(stream))
			s.Feed(stream[:n])
			if err := s.nextAll(); err != ErrShort {
				t.Fatal(err)
			}
			if stream = stream[n:]; s.held() > max(idle, 2*s.Buffered()) {
				t.Fatalf("%d bytes are retained for %d", s.held(), s.Buffered())
			}
		}
	})
}

// A buffer is reused for the next packet if the bytes received of it justify
// its size.
func TestLargeBufferIsUsedAgainIfJustified(t *testing.T) {
	packet := append(appendHeader(nil, PUBLISH, 0, 3000), make([]byte, 3000)...)
	for come, want := range map[int]int{2048: 4096, 2047: 2048, 1: smallest} {
		var s Splitter
		s.Feed(packet[:2048])
		s.nextAll()
		before := &s.part[0]
		s.Feed(slices.Concat(packet[2048:], packet[:come]))
		s.nextAll()
		if again := &s.part[0] == before; again != (want == 4096) || s.held() != want || s.Buffered() != come {
			t.Errorf("%d bytes received: %d are retained, want %d; the same buffer: %v", come, s.held(), want, again)
		}
	}
}

func TestAnnouncedLengthTakesNoMemory(t *testing.T) {
	var s Splitter
	s.Feed(append(appendHeader(nil, PUBLISH, 0, 200_000), 0))
	if err := s.nextAll(); err != ErrShort || s.held() > smallest {
		t.Errorf("%v, %d bytes are retained", err, s.held())
	}
	s.Reset()
	s.Feed(appendHeader(nil, PUBLISH, 0, MaxRemainingLength))
	if err := s.nextAll(); !errors.Is(err, ErrTooLarge) || s.held() != 0 {
		t.Errorf("%v, %d bytes are retained", err, s.held())
	}
}

// Between two packets a Splitter retains no more than documented, and nothing
// of the caller's; after Reset or a fault, it retains nothing.
func TestIdleHoldsLittle(t *testing.T) {
	var s Splitter
	for size, want := range map[int]int{100: smallest, 600: idle, 1000: idle, 1024: 0, 5000: 0} {
		packet := append(appendHeader(nil, PUBLISH, 0, size), make([]byte, size)...)
		for _, feed := range [][]byte{packet[:1], packet[1 : size/2], packet[size/2:], packet[:1], slices.Concat(packet[1:], packet, packet)} {
			s.Feed(feed)
			if err := s.nextAll(); err != ErrShort {
				t.Fatal(err)
			}
			if s.Buffered() == 0 && (s.in != nil || s.held() != want) {
				t.Errorf("%d bytes are retained after packets of %d, want %d", s.held(), size, want)
			}
		}
		if s.Buffered() != 0 {
			t.Fatalf("%d bytes remain", s.Buffered())
		}
		if s.Reset(); s.held() != 0 {
			t.Errorf("after Reset %d bytes are retained", s.held())
		}
	}
	packet := make([]byte, 100)
	packet[0], packet[1], packet[2] = 0x30, 0xff, 0x7f
	s.Feed(packet)
	s.Next()
	s.Feed(packet)
	s.Feed([]byte{0xff})
	s.Feed(bytes.Repeat([]byte{0xff}, 50_000))
	if err := s.nextAll(); !errors.Is(err, ErrMalformed) || s.in != nil || s.part != nil {
		t.Errorf("%v, %d bytes are retained", err, s.held())
	}
}

// The buffer is reused for the next split packet.
func TestSplitPacketsShareABuffer(t *testing.T) {
	packet := append(appendHeader(nil, PUBLISH, 0, 1000), make([]byte, 1000)...)
	for size := 1; size <= len(packet); size++ {
		var s Splitter
		n := testing.AllocsPerRun(1, func() { // the first run, which is not counted, has allocated the buffer
			for piece := range slices.Chunk(packet, size) {
				s.Feed(piece)
				if err := s.nextAll(); err != ErrShort {
					t.Fatal(err)
				}
			}
		})
		if n != 0 || s.Buffered() != 0 {
			t.Errorf("pieces of %d bytes: %v allocations, %d bytes remain", size, n, s.Buffered())
		}
	}
}

// Feeding one byte at a time copies each byte a bounded number of times.
func TestByteByByteIsLinear(t *testing.T) {
	for _, size := range []int{1000, 10_000, 200_000} {
		packet := append(appendHeader(nil, PUBLISH, 0, size), make([]byte, size)...)
		var s Splitter
		grown, last := 0, 0
		for i := range packet {
			s.Feed(packet[i : i+1])
			s.Next()
			if c := cap(s.part); c != last && c != 0 {
				grown, last = grown+c, c
			}
		}
		if grown > 4*size+2*smallest {
			t.Errorf("%d bytes of buffers for a packet of %d", grown, size)
		}
	}
}

// After ErrShort a Splitter does not retain the caller's bytes, so that they
// can be freed.
func TestTheCallersBytesAreLetGo(t *testing.T) {
	var s Splitter
	for _, size := range []int{4096, 100} { // the beginning of a packet, and more bytes of it
		p := make([]byte, size)
		copy(p, []byte{0x30, 0xff, 0x3f})
		freed := make(chan bool)
		runtime.SetFinalizer(&p[0], func(*byte) { close(freed) })
		s.Feed(p)
		if _, err := s.Next(); err != ErrShort {
			t.Fatal(err)
		}
		runtime.GC()
		select {
		case <-freed:
		case <-time.After(10 * time.Second): // a finalizer runs soon after the collection
			t.Errorf("%d bytes are kept", size)
		}
	}
	if n := s.Buffered(); n != 4196 {
		t.Errorf("%d bytes are buffered", n)
	}
}
