package fsm

import (
	"fmt"
	"time"

	"example.com/dps/topic"
)

// answer works off the answer to the open request.
func (m *Machine) answer(r topic.Response, payload []byte) {
	m.asked, m.eager = false, false
	b, err := parseBody(payload)
	switch {
	case err == nil && b.hasStatus():
		m.status(r, &b)
	case err == nil || r.Status >= 400:
		m.refused(r, &b)
	default:
		m.unreadable(r, err)
	}
}

// status works off the status of an operation. The topic's code decides only about
// statuses that are unknown.
func (m *Machine) status(r topic.Response, b *body) {
	what := outcomeOf(string(inner(b.status)))
	if what == unknown && r.Status == 202 {
		what = pending
	}
	switch what {
	case pending:
		m.pending(r, b)
	case assigned:
		a, err := b.assignment()
		if err != nil {
			m.unreadable(r, err)
			return
		}
		if a.OperationID == "" {
			a.OperationID = m.operationID
		}
		m.operationID, m.result = a.OperationID, a
		m.finish(nil)
	default:
		m.finish(b.refusal(m.step(), r.Status))
	}
}

// pending waits for the time that the service asks for, and then queries.
func (m *Machine) pending(r topic.Response, b *body) {
	m.garbled, m.resuming = 0, false
	if id := stringOf(b.operationID); id != "" {
		m.operationID = id
	}
	if m.operationID == "" {
		m.later(fmt.Errorf("fsm: %w: %s without operationId", ErrBody, b.status), r.RetryAfter)
		return
	}
	m.attempts, m.throttled = 0, time.Time{}
	wait := m.cfg.Policy.poll(r.RetryAfter, r.HasRetryAfter)
	m.due = m.now.Add(m.jitter(wait, jitterPoll))
	if m.late() {
		m.giveUp(ErrTimeout)
		return
	}
	var why string
	if m.tracing() {
		why = m.whyWait(r, wait)
	}
	m.proceed(why)
}

// whyWait says where a wait comes from.
func (m *Machine) whyWait(r topic.Response, wait time.Duration) (why string) {
	switch {
	case r.BadRetryAfter != nil:
		why = fmt.Sprintf("retry-after is %.20q, the default is %v", r.BadRetryAfter, wait)
	case !r.HasRetryAfter:
		why = fmt.Sprintf("no retry-after, the default is %v", wait)
	case r.RetryAfter != wait:
		why = fmt.Sprintf("the service asked for %v, the policy makes it %v", r.RetryAfter, wait)
	default:
		why = fmt.Sprintf("the service asked for %v", wait)
	}
	if m.cfg.Jitter != nil {
		why += ", and jitter"
	}
	return why
}

// refused works off an error answer.
func (m *Machine) refused(r topic.Response, b *body) {
	code := r.Status
	if code < 400 { // an error body on a topic of success
		for code = int(codeOf(b.errorCode)); code >= 1000; code /= 10 {
		}
	}
	err := b.refusal(m.step(), code)
	gone := code == 404 || codeOf(b.errorCode) == 404203 // the operation is not known
	switch {
	case code == 429 || code >= 500:
		m.garbled = 0
		if code == 429 {
			m.throttle()
		}
		m.later(err, r.RetryAfter)
	case m.step() == Polling && (m.resuming || gone && !m.restarted):
		m.restarted = m.restarted || !m.resuming
		m.restart(err, r.RetryAfter)
	case code == 412:
		m.restart(err, r.RetryAfter)
	default:
		m.finish(err)
	}
}

// restart goes back to the registration.
func (m *Machine) restart(err error, floor time.Duration) {
	m.operationID = ""
	m.later(err, floor)
}

// unreadable repeats the step after an answer that could not be understood, but
// not often.
func (m *Machine) unreadable(r topic.Response, err error) {
	failure := &StepError{m.step(), err}
	if m.garbled++; m.garbled < maxGarbled {
		m.later(failure, r.RetryAfter)
	} else {
		m.finish(failure)
	}
}
