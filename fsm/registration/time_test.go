package registration_test

import (
	"testing"
	"time"

	"example.com/dps/fsm/registration"
)

func TestDeadlines(t *testing.T) {
	g := newRig(t)
	check := func(what string, want time.Time) {
		t.Helper()
		if got := g.r.Deadline(); !got.Equal(want) {
			t.Errorf("%s: deadline %v, want %v", what, got, want)
		}
	}
	at := func(seconds int) time.Time { return begin.Add(time.Duration(seconds) * time.Second) }
	check("at first", time.Time{})
	if !g.r.End().IsZero() {
		t.Errorf("end %v before the first input", g.r.End())
	}
	g.r.DialFailed(g.now, nil)
	check("backoff", at(1))
	if !g.r.End().Equal(at(360)) {
		t.Errorf("end %v", g.r.End())
	}
	g.next()
	check("an answer is awaited", at(31))
	g.answer(202, "10", assigning)
	check("wait", at(11))
	g.next()
	check("an answer is awaited", at(41))
	g.r.Advance(at(42))
	g.now = at(42)
	g.want(registration.Closing, registration.WantClose)
	check("to be closed", time.Time{})
	g.r.Lost(g.now, nil)
	check("backoff", at(44))
	g.now = at(350)
	g.r.Ready(g.now)
	check("the end comes before the answer", at(360))
	g.r.Advance(at(360))
	g.want(registration.Closing, registration.WantClose)
	check("the end", time.Time{})
	g = newRig(t, endless)
	if g.next(); !g.r.End().IsZero() {
		t.Errorf("end %v without a budget", g.r.End())
	}
}

// The clock of a registration never goes back.
func TestEarlierTimesCountAsTheLatest(t *testing.T) {
	g := newRig(t)
	g.r.DialFailed(begin, nil)
	g.r.Ready(begin.Add(-time.Hour))
	g.want(registration.Waiting, registration.WantExchange)
	g.r.Advance(begin.Add(time.Second))
	g.want(registration.Registering, registration.WantExchange)
	if d := g.r.Deadline(); !d.Equal(begin.Add(31 * time.Second)) {
		t.Errorf("deadline %v", d)
	}
}

func TestWhoIsReadyTooEarlyWaitsWithTheLink(t *testing.T) {
	g := newRig(t)
	g.r.DialFailed(g.now, nil)
	g.r.Ready(g.now)
	g.want(registration.Waiting, registration.WantExchange)
	if kinds := g.kinds(); kinds != "retry wait" {
		t.Errorf("events %s", kinds)
	}
	if d := g.sleep(); d != time.Second {
		t.Errorf("waited %v", d)
	}
	g.want(registration.Registering, registration.WantExchange)
}

// Each input carries the time and does everything that is due at that time.
func TestInputsDoWhatIsDue(t *testing.T) {
	end := begin.Add(10 * time.Minute)
	for name, test := range map[string]struct {
		course, input func(g *rig)
		state         registration.State
	}{
		"Ready at the end":          {func(g *rig) { g.r.DialFailed(g.now, nil) }, func(g *rig) { g.r.Ready(end) }, registration.Closing},
		"DialFailed at the end":     {func(g *rig) { g.r.DialFailed(g.now, nil) }, func(g *rig) { g.r.DialFailed(end, nil) }, registration.Finished},
		"Lost at the end":           {func(g *rig) { g.next(); g.sleep() }, func(g *rig) { g.r.Lost(end, nil) }, registration.Finished},
		"a stale message":           {func(g *rig) { g.next() }, func(g *rig) { g.now = begin.Add(30 * time.Second); g.message("200/?$rid=7", "") }, registration.Closing},
		"a message in the wait":     {func(g *rig) { g.exchange(202, "3", assigning) }, func(g *rig) { g.now = begin.Add(3 * time.Second); g.message("x", "") }, registration.Polling},
		"a message before that":     {func(g *rig) { g.exchange(202, "3", assigning) }, func(g *rig) { g.now = begin.Add(3*time.Second - 1); g.message("x", "") }, registration.Waiting},
		"an answer at the deadline": {func(g *rig) { g.next() }, func(g *rig) { g.now = begin.Add(30 * time.Second); g.answer(202, "3", assigning) }, registration.Waiting},
		"the answer at the end":     {func(g *rig) { g.next() }, func(g *rig) { g.now = end.Add(time.Hour); g.answer(200, "", assigned) }, registration.Closing},
	} {
		g := newRig(t)
		test.course(g)
		if test.input(g); g.r.State() != test.state {
			t.Errorf("%s: %v, want %v", name, g.r.State(), test.state)
		}
	}
	g := newRig(t)
	g.next()
	g.now = begin.Add(7 * time.Second)
	g.answer(202, "3", assigning)
	if d := g.wait(); d != 3*time.Second {
		t.Errorf("waits %v after the answer", d)
	}
	g.now = begin.Add(8 * time.Second)
	g.lose()
	g.r.DialFailed(begin.Add(100*time.Second), nil)
	if d := g.r.Deadline(); !d.Equal(begin.Add(102 * time.Second)) {
		t.Errorf("deadline %v", d)
	}
	g = newRig(t)
	g.next()
	g.r.Lost(begin.Add(9*time.Second), nil)
	if d := g.r.Deadline(); !d.Equal(begin.Add(10 * time.Second)) {
		t.Errorf("deadline %v", d)
	}
}
