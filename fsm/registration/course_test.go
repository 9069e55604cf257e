package registration_test

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/registration"
	"github.com/google/go-cmp/cmp"
)

func TestNormalCourse(t *testing.T) {
	g := newRig(t)
	g.want(registration.Idle, registration.WantDial)
	g.r.Ready(g.now)
	g.want(registration.Registering, registration.WantExchange)
	for i, want := range []string{"PUT", "GET 4.op", "GET 4.op"} {
		kind, _ := g.request()
		if rid := string('1' + rune(i)); kind != want || g.rid != rid {
			t.Errorf("request %s with $rid %s, want %s with %s", kind, g.rid, want, rid)
		}
		if i == 2 {
			break
		}
		g.answer(202, "3", assigning)
		g.want(registration.Waiting, registration.WantExchange)
		if d := g.sleep(); d != 3*time.Second {
			t.Errorf("waited %v, want 3 s", d)
		}
		g.want(registration.Polling, registration.WantExchange)
	}
	g.answer(200, "", assigned)
	g.want(registration.Closing, registration.WantClose)
	g.r.Lost(g.now, nil)
	if err := g.end(); err != nil {
		t.Error(err)
	}
	if kinds := g.kinds(); kinds != "wait wait end" || g.r.Ignored() != 0 {
		t.Errorf("events %s, %d messages ignored", kinds, g.r.Ignored())
	}
}

func TestRequestsHaveTheTopicsAndPayloadsOfTheService(t *testing.T) {
	for _, test := range []struct {
		change func(*registration.Config)
		body   string
	}{
		{func(*registration.Config) {}, `{"registrationId":"dev-1"}`},
		{func(c *registration.Config) { c.Payload = json.RawMessage(` [1] `) }, `{"registrationId":"dev-1","payload": [1] }`},
		{func(c *registration.Config) { c.Payload = json.RawMessage(`null`) }, `{"registrationId":"dev-1","payload":null}`},
		{func(c *registration.Config) { c.CSR, c.APIVersion = "AAAA", "2025-07-01-preview" }, `{"registrationId":"dev-1","csr":"AAAA"}`},
		{func(c *registration.Config) { c.EmptyBody = true }, ""},
	} {
		g := newRig(t, test.change)
		g.r.Ready(g.now)
		name, body, ok := g.r.AppendRequest(nil, nil)
		if want := "$dps/registrations/PUT/iotdps-register/?$rid=1"; string(name) != want || string(body) != test.body || !ok {
			t.Errorf("%s %s, want %s %s", name, body, want, test.body)
		}
		g.rid = "1"
		g.answer(202, "3", strings.Replace(assigning, "4.op", "4/öp", 1))
		g.sleep()
		name, body, ok = g.r.AppendRequest(nil, nil)
		if want := "$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=4%2F%C3%B6p"; string(name) != want || len(body) != 0 || !ok {
			t.Errorf("%s %s, want %s", name, body, want)
		}
	}
}

func TestRequestsComeOnce(t *testing.T) {
	g := newRig(t)
	if kind, _ := g.request(); kind != "" {
		t.Errorf("%s without a link", kind)
	}
	g.polling() // this checks the rest
	g.answer(202, "3", assigning)
	if kind, _ := g.request(); kind != "" {
		t.Errorf("%s in the wait", kind)
	}
	g.sleep()
	g.r.Stop(g.now)
	if kind, _ := g.request(); kind != "" {
		t.Errorf("%s after the end", kind)
	}
	g = newRig(t)
	g.r.Ready(g.now)
	g.lose()
	if kind, _ := g.request(); kind != "" {
		t.Errorf("%s without a link", kind)
	}
}

func TestRequestIDsAreACounterBehindThePrefix(t *testing.T) {
	g := newRig(t, endless, func(c *registration.Config) { c.RequestIDPrefix = "dev/1-" })
	for _, want := range []string{"dev/1-1", "dev/1-2", "dev/1-3"} {
		g.next()
		if g.rid != want {
			t.Errorf("$rid %q, want %q", g.rid, want)
		}
		if g.message("202/?$rid="+strings.TrimPrefix(want, "dev/1-"), assigning) {
			t.Error("an answer without the prefix is accepted")
		}
		if want == "dev/1-2" {
			g.lose() // the counter continues on a new link
			continue
		}
		g.answer(202, "", assigning)
	}
}

func TestRequestIDsAreDecimal(t *testing.T) {
	g := newRig(t, endless)
	for i := range 120 {
		if g.exchange(202, "", assigning); g.rid != strconv.Itoa(i+1) {
			t.Fatalf("$rid %s of request %d", g.rid, i+1)
		}
	}
}

