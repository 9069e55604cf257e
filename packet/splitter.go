package packet

import "cmp"

// A Splitter cuts a stream of bytes that comes in pieces of any size into packets.
// The zero value is ready for use.
//
// Feed it what was read, then call Next until it returns [ErrShort]. Bytes are
// copied only where a packet was split between two pieces. Between two packets a
// Splitter keeps a buffer of at most 1 KiB for the next one that is split; Reset
// gives it back.
type Splitter struct {
	// Limit is the size in bytes of the largest packet to let through, its fixed
	// header included. 0 or less stands for [DefaultLimit]. A new limit also holds for a
	// packet that has come in part: Next refuses it when all of it has come, if not before.
	Limit int

	in   []byte // fed and not looked at; the caller's, unless more was fed before it was used up
	part []byte // a packet that was split, as far as there is room for it; ours
	have int    // so many bytes of part have come; in is empty until they all have
	err  error  // the first error
}

// Feed hands over the next bytes of the stream. The Splitter borrows p: it must
// stay as it is until Next has returned an error, ErrShort included.
//
// Feeding on before that loses nothing, but copies. After an error other than
// ErrShort, p is dropped.
func (s *Splitter) Feed(p []byte) {
	if len(p) == 1 && s.have < len(s.part) { // at once: bytes may come one by one
		s.part[s.have] = p[0]
		s.have++
		return
	}
	n := copy(s.part[s.have:], p)
	s.have += n
	switch p = p[n:]; {
	case len(s.in) > 0:
		s.in = append(s.in, p...) // never into the caller's slice: its capacity was cut off
	case len(p) > 0 && s.err == nil:
		s.in = p[:len(p):len(p)]
	}
}

// Next returns the next whole packet. Its body is valid until the next call of
// any method.
//
// It returns [ErrShort] when all bytes fed are used up. Any other error is for
// ever: the stream cannot be trusted any more, and what follows is ignored.
func (s *Splitter) Next() (Frame, error) {
	if s.have < len(s.part) {
		return Frame{}, ErrShort
	}
	return s.next()
}

// next does what Next, which is inlined where bytes come one by one, cannot do at once.
func (s *Splitter) next() (Frame, error) {
	if len(s.part) > 0 {
		return s.join()
	}
	b := s.in
	n, size := extent(b)
	if n == 0 || size > orDefault(s.Limit) || !possible(b[0], size-n) {
		return s.stop(b)
	}
	if size > len(b) {
		return s.gather(size)
	}
	s.in = b[size:]
	return Frame{Type(b[0] >> 4), b[0] & 0x0f, b[n:size:size]}, nil
}

// join returns the packet that was split, if all of it has come.
func (s *Splitter) join() (Frame, error) {
	f, _, err := Cut(s.part, s.Limit)
	if err != nil {
		return s.stop(s.part)
	}
	s.part, s.have = s.part[:0], 0
	return f, nil
}

// stop finds out why b, all that there is, does not begin with a whole packet.
func (s *Splitter) stop(b []byte) (Frame, error) {
	if len(b) == 0 {
		if s.in = nil; cap(s.part) > maxIdle {
			s.part = nil
		}
		return Frame{}, cmp.Or(s.err, ErrShort)
	}
	size, err := shortage(b, s.Limit)
	if err != ErrShort {
		*s = Splitter{Limit: s.Limit, err: err}
		return Frame{}, err
	}
	return s.gather(size)
}

// gather makes room in s.part for a packet of this size, and moves there what has come of
// it. The room follows the bytes that have come, not the length announced.
func (s *Splitter) gather(size int) (Frame, error) {
	if come := min(size, s.have+len(s.in)); come >= cap(s.part) || cap(s.part) > max(maxIdle, 2*come) {
		room := minPart
		for room <= come {
			room *= 2
		}
		s.part = append(make([]byte, 0, room), s.part...)
	}
	s.part = s.part[:min(size, cap(s.part))]
	in := s.in
	s.in = nil
	s.Feed(in)
	return s.Next()
}

const (
	minPart = 512         // the room in bytes that a split packet gets at first: most fit
	maxIdle = 2 * minPart // the room that is kept for the next one
)

// Buffered returns the number of bytes that were fed and are not part of a packet
// that Next has returned. If the stream ends when Next has returned ErrShort, 0
// means that it ended between two packets, and anything else within one.
func (s *Splitter) Buffered() int { return s.have + len(s.in) }

// Reset makes s ready for a new stream. The limit stays.
func (s *Splitter) Reset() { *s = Splitter{Limit: s.Limit} }

// AppendRest appends the bytes that Buffered counts to b, for callers that
// go on with the stream in another way.
func (s *Splitter) AppendRest(b []byte) []byte {
	return append(append(b, s.part[:s.have]...), s.in...)
}
