package fsm_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/packet"
)

// The rules of the service, S1 to S19, each with a test of its number. What they
// rest on stands in the package documentation.

// polling plays a registration up to a query that is open, with $rid 2.
func (b *bench) polling() {
	b.Helper()
	b.connect()
	b.answer(202, "1", "&retry-after=3", assigning)
	b.sleepToDeadline()
	b.want(fsm.Polling, fsm.Exchange)
	b.sent()
}

func TestS1_EveryStateHasADeadline(t *testing.T) {
	stages := []func(b *bench){
		func(b *bench) { b.open() },
		func(b *bench) { b.open(); b.receive(&packet.Connack{}) },
		func(b *bench) { b.connect() },
		func(b *bench) { b.polling() },
	}
	for _, stage := range stages {
		b := newBench(t)
		stage(b)
		state := b.m.State()
		if d := b.sleepToDeadline(); d != 30*time.Second {
			t.Errorf("%v: deadline after %v, want 30 s", state, d)
		}
		b.want(fsm.Closing, fsm.Close)
		b.m.Lost(b.now, nil)
		b.want(fsm.Idle, fsm.Dial)
		if d := b.m.Deadline().Sub(b.now); d != time.Second {
			t.Errorf("%v: next dial after %v, want 1 s", state, d)
		}
	}
}

func TestS2_SubackCodes(t *testing.T) {
	for _, code := range []byte{0, 1, 2} {
		b := newBench(t)
		b.open()
		b.receive(&packet.Connack{}, &packet.Suback{ID: 1, ReturnCodes: []byte{code}})
		b.want(fsm.Registering, fsm.Exchange)
	}
	for _, bad := range []packet.Suback{{ID: 2, ReturnCodes: []byte{1}}, {ID: 1, ReturnCodes: []byte{1, 1}}} {
		b := newBench(t)
		b.open()
		b.receive(&packet.Connack{}, &bad)
		b.want(fsm.Closing, fsm.Close)
		b.expect() // and no DISCONNECT after a protocol violation
	}
}

func TestS3_AnswerAndPubackInAnyOrder(t *testing.T) {
	for _, before := range []bool{true, false} {
		b := newBench(t)
		b.connect()
		puback := &packet.Puback{ID: 2}
		answer := message("202/?$rid=1&retry-after=3", assigning)
		if before {
			b.receive(puback, answer)
		} else {
			b.receive(answer, puback)
		}
		b.want(fsm.Waiting, fsm.Exchange)
	}
	b := newBench(t, func(c *fsm.Config) { c.Policy.AtMostOnce = true })
	b.connect()
	b.expect(`PUBLISH qos=0 topic="$dps/registrations/PUT/`)
}

func TestS4_AnswersAreCorrelated(t *testing.T) {
	for rid, counts := range map[string]bool{
		"$rid=1": true, "$RID=1": true, "$rid=": true, "a=b&$rid=1": true, "$rid=%31": true,
		"$rid=2": false, "$rid=11": false, "rid=1": false, "": false,
	} {
		b := newBench(t)
		b.connect()
		b.receive(message("202/?"+rid, assigning))
		if got := b.m.State() == fsm.Waiting; got != counts {
			t.Errorf("answer with %q counts: %v, want %v", rid, got, counts)
		}
		if b.m.Ignored() == 0 != counts {
			t.Errorf("answer with %q: %d ignored", rid, b.m.Ignored())
		}
		b.expect("PUBLISH", "PUBACK") // acknowledged all the same
	}
	b := newBench(t, func(c *fsm.Config) { c.RequestIDPrefix = "a b/" })
	b.connect()
	if p := b.sent()[0]; !strings.Contains(p.String(), "$rid=a%20b%2F1") {
		t.Errorf("registration is %v", p)
	}
	b.answer(200, "a%20b%2F1", "", assigned)
	b.ends(nil)
}

func TestS5_RepeatedAnswersAreIgnored(t *testing.T) {
	b := newBench(t)
	b.polling()
	for range 3 {
		b.answer(202, "1", "&retry-after=3", assigning)
	}
	b.want(fsm.Polling, fsm.Exchange)
	b.expect("PUBACK", "PUBACK", "PUBACK")
	b.answer(200, "2", "", assigned)
	b.answer(200, "2", "", assigned)
	b.expect("PUBACK", "DISCONNECT")
	b.ends(nil)
}

func TestS6_TheBodyDecides(t *testing.T) {
	for _, status := range []int{200, 202, 500} {
		b := newBench(t)
		b.connect()
		b.answer(status, "1", "", assigning)
		b.want(fsm.Waiting, fsm.Exchange)
		b.sleepToDeadline()
		b.answer(status, "2", "", assigned)
		b.ends(nil)
	}
	b := newBench(t)
	b.connect()
	b.answer(200, "1", "", `{"errorCode":401002,"message":"Invalid certificate.","trackingId":"t"}`)
	if e := b.refusal(); e.Status != 401 || e.ErrorCode != 401002 {
		t.Errorf("%+v", e)
	}
}

