package registration_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/registration"
)

func TestS1_AMissingAnswerLeadsToANewLink(t *testing.T) {
	g := newRig(t)
	for _, test := range []struct {
		kind string
		wait time.Duration
	}{{"PUT", 0}, {"PUT", 1}, {"PUT", 2}, {"PUT", 4}} {
		if kind, waited := g.next(); kind != test.kind || waited != test.wait*time.Second {
			t.Errorf("%s after %v, want %s after %v s", kind, waited, test.kind, test.wait)
		}
		if d := g.sleep(); d != 30*time.Second {
			t.Errorf("waited %v for the answer", d)
		}
		g.want(registration.Closing, registration.WantClose)
		if e := g.events[len(g.events)-1]; !errors.Is(e.Err, registration.ErrNoAnswer) || !e.Until.Equal(g.now.Add(time.Second<<(g.puts-1))) {
			t.Errorf("%+v", e)
		}
	}
}

func TestS11_ALostLinkGoesOnWithTheOperation(t *testing.T) {
	for noResume, want := range map[bool]string{false: "GET 4.op", true: "PUT"} {
		g := newRig(t, func(c *registration.Config) { c.Policy.NoResume = noResume })
		g.polling()
		g.lose()
		g.want(registration.Idle, registration.WantDial)
		if kind, waited := g.next(); kind != want || waited != time.Second {
			t.Errorf("%s after %v, want %s", kind, waited, want)
		}
		g = newRig(t, func(c *registration.Config) { c.Policy.NoResume = noResume })
		g.exchange(202, "20", assigning)
		g.lose()
		if kind, waited := g.next(); kind != want || waited != 20*time.Second {
			t.Errorf("%s after %v, want the wait to continue", kind, waited)
		}
	}
}

func TestS14_ALinkLostAfterTheRegistrationGivesAHint(t *testing.T) {
	g := newRig(t)
	g.next()
	g.r.Lost(g.now, io.EOF)
	err := g.events[len(g.events)-1].Err
	if !errors.Is(err, registration.ErrLost) || !errors.Is(err, io.EOF) || !strings.HasPrefix(err.Error(), "registration: registering: connection lost: EOF (the service closes") {
		t.Errorf("%v", err)
	}
	g.next()
	step := &registration.StepError{State: registration.Subscribing, Err: registration.ErrLost}
	g.r.Lost(g.now, step)
	if err := g.events[len(g.events)-1].Err; err != error(step) {
		t.Errorf("%v, want the error that was passed in", err)
	}
}

func TestS13_ThreeUnreadableAnswersInARowAreTheEnd(t *testing.T) {
	for body, text := range map[string]string{
		"":                                  "unreadable answer: JSON ends at byte 0, in the middle of a value",
		`{"status":"assigned"}`:             "unreadable answer: assigned without assignedHub or deviceId",
		`{"errorCode":5}`:                   "unreadable answer: an error with status 200",
		`{"errorCode":202000}`:              "unreadable answer: an error with status 200",
		`{"errorCode":401002,"message":""}`: "unreadable answer: an error with status 200",
		"<html>\r\n":                        "unreadable answer: JSON has an unexpected '<' at byte 0",
		`{"status":"assigning","operationId":"` + strings.Repeat("o", 257) + `"}`: "unreadable answer: operationId has 257 bytes, the limit is 256",
	} {
		g := newRig(t)
		for _, want := range []time.Duration{0, 1, 2} {
			if _, waited := g.exchange(200, "", body); waited != want*time.Second {
				t.Errorf("%s: waited %v, want %d s", body, waited, want)
			}
		}
		e := g.gaveUp(registration.ErrAttempts)
		if !errors.Is(e, registration.ErrBody) || e.Attempts != 3 || e.Last.Error() != "registration: registering: "+text {
			t.Errorf("%s: %v", body, e)
		}
	}
	g := newRig(t, endless) // only a series of them counts
	for _, status := range []int{200, 200, 429, 200, 200, 503, 200, 399, 200} {
		if kind, _ := g.exchange(status, "", ""); kind != "PUT" {
			t.Errorf("%s before %d", kind, status)
		}
	}
	g.gaveUp(registration.ErrAttempts)
}

