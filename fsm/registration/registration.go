package registration

import (
	"bytes"
	"strconv"
	"time"

	"example.com/dps/topic"
)

// A Registration registers one device, once. It is made by [New]. The package
// documentation says how to drive it.
type Registration struct {
	cfg Config

	// Small fields stand together, so that many waiting registrations take less memory.
	state      State
	started    bool   // start is set
	linked     bool   // a link is up
	unsent     bool   // the request that is due has not been taken yet
	resuming   bool   // no answer on this link has confirmed the operation id
	notFound   bool   // a query was answered 404 already, which led to a new registration
	refreshed  bool   // a query was answered 401, which led to this new link
	unreadable uint8  // answers in a row
	requests   uint32 // so far; the last one's $rid

	now   time.Time // the latest time seen
	start time.Time // time of the first input

	// due is when the next request may be sent, or a link is wanted for it; while an
	// answer is awaited, it is until when.
	due time.Time

	operationID    string    // empty: register
	attempts       int       // failures, forgiven by progress of a query
	startedOver    int       // how often, of these; never forgiven
	throttledSince time.Time // time of the first of the answers 429 in a row; zero: the last one was another
	last           error     // the last failure, until all goes well again
	ignored        int

	result *Assignment
	err    error // ErrPending until the end; nil if there is a result
}

// New returns a registration in state Idle. It reports every mistake in cfg in one
// error, which matches ErrInvalid. What cfg points to is copied.
func New(cfg Config) (*Registration, error) {
	cfg.setDefaults()
	if err := cfg.check(); err != nil {
		return nil, &configError{err}
	}
	cfg.Payload = bytes.Clone(cfg.Payload)
	return &Registration{cfg: cfg, operationID: cfg.OperationID, err: ErrPending}, nil
}

// Inputs. Each one carries the time, and ends with what is due by then.

// Ready reports that the link is up: connected, and subscribed to topic.ResponseFilter.
// Without a call of WantDial before it, Ready has no effect.
func (r *Registration) Ready(now time.Time) {
	r.tick(now)
	if r.state == Idle {
		r.linked, r.resuming = true, true
		r.proceed("the wait goes on")
	}
	r.fire()
}

// Message passes on a message that was received, and reports whether it is the awaited
// answer. Any other message is ignored. What name and payload point to remains the
// caller's.
func (r *Registration) Message(now time.Time, name, payload []byte) bool {
	r.tick(now)
	defer r.fire()
	response, err := topic.ParseResponse(name)
	switch {
	case err != nil:
		r.ignore("its topic is not that of an answer")
	case !r.awaiting() || r.unsent: // S5
		r.ignore("no request is open")
	case !r.isOurs(response.RequestID):
		r.ignore("its $rid is not that of the open request")
	default:
		r.answer(response, payload)
		return true
	}
	return false
}

// DialFailed reports that no link could be had. cause may be nil; a [*StepError] is kept
// as it is. While the link is up, DialFailed has no effect.
func (r *Registration) DialFailed(now time.Time, cause error) {
	r.tick(now)
	if r.state == Idle {
		r.fail(failure(Dialing, ErrDial, cause))
	}
	r.fire()
}

// Lost reports that the link is gone, also if it was closed because of WantClose. cause
// may be nil; a [*StepError] is kept as it is. Without a link, Lost has no effect.
func (r *Registration) Lost(now time.Time, cause error) {
	r.tick(now)
	r.linked = false
	switch {
	case r.state == Closing:
		r.unlink()
	case r.wantsLink():
		r.lose(failure(r.state, ErrLost, cause))
	}
	r.fire()
}

// Advance reports that time has passed. Call it at the Deadline; earlier or repeated
// calls have no effect.
func (r *Registration) Advance(now time.Time) {
	r.tick(now)
	r.fire()
}

// Abort ends the registration because the caller knows that it is hopeless: the host
// does not exist, say. The error of Result is then cause, or ErrStopped if that is nil.
// After the end, Abort has no effect.
func (r *Registration) Abort(now time.Time, cause error) {
	r.tick(now)
	if cause == nil || cause == ErrPending { // which would be no end
		cause = ErrStopped
	}
	r.finish(cause)
}

// Stop ends the registration with [ErrStopped]. After the end, Stop has no effect.
func (r *Registration) Stop(now time.Time) { r.Abort(now, nil) }

