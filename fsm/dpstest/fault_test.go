package dpstest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"example.com/dps/fsm"
	"example.com/dps/fsm/dpstest"
	"example.com/dps/packet"
	"github.com/google/go-cmp/cmp"
)

// A status below 400 replaces the status in the topic and changes nothing else:
// older versions of the service answered a registration with 200 and
// "assigning".
func TestFaultStatus(t *testing.T) {
	for _, test := range []struct {
		at     dpstest.Step
		status int
		want   string
	}{
		{dpstest.OnRegister, 200, `200/?$rid=r1&retry-after=3" payload=94 bytes {"operationId":"4.0000000000000001.`},
		{dpstest.OnRegister, 399, `399/?$rid=r1&retry-after=3" payload=94 bytes {"operationId":"4.0000000000000001.`},
		{dpstest.OnRegister, 400, `400/?$rid=r1" payload=148 bytes {"errorCode":400004,`},
		{dpstest.OnRegister, 404, `404/?$rid=r1" payload=148 bytes {"errorCode":404201,`},
		{dpstest.OnRegister, 429, `429/?$rid=r1" payload=148 bytes {"errorCode":429001,`},
		{dpstest.OnRegister, 503, `503/?$rid=r1" payload=148 bytes {"errorCode":503000,`},
		{dpstest.OnQuery, 404, `404/?$rid=r1" payload=148 bytes {"errorCode":404203,`},
		{dpstest.OnQuery, 503, `503/?$rid=r1" payload=148 bytes {"errorCode":503000,`},
	} {
		p := newPeer(t, newService(t, device(dpstest.Outcome{}, dpstest.Fault{At: test.at, Status: test.status})))
		p.say(connect(), subscribe(0))
		name := registerT
		if test.at == dpstest.OnQuery {
			name = "GET/iotdps-get-operationstatus/?$rid=r1&operationId=4"
		}
		p.expect(p.say(publish(name, 0, 0, "")), false, `PUBLISH qos=0 topic="$dps/registrations/res/`+test.want)
	}
	_, r, err := run(t, dpstest.Link{}, newService(t, device(dpstest.Outcome{Polls: 1}, dpstest.Fault{At: dpstest.OnRegister, Status: 200}, dpstest.Fault{At: dpstest.OnQuery, Nth: 1, Status: 200})))
	if err != nil || r.Elapsed != 6*time.Second || r.Requests != 3 {
		t.Errorf("%+v, %v", r, err)
	}
}

// A missing PINGRESP ends the connection, and the registration continues on
// another one.
func TestFaultPing(t *testing.T) {
	slow := dpstest.Outcome{Polls: 1, RetryAfter: "100"}
	_, r, err := run(t, dpstest.Link{}, newService(t, device(slow, dpstest.Fault{At: dpstest.OnPing, Nth: 1, Silence: true})))
	if err != nil || r.Connections != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	_, r, err = run(t, dpstest.Link{}, newService(t, device(slow)))
	if err != nil || r.Connections != 1 {
		t.Errorf("without the fault: %+v, %v", r, err)
	}
}

func TestFaultUnsubscribe(t *testing.T) {
	p := newPeer(t, newService(t, device(dpstest.Outcome{}, dpstest.Fault{At: dpstest.OnUnsubscribe, HangUp: true})))
	p.expect(p.say(connect(), &packet.Unsubscribe{ID: 1, Filters: [][]byte{[]byte("a")}}), true, "CONNACK")
}

// steps returns all steps: those that have a name.
func steps() (all []dpstest.Step) {
	for s := dpstest.Step(1); s.String() != fmt.Sprint("step ", byte(s)); s++ {
		all = append(all, s)
	}
	return all
}

// stepNames returns the names of all steps.
func stepNames() (all []string) {
	for _, s := range steps() {
		all = append(all, s.String())
	}
	return all
}

