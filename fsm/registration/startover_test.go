package registration_test

import (
	"testing"
	"time"

	"example.com/dps/fsm/registration"
)

// loops are sequences that never make progress. Each begins with a
// registration, which is billed.
var loops = map[string]func(g *rig, kind string){
	"202/412/202/412": func(g *rig, kind string) {
		if kind == "PUT" {
			g.answer(202, "3", assigning)
			return
		}
		g.answer(412, "", "")
	},
	"412/412": func(g *rig, kind string) { g.answer(412, "", "") },
	"202/lost/404": func(g *rig, kind string) {
		switch last := len(g.events) - 1; {
		case kind == "PUT":
			g.answer(202, "3", assigning)
		case g.events[last].Kind == registration.EventWait: // the first query
			g.lose()
		default:
			g.answer(404, "", gone)
		}
	},
	"202/lost, without resuming": func(g *rig, kind string) {
		if kind == "PUT" {
			g.answer(202, "3", assigning)
		}
		g.lose()
	},
	// Progress of a query resets the count of other failures, but not of
	// starting over.
	"202/202/412": func(g *rig, kind string) {
		if kind == "PUT" || g.gets%2 == 1 {
			g.answer(202, "3", assigning)
			return
		}
		g.answer(412, "", "")
	},
}

func noResume(name string) func(*registration.Config) {
	return func(c *registration.Config) { c.Policy.NoResume = name == "202/lost, without resuming" }
}

// Registrations are billed: even without a limit, there are few of them per
// day.
func TestStartingOverIsBackedOff(t *testing.T) {
	for name, loop := range loops {
		g := newRig(t, endless, noResume(name))
		var waits []time.Duration
		last := begin
		for g.now.Before(begin.Add(24 * time.Hour)) {
			kind, _ := g.next()
			if kind == "PUT" {
				waits, last = append(waits, g.now.Sub(last)), g.now
			}
			loop(g, kind)
		}
		for i := 2; i < len(waits); i++ {
			if waits[i] < waits[i-1] {
				t.Errorf("%s: wait %d is %v, after %v", name, i, waits[i], waits[i-1])
			}
		}
		t.Logf("%s: %d registrations in 24 h, waits %v", name, g.puts, waits[1:10])
		if g.puts > 24*3600/100+10 {
			t.Errorf("%s: %d registrations in 24 h", name, g.puts)
		}
	}
}

func TestStartingOverEndsAfterMaxAttempts(t *testing.T) {
	for name, loop := range loops {
		g := newRig(t, noResume(name), func(c *registration.Config) { c.Policy.Budget = -1 })
		for range 100 {
			kind, _ := g.next()
			if kind == "" {
				break
			}
			loop(g, kind)
		}
		e := g.gaveUp(registration.ErrAttempts)
		if e.Attempts != 10 || g.puts > 10 || e.Last == nil {
			t.Errorf("%s: %d registrations: %v", name, g.puts, e)
		}
		t.Logf("%s: %d registrations in %v", name, g.puts, e.Elapsed)
	}
	for name, loop := range loops {
		g := newRig(t, noResume(name))
		for g.r.Want() != registration.WantDone {
			if kind, _ := g.next(); kind != "" {
				loop(g, kind)
			}
		}
		if err := g.end(); err == nil || g.puts > 10 {
			t.Errorf("%s: %d registrations with the default policy: %v", name, g.puts, err)
		}
	}
}

