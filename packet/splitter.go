package packet

import "cmp"

// A Splitter splits a stream of bytes that arrives in pieces of any size into
// packets. The zero value is ready to use.
//
// Pass each piece read to Feed, then call Next until it returns [ErrShort]. A
// Splitter copies bytes only where a packet is split between two pieces.
// Between two packets it retains a buffer of at most 1 KiB for the next split
// packet; Reset releases it.
type Splitter struct {
	// Limit is the size in bytes of the largest packet to accept, including its
	// fixed header. 0 or less means [DefaultLimit]. A new limit also applies to
	// a packet that has been received in part: Next rejects it once all of it
	// has been received, if not earlier.
	Limit int

	in   []byte // bytes fed but not yet examined; the caller's slice, unless Feed had to add to it
	part []byte // our buffer for a split packet, as large as it may grow for now
	have int    // number of bytes of part received; in is empty until all have been
	err  error  // the first error
}

// Feed provides the next bytes of the stream. The Splitter borrows p: the
// caller must not modify it until Next has returned an error, which may be
// [ErrShort].
//
// Calling Feed again before that loses nothing, but copies the bytes. After an
// error other than ErrShort, Feed discards p.
func (s *Splitter) Feed(p []byte) {
	if len(p) == 1 && s.have < len(s.part) { // fast path for bytes that arrive one at a time
		s.part[s.have] = p[0]
		s.have++
		return
	}
	n := copy(s.part[s.have:], p)
	s.have += n
	switch p = p[n:]; {
	case len(s.in) > 0:
		s.in = append(s.in, p...) // never writes to the caller's slice, whose capacity is limited
	case len(p) > 0 && s.err == nil:
		s.in = p[:len(p):len(p)]
	}
}

// Next returns the next complete packet. Its body is valid until the next call
// of any method.
//
// Next returns [ErrShort] when the bytes fed contain no further complete
// packet. Any other error is permanent: the stream can no longer be trusted,
// and the Splitter ignores all further bytes.
func (s *Splitter) Next() (Frame, error) {
	if s.have < len(s.part) {
		return Frame{}, ErrShort
	}
	return s.next()
}

// next is the slow path of Next, which is kept small enough to be inlined.
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

// join returns the split packet in s.part if all of it has been received.
func (s *Splitter) join() (Frame, error) {
	f, _, err := Cut(s.part, s.Limit)
	if err != nil {
		return s.stop(s.part)
	}
	s.part, s.have = s.part[:0], 0
	return f, nil
}

// stop handles b, which is all remaining input and does not begin with a
// complete packet.
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

// gather makes room in s.part for a packet of this size, and moves the bytes
// received of it there. The room depends on the number of bytes received, not
// on the length announced.
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
	minPart = 512         // initial size in bytes of the buffer for a split packet: most packets fit
	maxIdle = 2 * minPart // size in bytes of the largest buffer that is retained for the next packet
)

// Buffered returns the number of bytes passed to Feed that Next has not yet
// returned as part of a packet. If the stream ends after Next has returned
// [ErrShort], 0 means that it ended between two packets, and any other value
// means that it ended within a packet.
func (s *Splitter) Buffered() int { return s.have + len(s.in) }

// Reset prepares s for a new stream. It keeps Limit.
func (s *Splitter) Reset() { *s = Splitter{Limit: s.Limit} }

// AppendRest appends to b the bytes that Buffered counts, for callers that
// process the remainder of the stream in another way.
func (s *Splitter) AppendRest(b []byte) []byte {
	return append(append(b, s.part[:s.have]...), s.in...)
}
