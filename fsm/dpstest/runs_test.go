package dpstest_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/packet"
	"github.com/google/go-cmp/cmp"
)

// The second run of a test suite sees the same faults as the first: the steps
// that Fault.Nth counts are counted from 1 again once a registration has ended.
func TestFaultsRepeatWithEachRun(t *testing.T) {
	second := dpstest.Fault{At: dpstest.OnQuery, Nth: 2, Status: 500}
	for name, test := range map[string]struct {
		o      dpstest.Outcome
		faults []dpstest.Fault
		topics []string // of one run
		want   string   // the statuses of one run
		same   bool
	}{
		"assigned":          {dpstest.Outcome{Polls: 1}, []dpstest.Fault{{At: dpstest.OnRegister, Nth: 1, Status: 429}, second}, []string{registerT, registerT, "query", "query", "query"}, "429 202 202 500 200", true},
		"failed":            {dpstest.Outcome{Status: "failed"}, []dpstest.Fault{{At: dpstest.OnRegister, Nth: 1, Status: 503}}, []string{registerT, registerT, "query"}, "503 202 200", true},
		"at once":           {dpstest.Outcome{AtOnce: true}, []dpstest.Fault{{At: dpstest.OnRegister, Nth: 1, Status: 500}}, []string{registerT, registerT}, "500 200", true},
		"refused":           {dpstest.Outcome{}, []dpstest.Fault{{At: dpstest.OnRegister, Nth: 2, Status: 401}, {At: dpstest.OnRegister, Nth: 1, Status: 599}}, []string{registerT, registerT}, "599 401", true},
		"unknown operation": {dpstest.Outcome{Status: "assigning"}, []dpstest.Fault{{At: dpstest.OnQuery, Nth: 1, Status: 404}, {At: dpstest.OnQuery, Nth: 2, Status: 412}}, []string{registerT, "query", "query", "query"}, "202 404 412 202", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, device(test.o, test.faults...))
			var runs []string
			for i := range 3 {
				p, operation, all := newDevice(t, s, "dev-1"), "", []string(nil)
				p.now = start.Add(time.Duration(i) * time.Minute) // so that quotas have no effect
				for _, topic := range test.topics {
					if topic == "query" {
						topic = "GET/iotdps-get-operationstatus/?$rid=1&operationId=" + operation
					}
					answer := p.say(publish(topic, 0, 0, ""))[0]
					_, status, _ := strings.Cut(answer, "/res/")
					all = append(all, status[:3])
					if _, id, ok := strings.Cut(answer, `"operationId":"`); ok {
						operation, _, _ = strings.Cut(id, `"`)
					}
				}
				p.c.Lost(start)
				runs = append(runs, strings.Join(all, " "))
			}
			if runs[0] != test.want || (runs[1] == runs[0] && runs[2] == runs[0]) != test.same {
				t.Errorf("%q, want %q first, and the same again: %t", runs, test.want, test.same)
			}
		})
	}
}

// A CONNECT or SUBSCRIBE that is refused also ends a registration, unless the
// device is expected to try again.
func TestRefusedConnectionsEndARun(t *testing.T) {
	for code, same := range map[byte]bool{1: false, 2: true, 3: false, 4: true, 5: true, 0x80: true} {
		f := dpstest.Fault{At: dpstest.OnConnect, Nth: 1, ReturnCode: code}
		if code == 0x80 {
			f.At = dpstest.OnSubscribe
		}
		s := newService(t, device(dpstest.Outcome{}, f))
		var runs []string
		for range 2 {
			runs = append(runs, strings.Join(newPeer(t, s).say(connect(), subscribe(0)), " "))
		}
		if (runs[0] == runs[1]) != same {
			t.Errorf("%d: %q, want the same twice: %t", code, runs, same)
		}
	}
}

