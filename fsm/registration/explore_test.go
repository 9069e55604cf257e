package registration

import (
	"errors"
	"flag"
	"os"
	"reflect"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"example.com/dps/fsm/internal/explore"
)

var update = flag.Bool("update", false, "rewrite what is generated")

// variants are the configurations to explore. Their limits are small, so that
// each limit is reached. Apart from that, the first one is the default.
var variants = []struct {
	name string
	Config
}{
	{"the default policy", Config{Policy: Policy{MaxAttempts: 3}}},
	{"Policy.NoResume", Config{Policy: Policy{MaxAttempts: 3, NoResume: true}}},
	{"Policy without limits of time", Config{Policy: Policy{MaxAttempts: 3, Budget: -1, StayConnected: -1}}},
	{"Config.OperationID", Config{Policy: Policy{MaxAttempts: 3, Budget: 40 * time.Second}, OperationID: "4.old"}},
}

// TestExploration applies every step in every reachable state, breadth first,
// until there are no new states. After each step, check verifies the
// invariants. The diagram in the package comment and the picture are those of
// the first variant.
func TestExploration(t *testing.T) {
	keyer, err := explore.NewKeyer(reflect.TypeFor[Registration](), explore.Registration)
	if err != nil {
		t.Fatal(err)
	}
	var all []explore.Option
	for _, v := range variants {
		if len(all) > 0 && testing.Short() {
			return // the diagram needs all variants
		}
		ok := t.Run(v.name, func(t *testing.T) {
			all = append(all, explore.Option{Name: v.name, Diagram: exploreOne(t, keyer, v.Config)})
		})
		if !ok {
			return
		}
	}
	generated(t, "doc.go", func(source string) (string, error) {
		return explore.Document(source, statesIntro, all[0].Diagram, all[1:])
	})
	generated(t, "../registration.svg", func(string) (string, error) { return picture.Draw(all[0].Diagram) })
}

// generated checks that a file has the text that generate returns, or writes
// that text with -update. A missing file counts as empty.
func generated(t *testing.T, file string, generate func(old string) (string, error)) {
	t.Helper()
	old, _ := os.ReadFile(file)
	text, err := generate(string(old))
	switch {
	case err != nil || text == string(old):
	case *update:
		err = os.WriteFile(file, []byte(text), 0o644)
	default:
		err = errors.New("it is out of date: run go test ./fsm ./fsm/registration -run Exploration -update")
	}
	if err != nil {
		t.Errorf("%s: %v", file, err)
	}
}

// exploreOne explores one configuration and returns its diagram.
func exploreOne(t *testing.T, keyer *explore.Keyer, cfg Config) *explore.Diagram {
	cfg.IDScope, cfg.RegistrationID = "scope", "dev"
	diagram := &explore.Diagram{Order: append(slices.Clone(stateNames[:]), labelOrder...), Happy: happy}
	dog := watchdog()
	defer dog.Stop()
	visited := map[State]bool{}
	s := explore.Search[*world]{
		Start: func() *world {
			r, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			return &world{r, time.Unix(1e9, 0)}
		},
		Clone: (*world).clone,
		Key:   func(w *world) string { return keyer.Key(w.r, w.now) },
		Steps: steps(),
		Check: func(before, after *world, s step, report explore.Report) explore.Costs {
			dog.Reset(patience)
			from, to := before.r, after.r
			visited[from.state] = true
			check(before, after, s, report)
			diagram.Add(from.state.String(), to.state.String(), label(from, to, s.Label))
			var costs explore.Costs
			if to.requests > from.requests && to.state == Registering {
				costs[0] = 1
			}
			if to.operationID != "" && from.operationID == "" {
				costs[1] = 1
			}
			return costs
		},
		Visit: checkEnds,
		Limit: 5_000, Depth: 60,
	}
	found, taken, err := s.Run()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d states, %d steps taken", found, taken)
	for _, state := range []State{Idle, Registering, Waiting, Polling, Closing, Finished} {
		if !visited[state] {
			t.Errorf("%v was not visited", state)
		}
	}
	checkCosts(t, &s, cfg.Policy.MaxAttempts)
	return diagram
}

// checkCosts checks that the number of registrations, which are billed, is
// limited, whatever happens. Starting over and failures count as attempts, and
// progress of a query resets only the count of failures. So the first operation
// may take MaxAttempts requests, the one after starting over one less, and so
// on. Most of these are not billed, because they are throttled or the link
// fails before. At most MaxAttempts operations begin.
func checkCosts(t *testing.T, s *explore.Search[*world], attempts int) {
	most := attempts * (attempts + 1) / 2
	if n, ok := s.Dearest(0, most); !ok {
		t.Errorf("there is a path with %d registrations, the limit is %d", n, most)
	}
	if n, ok := s.Dearest(1, attempts); !ok {
		t.Errorf("there is a path on which %d operations begin, the limit is %d", n, attempts)
	}
}

// patience is far longer than a step takes anywhere.
const patience = 30 * time.Second

// watchdog returns a timer that ends the tests when a step does not end.
func watchdog() *time.Timer {
	return time.AfterFunc(patience, func() {
		debug.SetTraceback("all")
		panic("a step of the exploration does not end")
	})
}

