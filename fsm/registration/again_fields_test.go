package registration_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/registration"
	"github.com/google/go-cmp/cmp"
)

// A row of fields shows what a field of Config or Policy does.
type row struct {
	set      func(c *registration.Config) // sets the field, and others that it needs
	see      func(g *rig) string          // returns what depends on the field
	provedBy func(t *testing.T)           // the test of the field, instead of set and see
}

var traced int // events of the row for Trace

// fields has a row for each field of Config and Policy.
var fields = map[string]row{
	"IDScope":        {set: func(c *registration.Config) { c.IDScope = "other" }, see: identity},
	"RegistrationID": {set: func(c *registration.Config) { c.RegistrationID = "dev-2" }, see: identity},
	"Payload":        {set: func(c *registration.Config) { c.Payload = json.RawMessage(`{"a":[1,2]}`) }, see: identity},
	"CSR":            {set: func(c *registration.Config) { c.CSR, c.APIVersion = "AAAA", "2025-07-01-preview" }, see: identity},
	"EmptyBody":      {set: func(c *registration.Config) { c.EmptyBody = true }, see: identity},
	"APIVersion":     {set: func(c *registration.Config) { c.APIVersion = "2021-06-01" }, see: identity},
	"UserAgent":      {set: func(c *registration.Config) { c.UserAgent = "a b" }, see: identity},
	"OperationID":    {provedBy: TestAnOperationOfAnEarlierRunIsQueriedUntilThereIsAnAnswer},
	"RequestIDPrefix": {
		set: func(c *registration.Config) { c.RequestIDPrefix = "p-" },
		see: func(g *rig) string { g.query(); return strings.TrimRight(g.rid, "0123456789") },
	},
	"Jitter": {
		set: func(c *registration.Config) { c.Jitter = func() float64 { return 1 } },
		see: waitAfter(202, "10", assigning),
	},
	"Trace": {
		set: func(c *registration.Config) { c.Trace = func(registration.Event) { traced++ } },
		see: func(g *rig) string { traced = 0; waitAfter(202, "1", assigning)(g); return fmt.Sprint(traced > 0) },
	},

	"Policy.Budget": {
		set: func(c *registration.Config) { c.Policy.Budget = 1000 * time.Hour },
		see: func(g *rig) string { g.query(); return g.r.End().String() },
	},
	"Policy.RequestTimeout": {
		set: func(c *registration.Config) { c.Policy.RequestTimeout = 7 * time.Second },
		see: func(g *rig) string {
			g.query()
			forQuery := g.sleep()
			g.register()
			return fmt.Sprint(forQuery, g.sleep())
		},
	},
	"Policy.RetryAfter":    {set: func(c *registration.Config) { c.Policy.RetryAfter = 7 * time.Second }, see: waitAfter(202, "", assigning)},
	"Policy.MinRetryAfter": {set: func(c *registration.Config) { c.Policy.MinRetryAfter = 7 * time.Second }, see: waitAfter(202, "1", assigning)},
	"Policy.MaxRetryAfter": {set: func(c *registration.Config) { c.Policy.MaxRetryAfter = 50 * time.Second }, see: waitAfter(202, "100", assigning)},
	"Policy.StayConnected": {
		set: func(c *registration.Config) { c.Policy.StayConnected = 5 * time.Second },
		see: func(g *rig) string { g.query(); g.answer(202, "6", assigning); return g.r.Want().String() },
	},
	"Policy.MinBackoff": {
		set: func(c *registration.Config) {
			c.Policy.MinBackoff, c.Policy.MaxBackoff = 10*time.Second, 10*time.Second
		},
		see: waitAfter(503, "0", ""),
	},
	"Policy.MaxBackoff": {
		set: func(c *registration.Config) { c.Policy.MaxBackoff = time.Second },
		see: func(g *rig) string {
			first := waitAfter(503, "0", "")(g)
			g.exchange(503, "0", "")
			return first + " " + g.wait().String()
		},
	},
	"Policy.MaxThrottled": {
		set: func(c *registration.Config) { c.Policy.MaxThrottled = 100 * time.Second },
		see: func(g *rig) string {
			g.register()
			g.answer(429, "10", throttled)
			g.now = g.now.Add(time.Hour)
			g.exchange(429, "10", throttled)
			return g.wait().String()
		},
	},
	"Policy.FleetSize": {
		set: func(c *registration.Config) {
			c.Policy.FleetSize, c.Jitter = 100_000, func() float64 { return 0.5 }
		},
		see: func(g *rig) string { g.register(); g.answer(429, "30", throttled); return g.wait().String() },
	},
	"Policy.MaxAttempts": {
		set: func(c *registration.Config) { c.Policy.MaxAttempts = 3 },
		see: func(g *rig) string {
			g.query()
			for failures := range 9 {
				g.answer(503, "", "")
				if kind, _ := g.next(); kind == "" {
					return fmt.Sprint("gives up after ", failures+1)
				}
			}
			return "goes on"
		},
	},
	"Policy.NoResume": {
		set: func(c *registration.Config) { c.Policy.NoResume = true },
		see: func(g *rig) string {
			g.query()
			g.lose()
			kind, _ := g.next()
			g.answer(202, "1", assigning)
			return kind
		},
	},
}

