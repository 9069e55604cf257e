package fsm_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/packet"
	"pgregory.net/rapid"
)

// A model is a deliberately simple machine. It has the state, whether there is
// an operation, the number of failures and the time of the next request, but no
// bytes.
type model struct {
	state     fsm.State
	op        bool
	resuming  bool // no answer on this connection has confirmed the operation
	gone      bool // the registration has started over after a 404
	refreshed bool // a 401 has led to a new connection
	failures  int
	over      int // number of times it started over; never reset
	garbled   int
	due       time.Time
	last      time.Time // of the deadline of an answer
	end       bool
}

// fail is any failure after which the model tries again.
func (m *model) fail(now time.Time, floor time.Duration) {
	m.failures = max(m.failures+1, m.over)
	wait := time.Second
	for range m.failures - 1 {
		wait = min(2*wait, 100*time.Second)
	}
	if due := now.Add(max(wait, floor)); due.After(m.due) {
		m.due = due
	}
}

// wait waits, without a connection if the wait is longer than 4 minutes.
func (m *model) wait(now time.Time) {
	m.state = fsm.Waiting
	if m.due.Sub(now) > 4*time.Minute {
		m.state = fsm.Closing
	}
}

// ask sends a request if one may be sent.
func (m *model) ask(now time.Time) {
	switch {
	case now.Before(m.due):
		m.wait(now)
		return
	case m.op:
		m.state = fsm.Polling
	default:
		m.state = fsm.Registering
	}
	m.last = now.Add(30 * time.Second)
}

// answer is an answer with a status: 202 is pending and 200 is assigned.
func (m *model) answer(now time.Time, status int, after time.Duration) {
	polling := m.op
	switch {
	case status == 202:
		if polling {
			m.failures = m.over
		}
		m.op, m.resuming, m.refreshed, m.garbled = true, false, false, 0
		if after == 0 {
			after = 3 * time.Second
		}
		m.due = now.Add(max(after, 2*time.Second))
	case status == 0: // unreadable
		if m.garbled++; m.garbled == 3 {
			m.state, m.end = fsm.Closing, true
			return
		}
		m.fail(now, after)
	case status == 429:
		m.garbled = 0
		m.fail(now, after)
	case status == 401 && polling && m.refreshed:
		m.state, m.end = fsm.Closing, true
		return
	case polling && m.resuming, polling && status == 404 && !m.gone, status == 412:
		if status == 404 && polling && !m.resuming {
			m.gone = true
		}
		m.op, m.garbled, m.over = false, 0, m.over+1
		m.fail(now, after)
	case status == 401 && polling:
		m.state, m.refreshed, m.garbled, m.due = fsm.Closing, true, 0, now.Add(after)
		return
	default:
		m.op = m.op && status != 404 // the operation has ended
		m.state, m.end = fsm.Closing, true
		return
	}
	m.wait(now)
}

// time does everything that is due.
func (m *model) time(now time.Time) {
	switch m.state {
	case fsm.Waiting:
		if !now.Before(m.due) {
			m.ask(now)
		}
	case fsm.Connecting, fsm.Subscribing, fsm.Registering, fsm.Polling:
		if !now.Before(m.last) {
			m.fail(now, 0)
			m.state = fsm.Closing
		}
	}
}

// The machine does the same as the model, whatever happens.
func TestMachineFollowsTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := testConfig()
		cfg.Policy = fsm.Policy{Budget: -1, MaxAttempts: -1, KeepAlive: -1, MaxThrottled: 1}
		m, err := fsm.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		var want model
		now := start
		receive := func(p packet.Packet) {
			b, _ := p.AppendBinary(nil)
			m.Receive(now, b)
		}
		open := func(*rapid.T) {
			if m.Open(now, []byte(testToken)) == nil {
				want.state, want.last, want.resuming = fsm.Connecting, now.Add(30*time.Second), want.op
			}
		}
		lost := func(*rapid.T) {
			m.Lost(now, errors.New("gone"))
			switch {
			case want.state == fsm.Finished:
			case want.end:
				want.state = fsm.Finished
			case want.state == fsm.Idle: // there is no transport
			default:
				if want.state != fsm.Closing {
					want.fail(now, 0)
				}
				want.state = fsm.Idle
			}
		}
		dialFailed := func(*rapid.T) {
			if m.DialFailed(now, errors.New("no route")); want.state == fsm.Idle {
				want.fail(now, 0)
			}
		}
		pass := func(d time.Duration) {
			now = now.Add(max(d, 0))
			m.Advance(now)
			want.time(now)
		}
		answer := func(t *rapid.T) {
			status := rapid.SampledFrom([]int{0, 202, 202, 202, 404, 412, 429, 429, 401}).Draw(t, "status")
			after := rapid.SampledFrom([]int{0, 1, 5, 60}).Draw(t, "retry-after")
			body := map[int]string{0: "{", 202: assigning, 429: throttled}[status]
			properties := ""
			if after > 0 {
				properties = fmt.Sprintf("&retry-after=%d", after)
			}
			receive(message(fmt.Sprintf("%d/?$rid=%s", max(status, 200), properties), body)) // an empty $rid
			want.answer(now, status, time.Duration(after)*time.Second)
		}
		forward := func(t *rapid.T) {
			switch want.state {
			case fsm.Idle:
				pass(m.Deadline().Sub(now))
				open(t)
			case fsm.Connecting:
				receive(&packet.Connack{})
				want.state, want.last = fsm.Subscribing, now.Add(30*time.Second)
			case fsm.Subscribing:
				receive(&packet.Suback{ID: 1, ReturnCodes: []byte{1}})
				want.ask(now)
			case fsm.Registering, fsm.Polling:
				answer(t)
			case fsm.Waiting:
				pass(m.Deadline().Sub(now))
			case fsm.Closing:
				lost(t)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"forward": forward, "on": forward, "ahead": forward, "further": forward, "still further": forward, // most of the time
			"open":        open,
			"lost":        lost,
			"dial failed": dialFailed,
			"violation": func(*rapid.T) {
				receive(&packet.Pingreq{})
				switch want.state {
				case fsm.Connecting, fsm.Subscribing, fsm.Registering, fsm.Waiting, fsm.Polling:
					want.fail(now, 0)
					want.state = fsm.Closing
				}
			},
			"time":     func(t *rapid.T) { pass(time.Duration(rapid.IntRange(0, 40).Draw(t, "seconds")) * time.Second) },
			"deadline": func(*rapid.T) { pass(m.Deadline().Sub(now)) },
			"": func(t *rapid.T) {
				if m.State() != want.state {
					t.Fatalf("the machine is %v, the model %v", m.State(), want.state)
				}
				if (want.state == fsm.Waiting || want.state == fsm.Idle) && !m.Deadline().Equal(want.due) {
					t.Fatalf("the machine waits until %v, the model until %v", m.Deadline().Sub(start), want.due.Sub(start))
				}
				if (m.OperationID() != "") != want.op {
					t.Fatalf("the machine has the operation %q, the model %t", m.OperationID(), want.op)
				}
			},
		})
	})
}