func TestS8_AnUnknownWordWith429Or5xxIsTriedAgain(t *testing.T) {
	for status, body := range map[int]string{
		429: `{"status":"Throttled","errorCode":429001}`, 500: `{"status":"x"}`, 503: `{"status":"ServiceUnavailable"}`, 599: `{"operationId":"","status":"y"}`,
	} {
		g := newRig(t)
		g.exchange(status, "7", body)
		if kind, waited := g.exchange(202, "", assigning); kind != "PUT" || waited != 7*time.Second {
			t.Errorf("%d: %s after %v", status, kind, waited)
		}
		g.exchange(status, "7", body)
		if kind, waited := g.next(); kind != "GET 4.op" || waited != 7*time.Second {
			t.Errorf("%d: %s after %v", status, kind, waited)
		}
	}
}

func TestS8_A5xxThatNamesNoWaitIsNotTriedAgainWithin5s(t *testing.T) {
	for _, test := range []struct {
		status int
		after  string
		want   time.Duration
	}{{500, "", 5}, {503, "", 5}, {503, "x", 5}, {503, "0", 1}, {503, "-1", 1}, {503, "2", 2}, {503, "2.5", 3}, {503, "7", 7}, {429, "", 1}, {429, "x", 1}} {
		g := newRig(t)
		g.exchange(test.status, test.after, "")
		if _, waited := g.next(); waited != test.want*time.Second {
			t.Errorf("%+v: waited %v", test, waited)
		}
	}
	g := newRig(t, endless)
	for i, want := range []time.Duration{0, 5, 5, 5, 8, 16, 32, 64, 100} {
		if _, waited := g.exchange(503, "", ""); waited != want*time.Second {
			t.Errorf("waited %v after %d answers, want %d s", waited, i, want)
		}
	}
}

// The service checks the password with each request, and it may have expired
// since the CONNECT.
func TestA401ToAQueryIsWorthOneNewLink(t *testing.T) {
	unauthorized := `{"errorCode":401000,"message":"Unauthorized"}`
	g := newRig(t, func(c *registration.Config) { c.Policy.MaxAttempts, c.Policy.NoResume = 1, true })
	g.polling()
	for range 3 { // as often as there is progress in the meantime
		g.answer(401, "", unauthorized)
		g.want(registration.Closing, registration.WantClose)
		if e := g.events[len(g.events)-1]; e.Kind != registration.EventRetry || !errors.Is(e.Err, registration.ErrRefused) || !e.Until.Equal(g.now) {
			t.Errorf("%+v", e)
		}
		if kind, waited := g.exchange(202, "", assigning); kind != "GET 4.op" || waited != 0 {
			t.Fatalf("%s after %v, want the same query immediately", kind, waited)
		}
		g.next()
	}
	g.answer(401, "", unauthorized)
	g.exchange(401, "", unauthorized)
	if e := g.refusal(); !errors.Is(e, registration.ErrUnauthorized) || e.State != registration.Polling || g.puts != 1 {
		t.Errorf("%v after %d registrations", e, g.puts)
	}

	g = newRig(t) // failures in the meantime are not progress
	g.polling()
	g.answer(401, "", unauthorized)
	g.exchange(503, "", "")
	g.next()
	g.lose()
	g.exchange(401, "", unauthorized)
	if e := g.refusal(); !errors.Is(e, registration.ErrUnauthorized) {
		t.Errorf("%v", e)
	}

	g = newRig(t) // a 401 on a registration does not lead to a new link
	g.exchange(401, "", unauthorized)
	if e := g.refusal(); !errors.Is(e, registration.ErrUnauthorized) || e.State != registration.Registering {
		t.Errorf("%v", e)
	}
}

