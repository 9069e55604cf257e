package fsm_test

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm"
)

// These tests are about the rules for failures, S8 to S13.

const throttled = `{"errorCode":429001,"trackingId":"","message":"Operations are being throttled for this tenant."}`

func TestS8_ThrottledRepeatsTheSameStep(t *testing.T) {
	for _, status := range []int{429, 500, 503, 504} {
		b := newBench(t)
		b.connect()
		b.sent()
		waits := []time.Duration{5, 5, 30, 8} // at least 5 s after a 5xx
		if status == 429 {
			waits = []time.Duration{1, 2, 30, 8} // at least
		}
		for i, properties := range []string{"", "", "&retry-after=30", ""} {
			b.answer(status, fmt.Sprint(i+1), properties, throttled)
			if d := b.sleepToDeadline(); d < waits[i]*time.Second || status != 429 && d != waits[i]*time.Second {
				t.Errorf("%d to the registration, attempt %d: waits %v, want %d s", status, i+1, d, waits[i])
			}
			b.expect("PUBACK", fmt.Sprintf(`PUBLISH id=%d qos=1 topic="$dps/registrations/PUT/`, i+3))
		}
	}
	for _, body := range []string{throttled, "", "<html>busy</html>", "{", `{"message":7}`} {
		b := newBench(t)
		b.polling()
		for i := range 9 {
			b.answer(429, fmt.Sprint(i+2), "", body)
			b.want(fsm.Waiting, fsm.WantExchange)
			b.sleepToDeadline()
			b.want(fsm.Polling, fsm.WantExchange) // with the operation ID, which the error did not repeat
			b.expect("PUBACK", "PUBLISH")
			if i == 5 {
				break // the budget ends before the attempts are used up
			}
		}
	}
}

func TestS8_AttemptsAreBounded(t *testing.T) {
	b := newBench(t, func(c *fsm.Config) { c.Policy.MaxAttempts, c.Policy.Budget = 4, -1 })
	b.connect()
	for i := range 4 {
		b.answer(500, fmt.Sprint(i+1), "", "")
		if i < 3 {
			b.sleepToDeadline()
		}
	}
	err := b.ends(fsm.ErrAttempts)
	var gaveUp *fsm.GiveUpError
	if !errors.As(err, &gaveUp) {
		t.Fatal(err)
	}
	if refusal, ok := gaveUp.Last.(*fsm.ServiceError); !ok || refusal.Status != 500 {
		t.Errorf("the last failure is lost: %v", err)
	}
}

// An answer to a query is progress. An answer to a registration, which is
// billed, is not.
func TestS8_ProgressResetsTheCount(t *testing.T) {
	b := newBench(t, func(c *fsm.Config) { c.Policy.MaxAttempts, c.Policy.Budget = 3, -1 })
	b.polling()
	rid := 1
	for range 20 {
		for _, body := range []string{throttled, throttled, assigning} {
			rid++
			b.answer(500, fmt.Sprint(rid), "", body)
			b.sleepToDeadline()
		}
	}
	b.want(fsm.Polling, fsm.WantExchange)

	b = newBench(t, func(c *fsm.Config) { c.Policy.MaxAttempts, c.Policy.Budget = 3, -1 })
	b.connect()
	for i, body := range []string{throttled, throttled, assigning} {
		b.answer(500, fmt.Sprint(i+1), "", body)
		b.sleepToDeadline()
	}
	b.answer(500, "4", "", throttled)
	b.ends(fsm.ErrAttempts)
}

func TestS9_UnknownOperationStartsOver(t *testing.T) {
	for status, body := range map[int]string{404: "", 401: `{"errorCode":404203,"message":"Operation not found."}`} {
		b := newBench(t)
		b.polling()
		b.answer(status, "2", "", body)
		b.sleepToDeadline()
		b.expect("PUBACK", `PUBLISH id=4 qos=1 topic="$dps/registrations/PUT/`)
		b.answer(202, "3", "", assigning)
		b.sleepToDeadline()
		b.answer(404, "4", "", `{"errorCode":404203}`) // once
		if e := b.refusal(); e.Status != 404 || e.State != fsm.Polling {
			t.Errorf("%+v", e)
		}
	}
}