// Outputs. All but AppendRequest are pure reads, and change with inputs only.

// Want returns what to do next.
func (r *Registration) Want() Want {
	switch r.state {
	case Idle:
		return WantDial
	case Closing:
		return WantClose
	case Finished:
		return WantDone
	}
	return WantExchange
}

// HasRequest reports whether a request is due, for callers that make room for it first.
func (r *Registration) HasRequest() bool { return r.unsent }

// AppendRequest appends the topic name and the payload of the request that is to be
// published, with QoS 1 or 0, to name and payload. It returns each request once, and
// false if there is none.
func (r *Registration) AppendRequest(name, payload []byte) (_, _ []byte, ok bool) {
	if !r.unsent {
		return name, payload, false
	}
	r.unsent = false
	request := topic.Request{Op: topic.Register}
	var id [64]byte
	if r.state == Polling {
		request = topic.Request{Op: topic.QueryStatus, OperationID: append(id[:0], r.operationID...)}
	} else {
		payload = r.cfg.appendBody(payload)
	}
	var room [96]byte
	request.RequestID = r.appendRequestID(room[:0])
	name, _ = request.AppendText(name) // its parts were bounded when they came
	return name, payload, true
}

// Deadline returns the time until which there is nothing to do: then call Advance, or
// dial in WantDial. The zero time has always passed: act at once. In WantDone the
// Deadline has no meaning.
func (r *Registration) Deadline() time.Time {
	switch r.state {
	case Closing, Finished:
		return time.Time{}
	}
	if end := r.End(); !end.IsZero() && end.Before(r.due) {
		return end
	}
	return r.due
}

// End returns when the budget is used up. It is zero before the first input, and if
// there is no limit.
func (r *Registration) End() time.Time {
	if r.cfg.Policy.Budget < 0 || !r.started {
		return time.Time{}
	}
	return r.start.Add(r.cfg.Policy.Budget)
}

// Result returns the assignment, or [ErrPending] until the end. After the end it is the
// same for ever; what it points to is the caller's. The other errors are a
// [*ServiceError], a [*GiveUpError], [ErrStopped], and what Abort was given.
func (r *Registration) Result() (Assignment, error) {
	if r.result == nil {
		return Assignment{}, r.err
	}
	return r.result.Clone(), nil
}

// State returns the state.
func (r *Registration) State() State { return r.state }

// OperationID returns the id of the operation that is under way, to be put into
// Config.OperationID in a later run. It is empty if the service has not named one, and
// after the operation has ended.
func (r *Registration) OperationID() string { return r.operationID }

// Ignored returns the number of messages that were not the awaited answer: foreign
// topics, stale and repeated answers.
func (r *Registration) Ignored() int { return r.ignored }

// ClientID returns the client id for the CONNECT, which is the registration id.
func (r *Registration) ClientID() string { return r.cfg.RegistrationID }

// Username returns the user name for the CONNECT.
func (r *Registration) Username() string { return r.cfg.username() }

// String returns one line for logs.
func (r *Registration) String() string {
	return "registration.Registration(" + strconv.Quote(r.cfg.RegistrationID) + ", " + r.state.String() + ")"
}

// GoString returns String, so that %#v of a *Registration is one line, too.
func (r *Registration) GoString() string { return r.String() }

// appendRequestID appends the $rid of the last request.
func (r *Registration) appendRequestID(b []byte) []byte {
	return strconv.AppendUint(append(b, r.cfg.RequestIDPrefix...), uint64(r.requests), 10)
}

// isOurs reports whether an answer with this $rid is one to the last request (S4). The
// service may leave it empty, but not out.
func (r *Registration) isOurs(requestID []byte) bool {
	var room [96]byte
	return string(requestID) == string(r.appendRequestID(room[:0])) || requestID != nil && len(requestID) == 0
}

// failure returns cause if it is a *StepError, or else one.
func failure(s State, what, cause error) error {
	if step, ok := cause.(*StepError); ok {
		return step
	}
	if cause != nil {
		what = &detail{what, cause}
	}
	return &StepError{s, what}
}

func (r *Registration) ignore(why string) {
	r.ignored++
	r.trace(Event{Kind: EventIgnored, Note: why})
}

func (r *Registration) trace(e Event) {
	if r.cfg.Trace != nil {
		e.Time, e.State = r.now, r.state
		r.cfg.Trace(e)
	}
}
