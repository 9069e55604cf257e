package packet

import "math"

// MaxRemainingLength is the largest Remaining Length that four bytes can hold
// (section 2.2.3).
const MaxRemainingLength = 268_435_455

// DefaultLimit is the size in bytes of the largest packet that [Cut] and a
// [Splitter] accept when no other limit is set. The Device Provisioning Service
// itself accepts at most 96 KB.
const DefaultLimit = 256 << 10

// A Header is the fixed header of a packet.
type Header struct {
	Type   Type
	Flags  byte // the four low bits of the first byte
	Length int  // the Remaining Length: the number of bytes that follow the fixed header
}

// A Frame is one packet, cut from a stream and not yet decoded.
type Frame struct {
	Type  Type
	Flags byte   // the four low bits of the first byte
	Body  []byte // what follows the fixed header
}

// ParseHeader parses the fixed header at the start of b, and returns it
// together with its size, which is 2 to 5 bytes. If b ends within the header,
// it returns [ErrShort], unless the bytes present are already faulty: one byte
// is enough to detect a reserved type or wrong flags.
//
// It rejects a length that the type cannot have, and a length that is padded.
func ParseHeader(b []byte) (h Header, n int, err error) {
	n, size := extent(b)
	if n == 0 || !possible(b[0], size-n) {
		return Header{}, 0, headerFault(b, n, size, math.MaxInt)
	}
	return Header{Type(b[0] >> 4), b[0] & 0x0f, size - n}, n, nil
}

// Cut cuts the first packet from b, which remains the caller's. It returns the
// frame, whose body is a part of b, and the bytes after it.
//
// If b ends within the packet, Cut returns [ErrShort], and b as the rest. It
// rejects a packet of more than limit bytes, including its fixed header, with
// [ErrTooLarge] as soon as b contains the fixed header. A limit of 0 or less
// means [DefaultLimit].
func Cut(b []byte, limit int) (f Frame, rest []byte, err error) {
	// This is the fast path for small packets. If no limit is set,
	// uint(limit-1) is huge.
	if len(b) > 1 && b[1] < 0x80 {
		if size := 2 + int(b[1]); size <= len(b) && uint(size) <= uint(limit-1) && possible(b[0], int(b[1])) {
			return Frame{Type(b[0] >> 4), b[0] & 0x0f, b[2:size:size]}, b[size:], nil
		}
	}
	n, size := extent(b)
	if size > len(b) || size > orDefault(limit) || !possible(b[0], size-n) {
		_, err := shortage(b, limit)
		return Frame{}, b, err
	}
	return Frame{Type(b[0] >> 4), b[0] & 0x0f, b[n:size:size]}, b[size:], nil
}

// shortage reports why b does not begin with a complete packet. With ErrShort
// it returns the number of bytes that b must have before another attempt can
// succeed.
func shortage(b []byte, limit int) (need int, err error) {
	n, size := extent(b)
	limit = orDefault(limit)
	if n == 0 || size > limit || !possible(b[0], size-n) {
		return len(b) + 1, headerFault(b, n, size, limit)
	}
	return size, ErrShort
}

// extent returns the size of the fixed header at the start of b, and the size
// of the whole packet. They are 0 and [math.MaxInt] if b ends within the fixed
// header, or if the encoding of the Remaining Length is wrong.
func extent(b []byte) (n, size int) {
	if len(b) > 1 && b[1] < 0x80 {
		return 2, 2 + int(b[1])
	}
	for n = 1; n < min(len(b), 5); n++ {
		size |= int(b[n]&0x7f) << (7 * (n - 1))
		switch c := b[n]; {
		case c == 0: // padded
			return 0, math.MaxInt
		case c < 0x80:
			return n + 1, n + 1 + size
		}
	}
	return 0, math.MaxInt
}

// orDefault returns the limit that the caller set, or the default.
func orDefault(limit int) int {
	if limit <= 0 {
		return DefaultLimit
	}
	return limit
}

// possible reports whether a packet may have this first byte and this Remaining
// Length.
func possible(first byte, length int) bool {
	l := &layouts[first>>4]
	return l.flags>>(first&0x0f)&1 == 1 && l.min <= length && length <= l.max
}

// headerFault reports why b does not begin with a packet of this extent.
func headerFault(b []byte, n, size, limit int) error {
	if len(b) == 0 {
		return ErrShort
	}
	t, flags := Type(b[0]>>4), b[0]&0x0f
	switch {
	case layouts[t].flags>>flags&1 == 0:
		return badFlags(t, flags)
	case n == 0:
		return lengthFault(t, b[1:])
	case !possible(b[0], size-n):
		return badLength(t, size-n)
	}
	return tooLarge(t, size, limit)
}

// lengthFault reports why b does not begin with a valid Remaining Length.
func lengthFault(t Type, b []byte) error {
	length := 0
	for i, c := range b[:min(len(b), 4)] {
		length |= int(c&0x7f) << (7 * i)
		if c == 0 {
			return malformed(t, i+1, "section 2.2.3", "Remaining Length "+decimal(length)+" is padded to "+decimal(i+1)+" bytes")
		}
	}
	if len(b) < 4 {
		return ErrShort
	}
	return malformed(t, 4, "section 2.2.3", "Remaining Length is longer than 4 bytes")
}

func tooLarge(t Type, size, limit int) error {
	msg := "the packet has " + decimal(size) + " bytes, the limit is " + decimal(limit)
	return &SyntaxError{t, 1, "section 2.2.3", msg, ErrTooLarge}
}

// is reports whether f can be a packet of type t, judging by its header. Every
// Decode checks this, since the frame may have been constructed by the caller.
func (f Frame) is(t Type) bool {
	l := &layouts[t]
	return f.Type == t && l.flags>>f.Flags&1 == 1 && l.min <= len(f.Body) && len(f.Body) <= l.max
}

// fault reports why f cannot be a packet of type t.
func (f Frame) fault(t Type) error {
	switch {
	case f.Type != t:
		return invalid(t, "section 2.2.1", "the frame to decode is a "+f.Type.String())
	case f.Flags > 0x0f:
		return invalid(t, "section 2.2.2", "the frame to decode has flags "+hex(f.Flags)+", expected at most 0x0f")
	case layouts[t].flags>>f.Flags&1 == 0:
		return badFlags(t, f.Flags)
	}
	return badLength(t, len(f.Body))
}

// headerSize returns the size of the fixed header of a packet with this
// Remaining Length.
func headerSize(length int) int {
	n := 2
	for length >>= 7; length > 0; length >>= 7 {
		n++
	}
	return n
}

// appendHeader appends a fixed header. The caller has checked the length.
func appendHeader(b []byte, t Type, flags byte, length int) []byte {
	b = append(b, byte(t)<<4|flags)
	for ; length > 0x7f; length >>= 7 {
		b = append(b, byte(length)|0x80)
	}
	return append(b, byte(length))
}

// checkLength returns an error if a packet is too long to be sent.
func checkLength(t Type, length int64) error {
	if length <= MaxRemainingLength {
		return nil
	}
	return tooLong(t, length)
}

func tooLong(t Type, length int64) error {
	return invalid(t, "section 2.2.3", "Remaining Length would be "+decimal(length)+", expected at most "+decimal(MaxRemainingLength))
}
