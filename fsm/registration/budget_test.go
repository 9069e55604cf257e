package registration_test

import (
	"errors"
	"fmt"
	"io"
	"math"
	"testing"
	"time"

	"example.com/dps/fsm/registration"
	"github.com/google/go-cmp/cmp"
)

// dark plays a network that is down, and returns the times of the dials in
// seconds.
func dark(g *rig) (dials []float64) {
	for g.r.Want() == registration.WantDial {
		g.sleep()
		if g.r.Want() != registration.WantDial {
			break
		}
		dials = append(dials, g.now.Sub(begin).Seconds())
		g.r.DialFailed(g.now, io.EOF)
	}
	return dials
}

// If the network comes back late, the registration still uses it: a last
// attempt is made RequestTimeout before the end, or less with a short budget.
func TestALastAttemptIsMadeNearTheEnd(t *testing.T) {
	for name, test := range map[string]struct {
		policy registration.Policy
		want   []float64
		due    time.Duration
	}{
		"default":     {registration.Policy{}, []float64{0, 1, 3, 7, 15, 31, 63, 127, 227, 327}, 100 * time.Second},
		"no attempts": {registration.Policy{MaxAttempts: -1}, []float64{0, 1, 3, 7, 15, 31, 63, 127, 227, 327, 330}, 100 * time.Second},
		"5 minutes":   {registration.Policy{MaxAttempts: -1, Budget: 5 * time.Minute}, []float64{0, 1, 3, 7, 15, 31, 63, 127, 227, 270}, 100 * time.Second},
		"20 seconds":  {registration.Policy{Budget: 20 * time.Second}, []float64{0, 1, 3, 7, 15}, 16 * time.Second},
		"10 seconds":  {registration.Policy{Budget: 10 * time.Second}, []float64{0, 1, 3, 7, 7.5}, 16 * time.Second},
		"quick":       {registration.Policy{Budget: 50 * time.Second, RequestTimeout: time.Second}, []float64{0, 1, 3, 7, 15, 31, 49}, 64 * time.Second},
	} {
		g := newRig(t, func(c *registration.Config) { c.Policy = test.policy })
		if diff := cmp.Diff(test.want, dark(g)); diff != "" {
			t.Errorf("%s: dials (-want +got):\n%s", name, diff)
		}
		reason := registration.ErrTimeout
		if name == "default" {
			reason = registration.ErrAttempts
		}
		e := g.gaveUp(reason)
		if e.Elapsed != g.now.Sub(begin) || e.Attempts != len(test.want) || e.State != registration.Idle || !errors.Is(e, registration.ErrDial) || !errors.Is(e, io.EOF) {
			t.Errorf("%s: %+v", name, e)
		}
		if e.Wait != test.due {
			t.Errorf("%s: the next attempt is due in %v, want %v", name, e.Wait, test.due)
		}
	}
}

func TestTheLastAttemptCanSucceed(t *testing.T) {
	g := newRig(t, func(c *registration.Config) { c.Policy.MaxAttempts = -1 })
	for g.now.Before(begin.Add(330 * time.Second)) {
		g.sleep()
		if g.now.Before(begin.Add(330 * time.Second)) {
			g.r.DialFailed(g.now, nil)
		}
	}
	if _, waited := g.exchange(202, "3", assigning); waited != 0 {
		t.Errorf("waited %v", waited)
	}
	g.exchange(200, "", assigned)
	if err := g.end(); err != nil {
		t.Error(err)
	}
}

// A wait that the service asked for is kept, even if the end is near.
func TestNoAttemptIsMadeBeforeTheServiceAllows(t *testing.T) {
	for _, test := range []struct {
		after string
		due   time.Duration // 0 if it gives up
	}{{"300", 300}, {"100", 100}, {"30", 30}, {"900", 300}, {"", 5}} {
		g := newRig(t)
		g.exchange(503, test.after, "")
		if _, waited := g.next(); waited != test.due*time.Second {
			t.Errorf("%q: %v, want %v s", test.after, waited, test.due)
		}
		g = newRig(t, func(c *registration.Config) { c.Policy.Budget = 200 * time.Second })
		g.exchange(503, test.after, "")
		if kind, waited := g.next(); test.due < 200 {
			if waited != test.due*time.Second || kind != "PUT" {
				t.Errorf("%q: %v, want %v s", test.after, waited, test.due)
			}
			continue
		}
		if e := g.gaveUp(registration.ErrTimeout); e.Wait != 300*time.Second || e.Elapsed != 0 {
			t.Errorf("%+v", e)
		}
	}
	g := newRig(t, func(c *registration.Config) { c.Policy.Budget, c.Policy.MaxAttempts = 200*time.Second, -1 })
	g.exchange(429, "190", throttled) // longer than the 170 s until a last attempt, and kept when the link is lost
	g.lose()
	if _, waited := g.next(); waited != 190*time.Second {
		t.Errorf("waited %v", waited)
	}
	g.lose()
	g.next()
	g.lose() // this was the last attempt
	if e := g.gaveUp(registration.ErrTimeout); e.Elapsed != 194*time.Second || e.Wait != 8*time.Second {
		t.Errorf("%+v", e)
	}
}

