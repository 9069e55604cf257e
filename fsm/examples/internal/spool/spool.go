// Package spool writes lines to a file or a pipe without ever blocking the
// program.
//
// If the reader is slow or has exited, or if the disk is full, lines are lost,
// but the program continues. A line reports how many were lost.
package spool

import (
	"bytes"
	"io"
	"sync"
	"time"
)

// The limits of a spool.
const (
	// maxQueue is the maximum number of bytes that wait to be written. The last
	// quarter is reserved for important lines, so that other lines do not
	// displace them.
	maxQueue = 1 << 20

	// burst is the number of bytes that may be written at once, and rate is the
	// number of bytes per second that may follow. They limit what a flood of
	// packets can write to a disk. A quarter of the burst is reserved for
	// important lines.
	burst = 4 << 20
	rate  = 256 << 10

	// pause is the minimum time between two lines that report a loss.
	pause = time.Second
)

// A Spool writes lines in order. Its methods may be called by multiple
// goroutines concurrently.
type Spool struct {
	w    io.Writer
	now  func() time.Time
	lost func(n uint64) []byte

	mu      sync.Mutex
	queue   []byte
	budget  int       // bytes that may be written now
	filled  time.Time // when the budget was last increased
	left    uint64    // lost lines that have not been reported yet
	told    time.Time // when the last report was queued
	queued  loss      // counts of the reports in the queue
	sending loss      // counts of the reports that are being written
	broken  bool      // an incomplete line was written
	closing bool

	wake chan struct{} // holds at most one token
	done chan struct{} // closed when the writing goroutine has ended
}

// A loss is a number of reports, and the number of lost lines that they report.
type loss struct{ reports, lines uint64 }

// New returns a spool that writes to w. If n lines were lost, it writes the
// result of lost(n), a line that ends with a newline and reports the number.
func New(w io.Writer, now func() time.Time, lost func(n uint64) []byte) *Spool {
	s := &Spool{w: w, now: now, lost: lost, budget: burst, filled: now(), wake: make(chan struct{}, 1), done: make(chan struct{})}
	go s.write()
	return s
}

// Put queues text, which must end with a newline, to be written. It does not
// block. If there is no room, the text is lost. The room reserved for important
// lines is used only if matters is set.
func (s *Spool) Put(text []byte, matters bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refill()
	if !s.fits(len(text), matters) {
		s.left += lines(text)
		return
	}
	if s.left > 0 && s.now().Sub(s.told) >= pause {
		s.report()
	}
	s.add(text)
}

// Close writes the queued lines, but does not wait longer than until the
// deadline. It returns the number of lines that were lost and not reported,
// excluding lines that are still being written. Text that is put after Close is
// lost.
func (s *Spool) Close(deadline time.Time) (lost uint64) {
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	s.signal()
	select {
	case <-s.done:
	case <-time.After(time.Until(deadline)):
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.left + s.queued.lines + lines(s.queue) - s.queued.reports
}

func (s *Spool) refill() {
	now := s.now()
	if passed := now.Sub(s.filled); passed > 0 {
		s.budget = min(burst, s.budget+int(min(passed, time.Minute).Seconds()*rate))
		s.filled = now
	}
}

func (s *Spool) fits(n int, matters bool) bool {
	room, budget := maxQueue-len(s.queue), s.budget
	if !matters {
		room, budget = room-maxQueue/4, budget-burst/4
	}
	return !s.closing && n <= room && n <= budget
}

func (s *Spool) add(text []byte) {
	s.queue = append(s.queue, text...)
	s.budget -= len(text)
	s.signal()
}

// report queues a line that reports how many lines were lost.
func (s *Spool) report() {
	text := s.lost(s.left)
	s.queued.reports++
	s.queued.lines += s.left
	s.left, s.told = 0, s.now()
	s.add(text)
}

func (s *Spool) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// write is the goroutine that writes to w.
func (s *Spool) write() {
	defer close(s.done)
	var batch []byte
	for more := true; more; {
		if batch, more = s.take(batch[:0]); len(batch) == 0 {
			if more {
				s.wait()
			}
			continue
		}
		n, err := s.w.Write(batch)
		s.sent(batch, n, err)
	}
}

// take appends the queued bytes to batch, and reports whether more may follow.
func (s *Spool) take(batch []byte) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	idle := len(s.queue) == 0
	if idle && s.left > 0 && (s.closing || s.now().Sub(s.told) >= pause) {
		s.report()
	}
	if s.broken && len(s.queue) > 0 {
		batch = append(batch, '\n')
	}
	batch = append(batch, s.queue...)
	s.queue = s.queue[:0]
	s.sending, s.queued = s.queued, loss{}
	return batch, !(s.closing && idle)
}

// sent counts the lines that were not written. If only some lines were written,
// the lines of a report among them may be counted twice, because the lines
// cannot be told apart.
func (s *Spool) sent(batch []byte, n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.left += s.sending.lines + lines(batch[n:]) - min(s.sending.reports, lines(batch[n:]))
	}
	if n > 0 {
		s.broken = batch[n-1] != '\n'
	}
}

// wait blocks until there may be something to write or to report.
func (s *Spool) wait() {
	select {
	case <-s.wake:
	case <-time.After(pause):
	}
}

func lines(text []byte) uint64 { return uint64(bytes.Count(text, []byte("\n"))) }
