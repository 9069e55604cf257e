package packet

import "cmp"

// A Splitter cuts a stream of bytes that comes in pieces of any size into packets.
// The zero value is ready for use.
//
// Feed it what was read, then call Next until it returns [ErrShort]. Bytes are
// copied only where a packet was split between two pieces.
type Splitter struct {
	// Limit is the size in bytes of the largest packet to let through, its fixed
	// header included. 0 or less stands for [DefaultLimit].
	Limit int

	in   []byte // fed and not looked at; the caller's, unless he fed more before it was used up
	part []byte // the beginning of a packet that was split; ours
	need int    // part is worth another look when it has this many bytes; 0: no packet is split
	err  error  // the first error
}

// Feed hands over the next bytes of the stream. The Splitter borrows p: it must
// stay as it is until Next has returned an error, ErrShort included.
//
// Feeding on before that loses nothing, but copies. After an error other than
// ErrShort, p is dropped.
func (s *Splitter) Feed(p []byte) {
	if len(p) == 1 && len(s.part) < min(s.need, cap(s.part)) {
		s.part = append(s.part, p[0]) // what fill does, faster: some streams come byte by byte
		return
	}
	p = s.fill(p)
	switch {
	case len(p) == 0 || s.err != nil:
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
	if len(s.part) < s.need {
		return Frame{}, ErrShort
	}
	return s.next()
}

// next does what Next, which is inlined where bytes come one by one, cannot do at once.
func (s *Splitter) next() (Frame, error) {
	if s.need != 0 {
		return s.join()
	}
	b := s.in
	length, n := remainingLength(b)
	size := n + length
	if n == 0 || size > orDefault(s.Limit) || !possible(b[0], length) {
		return s.stop(b)
	}
	if size > len(b) {
		return s.gather(size)
	}
	s.in = b[size:]
	return Frame{Type(b[0] >> 4), b[0] & 0x0f, b[n:size:size]}, nil
}

// join returns the packet that was split, if all of it has been gathered.
func (s *Splitter) join() (Frame, error) {
	f, _, err := Cut(s.part, s.Limit)
	if err != nil {
		return s.stop(s.part)
	}
	s.part, s.need = s.part[:0], 0
	return f, nil
}

// stop finds out why b, all that there is, does not begin with a whole packet.
func (s *Splitter) stop(b []byte) (Frame, error) {
	if len(b) == 0 {
		s.in, s.part = nil, nil // between two packets nothing is held
		return Frame{}, cmp.Or(s.err, ErrShort)
	}
	need, err := shortage(b, s.Limit)
	if err != ErrShort {
		*s = Splitter{Limit: s.Limit, err: err}
		return Frame{}, err
	}
	return s.gather(need)
}

// gather moves the bytes that the packet lacks to s.part, as far as they have come.
func (s *Splitter) gather(need int) (Frame, error) {
	s.need = need
	if s.in = s.fill(s.in); len(s.part) < need {
		s.in = nil
		return Frame{}, ErrShort
	}
	return s.join()
}

// fill moves bytes from p to s.part until that has s.need of them, and returns the
// rest of p. The room of s.part follows the bytes that have come, not the length
// announced.
func (s *Splitter) fill(p []byte) []byte {
	n := min(s.need-len(s.part), len(p))
	if want := len(s.part) + n; want > cap(s.part) {
		s.part = append(make([]byte, 0, max(minPart, 2*want)), s.part...)
	}
	s.part = append(s.part, p[:n]...)
	return p[n:]
}

// minPart is the room in bytes that a split packet gets at first: most fit.
const minPart = 512

// Buffered returns the number of bytes that were fed and are not part of a packet
// that Next has returned. If the stream ends when Next has returned ErrShort, 0
// means that it ended between two packets, and anything else within one.
func (s *Splitter) Buffered() int { return len(s.part) + len(s.in) }

// Reset makes s ready for a new stream. The limit stays.
func (s *Splitter) Reset() { *s = Splitter{Limit: s.Limit} }

// AppendRest appends the bytes that Buffered counts to b, for who goes on with the
// stream in another way.
func (s *Splitter) AppendRest(b []byte) []byte { return append(append(b, s.part...), s.in...) }
