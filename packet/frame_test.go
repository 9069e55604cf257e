package packet_test

import (
	"bytes"
	"errors"
	"testing"

	"example.com/dps/packet"
	"github.com/google/go-cmp/cmp"
)

// With an error, the frame and the header are zero, and the rest is the whole
// input.
func TestNothingIsCutOffAfterAnError(t *testing.T) {
	for _, row := range malformedTexts {
		b := wire(row.wire)
		f, rest, err := packet.Cut(b, 0)
		if err == nil {
			continue // the fault is in the body
		}
		if diff := cmp.Diff(packet.Frame{}, f); diff != "" || !bytes.Equal(rest, b) {
			t.Errorf("%s: rest %x, and the frame (-want +got):\n%s", row.wire, rest, diff)
		}
		if errors.Is(err, packet.ErrTooLarge) {
			continue // ParseHeader has no limit
		}
		h, n, headerErr := packet.ParseHeader(b)
		if headerErr == nil || headerErr.Error() != err.Error() || h != (packet.Header{}) || n != 0 {
			t.Errorf("%s: header %+v of %d bytes, %v, want %v", row.wire, h, n, headerErr, err)
		}
	}
}

// ParseHeader returns the same four flag bits and length as Cut.
func TestHeaderIsThatOfTheFrame(t *testing.T) {
	for _, first := range []byte{0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x3a, 0x3b, 0x3c, 0x3d} {
		for _, length := range []int{5, 127, 128, 16_383, 16_384, 200_000} {
			b := append(publishHeader(first, length), make([]byte, length)...)
			h, n, err := packet.ParseHeader(b)
			if want := (packet.Header{Type: packet.PUBLISH, Flags: first & 0x0f, Length: length}); err != nil || h != want || n != len(b)-length {
				t.Errorf("%x: header %+v of %d bytes, %v", first, h, n, err)
			}
			f, rest, err := packet.Cut(append(b, 1), 0)
			if err != nil || f.Type != h.Type || f.Flags != h.Flags || len(f.Body) != length || len(rest) != 1 {
				t.Errorf("%x: frame with flags %x and %d bytes, %d left, %v", first, f.Flags, len(f.Body), len(rest), err)
			}
		}
	}
}

// Cut and a Splitter accept exactly the headers that ParseHeader accepts, up to
// the limit.
func TestAllSmallFrames(t *testing.T) {
	for first := range 256 {
		for length := range 128 {
			b := append([]byte{byte(first), byte(length)}, make([]byte, length)...)
			_, _, want := packet.ParseHeader(b)
			_, _, noLimitErr := packet.Cut(b, 0)
			f, _, err := packet.Cut(b, len(b))
			s := packet.Splitter{Limit: len(b)}
			s.Feed(b)
			g, splitErr := s.Next()
			if (noLimitErr == nil) != (want == nil) || (err == nil) != (want == nil) || (splitErr == nil) != (want == nil) || cmp.Diff(f, g) != "" {
				t.Errorf("% x: %v, %v and %v, want %v", b[:2], noLimitErr, err, splitErr, want)
			}
			if _, _, err := packet.Cut(b, len(b)-1); want == nil && !errors.Is(err, packet.ErrTooLarge) {
				t.Errorf("% x with a limit of %d bytes: %v", b[:2], len(b)-1, err)
			}
		}
	}
}

// Decode also detects an impossible length in a frame made by hand.
func TestHandMadeFramesOfAnyLength(t *testing.T) {
	body := make([]byte, packet.MaxRemainingLength+1) // never touched
	for typ := packet.CONNECT; typ <= packet.DISCONNECT; typ++ {
		flags := byte(0)
		if typ == packet.PUBREL || typ == packet.SUBSCRIBE || typ == packet.UNSUBSCRIBE {
			flags = 2
		}
		for _, n := range []int{0, 1, 2, 3, 9, 10, len(body) - 1, len(body)} {
			_, _, possible := packet.ParseHeader(publishHeader(byte(typ)<<4|flags, n))
			err := packet.New(typ).Decode(packet.Frame{Type: typ, Flags: flags, Body: body[:n]})
			var e *packet.SyntaxError
			if rejected := errors.As(err, &e) && e.Rule == "section 2.4"; rejected != (possible != nil) {
				t.Errorf("%v of %d bytes: %v", typ, n, err)
			}
		}
	}
}

// publishHeader encodes a fixed header in the simplest way.
func publishHeader(first byte, length int) []byte {
	b := []byte{first}
	for length > 127 {
		b = append(b, byte(length%128+128))
		length /= 128
	}
	return append(b, byte(length))
}

// The offset of an error counts from the first byte of the packet, for headers
// of all sizes.
func TestOffsetsBehindHeadersOfAnySize(t *testing.T) {
	for header, lengths := range map[int][]int{
		2: {3, 127}, 3: {128, 129, 16_383}, 4: {16_384, 32_768, 2_097_151}, 5: {2_097_152, 4_194_304},
	} {
		for _, length := range lengths {
			codes := make([]byte, length-2)
			codes[len(codes)-1] = 3
			b := append(publishHeader(0x90, length), 0, 1)
			_, err := decodeOne(append(b, codes...))
			var e *packet.SyntaxError
			if !errors.As(err, &e) || e.Offset != header+length-1 {
				t.Errorf("%d bytes after a header of %d: %v, want an error at byte %d", length, header, err, header+length-1)
			}
		}
	}
}

// A log line contains at most the first 256 bytes of a string from the peer.
func TestLongStringsAreCutOff(t *testing.T) {
	for n, want := range map[int]string{
		255: string(text(255)) + `"`, 256: string(text(256)) + `"`, 257: string(text(256)) + `"…`,
	} {
		if got := publish(string(text(n))).String(); got != `PUBLISH qos=0 topic="`+want+" payload=0 bytes" {
			t.Errorf("%d bytes: %s", n, got)
		}
	}
}
