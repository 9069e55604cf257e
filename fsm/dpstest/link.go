package dpstest

import (
	"errors"
	"fmt"
	"io"
	"time"

	"example.com/dps/fsm"
)

// ErrStuck is returned by [Link.Run] if the two ends wait for each other, or do
// not make progress.
var ErrStuck = errors.New("dpstest: stuck")

// A Link simulates a network: it drives an fsm.Machine and a [Service] in
// virtual time, which jumps from one event to the next. The zero Link is ready
// to use: it has no latency, and each piece of data arrives as it was sent.
type Link struct {
	// Chunk is the size in bytes of the pieces in which data arrives. If 0,
	// data arrives as it was sent. Chunk makes no difference to a correct
	// program.
	Chunk int

	// Latency is the time that each piece takes to arrive.
	Latency time.Duration

	// Password returns the password for a connection. If nil, there is none, as
	// with a certificate.
	Password func(now time.Time) []byte

	// Certificate is the device's certificate, or nil if it does not have one.
	Certificate *Certificate

	// Breaks lists the times, relative to the start, at which an open
	// connection breaks.
	Breaks []time.Duration

	// NoRoute is the time, relative to the start, until which every dial fails.
	NoRoute time.Duration
}

// A Report holds statistics of a run of a [Link].
type Report struct {
	Elapsed     time.Duration // virtual time from the start to the end
	Dials       int           // including those that failed
	Connections int
	Requests    int // registrations and queries that reached the service
	Sent        int // bytes that the device sent
	Received    int // bytes that it received
}

// maxSteps bounds a run. A registration takes dozens of steps, or thousands in
// chunks of one byte.
const maxSteps = 1_000_000

// Run drives m until it is Done, and returns statistics of the run. The error
// is nil if m is done, and m.Result then reports the outcome of the
// registration. The error wraps [ErrStuck] if m cannot finish.
func (l Link) Run(m *fsm.Machine, s *Service, start time.Time) (Report, error) {
	if m == nil || s == nil {
		return Report{}, errors.New("dpstest: Link.Run needs a machine and a service")
	}
	r := run{Link: l, m: m, s: s, start: start, now: start}
	for range maxSteps {
		if m.Want() == fsm.WantDone {
			r.report.Elapsed = r.now.Sub(start)
			if r.conn != nil { // Policy.KeepSession
				r.report.Requests += r.conn.requests
			}
			return r.report, nil
		}
		if r.conn == nil {
			r.dial()
			continue
		}
		r.exchange()
	}
	return r.report, fmt.Errorf("%w: %d steps, the machine is %v", ErrStuck, maxSteps, m.State())
}

type run struct {
	Link
	m      *fsm.Machine
	s      *Service
	conn   *Conn
	start  time.Time
	now    time.Time
	flight []piece // in the order of arrival
	broken int     // number of Breaks that are in the past
	report Report
}

// A piece is data in transit.
type piece struct {
	at       time.Time
	toDevice bool
	bytes    []byte
}

func (r *run) dial() {
	if at := r.m.Deadline(); at.After(r.now) {
		r.now = at
	}
	r.report.Dials++
	if r.now.Before(r.start.Add(r.NoRoute)) {
		r.m.DialFailed(r.now, errors.New("no route to host"))
		return
	}
	var password []byte
	if r.Password != nil {
		password = r.Password(r.now)
	}
	if r.m.Open(r.now, password) != nil {
		return // the machine has recorded why
	}
	r.report.Connections++
	r.conn = r.s.Open(r.now, r.Certificate)
	for r.broken < len(r.Breaks) && !r.start.Add(r.Breaks[r.broken]).After(r.now) {
		r.broken++ // it is in the past, and there was no connection to break
	}
}

// exchange sends the pending output, advances the time to the next event, and
// processes it.
func (r *run) exchange() error {
	r.report.Sent += r.post(r.m.AppendOutput(nil), false)
	r.report.Received += r.post(r.conn.AppendOutput(nil), true)
	switch {
	case r.m.Want() == fsm.WantClose:
		for _, p := range r.flight {
			if !p.toDevice {
				r.conn.Receive(r.now, p.bytes)
			}
		}
		r.lose(nil)
		return
	case r.conn.Hungup() && len(r.flight) == 0:
		r.lose(io.EOF)
		return nil
	}
	next, ok := r.next()
	if !ok {
		return fmt.Errorf("%w: the machine is %v and neither end has a deadline", ErrStuck, r.m.State())
	}
	next := r.next()
	moved := next.After(r.now)
	if moved {
		r.now = next
	}
	switch {
	case r.broken < len(r.Breaks) && !r.now.Before(r.start.Add(r.Breaks[r.broken])):
		r.lose(errors.New("connection reset"))
	case !moved && len(r.flight) > 0:
		p := r.flight[0]
		r.flight = r.flight[1:]
		if p.toDevice {
			r.m.Receive(r.now, p.bytes)
		} else {
			r.conn.Receive(r.now, p.bytes)
		}
	default:
		// Deadlines are processed before data that arrives at the same time, so
		// that the number of pieces makes no difference.
		r.m.Advance(r.now)
		r.conn.Advance(r.now)
	}
}

// post puts bytes in transit, in chunks, and returns their number.
func (r *run) post(bytes []byte, toDevice bool) int {
	n := len(bytes)
	for len(bytes) > 0 {
		size := len(bytes)
		if r.Chunk > 0 {
			size = min(size, r.Chunk)
		}
		r.flight = append(r.flight, piece{r.now.Add(r.Latency), toDevice, bytes[:size:size]})
		bytes = bytes[size:]
	}
	return n
}

// next returns the time of the next event, and reports whether there is one.
func (r *run) next() (at time.Time, ok bool) {
	candidates := []time.Time{r.m.Deadline(), r.conn.Deadline()}
	if len(r.flight) > 0 {
		candidates = append(candidates, r.flight[0].at)
	}
	if r.broken < len(r.Breaks) {
		candidates = append(candidates, r.start.Add(r.Breaks[r.broken]))
	}
	for _, c := range candidates {
		if !c.IsZero() && (at.IsZero() || c.Before(at)) {
			at = c
		}
	}
	return at
}

func (r *run) lose(cause error) {
	r.report.Requests += r.conn.requests
	r.conn.Lost(r.now)
	r.m.Lost(r.now, cause)
	r.conn, r.flight = nil, nil
}
