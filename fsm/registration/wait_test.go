package registration_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/registration"
	"github.com/google/go-cmp/cmp"
)

func jitter(n float64) func(*registration.Config) {
	return func(c *registration.Config) { c.Jitter = func() float64 { return n } }
}

// The time for which the service has been throttling is that of consecutive
// answers 429.
func TestS8_OnlyAnswersOf429InARowMeasureTheThrottling(t *testing.T) {
	for name, between := range map[string]func(g *rig){
		"six hours without network": func(g *rig) {
			g.lose()
			for g.now.Before(begin.Add(6 * time.Hour)) {
				g.sleep()
				g.r.DialFailed(g.now, nil)
			}
		},
		"a lost link":        func(g *rig) { g.now = begin.Add(6 * time.Hour); g.r.Advance(g.now); g.request(); g.lose() },
		"a missing answer":   func(g *rig) { g.next(); g.sleep() },
		"503":                func(g *rig) { g.exchange(503, "3600", "") },
		"503 and 429":        func(g *rig) { g.exchange(503, "3600", ""); g.exchange(429, "5", "") },
		"429 that continues": func(g *rig) { g.exchange(429, "3600", `{"status":"assigning"}`) }, // without an operation
		"an unreadable body": func(g *rig) { g.exchange(200, "3600", "") },
		"412":                func(g *rig) { g.exchange(412, "3600", "") },
		"202":                func(g *rig) { g.exchange(202, "3600", assigning) },
	} {
		g := newRig(t, endless, func(c *registration.Config) { c.Policy.MaxBackoff, c.Policy.MaxRetryAfter = 10*time.Second, time.Hour })
		g.exchange(429, "5", throttled)
		between(g)
		g.exchange(429, "5", throttled)
		if d := g.wait(); d > 10*time.Second || d < 5*time.Second {
			t.Errorf("%s: the wait is %v", name, d)
		}
	}
}

// The wait grows with the time for which the service has been throttling, up to
// MaxThrottled, and is never shorter than the retry-after.
func TestS8_TheWaitAfter429GrowsWithTheThrottling(t *testing.T) {
	for _, most := range []time.Duration{2 * time.Hour, 10 * time.Minute} {
		for _, after := range []string{"", "0", "20", "60", "100"} {
			g := newRig(t, endless, jitter(0.5), func(c *registration.Config) { c.Policy.MaxThrottled = most })
			var waits []time.Duration
			for range 60 {
				g.exchange(429, after, throttled)
				waits = append(waits, g.wait())
			}
			for i, d := range waits[1:] {
				if d < waits[i]-2*time.Minute || after == "100" && d < 100*time.Second || after == "60" && d < time.Minute {
					t.Errorf("retry-after=%s: waits %v", after, waits)
					break
				}
			}
			if last := waits[len(waits)-1]; after != "0" && last < most*9/10 || last > most*11/10 && last > 5*time.Minute {
				t.Errorf("retry-after=%s: the last wait is %v, want about %v", after, last, most)
			}
			if waits[0] > 3*time.Minute+20*time.Second {
				t.Errorf("retry-after=%s: the first wait is %v", after, waits[0])
			}
		}
	}
}

// Even after years of throttling, waits do not become shorter.
func TestThrottlingForYearsDoesNotOverflow(t *testing.T) {
	const longest, year = time.Duration(math.MaxInt64), 365 * 24 * time.Hour
	for _, years := range []time.Duration{1, 100, 200, 291} {
		for _, n := range []float64{0, 0.5, 1} {
			g := newRig(t, endless, jitter(n), func(c *registration.Config) { c.Policy.MaxThrottled = longest })
			g.exchange(429, "60", throttled)
			g.now = g.now.Add(years * year)
			g.exchange(429, "60", throttled)
			if d := g.wait(); d < years*year/2 {
				t.Errorf("jitter %v: waits %v after %d years", n, d, years)
			}
		}
	}
}

// The link is closed during a wait of more than 4 minutes. This is not a
// failure, and the operation and the time of throttling are kept.
func TestLongWaitsAreSpentWithoutALink(t *testing.T) {
	for _, test := range []struct {
		status int
		body   string
		kind   string
	}{{202, assigning, "GET 4.op"}, {429, throttled, "PUT"}, {503, "", "PUT"}, {412, "", "PUT"}, {200, "", "PUT"}} {
		g := newRig(t, func(c *registration.Config) { c.Policy.NoResume, c.Policy.MaxAttempts = true, 2 })
		g.exchange(test.status, "241", test.body)
		g.want(registration.Closing, registration.WantClose)
		g.now = g.now.Add(time.Second)
		g.r.Lost(g.now, errors.New("closed as asked"))
		g.want(registration.Idle, registration.WantDial)
		if d := g.sleep(); d != 240*time.Second {
			t.Errorf("%d: a link is wanted after another %v, want 240 s", test.status, d)
		}
		g.r.Ready(g.now)
		if kind, _ := g.request(); kind != test.kind {
			t.Errorf("%d: %s", test.status, kind)
		}
		g.answer(200, "", assigned)
		if err := g.end(); err != nil {
			t.Error(err)
		}
	}
}

