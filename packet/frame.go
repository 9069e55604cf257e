package packet

// MaxRemainingLength is the largest Remaining Length that four bytes can hold
// (section 2.2.3).
const MaxRemainingLength = 268_435_455

// DefaultLimit is the size in bytes of the largest packet that [Cut] and a
// [Splitter] let through when no other limit is set. The Device Provisioning
// Service itself takes at most 96 KB.
const DefaultLimit = 256 << 10

// A Header is the fixed header of a packet.
type Header struct {
	Type   Type
	Flags  byte // the four low bits of the first byte
	Length int  // the Remaining Length: bytes that follow the fixed header
}

// A Frame is one packet, cut off a stream and not yet decoded.
type Frame struct {
	Type  Type
	Flags byte   // the four low bits of the first byte
	Body  []byte // what follows the fixed header
}

// ParseHeader reads a fixed header, and returns it with its own size of 2 to 5
// bytes. It returns ErrShort if b ends within it, though a fault in what is there
// comes first: one byte is enough to find a reserved type or wrong flags.
//
// It refuses a length that the type cannot have, and one that is padded.
func ParseHeader(b []byte) (h Header, n int, err error) {
	if len(b) == 0 {
		return Header{}, 0, ErrShort
	}
	t, flags := Type(b[0]>>4), b[0]&0x0f
	l := &layouts[t]
	if l.flags>>flags&1 == 0 {
		return Header{}, 0, badFlags(t, flags)
	}
	length := 0
	for n = 1; ; n++ {
		if n == len(b) {
			return Header{}, 0, ErrShort
		}
		c := b[n]
		length |= int(c&0x7f) << (7 * (n - 1))
		if c < 0x80 {
			if c == 0 && n > 1 {
				return Header{}, 0, malformed(t, n, "section 2.2.3", "Remaining Length %d is padded to %d bytes", length, n)
			}
			break
		}
		if n == 4 {
			return Header{}, 0, malformed(t, n, "section 2.2.3", "Remaining Length goes on after 4 bytes")
		}
	}
	if length < l.min || length > l.max {
		return Header{}, 0, badLength(t, length)
	}
	return Header{t, flags, length}, n + 1, nil
}

// Cut cuts the first packet off b, which stays the caller's. It returns the frame,
// whose body lies in b, and the bytes behind it.
//
// It returns [ErrShort], and b as the rest, if b ends within the packet. A packet
// of more than limit bytes, its fixed header included, is refused with
// [ErrTooLarge] as soon as its fixed header is there; a limit of 0 or less stands
// for [DefaultLimit].
func Cut(b []byte, limit int) (f Frame, rest []byte, err error) {
	h, n, err := ParseHeader(b)
	if err != nil {
		return Frame{}, b, err
	}
	end := n + h.Length
	if err := checkLimit(h.Type, end, limit); err != nil {
		return Frame{}, b, err
	}
	if len(b) < end {
		return Frame{}, b, ErrShort
	}
	return Frame{h.Type, h.Flags, b[n:end:end]}, b[end:], nil
}

func checkLimit(t Type, size, limit int) error {
	if limit <= 0 {
		limit = DefaultLimit
	}
	if size <= limit {
		return nil
	}
	e := malformed(t, 1, "section 2.2.3", "the packet has %d bytes, the limit is %d", size, limit).(*SyntaxError)
	e.Err = ErrTooLarge
	return e
}

// check is the start of every Decode: the frame may have been made by hand.
func (f *Frame) check(t Type) error {
	l := &layouts[t]
	switch {
	case f.Type != t:
		return invalid(t, "section 2.2.1", "the frame to decode is a %v", f.Type)
	case f.Flags > 0x0f || l.flags>>f.Flags&1 == 0:
		return badFlags(t, f.Flags)
	case len(f.Body) < l.min || len(f.Body) > l.max:
		return badLength(t, len(f.Body))
	}
	return nil
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

// appendHeader appends a fixed header. The length has been checked.
func appendHeader(b []byte, t Type, flags byte, length int) []byte {
	b = append(b, byte(t)<<4|flags)
	for ; length > 0x7f; length >>= 7 {
		b = append(b, byte(length)|0x80)
	}
	return append(b, byte(length))
}

// checkLength refuses a packet that is too long to be sent.
func checkLength(t Type, length int) error {
	if length > MaxRemainingLength {
		return invalid(t, "section 2.2.3", "Remaining Length would be %d, the largest is %d", length, MaxRemainingLength)
	}
	return nil
}
