package fsm

import (
	"bytes"
	"errors"
	"flag"
	"maps"
	"os"
	"reflect"
	"runtime/debug"
	"slices"
	"strconv"
	"testing"
	"time"

	"example.com/dps/fsm/internal/explore"
	"example.com/dps/packet"
)

var update = flag.Bool("update", false, "rewrite what is generated")

// variants are the configurations to explore. Their limits are small, so that
// each limit is reached. Apart from that, the first one is the default.
var variants = []struct {
	name  string
	limit int // of states, about twice their number
	Config
}{
	{"the default policy", 7_000, Config{Policy: Policy{MaxAttempts: 2}}},
	{"Policy.Pipeline", 15_000, Config{Policy: Policy{MaxAttempts: 2, Pipeline: true}}},
	{"Policy.KeepSession", 7_000, Config{Policy: Policy{
		MaxAttempts: 2, KeepSession: true, NoResume: true, AtMostOnce: true, KeepAlive: -1, Budget: -1, StayConnected: -1,
	}, OperationID: "4.old"}},
}

// leftOut lists the fields that the key of a Machine omits, and the reasons.
// For its Registration, it is combined with explore.Registration.
var leftOut = map[string]explore.Reduction{
	"Machine.trace":       {Why: "it does not change"},
	"Machine.packetID":    {Why: "it is an unlimited counter and decides nothing"},
	"Machine.subscribeID": {To: explore.IsSet, Why: "the value of an identifier does not matter"},
	"Machine.out":         {To: explore.IsEmpty, Why: "its contents decide nothing; floods are checked separately"},
	"Machine.in":          {To: isBuffering, Why: "the only step after which it contains something is half a packet"},
}

func isBuffering(v reflect.Value) string {
	return strconv.FormatBool(v.Addr().Interface().(*packet.Splitter).Buffered() > 0)
}