// An operation of an earlier connection may be unknown each time it is resumed.
// This neither uses up the one allowed 404 nor allows another.
func TestS9_ResumingDoesNotCount(t *testing.T) {
	b := newBench(t, func(c *fsm.Config) { c.OperationID, c.Policy.Budget = "4.old", -1 })
	b.connect()
	for i, answer := range []struct {
		status int
		body   string
		next   fsm.State
	}{
		{404, "", fsm.Registering}, // the operation of the earlier run
		{202, assigning, fsm.Polling},
		{404, "", fsm.Registering}, // the one allowed 404
		{202, assigning, fsm.Idle},
		{401, "", fsm.Registering}, // the operation of the earlier connection
		{202, assigning, fsm.Polling},
		{404, "", fsm.Closing},
	} {
		b.answer(answer.status, fmt.Sprint(i+1), "", answer.body)
		if answer.next == fsm.Idle {
			b.m.Lost(b.now, io.EOF)
			b.sleepToDeadline()
			b.connect()
		} else if answer.next != fsm.Closing {
			b.sleepToDeadline()
			b.want(answer.next, fsm.WantExchange)
		}
	}
	if e := b.refusal(); e.Status != 404 || e.State != fsm.Polling {
		t.Errorf("%+v", e)
	}
}

func TestS9_PreconditionFailedStartsOver(t *testing.T) {
	for _, stage := range []func(*bench){(*bench).connect, (*bench).polling} {
		b := newBench(t)
		stage(b)
		b.sent()
		rid := 1
		if b.m.State() == fsm.Polling {
			rid = 2
		}
		for range 3 {
			b.answer(412, fmt.Sprint(rid), "", `{"errorCode":412000,"message":"Precondition failed"}`)
			rid++
			b.sleepToDeadline()
			b.want(fsm.Registering, fsm.WantExchange)
		}
	}
}

func TestS10_RefusedRegistrationIsFinal(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 405, 409, 413, 415} {
		for _, body := range []string{"", "<html>", `{"errorCode":401002,"trackingId":"8ad0463c","message":"Invalid certificate.","timestampUtc":"2020-04-10T05:24:22.4718526Z","info":{"a":"b"}}`} {
			b := newBench(t)
			b.connect()
			b.sent()
			b.answer(status, "1", "", body)
			b.expect("PUBACK", "DISCONNECT")
			e := b.refusal()
			if e.Status != status || e.State != fsm.Registering {
				t.Errorf("%+v", e)
			}
			if strings.HasPrefix(body, "{") && (e.ErrorCode != 401002 || e.TrackingID != "8ad0463c" || e.Message != "Invalid certificate." ||
				e.Timestamp != "2020-04-10T05:24:22.4718526Z" || e.Info != `{"a":"b"}`) {
				t.Errorf("%+v", e)
			}
			b.m.Lost(b.now, nil)
			b.want(fsm.Finished, fsm.WantDone)
		}
	}
}

func TestS11_LostBeforeTheAnswerRegistersAgain(t *testing.T) {
	b := newBench(t)
	b.connect()
	b.sent()
	b.m.Lost(b.now, io.EOF)
	b.want(fsm.Idle, fsm.WantDial)
	b.sleepToDeadline()
	b.connect()
	b.expect(`PUBLISH id=2 qos=1 topic="$dps/registrations/PUT/iotdps-register/?$rid=2"`)
}

func TestS11_LostWhilePollingResumes(t *testing.T) {
	b := newBench(t)
	b.polling()
	b.m.Lost(b.now, io.EOF)
	b.sleepToDeadline()
	b.connect()
	b.want(fsm.Polling, fsm.WantExchange)
	b.answer(200, "3", "", assigned)
	b.ends(nil)
}

func TestS11_LostWhileWaitingKeepsTheWait(t *testing.T) {
	b := newBench(t)
	b.connect()
	b.answer(202, "1", "&retry-after=30", assigning)
	b.sleep(time.Second)
	b.m.Lost(b.now, io.EOF)
	if d := b.m.Deadline().Sub(start); d != 30*time.Second {
		t.Errorf("dials %v after the answer, want 30 s: there is nothing to do before that", d)
	}
	b.connect() // too early, which the caller may do
	b.want(fsm.Waiting, fsm.WantExchange)
	b.sleepToDeadline()
	b.want(fsm.Polling, fsm.WantExchange)
	if d := b.now.Sub(start); d != 30*time.Second {
		t.Errorf("polls after %v, want 30 s", d)
	}
}

func TestS11_ResumeFallsBackToRegistering(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 409, 412} {
		b := newBench(t, func(c *fsm.Config) { c.OperationID = "4.old" })
		b.connect()
		b.want(fsm.Polling, fsm.WantExchange)
		b.answer(status, "1", "", "")
		b.sleepToDeadline()
		b.want(fsm.Registering, fsm.WantExchange)
		b.answer(400, "2", "", "")
		if e := b.refusal(); e.State != fsm.Registering {
			t.Errorf("%+v", e)
		}
	}
	b := newBench(t, func(c *fsm.Config) { c.Policy.NoResume = true })
	b.polling()
	b.m.Lost(b.now, io.EOF)
	b.sleepToDeadline()
	b.connect()
	b.want(fsm.Registering, fsm.WantExchange)

	b = newBench(t, func(c *fsm.Config) { c.Policy.NoResume, c.OperationID = true, "4.old" })
	b.m.DialFailed(b.now, io.EOF) // no connection was lost
	b.sleepToDeadline()
	b.connect()
	b.want(fsm.Polling, fsm.WantExchange)
}