func TestS7_WaitsForRetryAfter(t *testing.T) {
	for properties, want := range map[string]time.Duration{
		"": 3 * time.Second, "&retry-after=7": 7 * time.Second, "&retry-after=0": 2 * time.Second,
		"&retry-after=1": 2 * time.Second, "&retry-after=-5": 3 * time.Second, "&retry-after=abc": 3 * time.Second,
		"&retry-after=1.5": 3 * time.Second, "&retry-after=": 3 * time.Second, "&retry-after=120": 120 * time.Second,
		"&retry-after=99999": 300 * time.Second, "&retry-after=99999999999999999999": 3 * time.Second,
		"&Retry-After=5": 5 * time.Second, "&retry-after=5&retry-after=9": 5 * time.Second,
	} {
		for _, jitter := range []func() float64{nil, func() float64 { return 0.5 }, func() float64 { return 7 }} {
			b := newBench(t, func(c *fsm.Config) {
				c.Policy.Budget, c.Policy.KeepAlive, c.Jitter = time.Hour, -1, jitter
			})
			b.connect()
			b.answer(202, "1", properties, assigning)
			want := want
			if jitter != nil {
				want += time.Duration(0.2 * min(jitter(), 1) * float64(want))
			}
			if d := b.sleepToDeadline(); d != want {
				t.Errorf("%q: waits %v, want %v", properties, d, want)
			}
			b.want(fsm.Polling, fsm.Exchange)
		}
	}
}

const throttled = `{"errorCode":429001,"trackingId":"","message":"Operations are being throttled for this tenant."}`

func TestS8_ThrottledRepeatsTheSameStep(t *testing.T) {
	for _, status := range []int{429, 500, 503, 504} {
		b := newBench(t)
		b.connect()
		b.sent()
		waits := []time.Duration{1, 2, 30, 8}
		for i, properties := range []string{"", "", "&retry-after=30", ""} {
			b.answer(status, fmt.Sprint(i+1), properties, throttled)
			if d := b.sleepToDeadline(); d != waits[i]*time.Second {
				t.Errorf("registration, attempt %d: waits %v, want %d s", i+1, d, waits[i])
			}
			b.expect("PUBACK", fmt.Sprintf(`PUBLISH id=%d qos=1 topic="$dps/registrations/PUT/`, i+3))
		}
	}
	for _, body := range []string{throttled, "", "<html>busy</html>", "{", `{"message":7}`} {
		b := newBench(t)
		b.polling()
		for i := range 9 {
			b.answer(429, fmt.Sprint(i+2), "", body)
			b.want(fsm.Waiting, fsm.Exchange)
			b.sleepToDeadline()
			b.want(fsm.Polling, fsm.Exchange) // with the operation id that the error did not have
			b.expect("PUBACK", "PUBLISH")
			if i == 5 {
				break // the budget ends before the attempts do
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
	var refusal *fsm.ServiceError
	if !errors.As(err, &refusal) || refusal.Status != 500 {
		t.Errorf("the last failure is lost: %v", err)
	}
}

func TestS8_ProgressResetsTheCount(t *testing.T) {
	b := newBench(t, func(c *fsm.Config) { c.Policy.MaxAttempts, c.Policy.Budget = 3, -1 })
	b.connect()
	rid := 0
	for range 20 {
		for _, body := range []string{throttled, throttled, assigning} {
			rid++
			b.answer(500, fmt.Sprint(rid), "", body)
			b.sleepToDeadline()
		}
	}
	b.want(fsm.Polling, fsm.Exchange)
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
			b.want(fsm.Registering, fsm.Exchange)
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
			b.want(fsm.Finished, fsm.Done)
		}
	}
}

func TestS11_LostBeforeTheAnswerRegistersAgain(t *testing.T) {
	b := newBench(t)
	b.connect()
	b.sent()
	b.m.Lost(b.now, io.EOF)
	b.want(fsm.Idle, fsm.Dial)
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
	b.want(fsm.Polling, fsm.Exchange)
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
		t.Errorf("dials %v after the answer, want 30 s: there is nothing to do before", d)
	}
	b.connect() // too early, but that is the caller's choice
	b.want(fsm.Waiting, fsm.Exchange)
	b.sleepToDeadline()
	b.want(fsm.Polling, fsm.Exchange)
	if d := b.now.Sub(start); d != 30*time.Second {
		t.Errorf("polls after %v, want 30 s", d)
	}
}

func TestS11_ResumeFallsBackToRegistering(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 409, 412} {
		b := newBench(t, func(c *fsm.Config) { c.OperationID = "4.old" })
		b.connect()
		b.want(fsm.Polling, fsm.Exchange)
		b.answer(status, "1", "", "")
		b.sleepToDeadline()
		b.want(fsm.Registering, fsm.Exchange)
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
	b.want(fsm.Registering, fsm.Exchange)
}

