package main

import (
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/fsm/dpstest"
	"example.com/dps/packet"
)

const scope = "0ne00000A1B"

// start is the time when the power comes back.
var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// A device is a machine and its connection, which is nil while there is none.
type device struct {
	m    *fsm.Machine
	conn *dpstest.Conn
}

// A world contains real machines and a service, in virtual time.
type world struct {
	fleet
	service *dpstest.Service
	config  fsm.Config
	all     []device
	queue   queue
	res     result
	buf     []byte
}

// machines runs our own policy with real devices. They know the size of their
// fleet unless it is 0. They have certificates, which cost less than signing
// tokens.
func machines(name string, f fleet, size int) (result, error) {
	// A million machines need some 1.1 GB. Without a limit, garbage would
	// double that.
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(int64(f.memory) << 20))
	m := startMeter()
	w, err := newWorld(name, f, size)
	if err != nil {
		return result{}, err
	}
	full := 0
	for e, ok := w.queue.next(); ok; e, ok = w.queue.next() {
		if full == 0 && e.at >= time.Second {
			full = m.heap() // every device is on and waiting
		}
		f.tell(w.res.policy, e.at, len(w.res.registered), f.devices)
		if err := w.wake(e); err != nil {
			return result{}, err
		}
	}
	w.res.refused = w.res.requests - 2*f.devices // the service accepts one registration and one query per device
	slices.Sort(w.res.registered)
	w.res.cost = m.stop(f.devices)
	w.res.cost.bytes = full / f.devices
	return w.res, nil
}

func newWorld(name string, f fleet, size int) (*world, error) {
	service, err := dpstest.New(dpstest.Config{
		IDScope:                scope,
		Enrollments:            []dpstest.Enrollment{{Group: "fleet", X509: true}},
		RegistrationsPerMinute: registrationsPerMinute,
		PollsPer10s:            pollsPer10s,
		Remember:               10 * registrationsPerMinute, // each operation lives for some seconds
	})
	if err != nil {
		return nil, err
	}
	random := f.random()
	w := &world{fleet: f, service: service, all: make([]device, f.devices)}
	w.res.policy = name
	w.config = fsm.Config{
		IDScope: scope, Attestation: fsm.X509, Jitter: random.Float64,
		// There are no limits, since every device must be registered. A million
		// connections in the service would take much memory, so devices that
		// wait for more than a minute disconnect.
		Policy: fsm.Policy{Budget: -1, MaxAttempts: -1, StayConnected: time.Minute, FleetSize: size},
	}
	f.powerUp(&w.queue, random)
	return w, nil
}

// wake lets a device do everything that is due at the time of e.
func (w *world) wake(e event) error {
	d, now := &w.all[e.device], start.Add(e.at)
	id := registrationID(e.device)
	if d.m == nil {
		cfg := w.config
		cfg.RegistrationID = id
		var err error
		if d.m, err = fsm.New(cfg); err != nil {
			return err
		}
	}
	d.m.Advance(now)
	if d.conn != nil {
		d.conn.Advance(now)
	}
	for {
		switch d.m.Want() {
		case fsm.WantDial:
			if at := d.m.Deadline(); at.After(now) {
				w.sleep(e.device, at)
				return nil
			}
			d.conn = w.service.Open(now, &dpstest.Certificate{CommonName: id})
			w.res.connections++
			if err := d.m.Open(now, nil); err != nil {
				return err
			}
		case fsm.WantExchange:
			if w.exchange(d, now) {
				continue
			}
			w.sleep(e.device, earlier(d.m.Deadline(), d.conn.Deadline()))
			return nil
		case fsm.WantClose:
			w.send(d, now)
			d.conn.Lost(now)
			d.m.Lost(now, nil)
			d.conn = nil
		case fsm.WantDone:
			if _, err := d.m.Result(); err != nil {
				return fmt.Errorf("%s: %w", id, err)
			}
			d.m = nil
			w.res.registered = append(w.res.registered, e.at)
			return nil
		}
	}
}

// exchange carries bytes both ways, and reports whether anything happened.
func (w *world) exchange(d *device, now time.Time) bool {
	sent := w.send(d, now)
	in := d.conn.AppendOutput(w.buf[:0])
	w.buf = in
	switch {
	case len(in) > 0:
		d.m.Receive(now, in)
	case d.conn.Hungup():
		d.conn = nil
		d.m.Lost(now, io.EOF)
	default:
		return sent
	}
	return true
}

// send carries the output of the device to the service and counts its requests.
func (w *world) send(d *device, now time.Time) bool {
	w.buf = d.m.AppendOutput(w.buf[:0])
	for b := w.buf; len(b) > 0; {
		f, rest, err := packet.Cut(b, 0)
		if err != nil {
			break
		}
		if f.Type == packet.PUBLISH {
			w.res.requests++
		}
		b = rest
	}
	d.conn.Receive(now, w.buf)
	return len(w.buf) > 0
}

func (w *world) sleep(device uint32, until time.Time) {
	w.queue.put(event{until.Sub(start), device})
}

// earlier returns the earlier of two times, the second of which may be zero.
func earlier(a, b time.Time) time.Time {
	if !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func registrationID(device uint32) string { return fmt.Sprintf("device-%07d", device) }
