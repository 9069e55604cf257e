package registration

import (
	"strconv"
	"time"

	"example.com/dps/topic"
)

// Everything that changes the state of a registration is in this file and uses
// enter.

// answer processes the answer to the open request.
func (r *Registration) answer(t topic.Response, payload []byte) {
	r.closeRequest()
	var b body
	err := b.parse(payload)
	s := situation{
		code: t.Status, polling: r.state == Polling, resuming: r.resuming, missed: r.notFound, refreshed: r.refreshed,
		notFound: t.Status == 404 || numberOf(b.errorCode) == 404203,
	}
	if err == nil {
		s.status = outcomeOf(decoded(b.status))
	}
	v := decide(s)
	if v == done {
		if r.result, err = b.assignment(r.operationID); err != nil {
			v = garbled
		}
	}
	if v != garbled {
		r.unreadable = 0
	}
	if t.Status != 429 || v != again {
		r.throttledSince = time.Time{} // only answers 429 in a row count
	}
	asked, _ := retryAfter(t)
	switch v {
	case query:
		r.pending(t, &b)
	case done:
		r.assigned()
	case final:
		if s.status == ended || s.status == unknown || s.notFound {
			r.operationID = "" // the operation has ended
		}
		r.finish(b.refusal(r.state, t.Status))
	case again:
		r.unavailable(t, b.refusal(r.state, t.Status))
	case startOver:
		r.notFound = r.notFound || s.notFound && !s.resuming
		r.forget()
		r.repeat(b.refusal(r.state, t.Status), asked, 0)
	case reconnect: // this does not count as a failure yet
		err := b.refusal(r.state, t.Status)
		r.refreshed, r.last = true, keep(err)
		r.due = latest(r.due, r.now.Add(min(asked, r.cfg.Policy.MaxRetryAfter)))
		if !r.inTime() {
			r.giveUp(ErrTimeout, err)
			return
		}
		r.leave()
		r.trace(Event{Kind: EventRetry, Until: r.due, Err: err})
	case garbled:
		r.garbled(asked, err, t.Status)
	}
}

// pending waits for the time that the service asks for and then queries the
// operation.
func (r *Registration) pending(t topic.Response, b *body) {
	asked, has := retryAfter(t)
	if r.operationID = b.operation(r.operationID); r.operationID == "" {
		r.repeat(&StepError{r.state, unreadable(quote(stringOf(b.status), 32) + " without operationId")}, asked, 0)
		return
	}
	if r.state == Polling { // an answer to a registration, which is billed, resets nothing
		r.attempts = r.startedOver
	}
	r.resuming, r.refreshed, r.last = false, false, nil
	wait := r.cfg.Policy.poll(asked, has)
	r.due = r.now.Add(longer(wait, r.random(), r.cfg.Policy.jitterPoll()))
	if !r.inTime() {
		r.due = r.now.Add(wait) // there may be enough time without jitter
	}
	if !r.inTime() {
		r.giveUp(ErrTimeout, nil)
		return
	}
	var note string
	if r.cfg.Trace != nil {
		jitter := ""
		if r.cfg.Jitter != nil {
			jitter = ", and jitter"
		}
		note = whyWait(t, has, asked, wait, jitter)
	}
	r.proceed(note)
}

// assigned ends the registration with its result.
func (r *Registration) assigned() {
	r.result.CSRIgnored = r.cfg.CSR != "" && len(r.result.IssuedCertificateChain) == 0
	r.operationID = ""
	r.finish(nil)
}

// garbled repeats the step after an unreadable answer, but only a few times in
// a row.
func (r *Registration) garbled(asked time.Duration, err error, status int) {
	if err == nil {
		err = unreadable("an error with status " + strconv.Itoa(status))
	}
	r.unreadable++
	r.repeat(&StepError{r.state, err}, asked, 0)
}

// unavailable repeats the step after 429 or 5xx (S8).
func (r *Registration) unavailable(t topic.Response, err error) {
	asked, has := retryAfter(t)
	asked = min(asked, r.cfg.Policy.MaxRetryAfter)
	var spread time.Duration
	switch {
	case t.Status != 429:
		if !has {
			asked = minServerError
		}
	case r.state == Registering: // the quota for queries is per device
		if r.throttledSince.IsZero() {
			r.throttledSince = r.now
		}
		spread = r.cfg.Policy.spread(asked, has, r.now.Sub(r.throttledSince), r.random)
	}
	r.repeat(err, asked, spread)
}

// enter changes the state. The caller sets r.due.
func (r *Registration) enter(s State) { r.state, r.unsent = s, false }

// tick moves the clock, which never goes back.
func (r *Registration) tick(now time.Time) {
	if !r.started {
		r.started, r.start = true, now
	}
	if now.After(r.now) {
		r.now = now
	}
}

// reached reports whether a deadline has passed. The zero time means no
// deadline.
func (r *Registration) reached(deadline time.Time) bool {
	return !deadline.IsZero() && !r.now.Before(deadline)
}