func TestPendingWithoutAnOperationIDIsAFailure(t *testing.T) {
	g := newRig(t, func(c *registration.Config) { c.Policy.MaxAttempts = 3 })
	g.exchange(202, "4", `{"status":"unassigned"}`)
	if kind, waited := g.exchange(202, "", `{"status":"assigning","operationId":""}`); kind != "PUT" || waited != 4*time.Second {
		t.Errorf("%s after %v", kind, waited)
	}
	g.exchange(202, "", `{"status":"assigning","operationId":7}`)
	if e := g.gaveUp(registration.ErrAttempts); !errors.Is(e, registration.ErrBody) || !strings.HasSuffix(e.Error(), `unreadable answer: "assigning" without operationId`) {
		t.Errorf("%v", e)
	}
	g = newRig(t, func(c *registration.Config) { c.Policy.MaxAttempts = 1 })
	g.exchange(202, "", `{"status":"`+strings.Repeat("x", 50)+`"}`)
	if e := g.gaveUp(registration.ErrAttempts); !strings.HasSuffix(e.Error(), `unreadable answer: "`+strings.Repeat("x", 32)+`" without operationId`) {
		t.Errorf("%v", e)
	}
}

func TestTheTraceTellsOfEachFailure(t *testing.T) {
	for name, test := range map[string]struct {
		course func(g *rig)
		text   string
		state  registration.State
		wait   time.Duration
	}{
		"429":         {func(g *rig) { g.exchange(429, "7", throttled) }, `refused with status 429, error code 429001: "Operations are being throttled for this tenant."`, registration.Waiting, 7},
		"503, long":   {func(g *rig) { g.exchange(503, "241", "") }, "refused with status 503", registration.Closing, 241},
		"412":         {func(g *rig) { g.exchange(412, "", "") }, "refused with status 412", registration.Waiting, 1},
		"garbled":     {func(g *rig) { g.exchange(200, "9", "x") }, "registering: unreadable answer: JSON has an unexpected 'x' at byte 0", registration.Waiting, 9},
		"no answer":   {func(g *rig) { g.next(); g.sleep() }, "registering: no answer in time", registration.Closing, 1},
		"query, lost": {func(g *rig) { g.polling(); g.lose() }, "polling: connection lost: unexpected EOF", registration.Idle, 1},
		"wait, lost":  {func(g *rig) { g.exchange(202, "3", assigning); g.lose() }, "waiting: connection lost: unexpected EOF", registration.Idle, 3},
		"dial":        {func(g *rig) { g.r.DialFailed(g.now, io.EOF) }, "dialing: no connection: EOF", registration.Idle, 1},
	} {
		g := newRig(t)
		test.course(g)
		e := g.events[len(g.events)-1]
		if e.Kind != registration.EventRetry || !e.Time.Equal(g.now) || e.State != test.state || !e.Until.Equal(g.now.Add(test.wait*time.Second)) ||
			e.Err == nil || e.Err.Error() != "registration: "+test.text {
			t.Errorf("%s: %+v", name, e)
		}
		if test.state != registration.Closing && !e.Until.Equal(g.r.Deadline()) {
			t.Errorf("%s: until %v, the deadline is %v", name, e.Until, g.r.Deadline())
		}
	}
}

// The keys and values that decide may contain escapes.
func TestEscapesInWhatDecides(t *testing.T) {
	for body, want := range map[string]registration.State{
		`{"operationId":"4","status":"assign\u0069ng"}`:                                           registration.Waiting,
		`{"oper\u0061tionId":"4","st\u0061tus":"ASSIGNING"}`:                                      registration.Waiting,
		`{"OPERATIONID":"4","ſtatuſ":"assigning"}`:                                                registration.Waiting,
		`{"status":"failed","operationId":"4","st\u0061tus":"assigning"}`:                         registration.Waiting,
		strings.Replace(assigned, `"status":"assigned","reg`, `"status":"assign\u0065d","reg`, 1): registration.Closing,
	} {
		g := newRig(t)
		g.exchange(200, "", body)
		if g.r.State() != want || g.puts != 1 || len(g.events) != 1 {
			t.Errorf("%s: %v", body, g.r.State())
		}
	}
}
