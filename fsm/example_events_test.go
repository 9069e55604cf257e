package fsm_test

import (
	"fmt"
	"slices"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/fsm/dpstest"
)

// A poller waits for events on several connections or for a time, like epoll or
// kqueue. Here the connections lead to a simulated service, and time is
// virtual.
type poller struct {
	now     time.Time
	service *dpstest.Service
	conns   map[int]*dpstest.Conn // by the number that dial returned, which is never reused
	dials   int
	ready   []pollEvent
}

// A pollEvent is an event on a connection: the connection was opened, bytes
// were received, or the connection is gone.
type pollEvent struct {
	conn     int
	kind     string
	received []byte
}

// dial begins to dial and returns immediately.
func (p *poller) dial(name string) int {
	p.dials++
	p.conns[p.dials] = p.service.Open(p.now, &dpstest.Certificate{CommonName: name})
	p.ready = append(p.ready, pollEvent{conn: p.dials, kind: "open"})
	return p.dials
}

func (p *poller) write(conn int, b []byte) { p.conns[conn].Receive(p.now, b) }

func (p *poller) close(conn int) {
	p.conns[conn].Lost(p.now)
	delete(p.conns, conn)
}

// wait returns the events that have happened. If there are none, it waits for
// events, but not longer than until the given time.
func (p *poller) wait(until time.Time) []pollEvent {
	for n, c := range p.conns {
		if b := c.AppendOutput(nil); len(b) > 0 {
			p.ready = append(p.ready, pollEvent{conn: n, kind: "bytes", received: b})
		} else if c.Hungup() {
			p.ready = append(p.ready, pollEvent{conn: n, kind: "lost"})
		}
	}
	if len(p.ready) == 0 && until.After(p.now) {
		p.now = until
	}
	events := p.ready
	p.ready = nil
	return events
}

// A client is a machine in an event loop.
type client struct {
	name string
	m    *fsm.Machine
	conn int // 0 if there is none
}

// act does what the machine wants, without waiting.
func (c *client) act(p *poller) {
	if c.m.Want() == fsm.WantDial && c.conn == 0 && !c.m.Deadline().After(p.now) {
		c.conn = p.dial(c.name)
		c.m.Dialing(p.now) // the Deadline is now the timeout of the dial
	}
	if out := c.m.AppendOutput(nil); len(out) > 0 {
		p.write(c.conn, out)
	}
	if c.m.Want() == fsm.WantClose {
		p.close(c.conn)
		c.conn = 0
		c.m.Lost(p.now, nil)
	}
}

// handle passes an event on the client's connection to the machine.
func (c *client) handle(p *poller, e pollEvent) {
	switch e.kind {
	case "open":
		c.m.Open(p.now, nil) // after an error, Want reports what to do
	case "bytes":
		c.m.Receive(p.now, e.received)
	case "lost":
		p.close(c.conn)
		c.conn = 0
		c.m.Lost(p.now, nil)
	}
}

// eventLoop drives all machines on one goroutine until they have finished. In
// each iteration it waits for the next event or the earliest Deadline. A loop
// with thousands of machines would keep them in a heap ordered by Deadline.
func eventLoop(p *poller, clients []*client) {
	for {
		var next time.Time
		running := false
		for _, c := range clients {
			c.act(p)
			if c.m.Want() == fsm.WantDone {
				continue
			}
			if d := c.m.Deadline(); !running || d.Before(next) {
				next = d
			}
			running = true
		}
		if !running {
			return
		}
		for _, e := range p.wait(next) {
			// Events of a connection that has been closed in the meantime are
			// dropped.
			if i := slices.IndexFunc(clients, func(c *client) bool { return c.conn == e.conn }); i >= 0 {
				clients[i].handle(p, e)
			}
		}
		for _, c := range clients {
			c.m.Advance(p.now) // before the Deadline, this has no effect
		}
	}
}

// Several machines register on one goroutine, each at its own pace.
func Example_eventLoop() {
	outcomes := map[string]dpstest.Enrollment{
		"fast": {Outcome: dpstest.Outcome{AtOnce: true}},
		"slow": {Outcome: dpstest.Outcome{Polls: 3, RetryAfter: "10"}},
		"cut":  {Faults: []dpstest.Fault{{At: dpstest.OnRegister, Nth: 1, HangUp: true}}},
		"off":  {Outcome: dpstest.Outcome{Status: "disabled"}},
	}
	cfg := dpstest.Config{IDScope: "0ne00000A1B"}
	var clients []*client
	for _, name := range []string{"fast", "slow", "cut", "off"} {
		e := outcomes[name]
		e.RegistrationID, e.X509 = name, true
		cfg.Enrollments = append(cfg.Enrollments, e)
		c := &client{name: name}
		c.m, _ = fsm.New(fsm.Config{IDScope: cfg.IDScope, RegistrationID: name, Attestation: fsm.X509, Trace: func(e fsm.Event) {
			if e.Kind == fsm.EventEnd {
				fmt.Println(name, "after", e.Time.Sub(now), e.Err)
			}
		}})
		clients = append(clients, c)
	}
	service, _ := dpstest.New(cfg)
	eventLoop(&poller{now: now, service: service, conns: map[int]*dpstest.Conn{}}, clients)
	// Output:
	// fast after 0s <nil>
	// off after 3s registration: ended with status "disabled"
	// cut after 4s <nil>
	// slow after 40s <nil>
}
