package fsm

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/dps/packet"
)

var update = flag.Bool("update", false, "rewrite what is generated")

// variants are the configurations that are explored: small limits, so that each of
// them is met.
var variants = []Config{
	{Policy: Policy{MaxAttempts: 4, Budget: -1, KeepAlive: 10 * time.Second}},
	{Policy: Policy{MaxAttempts: 2, Budget: 40 * time.Second}, OperationID: "4.old"},
	{Policy: Policy{MaxAttempts: 2, Pipeline: true}},
	{Policy: Policy{MaxAttempts: 2, KeepSession: true, NoResume: true, AtMostOnce: true, KeepAlive: -1}},
}

// TestExploration applies every step in every state that can be reached, breadth
// first, until nothing new comes up. After each step check holds the invariants.
func TestExploration(t *testing.T) {
	edges := map[[2]State]map[string]bool{}
	for i, cfg := range variants {
		if i > 0 && testing.Short() {
			t.Skip("the other variants, and with them the diagram, take longer")
		}
		cfg.IDScope, cfg.RegistrationID = "scope", "dev"
		e := explorer{t: t, cfg: cfg, steps: steps(), seen: map[string]bool{}, pairs: map[string]bool{}, edges: edges}
		e.run()
		if want := len(stateNames) * len(e.steps); len(e.pairs) != want && !t.Failed() {
			t.Errorf("variant %d: %d of %d pairs of state and step were visited", i, len(e.pairs), want)
		}
		t.Logf("variant %d: %d states, %d steps", i, len(e.seen), e.count)
	}
	checkDiagram(t, edges)
}

type explorer struct {
	t     *testing.T
	cfg   Config
	steps []step
	seen  map[string]bool // states, by their key
	pairs map[string]bool // of a State and a step
	edges map[[2]State]map[string]bool
	count int
}

func (e *explorer) run() {
	paths := [][]step{nil}
	e.seen[e.replay(nil).key()] = true
	for len(paths) > 0 && !e.t.Failed() {
		path := paths[0]
		paths = paths[1:]
		for _, s := range e.steps {
			e.count++
			w := e.replay(path)
			e.pairs[w.m.state.String()+s.name] = true
			report := e.check(w, path, s)
			if key := w.key(); !e.seen[key] {
				e.seen[key] = true
				paths = append(paths, append(slices.Clone(path), s))
				checkEnds(w, report)
			}
		}
	}
}

// replay makes a machine and takes it along a path.
func (e *explorer) replay(path []step) *world {
	m, err := New(e.cfg)
	if err != nil {
		e.t.Fatal(err)
	}
	w := &world{m, time.Unix(1e9, 0)}
	for _, s := range path {
		s.do(w)
	}
	return w
}

// key is what decides about a machine's behaviour, with times reduced to whether
// they have come.
func (w *world) key() string {
	m := w.m
	return fmt.Sprint(m.state, m.connected, m.resuming, m.eager, m.careful, m.asked, m.subscribeID != 0, m.operationID != "", m.attempts, m.garbled, m.restarted,
		m.pinged.IsZero(), m.now.Before(m.due), m.started, len(m.out) > 0, m.in.Buffered() > 0, m.err != ErrPending, m.result != nil,
		m.Deadline().IsZero(), m.Deadline().After(m.now))
}

// note adds what a step did to the diagram. A step is named after what it means in
// the state where it came.
func (e *explorer) note(from State, midPacket bool, m *Machine, label string) {
	var gaveUp *GiveUpError
	connack, suback := strings.HasPrefix(label, "CONNACK"), strings.HasPrefix(label, "SUBACK")
	input := slices.Contains([]string{"Open", "Lost", "Stop", "time"}, label)
	switch {
	case from == m.state || label == "" || midPacket:
		return
	case from != Closing && errors.As(m.err, &gaveUp) && gaveUp.State == from:
		label = "giving up"
	case !input && (connack != (from == Connecting) || suback && from != Subscribing):
		label = "violation"
	case label == "time" && m.state == Closing:
		label = "no answer"
	}
	edge := [2]State{from, m.state}
	if e.edges[edge] == nil {
		e.edges[edge] = map[string]bool{}
	}
	e.edges[edge][label] = true
}