func TestStayConnectedSaysHowLongALinkStaysUp(t *testing.T) {
	for _, test := range []struct {
		stay  time.Duration
		after string
		up    bool
	}{
		{0, "240", true}, {0, "241", false}, {-1, "300", true}, {5 * time.Minute, "300", true}, {2 * time.Second, "3", false}, {3 * time.Second, "3", true},
	} {
		g := newRig(t, func(c *registration.Config) { c.Policy.StayConnected = test.stay })
		g.exchange(202, test.after, assigning)
		if up := g.r.Want() == registration.WantExchange; up != test.up {
			t.Errorf("%+v: the link stays up: %t", test, up)
		}
	}
	g := newRig(t) // a link is not needed before the wait is over
	g.exchange(202, "300", assigning)
	g.r.Lost(g.now, nil)
	g.r.Ready(g.now)
	g.want(registration.Closing, registration.WantClose)
	g.r.Lost(g.now, nil)
	if d := g.sleep(); d != 300*time.Second {
		t.Errorf("a link is wanted after %v", d)
	}
}

// retryAfters are values of retry-after, in increasing order.
var retryAfters = []string{"-99999999999999999999", "-1", "-0.5", "0", "0.1", "1", "1.5", "2", "2.5", "3", "3.0", "3.000000000000000000000000001", "4", "7.9", "10", "100", "0000000101", "299", "299.5", "300",
	"301", "86400", "2147483647", "2147483647.5", "2147483648", "2147483648.5", "2147483649", "9223372037", strings.Repeat("9", 20), strings.Repeat("9", 20) + ".5", strings.Repeat("9", 200)}

func TestS7_WaitsGrowWithWhatTheServiceAsksFor(t *testing.T) {
	const longest = time.Duration(math.MaxInt64)
	for _, status := range []int{202, 429, 503, 412, 200} {
		for _, most := range []time.Duration{0, longest} {
			last := time.Duration(-1)
			for _, after := range retryAfters {
				g := newRig(t, endless, func(c *registration.Config) { c.Policy.MaxRetryAfter = most })
				g.exchange(status, after, map[bool]string{true: assigning}[status == 202])
				d := g.wait()
				if d < last || d < time.Second || most == 0 && d > 5*time.Minute {
					t.Errorf("%d: retry-after=%s waits %v, after %v for less", status, after, d, last)
				}
				last = d
			}
			if most == 0 && last != 5*time.Minute || most > 0 && last < 60*365*24*time.Hour {
				t.Errorf("%d: the longest wait is %v", status, last)
			}
		}
	}
}

func TestS7_RetryAfterIsBoundedBothWaysAndHasADefault(t *testing.T) {
	for after, want := range map[string]time.Duration{
		"": 3, "x": 3, "1e3": 3, "-": 3, "-x": 3, "1.x": 3, ".5": 3, "5.": 3, "0x5": 3, "-1": 2, "0": 2, "1": 2, "1.5": 2, "2": 2, "2.5": 3, "4": 4, "4.0": 4, "%34": 4, "300": 300, "301": 300,
		"2147483648": 300, strings.Repeat("9", 20): 300,
	} {
		g := newRig(t)
		g.exchange(202, after, assigning)
		if d := g.wait(); d != want*time.Second {
			t.Errorf("retry-after=%s waits %v, want %d s", after, d, want)
		}
	}
	g := newRig(t, func(c *registration.Config) {
		c.Policy.MinRetryAfter, c.Policy.MaxRetryAfter, c.Policy.RetryAfter = 5*time.Second, 7*time.Second, time.Second
	})
	for _, test := range []struct {
		after string
		want  time.Duration
	}{{"", 5}, {"1", 5}, {"6", 6}, {"8", 7}} {
		g.exchange(202, test.after, assigning)
		if d := g.wait(); d != test.want*time.Second {
			t.Errorf("retry-after=%s waits %v, want %d s", test.after, d, test.want)
		}
	}
}

