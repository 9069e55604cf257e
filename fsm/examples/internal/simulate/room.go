package simulate

import (
	"cmp"
	"sync"
	"time"
)

// A room holds the connections of a server, at most max of them.
type room struct {
	max int

	mu    sync.Mutex
	conns map[*conn]struct{}
}

// enter adds a connection. If the room is full, one connection must leave:
// enter returns it, which is c itself if no other has to. It returns nil if
// none must leave.
func (r *room) enter(c *conn) (loser *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.conns) >= r.max {
		if loser = r.least(); loser == nil {
			return c
		}
		delete(r.conns, loser)
	}
	r.conns[c] = struct{}{}
	return loser
}

// leave removes a connection, if it is there.
func (r *room) leave(c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, c)
}

// rate returns how much each connection may use per second.
func (r *room) rate() float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return totalRate / float64(max(1, len(r.conns)))
}

// least returns the oldest connection from which the server has to read more
// slowly. If there is none, it returns the oldest connection without an
// accepted CONNECT, and nil if every client is connected and behaves.
func (r *room) least() *conn {
	var flooding, pending *conn
	now, rate := time.Now(), totalRate/float64(len(r.conns))
	for c := range r.conns {
		switch {
		case c.meter.wait(now, rate) > 0:
			flooding = older(flooding, c)
		case !c.connected.Load():
			pending = older(pending, c)
		}
	}
	return cmp.Or(flooding, pending)
}

// older returns the connection that began first. a may be nil.
func older(a, b *conn) *conn {
	if a == nil || b.began.Before(a.began) {
		return b
	}
	return a
}