// check takes one step and holds the invariants:
//
//  1. No panic.
//  2. In Want Exchange there is a deadline, and it has not come yet: nobody waits for
//     ever, and nobody spins.
//  3. At the end there is a result. Once there, it never changes. An assignment has a
//     hub and a device.
//  4. Finished is for ever, silent, and wants nothing.
//  5. The output is a sequence of packets that a client may send, and nothing follows
//     a DISCONNECT.
//  6. On a network that died the machine ends in bounded time.
func (e *explorer) check(w *world, path []step, s step) (report func(string, ...any)) {
	m := w.m
	before, beforeErr := m.Result()
	beforeState, beforeOut, midPacket := m.state, len(m.out), m.in.Buffered() > 0
	report = func(format string, args ...any) {
		names := ""
		for _, p := range path {
			names += p.name + "; "
		}
		e.t.Errorf("%v: after %s%s: "+format, append([]any{m.state, names, s.name}, args...)...)
	}
	s.do(w)
	after, err := m.Result()
	switch d := m.Deadline(); {
	case m.Want() == Exchange && d.IsZero():
		report("no deadline")
	case m.Want() == Exchange && !d.After(m.now):
		report("deadline %v ago", m.now.Sub(d))
	case beforeErr != ErrPending && (err != beforeErr || !reflect.DeepEqual(before, after)):
		report("result changed from %v to %v", beforeErr, err)
	case err == ErrPending && m.state == Finished:
		report("no result")
	case err == nil && (after.AssignedHub == "" || after.DeviceID == ""):
		report("empty assignment")
	case beforeState == Finished && m.state != Finished:
		report("left the end")
	case beforeState == Finished && (m.Want() != Done || len(m.out) > beforeOut):
		report("wants %v, output %x", m.Want(), m.out)
	}
	checkOutput(m, report)
	e.note(beforeState, midPacket, m, s.label)
	return report
}

// checkOutput looks at all that was sent on the connection and not drained.
func checkOutput(m *Machine, report func(string, ...any)) {
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
}

// checkEnds lets everything be silent from here on. It uses up w.
func checkEnds(w *world, report func(string, ...any)) {
	start := w.now
	for range 100 {
		switch w.m.Want() {
		case Done:
			if d := w.now.Sub(start); d > 3*time.Hour {
				report("a dead network ends after %v", d)
			}
			return
		case Exchange:
			w.advance(w.m.Deadline())
		default:
			w.advance(w.m.Deadline())
			w.m.Lost(w.now, nil)
		}
	}
	report("a dead network never ends")
}

// checkDiagram compares the state diagram in the package documentation with what
// the exploration has seen.
func checkDiagram(t *testing.T, edges map[[2]State]map[string]bool) {
	keys := slices.SortedFunc(maps.Keys(edges), func(a, b [2]State) int {
		return int(a[0])*256 + int(a[1]) - int(b[0])*256 - int(b[1])
	})
	var diagram strings.Builder
	last := Finished
	for _, k := range keys {
		name := ""
		if k[0] != last {
			name, last = k[0].String(), k[0]
		}
		fmt.Fprintf(&diagram, "//\t%-11s → %-11s  %s\n", name, k[1], strings.Join(slices.Sorted(maps.Keys(edges[k])), "; "))
	}
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	const head, tail = "// # States\n//\n", "//\n// Every state"
	before, rest, ok := strings.Cut(string(text), head)
	_, after, ok2 := strings.Cut(rest, tail)
	if !ok || !ok2 {
		t.Fatal("doc.go has no state diagram")
	}
	want := before + head + diagram.String() + tail + after
	if *update {
		err = os.WriteFile("doc.go", []byte(want), 0o644)
	} else if want != string(text) {
		err = fmt.Errorf("the state diagram in doc.go is out of date: run go test ./fsm -run Exploration -update")
	}
	if err != nil {
		t.Error(err)
	}
}