// The trace has the reason for each wait.
func TestTraceTellsWhyItWaits(t *testing.T) {
	for after, want := range map[string]string{
		"": "no retry-after, the default is 3s", "4": "the service asked for 4s", "1": "the service asked for 1s, the policy makes it 2s",
		"301": "the service asked for 5m1s, the policy makes it 5m0s", "tonite": `retry-after is "tonite", the default is 3s`, "2.5": `retry-after is "2.5", the policy makes it 3s`,
		strings.Repeat("x", 50):        `retry-after is "xxxxxxxxxxxxxxxxxxxx", the default is 3s`,
		"4." + strings.Repeat("0", 50): `retry-after is "4.000000000000000000", the policy makes it 4s`,
	} {
		for i, with := range []func(*registration.Config){func(*registration.Config) {}, jitter(0), jitter(0.5)} {
			g, want := newRig(t, with), want
			g.exchange(202, after, assigning)
			if i > 0 {
				want += ", and jitter"
			}
			wait := registration.Event{Time: g.now, Kind: registration.EventWait, State: g.r.State(), Until: g.r.Deadline(), Note: want}
			if wait.State == registration.Closing {
				wait.Until = g.events[0].Until
			}
			if diff := cmp.Diff([]registration.Event{wait}, g.events); diff != "" {
				t.Errorf("%q (-want +got):\n%s", after, diff)
			}
		}
	}
}

// Jitter makes waits longer, never shorter: by up to a fifth before a query,
// and up to twice as long after a failure.
func TestS7_S8_JitterMakesWaitsLonger(t *testing.T) {
	for _, test := range []struct {
		random       float64
		poll, failed time.Duration
	}{
		{0, 10, 10}, {0.5, 11, 15}, {1, 12, 20}, {1.5, 12, 20}, {-1, 10, 10}, {math.NaN(), 10, 10}, {math.Inf(1), 12, 20}, {math.Inf(-1), 10, 10},
	} {
		g := newRig(t, jitter(test.random))
		g.exchange(202, "10", assigning)
		if d := g.wait(); d != test.poll*time.Second {
			t.Errorf("%+v: %v before a query", test, d)
		}
		for _, status := range []int{429, 503, 412, 202, 200} {
			g.exchange(status, "20", map[bool]string{true: `{"status":"assigning"}`}[status == 202]) // without an operation
			if d := g.wait(); d != 2*test.failed*time.Second {
				t.Errorf("%+v: %v after %d", test, d, status)
			}
		}
	}
}

func TestEachWaitHasARandomNumberOfItsOwn(t *testing.T) {
	draws := 0
	g := newRig(t, endless, func(c *registration.Config) { c.Jitter = func() float64 { draws++; return 0 } })
	for name, f := range map[string]func(){
		"a dial":     func() { g.r.DialFailed(g.now, nil) },
		"202":        func() { g.exchange(202, "", assigning) },
		"503":        func() { g.exchange(503, "", "") },
		"429":        func() { g.exchange(429, "", "") },
		"no body":    func() { g.exchange(200, "", "") },
		"a lost one": func() { g.next(); g.lose() },
	} {
		if g.r.Want() != registration.WantDial {
			g.lose()
		}
		if draws = 0; name == "a dial" {
			f()
		} else {
			g.next()
			if draws != 0 {
				t.Errorf("%s: %d numbers are drawn without a wait", name, draws)
			}
			f()
		}
		if draws < 1 {
			t.Errorf("%s: no number is drawn", name)
		}
		draws = 0
		g.r.Deadline()
		g.r.Advance(g.now)
		if draws != 0 {
			t.Errorf("%s: %d numbers are drawn for nothing", name, draws)
		}
	}
}

// A query that is answered 401 is repeated on a new link, but not before the
// wait that the answer asks for has passed.
func TestAReconnectKeepsToRetryAfter(t *testing.T) {
	g := newRig(t)
	g.exchange(202, "3", assigning)
	g.exchange(401, "30", `{"errorCode":401002,"message":"expired"}`)
	if waited := g.wait(); waited < 30*time.Second {
		t.Errorf("the next link is wanted after %v, want 30 s", waited)
	}
}

// If a 401 asks for a wait that is longer than the budget, the wait does not
// begin.
func TestAReconnectIsWithinTheBudget(t *testing.T) {
	g := newRig(t, func(c *registration.Config) { c.Policy.Budget = 20 * time.Second })
	g.exchange(202, "3", assigning)
	g.exchange(401, "30", `{"errorCode":401002,"message":"expired"}`)
	var e *registration.GiveUpError
	if _, err := g.r.Result(); !errors.As(err, &e) || e.Reason != registration.ErrTimeout {
		t.Errorf("%v, want a GiveUpError for ErrTimeout", err)
	}
}
