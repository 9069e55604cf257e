// Package spool writes lines to a file or a pipe without ever waiting for it.
//
// A reader that is slow, or has gone, and a disk that is full lose lines; the program goes
// on. A line says how many were lost.
package spool

import (
	"bytes"
	"io"
	"sync"
	"time"
)

// The limits of a spool.
const (
	// maxQueue is how many bytes wait for the writer. The last quarter is for lines that
	// matter, so that others do not crowd them out.
	maxQueue = 1 << 20

	// burst is how many bytes may be written at once, and rate is how many follow in a
	// second: what a flood of packets may put on a disk. A quarter of the burst is for
	// lines that matter.
	burst = 4 << 20
	rate  = 256 << 10

	// pause is the least time between two lines that report a loss.
	pause = time.Second
)

// A Spool writes lines in the order in which they came. Its methods can be called from
// several goroutines.
type Spool struct {
	w    io.Writer
	now  func() time.Time
	lost func(n uint64) []byte

	mu      sync.Mutex
	queue   []byte
	budget  int       // bytes that may be written now
	filled  time.Time // when the budget grew last
	left    uint64    // lines left out that no report counts yet
	told    time.Time // when the last report was put into the queue
	queued  loss      // what the reports in the queue say
	sending loss      // what the reports that are being written say
	broken  bool      // half a line was written
	closing bool

	wake chan struct{} // holds at most one token
	done chan struct{} // closed when the writer has ended
}

// A loss is what reports say: how many there are, and how many lines they count.
type loss struct{ reports, lines uint64 }

// New returns a spool that writes to w. Once lines were left out, it writes what lost
// returns: a line, with its end, that says how many.
func New(w io.Writer, now func() time.Time, lost func(n uint64) []byte) *Spool {
	s := &Spool{w: w, now: now, lost: lost, budget: burst, filled: now(), wake: make(chan struct{}, 1), done: make(chan struct{})}
	go s.write()
	return s
}

// Put adds text, which ends with a newline, to what is to be written. It does not wait,
// and leaves the text out if there is no room. matters keeps lines before others.
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

// Close writes what is left, but gives up at the deadline. It returns how many lines were
// left out without a report that was written, apart from those that are being written.
// What is put later is lost.
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

// report says how many lines were left out.
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

// write is the goroutine that waits for the writer.
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

// take returns what is to be written, in the memory of batch, and whether more may come.
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

// sent counts the lines that were not written. If some were, a report among them may be
// counted twice: there is no telling lines apart any more.
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

// wait returns when there may be something to write, or to report.
func (s *Spool) wait() {
	select {
	case <-s.wake:
	case <-time.After(pause):
	}
}

func lines(text []byte) uint64 { return uint64(bytes.Count(text, []byte("\n"))) }
