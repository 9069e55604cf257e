package main

import (
	"math/rand/v2"
	"slices"
	"time"
)

// The quotas of the real service, and the retry-after with which it answers a
// registration.
const (
	registrationsPerMinute = 1000
	pollsPer10s            = 5
	pollAfter              = 3 * time.Second
)

// A fleet is what is switched on.
type fleet struct {
	devices int
	size    int // what devices take for that number, if they know it
	seed    uint64
	memory  int // MiB from where on the garbage collector takes care
	tell    func(policy string, now time.Duration, registered, devices int)
}

// A result is what became of it.
type result struct {
	policy      string
	requests    int             // registrations and queries
	refused     int             // of these, answered 429
	connections int             // 0: not measured
	registered  []time.Duration // when each device was, in order
	cost        cost
}

func (f fleet) random() *rand.Rand { return rand.New(rand.NewPCG(f.seed, uint64(f.devices))) }

// powerUp puts each device into the queue, in the first second.
func (f fleet) powerUp(q *queue, r *rand.Rand) {
	for i := range f.devices {
		q.put(event{time.Duration(r.Int64N(int64(time.Second))), uint32(i)})
	}
}

// modelled is a policy that is played in a model: of the device only what happens to its
// requests, of the service only the quota. The query comes after pollAfter and ends the
// registration.
func modelled(name, what string, w wait) policy {
	return policy{name, what, func(f fleet) (result, error) { return f.model(name, w), nil }}
}

func (f fleet) model(name string, w wait) result {
	m := startMeter()
	r, q := f.random(), new(queue)
	f.powerUp(q, r)
	throttled := make([]struct { // of each device
		n     uint16
		since time.Duration
	}, f.devices)
	res := result{policy: name}
	var window struct {
		end time.Duration // of the minute that began with the first request after the last one
		n   int
	}
	for e, ok := q.next(); ok; e, ok = q.next() {
		f.tell(name, e.at, len(res.registered), f.devices)
		res.requests++
		if e.at >= window.end {
			window.end, window.n = e.at+time.Minute, 0
		}
		if window.n++; window.n <= registrationsPerMinute {
			res.requests++ // the query
			res.registered = append(res.registered, e.at+pollAfter)
			continue
		}
		res.refused++
		d := &throttled[e.device]
		if d.n++; d.n == 1 {
			d.since = e.at
		}
		retryAfter := (window.end - e.at + time.Second - 1).Truncate(time.Second) // whole seconds, rounded up
		q.put(event{e.at + w(r, retryAfter, int(d.n), e.at-d.since), e.device})
	}
	slices.Sort(res.registered)
	res.cost = m.stop(f.devices)
	return res
}