// An answer that does not reach the device does not end its registration.
func TestLostAnswersEndNoRun(t *testing.T) {
	body := "{"
	for name, f := range map[string]dpstest.Fault{
		"silence": {Silence: true}, "hung up": {HangUp: true}, "bad body": {Body: &body}, "another $rid": {RequestID: &body}, "503": {Status: 503},
	} {
		f.At, f.Nth = dpstest.OnRegister, 1
		s := newService(t, device(dpstest.Outcome{AtOnce: true}, f))
		first := newDevice(t, s, "dev-1").say(publish(registerT, 0, 0, ""))
		second := newDevice(t, s, "dev-1").say(publish(registerT, 0, 0, ""))
		if cmp.Equal(first, second) || len(second) != 1 || !strings.Contains(second[0], `"status":"assigned"`) {
			t.Errorf("%s: %q, then %q", name, first, second)
		}
	}
	s := newService(t, device(dpstest.Outcome{AtOnce: true}, dpstest.Fault{At: dpstest.OnRegister, Nth: 2, Status: 500}))
	p := newPeer(t, s)
	hello, _ := as("dev-1")
	p.say(hello, publish(registerT, 0, 0, "")) // without a subscription
	if got := newDevice(t, s, "dev-1").status(registerT, ""); got != "500/?$rid=r1" {
		t.Errorf("the second registration is answered with %s", got)
	}
}

// Reset discards operations and the counts for quotas and faults, and leaves
// connections open.
func TestReset(t *testing.T) {
	s, err := dpstest.New(dpstest.Config{IDScope: scope, RegistrationsPerMinute: 2, PollsPer10s: 1, Enrollments: []dpstest.Enrollment{
		device(dpstest.Outcome{Status: "assigning"}, dpstest.Fault{At: dpstest.OnRegister, Nth: 1, Status: 500}),
	}})
	if err != nil {
		t.Fatal(err)
	}
	p := newDevice(t, s, "dev-1")
	use := func(query string) (all []string) {
		for _, topic := range []string{registerT, registerT, registerT, registerT, query, query} {
			all = append(all, p.status(topic, "")[:3])
		}
		return all
	}
	first := use(queryT("1"))
	s.Reset()
	if got := p.status(queryT("1"), ""); got != "404/?$rid=1" {
		t.Errorf("a query for an operation from before Reset is answered with %s", got)
	}
	s.Reset()
	if d := cmp.Diff(first, use(queryT("3"))); d != "" || !slices.Equal(first, []string{"500", "202", "202", "429", "202", "429"}) {
		t.Error(first, d)
	}
	p.expect(p.say(&packet.Pingreq{}), false, "PINGRESP")
}

// SetConfig replaces the enrollments, or changes nothing if the Config is
// invalid. Open connections and operations continue.
func TestSetConfig(t *testing.T) {
	s := newService(t, device(dpstest.Outcome{Status: "assigning"}))
	old := newDevice(t, s, "dev-1")
	old.status(registerT, "")
	if err := s.SetConfig(dpstest.Config{IDScope: "other", Enrollments: []dpstest.Enrollment{{}}}); err == nil || !strings.Contains(err.Error(), "enrollments[0]") {
		t.Errorf("%v", err)
	}
	newDevice(t, s, "dev-1") // this ends the old connection
	old = newDevice(t, s, "dev-1")
	if err := s.SetConfig(dpstest.Config{IDScope: scope, Enrollments: []dpstest.Enrollment{{RegistrationID: "dev-2", PrimaryKey: encoded(key)}}}); err != nil {
		t.Fatal(err)
	}
	if got := old.status(queryT("1"), ""); got != waiting {
		t.Errorf("a query for the operation is answered with %s", got)
	}
	if got := newDevice(t, s, "dev-1").status(registerT, ""); got != "404/?$rid=r1" {
		t.Errorf("a device that is no longer enrolled is answered with %s", got)
	}
	newDevice(t, s, "dev-2").status(registerT, "")
}

// A connection that a second one replaces ends at the time of the second one's
// CONNECT.
func TestReplacedConnectionEndsNow(t *testing.T) {
	var ended time.Time
	s, err := dpstest.New(dpstest.Config{IDScope: scope, Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{})}, Log: func(e dpstest.Event) {
		if e.Kind == dpstest.EventClosed {
			ended = e.Time
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	newDevice(t, s, "dev-1")
	now := start.Add(time.Hour)
	p := &peer{t, s.Open(now, nil), now}
	p.expect(p.say(connect()), false, "CONNACK accepted")
	if !ended.Equal(now) {
		t.Errorf("it ended at %v", ended)
	}
}
