package dpstest

import (
	"errors"
	"fmt"
	"io"
	"time"

	"example.com/dps/fsm"
)

// ErrStuck is the error of a [Link] whose two ends wait for each other, or go
// round in circles.
var ErrStuck = errors.New("dpstest: stuck")

// A Link is a network without a network: it drives an fsm.Machine and a
// [Service] in virtual time, which jumps from one event to the next. The zero
// Link is ready to use: no latency, and each piece arrives as it was sent.
type Link struct {
	// Chunk is the size in bytes of the pieces in which everything arrives; 0:
	// as it was sent. It makes no difference to a sound program.
	Chunk int

	// Latency is the time that each piece travels.
	Latency time.Duration

	// Password returns the password for a connection; nil: none, as with a
	// certificate.
	Password func(now time.Time) []byte

	// Certificate is the device's certificate; nil: it has none.
	Certificate *Certificate

	// Breaks are times after the start at which an open connection breaks.
	Breaks []time.Duration

	// NoRoute makes every dial fail until this time after the start.
	NoRoute time.Duration
}

// A Report tells what a [Link] has seen.
type Report struct {
	Elapsed     time.Duration // virtual time from the start to the end
	Dials       int           // also those that failed
	Connections int
	Requests    int // registrations and queries that reached the service
	Sent        int // bytes that the device sent
	Received    int // bytes that it received
}

// maxSteps bounds a run: a registration takes some dozens, or some thousands in
// chunks of one byte.
const maxSteps = 1_000_000

// Run drives m until it is Done, and returns what it took. The error is
// [ErrStuck], or nil if m is done: m.Result reports the outcome of the
// registration.
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
	broken int     // Breaks that are over
	report Report
}

// A piece of data travels.
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
		return // the machine knows why
	}
	r.report.Connections++
	r.conn = r.s.Open(r.now, r.Certificate)
	for r.broken < len(r.Breaks) && !r.start.Add(r.Breaks[r.broken]).After(r.now) {
		r.broken++ // it is over, or there was no connection to break
	}
}

// exchange sends what there is to send, waits for the next event, and lets it
// happen.
func (r *run) exchange() {
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
		return
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
		// Deadlines come before what arrives at the same time, so that it does
		// not matter in how many pieces that comes.
		r.m.Advance(r.now)
		r.conn.Advance(r.now)
	}
}

// post puts bytes on their way, in chunks, and returns how many there are.
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

// next returns when the next thing happens; zero: never.
func (r *run) next() (at time.Time) {
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
