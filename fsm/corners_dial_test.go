package fsm_test

import (
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/packet"
)

// These tests are about dials and the ends of transports.

// A dial that was announced has a timeout: the machine then wants it closed,
// and the caller may report its end in either way.
func TestADialHasATimeout(t *testing.T) {
	for name, end := range map[string]func(*bench){
		"DialFailed": func(b *bench) { b.m.DialFailed(b.now, io.EOF) },
		"Lost":       func(b *bench) { b.m.Lost(b.now, io.EOF) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, func(c *fsm.Config) { c.Policy.DialTimeout, c.Policy.MaxAttempts = 7*time.Second, 2 })
			for i := range 2 {
				b.m.Dialing(b.now)
				b.want(fsm.Dialing, fsm.WantDial)
				b.m.Dialing(b.now.Add(time.Second)) // a second call has no effect
				if d := b.m.Deadline().Sub(b.now); d != 7*time.Second {
					t.Fatalf("the dial has %v, want 7 s", d)
				}
				b.sleepToDeadline()
				b.want(fsm.Closing, fsm.WantClose)
				if err := b.m.Open(b.now, []byte(testToken)); !errors.Is(err, fsm.ErrOrder) {
					t.Errorf("a late Open: %v", err)
				}
				b.want(fsm.Closing, fsm.WantClose)
				b.expect()
				end(b)
				if i == 0 {
					b.want(fsm.Idle, fsm.WantDial)
					if d := b.sleepToDeadline(); d != time.Second {
						t.Errorf("dials after %v, want 1 s: the failure counts once", d)
					}
				}
			}
			if err := b.ends(fsm.ErrAttempts); !errors.Is(err, fsm.ErrDial) || !errors.Is(err, fsm.ErrNoAnswer) {
				t.Errorf("%v", err)
			}
		})
	}
}

// A transport with callbacks and one timer, which is set to the Deadline, wakes
// up once during an announced dial that never ends.
func TestAnAnnouncedDialWakesUpOnce(t *testing.T) {
	b := newBench(t)
	b.m.Dialing(b.now)
	wakes := 0
	for b.now = start; b.m.Want() == fsm.WantDial && wakes < 100; wakes++ {
		if d := b.m.Deadline(); d.After(b.now) {
			b.now = d
		}
		b.m.Advance(b.now)
	}
	if d := b.now.Sub(start); wakes != 1 || d != 30*time.Second {
		t.Errorf("woken up %d times in %v, want once after 30 s", wakes, d)
	}
}

// The budget may also end during a dial.
func TestTheBudgetEndsInADial(t *testing.T) {
	b := newBench(t, func(c *fsm.Config) { c.Policy.Budget, c.Policy.DialTimeout = 10*time.Second, time.Minute })
	b.m.Dialing(b.now)
	if d := b.sleepToDeadline(); d != 10*time.Second {
		t.Errorf("woken up after %v, want 10 s", d)
	}
	b.want(fsm.Closing, fsm.WantClose)
	b.m.DialFailed(b.now, nil)
	b.ends(fsm.ErrTimeout)
}

// in brings a machine to each of its states.
var in = map[fsm.State]func(*bench){
	fsm.Idle:        func(*bench) {},
	fsm.Dialing:     func(b *bench) { b.m.Dialing(b.now) },
	fsm.Connecting:  (*bench).open,
	fsm.Subscribing: func(b *bench) { b.open(); b.receive(&packet.Connack{}) },
	fsm.Registering: (*bench).connect,
	fsm.Waiting:     func(b *bench) { b.connect(); b.answer(202, "1", "&retry-after=3", assigning) },
	fsm.Polling:     (*bench).polling,
	fsm.Closing:     func(b *bench) { b.connect(); b.m.Receive(b.now, []byte{0xc0, 0}) },
	fsm.Finished:    func(b *bench) { b.m.Stop(b.now) },
}

// The end of a transport or of a dial is, depending on the state, a failure,
// the end that the machine wanted, or without effect.
func TestEndsOfTransportsAndOfDials(t *testing.T) {
	for state := fsm.Idle; state <= fsm.Finished; state++ {
		for name, end := range map[string]func(*bench){
			"Lost":       func(b *bench) { b.m.Lost(b.now, io.EOF) },
			"DialFailed": func(b *bench) { b.m.DialFailed(b.now, io.EOF) },
		} {
			retries, failed := 0, fsm.StepError{}
			b := newBench(t, func(c *fsm.Config) {
				c.Trace = func(e fsm.Event) {
					if step, ok := e.Err.(*fsm.StepError); ok && e.Kind == fsm.EventRetry {
						retries, failed = retries+1, *step
					}
				}
			})
			in[state](b)
			b.want(state, b.m.Want())
			before, deadline := retries, b.m.Deadline()
			want, fails := fsm.Idle, true
			switch isDial := name == "DialFailed"; {
			case state == fsm.Finished, state == fsm.Idle && !isDial, isDial && state > fsm.Dialing, !isDial && state == fsm.Dialing:
				want, fails = state, false // no effect
			case state == fsm.Closing:
				fails = false
			}
			for range 2 { // a second Lost has no effect; a second DialFailed is another failure
				end(b)
				b.want(want, b.m.Want())
				if name == "DialFailed" {
					break
				}
			}
			if got := retries - before; got != 0 != fails || got > 1 {
				t.Errorf("%s in state %v: %d failures, want one: %t", name, state, got, fails)
			}
			if !fails && want == state && !b.m.Deadline().Equal(deadline) {
				t.Errorf("%s in state %v: the deadline changes", name, state)
			}
			if fails && !errors.Is(&failed, io.EOF) {
				t.Errorf("%s in state %v: the cause is lost: %v", name, state, &failed)
			}
		}
	}
}