func TestS4_S5_OnlyTheAnswerToTheOpenRequestIsTaken(t *testing.T) {
	g := newRig(t)
	if g.message("202/?$rid=1", assigning) || g.message("202/?$rid=", assigning) {
		t.Error("an answer before the link is ready is accepted")
	}
	g.exchange(202, "3", assigning)
	if g.message("200/?$rid=1", assigned) || g.message("200/?$rid=", assigned) {
		t.Error("a second answer is accepted")
	}
	g.sleep()
	g.request()
	for _, topic := range []string{"200/?$rid=1", "200/?$rid=3", "200/?$rid=22", "200/?", "200/?$ridd=2", "20/?$rid=2", "200"} {
		if g.message(topic, assigned) {
			t.Errorf("%s is accepted", topic)
		}
	}
	if g.r.Message(g.now, []byte("$iothub/x"), []byte(assigned)) || g.r.Message(g.now, nil, nil) {
		t.Error("a foreign topic is accepted")
	}
	if n := g.r.Ignored(); n != 13 {
		t.Errorf("%d messages were ignored, want 13", n)
	}
	g.want(registration.Polling, registration.WantExchange)
	if !g.message("200/?retry-after=1&x=y&$RID=%32", assigned) {
		t.Error("the answer is ignored")
	}
	if err := g.end(); err != nil {
		t.Error(err)
	}
	if g.message("200/?$rid=2", gone) {
		t.Error("an answer after the end is accepted")
	}
	if kinds := g.kinds(); kinds != "ignored ignored wait"+strings.Repeat(" ignored", 11)+" end ignored" {
		t.Errorf("events %s", kinds)
	}
}

// A $rid with a broken escape is treated as one that the device has not sent,
// not as a malformed topic.
func TestS4_AnAnswerWithABrokenRequestIDIsNotOurs(t *testing.T) {
	g := newRig(t)
	g.next()
	for _, rid := range []string{"%", "1%", "%3", "%3g", "%31%"} {
		if g.message("200/?$rid="+rid, assigned) {
			t.Errorf("$rid=%s is accepted", rid)
		}
		if e := g.events[len(g.events)-1]; e.Kind != registration.EventIgnored || e.Note != "its $rid is not that of the open request" {
			t.Errorf("$rid=%s: %v, %s", rid, e.Kind, e.Note)
		}
	}
	g.want(registration.Registering, registration.WantExchange)
}

// The service returns an empty $rid if it cannot read that of the request.
func TestS4_AnEmptyRequestIDIsThatOfTheOpenRequest(t *testing.T) {
	g := newRig(t)
	g.next()
	if !g.message("202/?$rid=", assigning) {
		t.Error("the answer is ignored")
	}
	g.want(registration.Waiting, registration.WantExchange)
}

func TestInputsInTheWrongStateHaveNoEffect(t *testing.T) {
	lost, dialFailed := errors.New("lost"), errors.New("no dial")
	inputs := map[string]func(g *rig){
		"Ready":      func(g *rig) { g.r.Ready(g.now) },
		"Lost":       func(g *rig) { g.r.Lost(g.now, lost) },
		"DialFailed": func(g *rig) { g.r.DialFailed(g.now, dialFailed) },
		"Advance":    func(g *rig) { g.r.Advance(g.now) },
		"an earlier": func(g *rig) { g.r.Advance(g.now.Add(-time.Hour)) },
		"a message":  func(g *rig) { g.message("200/?$rid=7", assigned) },
	}
	for _, test := range []struct {
		state  registration.State
		course func(g *rig)
		effect string // inputs that have an effect
	}{
		{registration.Idle, func(g *rig) { g.r.Advance(g.now) }, "Ready DialFailed"},
		{registration.Idle, func(g *rig) { g.r.DialFailed(g.now, nil) }, "Ready DialFailed"},
		{registration.Registering, func(g *rig) { g.next() }, "Lost"},
		{registration.Waiting, func(g *rig) { g.exchange(202, "3", assigning) }, "Lost"},
		{registration.Polling, func(g *rig) { g.polling() }, "Lost"},
		{registration.Closing, func(g *rig) { g.next(); g.sleep() }, "Lost"},
		{registration.Closing, func(g *rig) { g.next(); g.r.Stop(g.now) }, "Lost"},
		{registration.Finished, func(g *rig) { g.r.Stop(g.now) }, ""},
	} {
		for name, input := range inputs {
			if strings.Contains(test.effect, name) {
				continue
			}
			g := newRig(t)
			test.course(g)
			if g.r.State() != test.state {
				t.Fatalf("in state %v, want %v", g.r.State(), test.state)
			}
			before := snapshot(g)
			input(g)
			input(g)
			if diff := cmp.Diff(before, snapshot(g)); diff != "" {
				t.Errorf("%s in state %v (-before +after):\n%s", name, test.state, diff)
			}
		}
	}
}

// snapshot returns everything that can be observed of a registration.
func snapshot(g *rig) map[string]any {
	a, err := g.r.Result()
	return map[string]any{"state": g.r.State().String(), "deadline": g.r.Deadline(), "result": a, "error": err.Error(), "end": g.r.End(), "id": g.r.OperationID()}
}

func TestMessagesCountAsIgnoredOnceEach(t *testing.T) {
	g := newRig(t)
	for i := range 3 {
		if g.message("200/?$rid=1", assigned); g.r.Ignored() != i+1 {
			t.Errorf("%d ignored after %d", g.r.Ignored(), i+1)
		}
	}
	for i, want := range []string{"no request is open", "no request is open", "no request is open"} {
		if g.events[i].Note != want || g.events[i].State != registration.Idle {
			t.Errorf("%+v, want %s", g.events[i], want)
		}
	}
	g.next()
	g.events = nil
	g.message("200/?$rid=2", assigned)
	g.r.Message(g.now, []byte("x"), nil)
	if g.events[0].Note != "its $rid is not that of the open request" || g.events[1].Note != "its topic is not that of an answer" {
		t.Errorf("%+v", g.events)
	}
}
