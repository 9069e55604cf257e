package main

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func silent(string, time.Duration, int, int) {}

func size(devices int) fleet {
	return fleet{devices: devices, size: devices, seed: 1, memory: 1450, tell: silent}
}

// real runs real machines and checks that each device is registered, in order.
func real(t testing.TB, devices int) result {
	t.Helper()
	return play(t, size(devices), 0)
}

// play runs real machines that assume a fleet of fleetSize devices.
func play(t testing.TB, f fleet, fleetSize int) result {
	t.Helper()
	devices := f.devices
	r, err := machines("fsm", f, fleetSize)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.registered) != devices || !slices.IsSorted(r.registered) {
		t.Fatalf("%d of %d devices are registered, in order: %v", len(r.registered), devices, slices.IsSorted(r.registered))
	}
	return r
}

// The model agrees with real machines, so its figures for other policies are
// credible.
func TestModelAgreesWithMachines(t *testing.T) {
	for _, devices := range []int{1000, 3000, 6000} {
		m, r := size(devices).model("ours", ours), real(t, devices)
		near := func(what string, model, machines, most float64) {
			t.Helper()
			if off := model/machines - 1; off > most || off < -most {
				t.Errorf("%d devices: %s: %.2f in the model and %.2f with machines", devices, what, model, machines)
			}
		}
		near("requests per device", m.perDevice(), r.perDevice(), 0.02)
		near("registered: half", m.quantile(0.5).Seconds(), r.quantile(0.5).Seconds(), 0.1)
		near("registered: 9 of 10", m.quantile(0.9).Seconds(), r.quantile(0.9).Seconds(), 0.1)
		near("registered: all", m.quantile(1).Seconds(), r.quantile(1).Seconds(), 0.2)
		if m.requests != m.refused+2*devices || r.requests != r.refused+2*devices {
			t.Errorf("%d devices: %d requests and %d refused in the model, %d and %d with machines", devices, m.requests, m.refused, r.requests, r.refused)
		}
	}
}

// The quota is the real one: no policy is faster than the bound, and a policy
// that only obeys retry-after comes close to it.
func TestBound(t *testing.T) {
	for devices, want := range map[int]time.Duration{1: 4 * time.Second, 1000: 4 * time.Second, 1001: 64 * time.Second, 1_000_000: 999*time.Minute + 4*time.Second} {
		if got := bound(devices); got != want {
			t.Errorf("%d devices: want a bound of %v, got %v", devices, want, got)
		}
	}
	for _, p := range policies {
		r, err := p.play(size(5000))
		if err != nil || len(r.registered) != 5000 {
			t.Fatalf("%s: %d registered, %v", p.name, len(r.registered), err)
		}
		if last := r.quantile(1); last < bound(5000)-time.Second {
			t.Errorf("%s: the last device is registered after %v, but the bound is %v", p.name, last, bound(5000))
		}
		for i := registrationsPerMinute; i < 5000; i++ { // no minute has more than two windows in it
			if d := r.registered[i] - r.registered[i-registrationsPerMinute]; i%registrationsPerMinute == 0 && i > registrationsPerMinute && d < 50*time.Second {
				t.Errorf("%s: %d registrations in %v", p.name, registrationsPerMinute, d)
			}
		}
	}
	r := size(5000).model("obey", obey)
	if r.ratio() > 1.01 || r.perDevice() != 4 {
		t.Errorf("got %.2f times the bound with %.2f requests per device, want 1 and 4", r.ratio(), r.perDevice())
	}
}

// No other policy is both faster and cheaper than ours, as the README claims.
func TestNoOtherPolicyIsFasterAndCheaper(t *testing.T) {
	for _, devices := range []int{1000, 10_000, 20_000, 100_000} {
		our := size(devices).model("ours", ours)
		if our.perDevice() > 20 || our.ratio() > 1.25 {
			t.Errorf("%d devices: %.2f times the bound with %.2f requests per device", devices, our.ratio(), our.perDevice())
		}
		if devices > 20_000 {
			continue // the other policies need too many requests for a test
		}
		for _, w := range []wait{obey, restart, embedded, deviceUpdate} {
			r := size(devices).model("theirs", w)
			if r.quantile(1) < our.quantile(1) && r.requests < our.requests {
				t.Errorf("%d devices: ours %v with %d requests, theirs %v with %d", devices, our.quantile(1), our.requests, r.quantile(1), r.requests)
			}
		}
	}
}

// A fleet that knows its size is nearly as fast as the quota allows, with
// hardly more requests than it needs. A wrong size costs what the README
// documents.
func TestSizedFleet(t *testing.T) {
	for _, test := range []struct {
		devices, size   int
		ratio, requests float64 // at most
	}{
		{1000, 1000, 1.05, 2}, {10_000, 10_000, 1.05, 3.4}, {20_000, 20_000, 1.05, 3.3},
		{10_000, 5000, 1.25, 5.6}, {10_000, 20_000, 2.2, 3}, {10_000, 40_000, 4.5, 3},
	} {
		r := play(t, size(test.devices), test.size)
		if r.ratio() > test.ratio || r.perDevice() > test.requests {
			t.Errorf("%d devices, assumed to be %d: got %.2f times the bound with %.2f requests per device, want at most %.2f and %.2f",
				test.devices, test.size, r.ratio(), r.perDevice(), test.ratio, test.requests)
		}
	}
}

// In a fleet of any size that does not know its size, the last device is
// registered within 1.25 times the bound.
func TestFleetOfUnknownSize(t *testing.T) {
	for _, devices := range []int{1000, 10_000, 30_000} {
		if r := real(t, devices); r.ratio() > 1.25 || r.perDevice() > 20 {
			t.Errorf("%d devices: %.2f times the bound with %.2f requests per device", devices, r.ratio(), r.perDevice())
		}
	}
}

// A fleet that fits the quota is not slowed down.
func TestSmallFleet(t *testing.T) {
	r := real(t, 1000)
	if r.refused != 0 || r.connections != 1000 || r.quantile(1) > 5*time.Second {
		t.Errorf("%d refused, %d connections, the last device after %v", r.refused, r.connections, r.quantile(1))
	}
}

func TestSameSeedSameRun(t *testing.T) {
	a, b := real(t, 2000), real(t, 2000)
	if diff := cmp.Diff(a.registered, b.registered); diff != "" || a.requests != b.requests {
		t.Errorf("%d and %d requests\n%s", a.requests, b.requests, diff)
	}
}

func TestQueueKeepsOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var q queue
	var want, got []event
	put := func(from time.Duration) {
		e := event{from + time.Duration(r.Int64N(int64(3*time.Second))), uint32(len(want))}
		q.put(e)
		want = append(want, e)
	}
	for range 100 {
		put(0)
	}
	for e, ok := q.next(); ok; e, ok = q.next() {
		got = append(got, e)
		if len(want) < 2000 {
			put(e.at) // often in the current second
		}
	}
	slices.SortFunc(want, order)
	if !slices.Equal(got, want) {
		t.Error("the queue returned events out of order")
	}
}
