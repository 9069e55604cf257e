package main

import (
	"math/rand/v2"
	"slices"
	"time"
)

// The quotas of the real service, and the retry-after of its answer to a
// registration.
const (
	registrationsPerMinute = 1000
	pollsPer10s            = 5
	pollAfter              = 3 * time.Second
)

// A fleet describes the devices that are switched on.
type fleet struct {
	devices int
	size    int // the number that devices of the policy "sized" assume
	seed    uint64
	memory  int // memory limit of the garbage collector in MiB
	tell    func(policy string, now time.Duration, registered, devices int)
}

// A result is the outcome of a run.
type result struct {
	policy      string
	requests    int             // registrations and queries
	refused     int             // requests answered with 429
	connections int             // 0 if not measured
	registered  []time.Duration // when each device was registered, in order
	cost        cost
}

func (f fleet) random() *rand.Rand { return rand.New(rand.NewPCG(f.seed, uint64(f.devices))) }

// powerUp puts each device into the queue, at random times in the first second.
func (f fleet) powerUp(q *queue, r *rand.Rand) {
	for i := range f.devices {
		q.put(event{time.Duration(r.Int64N(int64(time.Second))), uint32(i)})
	}
}

// modeled returns a policy that runs in a model, which has only the requests
// of the devices and the quota of the service. The query follows after
// pollAfter and ends the registration.
func modeled(name, what string, w wait) policy {
	return policy{name, what, func(f fleet) (result, error) { return f.model(name, w), nil }}
}

func (f fleet) model(name string, w wait) result {
	m := startMeter()
	r, q := f.random(), new(queue)
	f.powerUp(q, r)
	throttled := make([]struct { // the 429 answers to each device
		n     uint16
		since time.Duration
	}, f.devices)
	res := result{policy: name}
	var window struct {
		end time.Duration // of a minute that begins with the first request after the previous minute
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