func TestStepNames(t *testing.T) {
	if diff := cmp.Diff([]string{"connect", "subscribe", "register", "query", "ping", "unsubscribe"}, stepNames()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, s := range steps() {
		text, err := json.Marshal(s)
		if err != nil || string(text) != `"`+s.String()+`"` {
			t.Fatalf("%s, %v", text, err)
		}
		back := dpstest.Step(99)
		if err := json.Unmarshal(text, &back); err != nil || back != s {
			t.Errorf("%s is decoded as %v, %v", text, back, err)
		}
	}
	var s dpstest.Step
	if err := json.Unmarshal([]byte(`"regsiter"`), &s); err == nil || err.Error() != fmt.Sprintf(`step is "regsiter", expected one of %q`, stepNames()) {
		t.Errorf("a misspelled step: %v", err)
	}
	for s, want := range map[dpstest.Step]string{0: "step 0", 99: "step 99", 255: "step 255"} {
		if got := s.String(); got != want {
			t.Error(got)
		}
	}
}

func TestRetryAfterInJSON(t *testing.T) {
	for text, want := range map[string]dpstest.RetryAfter{`7`: "7", `"7"`: "7", `null`: "", `-1`: "-1", `1.5`: "1.5", `"soon"`: "soon", `"none"`: dpstest.NoRetryAfter} {
		var r dpstest.RetryAfter
		if err := json.Unmarshal([]byte(text), &r); err != nil || r != want {
			t.Errorf("%s is decoded as %q, %v", text, r, err)
		}
	}
	for _, text := range []string{`true`, `{}`, `[]`} {
		var r dpstest.RetryAfter
		if err := json.Unmarshal([]byte(text), &r); err == nil {
			t.Errorf("%s is decoded as %q", text, r)
		}
	}
	var r dpstest.RetryAfter
	if err := r.UnmarshalJSON(nil); err == nil {
		t.Error("an empty text is accepted")
	}
	if _, err := dpstest.New(dpstest.Config{IDScope: scope, RetryAfter: "2147483648"}); err != nil { // topic.MaxRetryAfter
		t.Error(err)
	}
}

// A client cannot add lines to a log.
func TestLogLines(t *testing.T) {
	var all []string
	s, err := dpstest.New(dpstest.Config{IDScope: scope, Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{})},
		Log: func(e dpstest.Event) { all = append(all, e.String()) }})
	if err != nil {
		t.Fatal(err)
	}
	p := newPeer(t, s)
	p.say(connect(func(c *packet.Connect) {
		c.Username = []byte(scope + "/registrations/dev-1/api-version=\x1b[2J")
	}), subscribe(0), publish("PUT/iotdps-register/?$rid=a%0Ab%FF", 0, 0, ""))
	p = newPeer(t, s)
	p.say(connect(func(c *packet.Connect) { c.ClientID = []byte("x\ny") }))
	if len(all) < 5 {
		t.Fatalf("%d lines", len(all))
	}
	for _, line := range all {
		if strings.ContainsAny(line, "\n\x1b") || !utf8.ValidString(line) {
			t.Errorf("%q", line)
		}
	}
}

// The status is compared without regard to case.
func TestAssignedInAnyCase(t *testing.T) {
	a, _, err := run(t, dpstest.Link{}, newService(t, device(dpstest.Outcome{Status: "Assigned"})))
	if err != nil || a.AssignedHub == "" || a.Status != "Assigned" {
		t.Errorf("%+v, %v", a, err)
	}
}

// A run that would never end is stopped.
func TestStuck(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a second")
	}
	m := newMachine(t, func(c *fsm.Config) { c.Policy.Budget, c.Policy.MaxAttempts = -1, -1 })
	s := newService(t, device(dpstest.Outcome{}, dpstest.Fault{At: dpstest.OnConnect, HangUp: true}))
	password := []byte("SharedAccessSignature")
	if _, err := (dpstest.Link{Password: func(time.Time) []byte { return password }}).Run(m, s, start); !errors.Is(err, dpstest.ErrStuck) || !strings.Contains(err.Error(), ": 1000000 steps, the machine is ") {
		t.Errorf("%v, want ErrStuck", err)
	}
}

// A stale answer is the answer that was sent last, and the device does not
// mistake it for the answer to its request.
func TestStale(t *testing.T) {
	s := newService(t, device(dpstest.Outcome{Polls: 1}, dpstest.Fault{At: dpstest.OnQuery, Nth: 2, Stale: true}))
	m := newMachine(t)
	if _, err := (dpstest.Link{Password: signed(key, "dev-1")}).Run(m, s, start); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Result(); err != nil || m.Ignored() != 1 {
		t.Errorf("%v; %d answers were ignored, want 1", err, m.Ignored())
	}
}
