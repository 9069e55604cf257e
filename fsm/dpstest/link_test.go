package dpstest_test

import (
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/fsm/dpstest"
)

// A Report counts what happened on all connections, and each connection ends,
// except for one that the machine leaves open.
func TestReportsAddUp(t *testing.T) {
	for _, keep := range []bool{false, true} {
		var want dpstest.Report
		closed := 0
		s, err := dpstest.New(dpstest.Config{IDScope: scope, Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{Polls: 3})}, Log: func(e dpstest.Event) {
			switch e.Kind {
			case dpstest.EventOpened:
				want.Connections++
				want.Dials++
			case dpstest.EventReceived:
				want.Sent += len(encode(t, e.Packet))
			case dpstest.EventSent:
				want.Received += len(encode(t, e.Packet))
			case dpstest.EventClosed:
				closed++
				if strings.HasPrefix(e.Text, "closed because the device connected again") {
					t.Errorf("%v", e)
				}
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		l := dpstest.Link{Chunk: 7, Breaks: []time.Duration{5 * time.Second, 8 * time.Second}, NoRoute: time.Nanosecond}
		_, r, err := run(t, l, s, func(c *fsm.Config) { c.Policy.KeepSession = keep })
		want.Dials, want.Elapsed, want.Requests = want.Dials+1, r.Elapsed, 5 // the first dial fails
		if err != nil || r != want || r.Connections != 3 || r.Elapsed < 12*time.Second {
			t.Errorf("%+v, %v, want %+v", r, err, want)
		}
		if still := r.Connections - closed; still != map[bool]int{true: 1}[keep] {
			t.Errorf("%t: %d connections are open", keep, still)
		}
	}
}

// A machine that cannot encode its CONNECT does not open a connection.
func TestConnectThatCannotBeMade(t *testing.T) {
	m := newMachine(t)
	r, err := dpstest.Link{}.Run(m, newService(t), start)
	if _, failed := m.Result(); err != nil || failed == nil || r.Dials != 1 || r.Connections != 0 {
		t.Errorf("%+v, %v, %v", r, err, failed)
	}
}

// A deadline is processed before data that arrives at the same time.
func TestDeadlinesComeFirst(t *testing.T) {
	for delay, dials := range map[float64]int{27.999: 1, 28: 2} { // 34 s after the start, 30 s after the request
		for _, chunk := range []int{0, 1} {
			s := newService(t, device(dpstest.Outcome{}, dpstest.Fault{At: dpstest.OnRegister, Nth: 1, Delay: delay}))
			if _, r, err := run(t, dpstest.Link{Chunk: chunk, Latency: time.Second}, s); err != nil || r.Dials != dials {
				t.Errorf("%v s in chunks of %d: %+v, %v", delay, chunk, r, err)
			}
		}
	}
}

// Data in transit to the device when it closes the connection is not delivered
// to the service.
func TestNothingTurnsBack(t *testing.T) {
	o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{}, dpstest.Fault{At: dpstest.OnRegister, Nth: 1, Raw: "ffff"})}})
	if _, r, err := run(t, dpstest.Link{Chunk: 1}, o.Service); err != nil || r.Connections != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	for _, named := range o.named {
		if strings.HasPrefix(named, "violation ") {
			t.Errorf("%q", o.texts)
		}
	}
}