// check holds the invariants after one step:
//
//  1. In WantExchange there is a deadline, and it has not passed: the caller
//     neither waits forever nor spins. No wait for an answer is longer than
//     RequestTimeout.
//  2. At the end there is a result, which never changes. An assignment has a
//     hub and a device.
//  3. Finished is permanent, and has no request.
//  4. The fields are consistent with the state, and the counts are within their
//     limits.
//  5. After the end, the operation ID does not change. It is empty if the
//     service has ended the operation or does not know it.
//  6. Lost without a link, and DialFailed with one, have no effect.
func check(before, after *world, s step, report explore.Report) {
	was, r := before.r, after.r
	wasResult, wasErr := was.Result()
	result, err := r.Result()
	switch d := r.Deadline(); {
	case r.Want() == WantExchange && d.IsZero():
		report("no deadline")
	case r.Want() == WantExchange && !d.After(r.now):
		report("the deadline was %v ago", r.now.Sub(d))
	case r.awaiting() && d.Sub(r.now) > r.cfg.Policy.RequestTimeout:
		report("an answer is awaited for %v", d.Sub(r.now))
	case wasErr != ErrPending && (err != wasErr || !reflect.DeepEqual(wasResult, result)):
		report("the result has changed from %v to %v", wasErr, err)
	case err == nil && (result.AssignedHub == "" || result.DeviceID == ""):
		report("an empty assignment")
	case was.state == Finished && (r.state != Finished || r.unsent):
		report("%v after the end, unsent %t", r.state, r.unsent)
	case wasErr != ErrPending && r.operationID != was.operationID, r.operationID != "" && hasEnded(err):
		report("the operation is %q, was %q", r.operationID, was.operationID)
	}
	if bad := inconsistent(r); bad != "" {
		report("%s: %+v", bad, *r)
	}
	if s.Name == "Lost" && !was.linked || s.Name == "DialFailed" && was.linked {
		quiet := before.clone()
		quiet.r.Advance(after.now)
		if !reflect.DeepEqual(quiet.r, r) {
			report("this has an effect: %+v instead of %+v", *r, *quiet.r)
		}
	}
}

// hasEnded reports whether, according to the result, the service has ended the
// operation.
func hasEnded(err error) bool {
	var refused *ServiceError
	return err == nil || errors.As(err, &refused) && (refused.RegistrationStatus != "" || refused.Status == 404)
}

// inconsistent returns what is inconsistent in a registration, or "".
func inconsistent(r *Registration) string {
	want := map[State]Want{Idle: WantDial, Registering: WantExchange, Waiting: WantExchange, Polling: WantExchange, Closing: WantClose, Finished: WantDone}
	limit := r.cfg.Policy.MaxAttempts
	switch {
	case r.Want() != want[r.state]:
		return "Want does not match the state"
	case r.linked != (r.state != Idle && r.state != Finished):
		return "linked does not match the state"
	case r.err == ErrPending && r.state == Finished, r.err != ErrPending && r.state != Closing && r.state != Finished:
		return "the result does not match the state"
	case r.unsent && !r.awaiting():
		return "unsent, though no request is open"
	case r.state == Polling && r.operationID == "", r.state == Registering && r.operationID != "":
		return "the operation ID does not match the state"
	case r.startedOver > limit || r.attempts > limit || r.startedOver > r.attempts:
		return "attempts beyond their limit"
	case r.unreadable > maxUnreadable:
		return "too many unreadable answers"
	case r.err == ErrPending && r.reached(r.End()):
		return "it has not ended although the budget is used up"
	}
	return ""
}

// checkEnds checks that, if the network is down from now on, the registration
// ends in bounded time.
func checkEnds(w *world, report explore.Report) {
	start := w.now
	for range 50 {
		switch w.r.Want() {
		case WantDone:
			if d := w.now.Sub(start); d > time.Hour {
				report("a dead network ends after %v", d)
			}
			return
		case WantDial:
			w.advance(w.r.Deadline())
			w.r.DialFailed(w.now, nil)
		case WantExchange:
			w.advance(w.r.Deadline())
		case WantClose:
			w.r.Lost(w.now, nil)
		}
	}
	report("a dead network never ends")
}

// label returns the label of a step in the diagram, which depends on its
// effect. It is empty if the diagram does not show the step.
func label(before, after *Registration, name string) string {
	var gaveUp *GiveUpError
	from, to := before.state, after.state
	switch {
	case name == "", from == to && (name != "DialFailed" || from != Idle):
		return ""
	case before.err == ErrPending && errors.As(after.err, &gaveUp):
		return "giving up"
	case before.err == ErrPending && errors.Is(after.err, ErrRefused):
		return "refused"
	case name == "Ready" && to == Polling:
		return "Ready, to resume"
	case name == "Ready" && to != Registering:
		return "Ready, too early"
	case name == "time" && to == Closing:
		return "no answer"
	case to == Closing && after.err == ErrPending && name != "401":
		return "a long wait"
	case to == Waiting && before.resuming && (name == "401" || name == "refused"):
		return "refused on resuming"
	}
	return name
}
