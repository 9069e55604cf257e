package packet

// A Splitter cuts a stream of bytes that comes in pieces of any size into packets.
// The zero value is ready for use.
//
// Feed it what was read, then call Next until it returns [ErrShort]. Bytes are
// copied only where a packet was split between two pieces.
type Splitter struct {
	// Limit is the size in bytes of the largest packet to let through, its fixed
	// header included. 0 stands for [DefaultLimit].
	Limit int

	in   []byte // fed and not looked at; the caller's, unless he fed more before it was used up
	part []byte // the beginning of a packet that was split; ours
	need int    // part is worth another look when it has this many bytes; 0: part is used up
	err  error  // the first error
}

// Feed hands over the next bytes of the stream. The Splitter borrows p: it must
// stay as it is until Next has returned an error, ErrShort included.
//
// Feeding on before that loses nothing, but copies. After an error other than
// ErrShort, p is dropped.
func (s *Splitter) Feed(p []byte) {
	switch {
	case s.err != nil:
	case len(s.in) == 0:
		s.in = p[:len(p):len(p)]
	default:
		s.in = append(s.in, p...) // never into the caller's slice: its capacity was cut off
	}
}

// Next returns the next whole packet. Its body is valid until the next call of
// any method.
//
// It returns [ErrShort] when all bytes fed are used up. Any other error is for
// ever: the stream cannot be trusted any more, and what follows is ignored.
func (s *Splitter) Next() (Frame, error) {
	if s.err != nil {
		return Frame{}, s.err
	}
	if s.need > 0 {
		return s.complete()
	}
	f, rest, err := Cut(s.in, s.Limit)
	switch {
	case err == nil:
		s.in = rest
		return f, nil
	case err != ErrShort:
		return s.fail(err)
	case len(s.in) == 0:
		s.in, s.part = nil, nil // at a packet boundary nothing is held
		return Frame{}, ErrShort
	}
	s.need = missing(s.in)
	s.part = s.part[:0]
	s.take()
	return Frame{}, ErrShort
}

// complete goes on with a packet whose beginning is in s.part.
func (s *Splitter) complete() (Frame, error) {
	for {
		s.take()
		if len(s.part) < s.need {
			return Frame{}, ErrShort
		}
		f, _, err := Cut(s.part, s.Limit)
		if err == nil {
			s.need = 0
			return f, nil
		}
		if err != ErrShort {
			return s.fail(err)
		}
		s.need = missing(s.part)
	}
}

// take moves bytes from s.in to s.part until it has s.need of them. The capacity
// of s.part follows the bytes that have come, not the length announced.
func (s *Splitter) take() {
	n := min(s.need-len(s.part), len(s.in))
	if want := len(s.part) + n; want > cap(s.part) {
		grown := make([]byte, len(s.part), max(want, min(s.need, 2*cap(s.part), 2*want)))
		copy(grown, s.part)
		s.part = grown
	}
	s.part = append(s.part, s.in[:n]...)
	if s.in = s.in[n:]; len(s.in) == 0 {
		s.in = nil
	}
}

// missing returns the size that an unfinished packet must grow to before more can
// be said about it: the end of the packet, or one more byte of its header.
func missing(part []byte) int {
	h, n, err := ParseHeader(part)
	if err != nil {
		return len(part) + 1
	}
	return n + h.Length
}

func (s *Splitter) fail(err error) (Frame, error) {
	*s = Splitter{Limit: s.Limit, err: err}
	return Frame{}, err
}

// Buffered returns the number of bytes that were fed and are not part of a packet
// that Next has returned. If the stream ends when Next has returned ErrShort, 0
// means that it ended between two packets, and anything else within one.
func (s *Splitter) Buffered() int {
	if s.need == 0 {
		return len(s.in)
	}
	return len(s.part) + len(s.in)
}

// Reset makes s ready for a new stream. The limit stays.
func (s *Splitter) Reset() { *s = Splitter{Limit: s.Limit} }
