package main

import (
	"math"
	"math/rand/v2"
	"strings"
	"time"
)

// A policy is what a client does when its registration is answered 429.
type policy struct {
	name string
	what string
	play func(fleet) (result, error)
}

// policies are those that can be chosen, ours first. Where another client leaves it to the
// application what to do next, or does not say how long its back-off is, the figure is an
// assumption, and said to be one.
var policies = []policy{
	{"fsm", "this module: real machines, and no limit to time and attempts", func(f fleet) (result, error) { return machines("fsm", f, 0) }},
	{"sized", "the same machines, which know the size of the fleet, or what -size says", func(f fleet) (result, error) { return machines("sized", f, f.size) }},
	modelled("retry-after", "as the Azure device SDKs for C, Node and Python do: waits for retry-after, no jitter", obey),
	modelled("restart", "as the SDKs for C# and Rust leave it: an error; a supervisor restarts after 60 to 65 s (assumed)", restart),
	modelled("embedded", "as the guidance of the Azure SDK for Embedded C: retry-after, back-off 1 to 100 s, jitter up to 5 s", embedded),
	modelled("device-update", "as the Device Update agent: reconnects after retry-after, which jitter of 20 % makes longer", deviceUpdate),
}

func names() string {
	var all []string
	for _, p := range policies {
		all = append(all, p.name)
	}
	return strings.Join(all, ", ")
}

// A wait is how long a policy waits after a 429: the nth in a row, so long after the
// first one.
type wait func(r *rand.Rand, retryAfter time.Duration, n int, since time.Duration) time.Duration

func obey(_ *rand.Rand, retryAfter time.Duration, _ int, _ time.Duration) time.Duration {
	return retryAfter
}

func restart(r *rand.Rand, _ time.Duration, _ int, _ time.Duration) time.Duration {
	return longer(60*time.Second, r, 5.0/60)
}

func embedded(r *rand.Rand, retryAfter time.Duration, n int, _ time.Duration) time.Duration {
	return max(retryAfter, backoff(n)) + time.Duration(r.Float64()*float64(5*time.Second))
}

func deviceUpdate(r *rand.Rand, retryAfter time.Duration, _ int, _ time.Duration) time.Duration {
	return longer(retryAfter, r, 0.2)
}

// ours is what the default fsm.Policy says, for the model. A test holds it against real
// machines.
func ours(r *rand.Rand, retryAfter time.Duration, n int, since time.Duration) time.Duration {
	grown := min(time.Duration(since.Minutes()*float64(retryAfter)), 2*time.Hour)
	return max(retryAfter+time.Duration(r.Float64()*float64(time.Minute)), backoff(n), time.Duration(float64(grown)*(0.9+0.2*r.Float64())))
}

// backoff doubles from 1 s to 100 s.
func backoff(n int) time.Duration {
	return time.Duration(min(math.Exp2(float64(n-1)), 100) * float64(time.Second))
}

// longer makes a wait longer, at most by a part of it.
func longer(d time.Duration, r *rand.Rand, part float64) time.Duration {
	return d + time.Duration(float64(d)*part*r.Float64())
}
