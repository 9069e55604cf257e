package registration_test

import (
	"io"
	"testing"
	"time"

	"example.com/dps/fsm/registration"
)

// nextWithPayload waits for the next request, with a new link if one is wanted,
// and takes it.
func (g *rig) nextWithPayload() (kind, payload string) {
	g.Helper()
	for range 10 {
		switch {
		case g.r.Want() == registration.WantClose:
			g.r.Lost(g.now, nil)
		case g.r.Want() == registration.WantDial:
			if g.sleep(); g.r.Want() == registration.WantDial {
				g.r.Ready(g.now)
			}
		case g.r.HasRequest():
			return g.request()
		default:
			g.sleep()
		}
	}
	g.Fatalf("no request is due; state %v", g.r.State())
	return "", ""
}

// Each wait of each registration uses its own random number for its jitter.
func TestEachWaitIsAsLongAsItsOwnNumberSays(t *testing.T) {
	numbers := []float64{0, 1, 0.5, 0.25, 1, 0}
	for shift := range 3 { // registrations with other numbers, one after the other
		i := shift
		g := newRig(t, endless, func(c *registration.Config) {
			c.Jitter = func() float64 { i++; return numbers[(i-1)%len(numbers)] }
		})
		for range 2 * len(numbers) {
			want := 10*time.Second + time.Duration(numbers[i%len(numbers)]*0.2*float64(10*time.Second))
			g.exchange(202, "10", assigning)
			if d := g.wait(); d != want {
				t.Errorf("waits %v before a query, want %v", d, want)
			}
		}
		for range 2 * len(numbers) {
			want := 10*time.Second + time.Duration(numbers[i%len(numbers)]*float64(10*time.Second))
			g.exchange(503, "10", "")
			if d := g.wait(); d < want {
				t.Errorf("waits %v after a failure, want at least %v", d, want)
			}
			g.exchange(202, "1", assigning) // resets the number of failures
			g.wait()
		}
	}
}

// A link that is closed because a wait is long, or to use a fresh password, is
// closed on purpose. However it ends, this does not count as a failure. Only
// the answers count.
func TestAPlannedDisconnectIsNotAFailure(t *testing.T) {
	for _, cause := range []error{nil, io.EOF, &registration.StepError{State: registration.Closing, Err: io.EOF}} {
		g := newRig(t, func(c *registration.Config) { c.Policy.Budget, c.Policy.MaxAttempts = -1, 4 })
		for i := range 4 {
			g.nextWithPayload()
			g.answer(503, "250", "")
			if i == 3 {
				break
			}
			g.want(registration.Closing, registration.WantClose)
			g.events = nil
			g.r.Lost(g.now, cause)
			g.want(registration.Idle, registration.WantDial)
			if kinds := g.kinds(); kinds != "" {
				t.Errorf("%v: events %s", cause, kinds)
			}
		}
		if e := g.gaveUp(registration.ErrAttempts); e.Attempts != 4 {
			t.Errorf("%v: given up after %d failures, want 4", cause, e.Attempts)
		}
	}
	g := newRig(t, func(c *registration.Config) { c.Policy.MaxAttempts = 1 })
	for range 5 { // each of them without a failure
		g.exchange(202, "", assigning)
		g.next()
		g.answer(401, "", `{"errorCode":401002}`)
		g.want(registration.Closing, registration.WantClose)
		g.r.Lost(g.now, io.EOF)
	}
	g.exchange(200, "", assigned)
	if err := g.end(); err != nil {
		t.Error(err)
	}
}