// TestExploration applies every step in every reachable state, breadth first,
// until there are no new states. After each step, check verifies the
// invariants. The diagram in the package comment and the picture are those of
// the first variant.
func TestExploration(t *testing.T) {
	reductions := maps.Clone(leftOut)
	maps.Copy(reductions, explore.Registration)
	keyer, err := explore.NewKeyer(reflect.TypeFor[Machine](), reductions)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]explore.Option, len(variants))
	one := func(t *testing.T, i int) {
		v := variants[i]
		all[i] = explore.Option{Name: v.name, Diagram: exploreOne(t, keyer, v.Config, v.limit)}
	}
	if !t.Run(variants[0].name, func(t *testing.T) { one(t, 0) }) || testing.Short() {
		return // the diagram needs all variants
	}
	t.Run("options", func(t *testing.T) {
		for i := 1; i < len(variants); i++ {
			t.Run(variants[i].name, func(t *testing.T) {
				t.Parallel()
				one(t, i)
			})
		}
	})
	if t.Failed() {
		return
	}
	generated(t, "doc.go", func(source string) (string, error) {
		return explore.Document(source, statesIntro, all[0].Diagram, all[1:])
	})
	generated(t, "session.svg", func(string) (string, error) { return picture.Draw(all[0].Diagram) })
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
func exploreOne(t *testing.T, keyer *explore.Keyer, cfg Config, limit int) *explore.Diagram {
	cfg.IDScope, cfg.RegistrationID = "scope", "dev"
	diagram := &explore.Diagram{Order: order, Happy: happy}
	dog := watchdog()
	defer dog.Stop()
	visited := map[State]bool{}
	s := explore.Search[*world]{
		Start: func() *world {
			m, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			return &world{m, time.Unix(1e9, 0)}
		},
		Clone: (*world).clone,
		Key:   func(w *world) string { return keyer.Key(w.m, w.now) },
		Steps: steps(),
		Check: func(before, after *world, s step, report explore.Report) (costs explore.Costs) {
			dog.Reset(patience)
			check(before, after, s, report)
			diagram.Add(nodeOf(before.m), nodeOf(after.m), label(before.m, after.m, s.Label))
			return costs // package registration checks the costs in its own exploration
		},
		Visit: func(w *world, report explore.Report) {
			if state := w.m.State(); !visited[state] {
				visited[state] = true
				checkFlood(w.clone(), report)
			}
			checkEnds(w, report)
		},
		Limit: limit, Depth: 60,
	}
	found, taken, err := s.Run()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d states, %d steps taken", found, taken)
	for state := Idle; state <= Finished; state++ {
		if !visited[state] && state != Idle {
			t.Errorf("%v was not visited", state)
		}
	}
	return diagram
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
//     hub and a device, and leaves no operation in progress.
//  3. Finished is permanent, and has no output.
//  4. State, Want and the registration are consistent.
//  5. The output is a sequence of packets that a client may send, and nothing
//     follows a DISCONNECT. In Closing it is empty or ends with a DISCONNECT.
//  6. Lost without a transport, and DialFailed with one, have no effect.
func check(before, after *world, s step, report explore.Report) {
	was, m := before.m, after.m
	wasResult, wasErr := was.Result()
	result, err := m.Result()
	switch d := m.Deadline(); {
	case m.Want() == WantExchange && d.IsZero():
		report("no deadline")
	case m.Want() == WantExchange && !d.After(m.now):
		report("the deadline was %v ago", m.now.Sub(d))
	case m.Want() == WantExchange && m.State() != Waiting && d.Sub(m.now) > m.requestTimeout:
		report("an answer is awaited for %v", d.Sub(m.now))
	case wasErr != ErrPending && (err != wasErr || !reflect.DeepEqual(wasResult, result)):
		report("the result has changed from %v to %v", wasErr, err)
	case wasErr != ErrPending && m.OperationID() != was.OperationID():
		report("the operation has changed from %q to %q after the end", was.OperationID(), m.OperationID())
	case err == nil && (result.AssignedHub == "" || result.DeviceID == "" || m.OperationID() != ""):
		report("assigned to %q %q, with operation %q", result.AssignedHub, result.DeviceID, m.OperationID())
	case was.State() == Finished && (m.State() != Finished || len(m.out) > len(was.out)):
		report("%v after the end, output %x", m.State(), m.out)
	}
	if bad := inconsistent(m); bad != "" {
		report("%s: phase %d, state %v, registration %v", bad, m.phase, m.State(), m.reg.State())
	}
	checkOutput(m, report)
	if s.Name == "Lost" && (was.phase == down || was.phase == dialing) || s.Name == "DialFailed" && (was.phase.open() || was.phase == closing) {
		quiet := before.clone()
		quiet.m.Advance(after.now)
		if !reflect.DeepEqual(quiet.m, m) {
			report("this has an effect: %+v, %+v instead of %+v, %+v", *m, *m.reg, *quiet.m, *quiet.m.reg)
		}
	}
}

// inconsistent returns what is inconsistent in a machine, or "".
func inconsistent(m *Machine) string {
	want := map[State]Want{
		Idle: WantDial, Dialing: WantDial, Connecting: WantExchange, Subscribing: WantExchange,
		Registering: WantExchange, Waiting: WantExchange, Polling: WantExchange, Closing: WantClose, Finished: WantDone,
	}
	_, err := m.Result()
	linked := m.reg.Want() == WantExchange
	switch {
	case m.Want() != want[m.State()]:
		return "Want does not match the state"
	case err == ErrPending && m.State() == Finished, err != ErrPending && m.State() != Closing && m.State() != Finished:
		return "the result does not match the state"
	case m.phase == ready && !linked:
		return "the session is ready, but the registration has no link"
	case linked && m.phase != ready && !(m.pipelined && m.phase == connecting):
		return "the registration has a link without a session"
	case m.reg.Want() == WantClose && m.phase != closing:
		return "the registration waits for the end of a link that is not closing"
	case len(m.out) > maxOutput:
		return "the output is too long"
	case !m.phase.open() && (m.subscribeID != 0 || !m.pinged.IsZero()) && m.phase != closing && m.State() != Finished:
		return "data of an earlier transport remains"
	}
	return ""
}

// checkOutput checks the output that has not been taken.
func checkOutput(m *Machine, report explore.Report) {
	over := false
	for out := slices.Clone(m.out); len(out) > 0; {
		f, rest, err := packet.Cut(out, 0)
		if err != nil {
			report("output: %v", err)
			return
		}
		p, err := packet.Decode(f)
		if err != nil || over {
			report("output %v after DISCONNECT %t: %v", p, over, err)
			return
		}
		switch over = f.Type == packet.DISCONNECT; f.Type {
		case packet.CONNECT, packet.SUBSCRIBE, packet.PUBLISH, packet.PUBACK, packet.PUBREC, packet.PUBCOMP, packet.PINGREQ, packet.DISCONNECT:
		default:
			report("output %v", p)
		}
		out = rest
	}
	if m.State() == Closing && len(m.out) > 0 && !over {
		report("output %x remains on a transport that is closing", m.out)
	}
}

// checkFlood has the peer send a flood of packets that require answers, while
// the caller does not take the output. It modifies w.
func checkFlood(w *world, report explore.Report) {
	flood := bytes.Repeat(appended(&packet.Pubrel{ID: 9}), 1000)
	open := w.m.phase.open() && w.m.phase != connecting
	for range maxOutput/4/1000 + 1 {
		w.m.Receive(w.now, flood)
		if len(w.m.out) > maxOutput {
			report("%d bytes of output", len(w.m.out))
		}
	}
	if open && w.m.Want() == WantExchange {
		report("the connection is still open after a flood")
	}
}

// checkEnds checks that, if the network is down from now on, the machine ends
// in bounded time. It modifies w.
func checkEnds(w *world, report explore.Report) {
	start := w.now
	for i := range 50 {
		switch w.m.Want() {
		case WantDone:
			if d := w.now.Sub(start); d > 3*time.Hour {
				report("a dead network ends after %v", d)
			}
			return
		case WantDial:
			w.advance(w.m.Deadline())
			switch {
			case w.m.State() == Dialing: // until its deadline
			case i%2 == 0:
				w.m.Dialing(w.now)
			default:
				w.m.DialFailed(w.now, errors.New("dead"))
			}
		case WantExchange:
			w.advance(w.m.Deadline())
		case WantClose:
			w.m.Lost(w.now, nil)
		}
	}
	report("a dead network never ends")
}
