package fsm_test

import (
	"fmt"
	"slices"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/fsm/dpstest"
)

// A poller is what an event loop waits for, as with epoll or kqueue: several connections
// and a time. Here the connections lead to a simulated service, and time is virtual.
type poller struct {
	now     time.Time
	service *dpstest.Service
	conns   map[int]*dpstest.Conn // by the number that dial returned, which is never used again
	dials   int
	ready   []pollEvent
}

// A pollEvent is something that happened to a connection: it was opened, bytes were
// received, or it is gone.
type pollEvent struct {
	conn     int
	kind     string
	received []byte
}

// dial begins to dial, and returns at once.
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

// wait returns what has happened. If nothing has, it waits until then.
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
	conn int // 0: none
}

// act does what the machine wants, and does not wait.
func (c *client) act(p *poller) {
	if c.m.Want() == fsm.WantDial && c.conn == 0 && !c.m.Deadline().After(p.now) {
		c.conn = p.dial(c.name)
		c.m.Dialing(p.now) // now the Deadline is the time-out of the dial
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

// handle passes on what happened to the client's connection.
func (c *client) handle(p *poller, e pollEvent) {
	switch e.kind {
	case "open":
		c.m.Open(p.now, nil) // with an error it wants the connection closed, or is at its end
	case "bytes":
		c.m.Receive(p.now, e.received)
	case "lost":
		p.close(c.conn)
		c.conn = 0
		c.m.Lost(p.now, nil)
	}
}

// eventLoop drives all machines to their end, on one goroutine. After each turn it waits
// for the first event or the earliest Deadline. A loop with thousands of machines keeps
// them in a heap that is ordered by Deadline.
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
			// An event of a connection that was closed meanwhile belongs to nobody.
			if i := slices.IndexFunc(clients, func(c *client) bool { return c.conn == e.conn }); i >= 0 {
				clients[i].handle(p, e)
			}
		}
		for _, c := range clients {
			c.m.Advance(p.now) // before its Deadline this has no effect
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