// A caller can end the registration in any state, and the result is its cause.
func TestAbortIsTheEndInEachState(t *testing.T) {
	cause := errors.New("x509: unknown authority")
	for state := fsm.Idle; state < fsm.Finished; state++ {
		b := newBench(t)
		in[state](b)
		b.sent()
		b.m.Abort(b.now, cause)
		if state == fsm.Idle {
			b.want(fsm.Finished, fsm.WantDone)
		} else {
			b.want(fsm.Closing, fsm.WantClose)
		}
		switch out := b.sent(); {
		case state < fsm.Subscribing || state == fsm.Closing:
			if len(out) > 0 {
				t.Errorf("%v: sent %v", state, out)
			}
		case len(out) != 1 || out[0].Type() != packet.DISCONNECT:
			t.Errorf("%v: sent %v, want a DISCONNECT", state, out)
		}
		b.m.Abort(b.now, io.EOF) // the first one counts
		b.m.Lost(b.now, nil)
		b.want(fsm.Finished, fsm.WantDone)
		if _, err := b.m.Result(); err != cause {
			t.Errorf("%v: result %v", state, err)
		}
	}
}

// endings are inputs that may end a state.
var endings = map[string]func(*bench){
	"stop":      func(b *bench) { b.m.Stop(b.now) },
	"lost":      func(b *bench) { b.m.Lost(b.now, nil) },
	"dial":      func(b *bench) { b.m.DialFailed(b.now, nil) },
	"timeout":   func(b *bench) { b.sleep(31 * time.Second) },
	"budget":    func(b *bench) { b.sleep(time.Hour) },
	"violation": func(b *bench) { b.m.Receive(b.now, []byte{0xc0, 0}) },
	"refusal":   func(b *bench) { b.receive(&packet.Connack{ReturnCode: packet.NotAuthorized}) },
	"SUBACK":    func(b *bench) { b.receive(&packet.Suback{ID: 1, ReturnCodes: []byte{packet.SubackFailure}}) },
	"assigned":  func(b *bench) { b.receive(message("200/?$rid=", assigned)) },
	"waiting":   func(b *bench) { b.receive(message("202/?$rid=", assigning)) },
	"long wait": func(b *bench) { b.receive(message("202/?$rid=&retry-after=299", assigning)) },
	"throttled": func(b *bench) { b.receive(message("429/?$rid=&retry-after=299", throttled)) },
	"expired":   func(b *bench) { b.receive(message("401/?$rid=", "")) },
	"QoS 1":     func(b *bench) { b.receive(&packet.Publish{Topic: []byte("a"), QoS: packet.QoS1, ID: 1}) },
	"password":  func(b *bench) { b.m.Open(b.now, nil) },
}

// The state in an event is the one after the event: the last event of each
// input has the state in which the machine is then. An EventReceived has the
// state in which the packet was received.
func TestEventsHaveTheStateAfterThem(t *testing.T) {
	ahead := map[fsm.State]func(*bench){
		fsm.Connecting:  (*bench).open,
		fsm.Registering: func(b *bench) { b.open(); b.receive(&packet.Connack{}) },
		fsm.Waiting:     func(b *bench) { b.open(); b.receive(&packet.Connack{}, message("202/?$rid=", assigning)) },
	}
	for _, variant := range []struct {
		policy fsm.Policy
		stages map[fsm.State]func(*bench)
	}{
		{fsm.Policy{}, in}, {fsm.Policy{KeepSession: true}, in}, {fsm.Policy{MaxAttempts: 1}, in}, {fsm.Policy{Budget: 20 * time.Second}, in},
		{fsm.Policy{Pipeline: true}, ahead}, {fsm.Policy{Pipeline: true, KeepSession: true, MaxAttempts: 1}, ahead},
	} {
		seen := map[fsm.EventKind]bool{}
		for name, end := range endings {
			for state, stage := range variant.stages {
				if variant.policy.MaxAttempts == 1 && state == fsm.Closing {
					continue
				}
				var last fsm.Event
				var states []fsm.State // of events that report what happens next
				b := newBench(t, func(c *fsm.Config) {
					c.Policy, c.Trace = variant.policy, func(e fsm.Event) {
						if last = e; e.Kind >= fsm.EventWait {
							states = append(states, e.State)
						}
					}
				})
				stage(b)
				last, states = fsm.Event{Kind: fsm.EventReceived}, nil
				end(b)
				if slices.ContainsFunc(states, func(s fsm.State) bool { return s != b.m.State() }) {
					t.Errorf("%+v: %s in state %v: events have the states %v, the machine %v", variant.policy, name, state, states, b.m.State())
				}
				if seen[last.Kind] = true; last.Kind != fsm.EventReceived && last.State != b.m.State() {
					t.Errorf("%+v: %s in state %v: %v has state %v, the machine %v", variant.policy, name, state, last.Kind, last.State, b.m.State())
				}
			}
		}
		if len(seen) < 3 {
			t.Errorf("only %v", seen)
		}
	}
}