// identity returns who registers, and what is sent for it.
func identity(g *rig) string {
	payload := g.register()
	g.answer(202, "1", assigning)
	return g.r.Username() + " " + g.r.ClientID() + " " + payload
}

// waitAfter returns a function that returns the wait after an answer to a
// query.
func waitAfter(status int, after, body string) func(g *rig) string {
	return func(g *rig) string {
		g.query()
		g.answer(status, after, body)
		return g.wait().String()
	}
}

// query waits until a query has been taken after the answer to another query,
// so that no failure counts anymore.
func (g *rig) query() {
	g.Helper()
	for progress := false; ; {
		kind, _ := g.next()
		if kind != "PUT" && progress {
			return
		}
		progress = kind != "PUT"
		g.answer(202, "1", assigning)
	}
}

// register waits until a registration has been taken, and returns its payload.
// If there is an operation, it is not found.
func (g *rig) register() string {
	g.Helper()
	for {
		kind, payload := g.nextWithPayload()
		if kind == "PUT" {
			return payload
		}
		g.answer(412, "", gone)
	}
}

// histories contains what may have happened before. The last query has made
// progress.
var histories = map[string]func(g *rig){
	"nothing":              func(g *rig) {},
	"a failed dial":        func(g *rig) { g.r.DialFailed(g.now, nil) },
	"a lost registration":  func(g *rig) { g.next(); g.lose() },
	"a lost query":         func(g *rig) { g.query(); g.lose() },
	"a link lost twice":    func(g *rig) { g.query(); g.lose(); g.next(); g.lose() },
	"no answer":            func(g *rig) { g.query(); g.sleep() },
	"a planned disconnect": func(g *rig) { g.query(); g.answer(202, "300", assigning); g.wait() },
	"a fresh password":     func(g *rig) { g.query(); g.answer(401, "", "") },
	"throttling":           func(g *rig) { g.next(); g.answer(429, "1", throttled) },
	"no server":            func(g *rig) { g.query(); g.answer(503, "300", "") },
	"an unreadable answer": func(g *rig) { g.query(); g.answer(200, "", "not JSON") },
}

// However often a device has to connect or to register, each field of Config
// and Policy has the same effect as at first, also when it is used again.
func TestEveryRegistrationIsLikeTheFirstOne(t *testing.T) {
	base := func(c *registration.Config) { endless(c); c.Trace = nil }
	for name, row := range fields {
		if row.provedBy != nil {
			continue // with another test
		}
		want := row.see(newRig(t, base, row.set))
		without := func(c *registration.Config) {
			unset := registration.Config{IDScope: "0ne00000A1B", RegistrationID: "dev-1", Policy: registration.Policy{Budget: -1, MaxAttempts: -1}}
			fieldOf(reflect.ValueOf(c).Elem(), name).Set(fieldOf(reflect.ValueOf(unset), name))
		}
		if got := row.see(newRig(t, base, row.set, without)); got == want {
			t.Errorf("%s has no effect: %s", name, got)
		}
		for before, play := range histories {
			g := newRig(t, base, row.set)
			for i := range 2 {
				play(g)
				g.query()
				g.answer(202, "1", assigning)
				if got := row.see(g); got != want {
					t.Errorf("%s after %s, %d: %s, want %s", name, before, i, got, want)
				}
				if g.r.Want() == registration.WantDone {
					break
				}
			}
		}
	}
}

// fieldOf returns a field of a Config, such as Policy.Budget.
func fieldOf(c reflect.Value, name string) reflect.Value {
	for _, part := range strings.Split(name, ".") {
		c = c.FieldByName(part)
	}
	return c
}

func TestEveryFieldHasARow(t *testing.T) {
	var want []string
	for prefix, fields := range map[string][]reflect.StructField{
		"": reflect.VisibleFields(reflect.TypeFor[registration.Config]()), "Policy.": reflect.VisibleFields(reflect.TypeFor[registration.Policy]()),
	} {
		for _, f := range fields {
			if f.Name != "Policy" {
				want = append(want, prefix+f.Name)
			}
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(fields))); diff != "" {
		t.Errorf("fields (-of Config and Policy +with a row):\n%s", diff)
	}
}

// An operation of an earlier run is queried on each link, until an answer says
// otherwise.
func TestAnOperationOfAnEarlierRunIsQueriedUntilThereIsAnAnswer(t *testing.T) {
	g := newRig(t, endless, func(c *registration.Config) { c.OperationID = "4.old" })
	query := func() {
		t.Helper()
		if kind, _ := g.next(); kind != "GET 4.old" {
			t.Fatalf("%s, want a query", kind)
		}
	}
	g.r.DialFailed(g.now, nil)
	for range 3 {
		query()
		g.lose()
		query()
		g.sleep() // no answer
		query()
		g.answer(503, "300", "")
		query()
		g.answer(200, "", "not JSON")
		query()
		g.answer(429, "1", throttled)
	}
	query()
	g.answer(404, "", gone)
	if kind, _ := g.next(); kind != "PUT" {
		t.Errorf("%s, want a registration", kind)
	}
}