func TestGivingUpIsTheEndOfTheLink(t *testing.T) {
	for name, course := range map[string]func(g *rig){
		"429": func(g *rig) { g.exchange(429, "120", throttled) }, "503": func(g *rig) { g.exchange(503, "120", "") }, "412": func(g *rig) { g.exchange(412, "120", "") },
		"no body": func(g *rig) { g.exchange(200, "120", "") }, "202": func(g *rig) { g.exchange(202, "120", assigning) },
		"no answer": func(g *rig) { g.next(); g.now = begin.Add(99 * time.Second); g.r.Advance(g.now) },
	} {
		g := newRig(t, func(c *registration.Config) { c.Policy.Budget, c.Policy.MinBackoff = 100*time.Second, 2*time.Second })
		course(g)
		g.want(registration.Closing, registration.WantClose)
		if e := g.gaveUp(registration.ErrTimeout); e.Elapsed+e.Wait < 100*time.Second {
			t.Errorf("%s: %+v", name, e)
		}
		if kinds := g.kinds(); kinds != "end" {
			t.Errorf("%s: events %s", name, kinds)
		}
	}
}

func TestARetryAfterOf300IsObeyedWithTheDefaultPolicy(t *testing.T) {
	for _, status := range []int{202, 429, 503} {
		g := newRig(t)
		g.exchange(status, "300", map[bool]string{true: assigning}[status == 202])
		if kind, waited := g.exchange(200, "", assigned); waited != 300*time.Second {
			t.Errorf("%d: %s after %v", status, kind, waited)
		}
		if err := g.end(); err != nil {
			t.Error(err)
		}
	}
}

func TestTheWaitBeforeAQueryIsNotLongerThanTheBudget(t *testing.T) {
	jitter := func(c *registration.Config) { c.Jitter = func() float64 { return 1 } }
	g := newRig(t, jitter, func(c *registration.Config) { c.Policy.Budget = 11 * time.Second })
	g.exchange(202, "10", assigning) // with jitter it would be 12 s
	if kind, waited := g.next(); kind != "GET 4.op" || waited != 10*time.Second {
		t.Errorf("%s after %v", kind, waited)
	}
	g.answer(202, "1", assigning)
	e := g.gaveUp(registration.ErrTimeout)
	want := &registration.GiveUpError{Reason: registration.ErrTimeout, State: registration.Polling, Elapsed: 10 * time.Second, Wait: 2 * time.Second}
	if diff := cmp.Diff(*want, *e, cmp.Comparer(func(a, b error) bool { return a == b })); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The text is right about the reason, the state, the time, the number of
// failures and the next attempt.
func TestS12_GiveUpErrorSaysWhatIsTrue(t *testing.T) {
	for want, course := range map[string]func(g *rig){
		"registration: out of time after 10m0s while polling": func(g *rig) {
			g.r.DialFailed(g.now, nil)
			g.polling()
			g.answer(202, "300", assigning)
			g.exchange(202, "280", assigning)
			g.next()
			g.sleep()
		},
		"registration: out of time after 9m0s while polling, with the next attempt due in 1m0s": func(g *rig) {
			for range 10 {
				g.exchange(202, "60", assigning)
			}
		},
		"registration: out of time after 10m0s while registering": func(g *rig) { g.now = begin.Add(10*time.Minute - 5*time.Second); late(g) },
		"registration: out of time after 3h0m0s without a connection; failures: 1, the last one: dialing: no connection": func(g *rig) {
			g.r.DialFailed(g.now, nil)
			g.r.Advance(begin.Add(3 * time.Hour))
		},
		"registration: too many failures after 7s while registering, with the next attempt due in 1m40s; failures: 3, the last one: refused with status 503, error code 503000: \"no\\r\\nway\" (tracking ID \"t\")": func(g *rig) {
			g.exchange(429, "", throttled)
			g.exchange(429, "6", throttled)
			g.exchange(503, "100", `{"errorCode":503000,"trackingId":"t","message":"no\r\nway"}`)
		},
	} {
		g := newRig(t, func(c *registration.Config) { c.Policy.MaxAttempts, c.Policy.Budget = 3, 10*time.Minute })
		course(g)
		if _, err := g.r.Result(); fmt.Sprint(err) != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

// late begins now, with a missing answer.
func late(g *rig) {
	g.r.Advance(begin)
	g.next()
	g.sleep()
}

// Durations near the maximum neither overflow nor make waits shorter.
func TestDurationsNearTheLargest(t *testing.T) {
	const longest = time.Duration(math.MaxInt64)
	for _, jitter := range []float64{0, 0.5, 0.999999, 1, math.Inf(1), math.NaN(), -1} {
		g := newRig(t, func(c *registration.Config) {
			c.Jitter = func() float64 { return jitter }
			c.Policy = registration.Policy{Budget: -1, MaxAttempts: -1, MinBackoff: longest / 2, MaxBackoff: longest, MaxThrottled: longest,
				RetryAfter: longest, MaxRetryAfter: longest, RequestTimeout: longest, StayConnected: longest}
		})
		for _, test := range []struct {
			status int
			least  time.Duration
		}{{429, longest / 2}, {429, longest - 1}, {503, longest - 1}, {202, longest - 1}} {
			g.exchange(test.status, "", map[bool]string{true: assigning}[test.status == 202])
			if d := g.wait(); d < test.least {
				t.Errorf("jitter %v, %d: waits %v, want %v", jitter, test.status, d, test.least)
			}
		}
		g.next()
		if d := g.wait(); d != longest {
			t.Errorf("%v for an answer", d)
		}
	}
	g := newRig(t, func(c *registration.Config) { c.Policy.Budget = longest })
	g.next()
	if end := g.r.End(); !end.Equal(begin.Add(longest)) {
		t.Errorf("end %v", end)
	}
}
