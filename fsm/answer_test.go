package fsm_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"example.com/dps/fsm"
)

// The last answer need not repeat the operation ID.
func TestAssignmentKeepsTheKnownOperationID(t *testing.T) {
	b := newBench(t)
	b.polling()
	b.answer(200, "2", "", strings.Replace(assigned, `"operationId":"4.op",`, "", 1))
	if a, err := b.m.Result(); err != nil || a.OperationID != "4.op" || b.m.OperationID() != "" {
		t.Errorf("operation %q and %q, %v", a.OperationID, b.m.OperationID(), err)
	}
	b = newBench(t)
	b.polling()
	b.answer(200, "2", "", strings.Replace(assigned, "4.op", "5.new", 1))
	if a, _ := b.m.Result(); a.OperationID != "5.new" || b.m.OperationID() != "" {
		t.Errorf("operation %q and %q, want the new one, and none in progress", a.OperationID, b.m.OperationID())
	}
}

// The service may change the operation ID of an operation in progress.
func TestPendingChangesTheOperationID(t *testing.T) {
	b := newBench(t)
	b.polling()
	b.sent()
	b.answer(202, "2", "", `{"operationId":"5.n\u0065w","status":"assigning"}`)
	b.sleepToDeadline()
	b.expect("PUBACK", `PUBLISH id=4 qos=1 `+queryT+`3&operationId=5.new"`)
	b.answer(202, "3", "", `{"operationId":"6","status":"assigning"}`)
	b.sleepToDeadline()
	b.expect("PUBACK", `PUBLISH id=5 qos=1 `+queryT+`4&operationId=6"`)
	b.answer(202, "4", "", `{"status":"assigning"}`) // and need not repeat it
	b.sleepToDeadline()
	b.expect("PUBACK", `PUBLISH id=6 qos=1 `+queryT+`5&operationId=6"`)
}

// An answer "assigning" without an operation ID is a failure, and limited as
// such.
func TestPendingWithoutOperationIDIsBounded(t *testing.T) {
	b := newBench(t, func(c *fsm.Config) { c.Policy.MaxAttempts = 3 })
	b.connect()
	for i := range 3 {
		b.answer(202, fmt.Sprint(i+1), "", `{"status":"assigning"}`)
		if i < 2 {
			b.sleepToDeadline()
			b.want(fsm.Registering, fsm.WantExchange)
		}
	}
	if err := b.ends(fsm.ErrAttempts); !errors.Is(err, fsm.ErrBody) || !strings.Contains(err.Error(), `unreadable answer: "assigning" without operationId`) {
		t.Errorf("the last failure is lost: %v", err)
	}
}

// After a resumed operation has been confirmed, a refusal is final.
func TestConfirmedOperationIsNotGivenUp(t *testing.T) {
	b := newBench(t, func(c *fsm.Config) { c.OperationID = "4.old" })
	b.connect()
	b.answer(202, "1", "", `{"operationId":"4.old","status":"assigning"}`)
	b.sleepToDeadline()
	b.answer(403, "2", "", "")
	if e := b.refusal(); e.State != fsm.Polling || e.Status != 403 {
		t.Errorf("%+v", e)
	}
}

// A 429 or 5xx interrupts a series of unreadable answers.
func TestThrottlingEndsARowOfUnreadableAnswers(t *testing.T) {
	b := newBench(t, func(c *fsm.Config) { c.Policy.Budget = -1 })
	b.connect()
	for i, status := range []int{200, 200, 429, 200, 200, 200} {
		b.want(fsm.Registering, fsm.WantExchange)
		b.answer(status, fmt.Sprint(i+1), "", "")
		if i < 5 {
			b.sleepToDeadline()
		}
	}
	b.ends(fsm.ErrBody)
}

// If the body is unreadable, the step is repeated for codes below 400; from 400
// on, the code decides.
func TestUnreadableBodyAndItsCode(t *testing.T) {
	for status, final := range map[int]bool{299: false, 399: false, 400: true, 499: true, 500: false} {
		b := newBench(t)
		b.connect()
		b.answer(status, "1", "", "")
		if got := b.m.Want() == fsm.WantClose; got != final {
			t.Errorf("%d is final: %t, want %t", status, got, final)
		}
	}
}

// An error body with a code of success in the topic is unreadable, whatever its
// error code: the code in the topic counts.
func TestErrorBodyOnATopicOfSuccessIsUnreadable(t *testing.T) {
	for _, code := range []int{5, 404, 503, 1000, 5000, 202000, 401000, 404203, 429001, 500000} {
		for _, status := range []int{200, 202, 399} {
			b := newBench(t)
			b.connect()
			for i := range 3 {
				b.want(fsm.Registering, fsm.WantExchange)
				if b.answer(status, fmt.Sprint(i+1), "", fmt.Sprintf(`{"errorCode":%d}`, code)); i < 2 {
					b.sleepToDeadline()
				}
			}
			if err := b.ends(fsm.ErrBody); !strings.HasSuffix(err.Error(), fmt.Sprintf("unreadable answer: an error with status %d", status)) {
				t.Errorf("error code %d: %v", code, err)
			}
		}
	}
}

// The trace has the reason for each wait.
func TestTraceTellsWhy(t *testing.T) {
	for properties, want := range map[string]string{
		"":                    "no retry-after, the default is 3s",
		"&retry-after=4":      "the service asked for 4s",
		"&retry-after=1":      "the service asked for 1s, the policy makes it 2s",
		"&retry-after=tonite": `retry-after is "tonite", the default is 3s`,
	} {
		for _, jitter := range []func() float64{nil, func() float64 { return 0.5 }} {
			want := want
			if jitter != nil {
				want += ", and jitter"
			}
			var waits []fsm.Event
			b := newBench(t, func(c *fsm.Config) {
				c.Jitter = jitter
				c.Trace = func(e fsm.Event) {
					if e.Kind == fsm.EventWait {
						waits = append(waits, e)
					}
				}
			})
			b.connect()
			b.answer(202, "1", properties, assigning)
			if len(waits) != 1 || waits[0].Note != want || !waits[0].Until.Equal(b.m.Deadline()) || waits[0].State != fsm.Waiting {
				t.Errorf("%q: %+v, want %q", properties, waits, want)
			}
		}
	}
}
