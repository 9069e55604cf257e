package registration_test

import (
	"encoding/json"
	"io"
	"testing"
	"time"

	"example.com/dps/fsm/registration"
)

// However often a device has to register, each registration is like the first
// one.
func TestEveryRegistrationIsLikeTheFirstOne(t *testing.T) {
	for name, change := range map[string]func(*registration.Config){
		"nothing":      func(c *registration.Config) {},
		"an empty one": func(c *registration.Config) { c.EmptyBody = true },
		"a payload":    func(c *registration.Config) { c.Payload = json.RawMessage(`{"a":[1,2]}`) },
		"a CSR":        func(c *registration.Config) { c.CSR, c.APIVersion = "AAAA", "2025-07-01-preview" },
		"all": func(c *registration.Config) {
			c.Payload, c.CSR, c.APIVersion, c.UserAgent = json.RawMessage(`7`), "AAAA", "2025-07-01-preview", "a b"
		},
	} {
		g := newRig(t, endless, change)
		user, client := g.r.Username(), g.r.ClientID()
		kind, first := g.nextWithPayload()
		for i, failure := range []func(){
			func() { g.answer(429, "1", throttled) },
			func() { g.answer(503, "", "") },
			func() { g.lose() },
			func() { g.sleep() }, // no answer
			func() { g.answer(200, "", "not JSON") },
			func() { g.answer(412, "", "") },
			func() { g.answer(202, "3", assigning); g.next(); g.answer(404, "", gone) }, // starts over
			func() { g.answer(429, "300", throttled) },                                  // without a link
		} {
			failure()
			if again, payload := g.nextWithPayload(); kind != "PUT" || again != kind || payload != first {
				t.Fatalf("%s: after failure %d %s %q, want %s %q", name, i, again, payload, kind, first)
			}
			if g.r.Username() != user || g.r.ClientID() != client {
				t.Fatalf("%s: after failure %d user %q, client %q, want %q and %q", name, i, g.r.Username(), g.r.ClientID(), user, client)
			}
		}
	}
}

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
