package main

import (
	"math"
	"math/rand/v2"
	"strings"
	"time"
)

// A policy decides what a client does after its registration is answered with
// 429.
type policy struct {
	name string
	what string
	play func(fleet) (result, error)
}

// policies are the available policies, ours first. If another client leaves the
// next step to the application, or does not specify its backoff, the figure is
// an assumption and is marked as such.
var policies = []policy{
	{"fsm", "this module: real machines, without limits on time and attempts", func(f fleet) (result, error) { return machines("fsm", f, 0) }},
	{"sized", "the same machines, which know the size of the fleet, or assume -size", func(f fleet) (result, error) { return machines("sized", f, f.size) }},
	modeled("retry-after", "like the Azure device SDKs for C, Node and Python: waits for retry-after, without jitter", obey),
	modeled("restart", "like the SDKs for C# and Rust, which report an error: a supervisor restarts after 60 to 65 s (assumed)", restart),
	modeled("embedded", "like the guidance of the Azure SDK for Embedded C: retry-after, backoff 1 to 100 s, jitter up to 5 s", embedded),
	modeled("device-update", "like the Device Update agent: reconnects after retry-after, plus jitter of up to 20 %", deviceUpdate),
}

func names() string {
	var all []string
	for _, p := range policies {
		all = append(all, p.name)
	}
	return strings.Join(all, ", ")
}

// A wait returns how long a policy waits after the nth 429 in a row. The
// parameter since is the time since the first one.
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

// ours is the default fsm.Policy, for the model. A test compares it with real
// machines.
func ours(r *rand.Rand, retryAfter time.Duration, n int, since time.Duration) time.Duration {
	grown := min(time.Duration(since.Minutes()*float64(retryAfter)), 2*time.Hour)
	return max(retryAfter+time.Duration(r.Float64()*float64(time.Minute)), backoff(n), time.Duration(float64(grown)*(0.9+0.2*r.Float64())))
}

// backoff doubles from 1 s to 100 s.
func backoff(n int) time.Duration {
	return time.Duration(min(math.Exp2(float64(n-1)), 100) * float64(time.Second))
}

// longer returns d plus a random time of at most the given part of d.
func longer(d time.Duration, r *rand.Rand, part float64) time.Duration {
	return d + time.Duration(float64(d)*part*r.Float64())
}