func TestS12_GivingUpTellsTheCircumstances(t *testing.T) {
	b := newBench(t, func(c *fsm.Config) { c.Policy.MaxAttempts = 2 })
	b.connect()
	b.answer(503, "1", "", "")
	b.sleepToDeadline()
	b.answer(503, "2", "&retry-after=7", "")
	var got *fsm.GiveUpError
	if err := b.ends(fsm.ErrAttempts); !errors.As(err, &got) {
		t.Fatal(err)
	}
	want := fsm.GiveUpError{
		Reason: fsm.ErrAttempts, State: fsm.Registering, Elapsed: 5 * time.Second, Attempts: 2, Last: got.Last,
		Wait: 7 * time.Second,
	}
	if *got != want || got.Last.Error() != "registration: refused with status 503" {
		t.Errorf("got %+v, want %+v", *got, want)
	}
}

func TestS12_TheWholeHasABudget(t *testing.T) {
	b := newBench(t, func(c *fsm.Config) { c.Policy.MaxAttempts = -1 })
	for b.m.Want() != fsm.WantDone { // the network is down
		b.sleep(max(0, b.m.Deadline().Sub(b.now)))
		b.m.DialFailed(b.now, errors.New("no route"))
	}
	err := b.ends(fsm.ErrTimeout)
	if d := b.now.Sub(start); d != 6*time.Minute-30*time.Second || !errors.Is(err, fsm.ErrDial) || !strings.Contains(err.Error(), "no route") {
		t.Errorf("after %v: %v", d, err)
	}

	b = newBench(t, func(c *fsm.Config) { c.Policy.Budget = 10 * time.Second })
	b.connect()
	b.answer(202, "1", "&retry-after=3", assigning)
	b.sleepToDeadline()
	if d := b.sleepToDeadline(); d != 7*time.Second {
		t.Errorf("budget ends after another %v, want 7 s", d)
	}
	b.ends(fsm.ErrTimeout)

	b = newBench(t, func(c *fsm.Config) { c.Policy.Budget = 10 * time.Second })
	b.connect()
	b.answer(202, "1", "&retry-after=11", assigning)
	b.want(fsm.Closing, fsm.WantClose) // the wait would be longer than the budget
	b.ends(fsm.ErrTimeout)
	if b.m.OperationID() != "4.op" {
		t.Error("the operation ID for a later run is lost")
	}
}

func TestS13_UnreadableAnswersAreBounded(t *testing.T) {
	for _, body := range []string{
		"", " ", "{", "[]", "null", "7", `"assigned"`, "{}", `{"status":7}`, "<html>", `{"status":""}`,
		`{"status":"assigned"}`, `{"status":"assigned","registrationState":null}`, `{"status":"assigned","registrationState":3}`,
		`{"status":"assigned","registrationState":{"assignedHub":"h"}}`, `{"status":"assigned","registrationState":{"deviceId":"d"}}`,
		`{"status":"assigning","operationId":"` + strings.Repeat("x", 257) + `"}`,
	} {
		for _, stage := range []func(*bench){(*bench).connect, (*bench).polling} {
			b := newBench(t)
			stage(b)
			state, rid := b.m.State(), 1
			if state == fsm.Polling {
				rid = 2
			}
			for i := range 3 {
				b.want(state, fsm.WantExchange)
				b.answer(200, fmt.Sprint(rid+i), "", body)
				if i < 2 {
					b.sleepToDeadline()
				}
			}
			b.ends(fsm.ErrBody)
		}
	}
}

// The retry-after is limited after every failure as well, and so is the jitter.
func TestS8_RetryAfterIsBounded(t *testing.T) {
	for _, answer := range []struct {
		status int
		body   string
	}{{429, throttled}, {412, ""}, {202, ""}, {202, `{"status":"assigning"}`}} {
		for _, jitter := range []float64{0, -1, math.NaN()} {
			b := newBench(t, func(c *fsm.Config) {
				c.Policy.Budget, c.Policy.KeepAlive, c.Policy.StayConnected = -1, -1, -1
				c.Jitter = func() float64 { return jitter }
			})
			b.connect()
			b.answer(answer.status, "1", "&retry-after=2147483647", answer.body)
			if d := b.sleepToDeadline(); d != 300*time.Second {
				t.Errorf("%+v with jitter %v: waits %v, want 300 s", answer, jitter, d)
			}
		}
	}
}
