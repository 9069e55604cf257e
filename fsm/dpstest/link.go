package dpstest

import (
	"errors"
	"fmt"
	"io"
	"time"

	"example.com/dps/fsm"
)

// ErrStuck is the error of [Link.Run] if the two ends wait for each other or
// repeat the same exchange endlessly.
var ErrStuck = errors.New("dpstest: stuck")

// A Link connects an fsm.Machine to a [Service] without a network. It drives
// both in virtual time, which jumps from one event to the next. The zero Link
// is ready to use: it has no latency, and all data arrives as it was sent.
type Link struct {
	// Chunk is the size in bytes of the pieces in which all data arrives. If 0,
	// data arrives in the pieces in which it was sent. The size makes no
	// difference to a correct program.
	Chunk int

	// Latency is the time that each piece takes to arrive.
	Latency time.Duration

	// Password returns the password for a connection. If nil, there is no
	// password, as with a certificate.
	Password func(now time.Time) []byte

	// Certificate is the certificate of the device, or nil if it has none.
	Certificate *Certificate

	// Breaks lists the times, since the start, at which an open connection
	// breaks.
	Breaks []time.Duration

	// NoRoute is the time, since the start, before which every dial fails.
	NoRoute time.Duration
}

// A Report describes what happened in a run of a [Link].
type Report struct {
	Elapsed     time.Duration // virtual time from the start to the end
	Dials       int           // including those that failed
	Connections int
	Requests    int // registrations and queries that reached the service
	Sent        int // bytes that the device sent
	Received    int // bytes that it received
}

// maxSteps is the maximum number of steps of a run. A registration takes a few
// dozen, or a few thousand in chunks of one byte.
const maxSteps = 1_000_000

// Run drives m until it is done and returns a report. If the error is nil, m is
// done, and m.Result reports the outcome of the registration. If m does not end
// the registration, the error wraps [ErrStuck].
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
	broken int     // how many Breaks have passed
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
		return // the machine records the reason
	}
	r.report.Connections++
	r.conn = r.s.Open(r.now, r.Certificate)
	for r.broken < len(r.Breaks) && !r.start.Add(r.Breaks[r.broken]).After(r.now) {
		r.broken++ // it has passed, or there was no connection to break
	}
}

// exchange sends the output of both ends, advances the time to the next event,
// and processes that event.
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
		// Deadlines are processed before data that arrives at the same time, so
		// that the number of pieces makes no difference.
		r.m.Advance(r.now)
		r.conn.Advance(r.now)
	}
}

// post sends bytes in chunks, and returns their number.
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

// next returns the time of the next event, or the zero time if there is none.
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