func TestS12_TheWholeHasABudget(t *testing.T) {
	b := newBench(t)
	for b.m.Want() != fsm.Done { // a dead network
		b.sleep(max(0, b.m.Deadline().Sub(b.now)))
		b.m.Lost(b.now, errors.New("no route"))
	}
	err := b.ends(fsm.ErrTimeout)
	if d := b.now.Sub(start); d > 5*time.Minute || !errors.Is(err, fsm.ErrLost) || !strings.Contains(err.Error(), "no route") {
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
	b.want(fsm.Closing, fsm.Close) // waiting would be in vain
	b.ends(fsm.ErrTimeout)
	if b.m.OperationID() != "4.op" {
		t.Error("the operation id for a later run is lost")
	}
}

func TestS13_UnreadableAnswersAreBounded(t *testing.T) {
	for _, body := range []string{
		"", " ", "{", "[]", "null", "7", `"assigned"`, "{}", `{"status":7}`, "<html>", `{"status":""}`,
		`{"status":"assigned"}`, `{"status":"assigned","registrationState":null}`, `{"status":"assigned","registrationState":3}`,
		`{"status":"assigned","registrationState":{"assignedHub":"h"}}`, `{"status":"assigned","registrationState":{"deviceId":"d"}}`,
		`{"status":"assigned","registrationState":{"assignedHub":"h","deviceId":"d","issuedCertificateChain":["1","2","3","4","5","6","7"]}}`,
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
				b.want(state, fsm.Exchange)
				b.answer(200, fmt.Sprint(rid+i), "", body)
				if i < 2 {
					b.sleepToDeadline()
				}
			}
			b.ends(fsm.ErrBody)
		}
	}
}

func TestS14_CloseAfterTheRegistrationIsExplained(t *testing.T) {
	b := newBench(t, func(c *fsm.Config) { c.Policy.MaxAttempts = 1 })
	b.connect()
	b.m.Lost(b.now, io.EOF)
	err := b.ends(fsm.ErrAttempts)
	var step *fsm.StepError
	if !errors.As(err, &step) || step.State != fsm.Registering || !errors.Is(err, io.EOF) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("%v", err)
	}
}

func TestS15_KeepAlive(t *testing.T) {
	b := newBench(t)
	b.connect()
	b.sent()
	b.sleep(10 * time.Second)
	b.answer(202, "1", "&retry-after=200", assigning) // its PUBACK is a sign of life
	b.expect("PUBACK")
	for range 3 {
		if d := b.sleepToDeadline(); d != 60*time.Second {
			t.Errorf("PINGREQ after %v, want 60 s", d)
		}
		b.expect("PINGREQ")
		b.receive(&packet.Pingresp{})
	}
	b.sleepToDeadline()
	b.want(fsm.Polling, fsm.Exchange)
	b.expect("PUBLISH")

	b = newBench(t, func(c *fsm.Config) { c.Policy.KeepAlive = 10 * time.Second })
	b.connect()
	b.answer(202, "1", "&retry-after=100", assigning)
	b.sent()
	b.sleepToDeadline()
	b.expect("PINGREQ")
	if d := b.sleepToDeadline(); d != 30*time.Second {
		t.Errorf("waited %v for the PINGRESP, want 30 s", d)
	}
	b.want(fsm.Closing, fsm.Close)

	b = newBench(t, func(c *fsm.Config) { c.Policy.KeepAlive = -1 })
	b.open()
	if p := b.sent()[0].(*packet.Connect); p.KeepAlive != 0 {
		t.Errorf("CONNECT has keep alive %d, want 0", p.KeepAlive)
	}
	b.receive(&packet.Connack{}, &packet.Suback{ID: 1, ReturnCodes: []byte{0}})
	b.answer(202, "1", "&retry-after=200", assigning)
	if d := b.sleepToDeadline(); d != 200*time.Second {
		t.Errorf("woke after %v, want 200 s", d)
	}
}

func TestS16_EachConnectionHasItsPassword(t *testing.T) {
	b := newBench(t)
	for _, password := range []string{"one", "two"} {
		if err := b.m.Open(b.now, []byte(password)); err != nil {
			t.Fatal(err)
		}
		if p := b.sent()[0].(*packet.Connect); string(p.Password) != password {
			t.Errorf("password %q, want %q", []byte(p.Password), password)
		}
		b.m.Lost(b.now, nil)
	}
}

func TestS17_KeepSession(t *testing.T) {
	b := newBench(t, func(c *fsm.Config) { c.Policy.KeepSession = true })
	b.connect()
	b.sent()
	b.answer(200, "1", "", assigned)
	b.expect("PUBACK")
	b.want(fsm.Finished, fsm.Done)
	b.ends(nil)
}

func TestS18_EachConnectionSubscribes(t *testing.T) {
	b := newBench(t)
	for range 3 {
		b.open()
		b.expect("CONNECT")
		b.receive(&packet.Connack{SessionPresent: true})
		b.expect("SUBSCRIBE")
		b.m.Lost(b.now, nil)
	}
}

func TestS19_StatusWithoutRegardToCase(t *testing.T) {
	b := newBench(t)
	b.connect()
	b.answer(202, "1", "", strings.Replace(assigning, "assigning", "AsSigning", 1))
	b.want(fsm.Waiting, fsm.Exchange)
	b.sleepToDeadline()
	b.answer(200, "2", "", strings.Replace(assigned, `"assigned"`, `"ASSIGNED"`, 1))
	b.ends(nil)
}