// Only progress of a query resets the count of failures, not an accepted
// registration, a new link or an unreadable answer. Last is the last failure
// since then.
func TestOnlyProgressOfAQueryForgivesFailures(t *testing.T) {
	fail := func(g *rig) { g.next(); g.lose() }
	for name, test := range map[string]struct {
		course   func(g *rig)
		attempts int
		last     bool
	}{
		"failures":        {func(g *rig) { fail(g); fail(g) }, 2, true},
		"a registration":  {func(g *rig) { fail(g); fail(g); g.exchange(202, "", assigning) }, 2, false},
		"another failure": {func(g *rig) { fail(g); g.exchange(202, "", assigning); fail(g) }, 2, true},
		"a query":         {func(g *rig) { fail(g); fail(g); g.polling(); g.answer(202, "", assigning) }, 0, false},
		"an odd query":    {func(g *rig) { fail(g); g.polling(); g.answer(202, "", `{"status":"odd"}`) }, 0, false},
		"a garbled query": {func(g *rig) { fail(g); g.polling(); g.answer(202, "", "") }, 2, true},
		"starting over": {func(g *rig) {
			g.polling()
			g.answer(412, "", "")
			g.exchange(202, "", assigning)
			g.exchange(202, "", assigning)
		}, 1, false},
		"over, failure": {func(g *rig) { g.polling(); g.answer(412, "", ""); g.polling(); fail(g); g.exchange(202, "", assigning) }, 1, false},
		"over, twice": {func(g *rig) {
			g.polling()
			g.answer(412, "", "")
			g.polling()
			g.answer(202, "", assigning)
			g.exchange(412, "", "")
		}, 2, true},
		"a 401":           {func(g *rig) { g.polling(); g.answer(401, "", "") }, 0, true},
		"a 401 and 202":   {func(g *rig) { g.polling(); g.answer(401, "", ""); g.exchange(202, "", assigning) }, 0, false},
		"a dial at first": {func(g *rig) { g.r.DialFailed(g.now, nil); g.polling() }, 1, false},
	} {
		g := newRig(t)
		test.course(g)
		g.now = begin.Add(time.Hour)
		g.r.Advance(g.now)
		if e := g.gaveUp(registration.ErrTimeout); e.Attempts != test.attempts || (e.Last != nil) != test.last {
			t.Errorf("%s: %v, want %d failures", name, e, test.attempts)
		}
	}
}

// Without an operation, the registration does not start over.
func TestALinkLostBeforeThereIsAnOperationIsForgiven(t *testing.T) {
	g := newRig(t, func(c *registration.Config) { c.Policy.NoResume = true })
	g.next()
	g.lose()
	g.polling()
	g.answer(202, "", assigning)
	g.now = begin.Add(time.Hour)
	g.r.Advance(g.now)
	if e := g.gaveUp(registration.ErrTimeout); e.Attempts != 0 {
		t.Errorf("%v", e)
	}
}

// The first query that is answered 404 leads to another registration. The next
// one ends the registration, unless it is on another link.
func TestS9_AnOperationThatIsNotFoundIsRegisteredOnceMore(t *testing.T) {
	for _, status := range []int{404, 400, 401} {
		g := newRig(t)
		g.polling()
		g.answer(status, "9", gone)
		if kind, waited := g.exchange(202, "3", assigning); kind != "PUT" || waited != 9*time.Second {
			t.Errorf("%d: %s after %v", status, kind, waited)
		}
		g.exchange(202, "3", assigning)
		g.exchange(status, "", gone)
		if e := g.refusal(); e.Status != status || e.ErrorCode != 404203 || g.puts != 2 {
			t.Errorf("%v after %d registrations", e, g.puts)
		}
	}
}

// Answers about another operation or on another link do not count.
func TestS9_OnlyAnOperationThatWasConfirmedIsMissed(t *testing.T) {
	for name, test := range map[string]struct {
		course func(g *rig)
		final  bool
	}{
		"none":               {func(g *rig) { g.polling() }, false},
		"412":                {func(g *rig) { g.polling(); g.answer(412, "", ""); g.polling() }, false},
		"resumed":            {func(g *rig) { g.polling(); g.lose(); g.exchange(404, "", gone); g.polling() }, false},
		"resumed, refused":   {func(g *rig) { g.polling(); g.lose(); g.exchange(400, "", ""); g.polling() }, false},
		"missed":             {func(g *rig) { g.polling(); g.answer(404, "", gone); g.polling() }, true},
		"missed, then a 412": {func(g *rig) { g.polling(); g.answer(404, "", gone); g.polling(); g.answer(412, "", ""); g.polling() }, true},
	} {
		g := newRig(t, endless)
		test.course(g)
		g.answer(404, "", gone)
		if final := g.r.Want() == registration.WantClose; final != test.final {
			t.Errorf("%s: 404 is final: %t", name, final)
		}
	}
}

func TestS9_ACollisionWithAnotherRegistrationIsOverSoon(t *testing.T) {
	g := newRig(t)
	g.exchange(412, "", `{"errorCode":412000,"message":"Precondition failed"}`)
	if kind, waited := g.exchange(202, "", assigning); kind != "PUT" || waited != time.Second {
		t.Errorf("%s after %v", kind, waited)
	}
	g.exchange(412, "", "")
	if kind, waited := g.exchange(412, "11", ""); kind != "PUT" || waited != 2*time.Second {
		t.Errorf("%s after %v", kind, waited)
	}
	if kind, waited := g.exchange(200, "", assigned); kind != "PUT" || waited != 11*time.Second {
		t.Errorf("%s after %v", kind, waited)
	}
	if err := g.end(); err != nil {
		t.Error(err)
	}
}