// fire does everything that is due. Every input ends with a call of fire.
func (r *Registration) fire() {
	if r.err == ErrPending && r.reached(r.End()) { // S12
		r.closeRequest()
		r.giveUp(ErrTimeout, recall(r.last))
	}
	switch {
	case !r.reached(r.due):
	case r.awaiting(): // S1
		r.lose(&StepError{r.state, ErrNoAnswer})
	case r.state == Waiting:
		r.proceed("")
	}
}

// closeRequest ends the wait for an answer, if there is one.
func (r *Registration) closeRequest() {
	if r.awaiting() {
		r.due = r.now
	}
}

// awaiting reports whether the registration is waiting for an answer.
func (r *Registration) awaiting() bool { return r.state == Registering || r.state == Polling }

// wantsLink reports whether there should be a link.
func (r *Registration) wantsLink() bool { return r.awaiting() || r.state == Waiting }

// proceed makes the next request available for sending, or waits until it may
// be sent.
func (r *Registration) proceed(note string) {
	if r.now.Before(r.due) {
		r.wait()
		r.trace(Event{Kind: EventWait, Until: r.due, Note: note})
		return
	}
	r.requests++
	next := Polling
	if r.operationID == "" {
		next = Registering
	}
	r.enter(next)
	r.due, r.unsent = r.now.Add(r.cfg.Policy.RequestTimeout), true
}

// wait waits until r.due. The link stays open unless the wait is long.
func (r *Registration) wait() {
	if most := r.cfg.Policy.StayConnected; most > 0 && r.due.Sub(r.now) > most {
		r.leave()
		return
	}
	r.enter(Waiting)
}

// leave asks the caller to close the link, if there is one.
func (r *Registration) leave() {
	if r.linked {
		r.enter(Closing)
		return
	}
	r.unlink()
}

// unlink enters the state in which there is no link.
func (r *Registration) unlink() {
	if r.err != ErrPending {
		r.enter(Finished)
		return
	}
	r.enter(Idle)
}

// repeat repeats the step on the same link after a failure.
func (r *Registration) repeat(err error, floor, spread time.Duration) {
	if r.retry(err, floor, spread) {
		r.wait()
		r.trace(Event{Kind: EventRetry, Until: r.due, Err: err})
	}
}

// lose gives up the link after a failure.
func (r *Registration) lose(err error) {
	r.closeRequest()
	if r.cfg.Policy.NoResume && r.operationID != "" {
		r.forget()
	}
	r.fail(err)
}

// fail gives up the link, or the attempt to set one up, after a failure.
func (r *Registration) fail(err error) {
	r.throttledSince = time.Time{}
	if r.retry(err, 0, 0) {
		r.leave()
		r.trace(Event{Kind: EventRetry, Until: r.due, Err: err})
	}
}

// forget drops the operation, so that the registration starts over. This is
// counted permanently, since each registration is billed.
func (r *Registration) forget() {
	r.operationID = ""
	r.startedOver++
}

// retry counts a failure and sets r.due for the next attempt. It reports
// whether there is a next attempt; if not, it ends the registration. floor is
// the wait that the service asks for: the next attempt is made neither before
// its end nor before the end of a wait that has already begun. spread, if not
// 0, replaces jitter.
func (r *Registration) retry(err error, floor, spread time.Duration) bool {
	p := &r.cfg.Policy
	r.attempts, r.last = r.attempts+1, keep(err)
	floor = min(floor, p.MaxRetryAfter)
	earliest := latest(r.due, r.now.Add(floor))
	wait := max(floor, p.backoff(r.attempts), spread)
	if spread == 0 {
		wait = longer(wait, r.random(), jitterRetry)
	}
	r.due = latest(earliest, r.now.Add(wait))
	if p.MaxAttempts > 0 && r.attempts >= p.MaxAttempts || r.unreadable >= maxUnreadable {
		r.giveUp(ErrAttempts, err)
		return false
	}
	if last := r.End().Add(-p.lastChance()); !r.inTime() && last.After(r.now) {
		r.due = latest(last, earliest) // one last attempt shortly before the end
	}
	if !r.inTime() {
		r.giveUp(ErrTimeout, err)
		return false
	}
	return true
}

// inTime reports whether the next attempt is due before the end of the budget.
func (r *Registration) inTime() bool {
	end := r.End()
	return end.IsZero() || r.due.Before(end)
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// random returns a number from 0 to 1 for the jitter of one wait.
func (r *Registration) random() float64 {
	if r.cfg.Jitter == nil {
		return 0
	}
	if n := r.cfg.Jitter(); n > 0 { // neither negative nor NaN
		return min(n, 1)
	}
	return 0
}

func (r *Registration) giveUp(reason, last error) {
	wait := max(r.due.Sub(r.now), 0)
	r.finish(&GiveUpError{reason, r.state, r.now.Sub(r.start), r.attempts, last, wait})
}

// finish ends the registration unless it has already ended. err is nil if
// r.result has been set.
func (r *Registration) finish(err error) {
	if r.err != ErrPending {
		return
	}
	r.err = err
	r.leave()
	r.trace(Event{Kind: EventEnd, Err: err})
}
