package registration

import (
	"bytes"
	"strconv"
	"time"

	"example.com/dps/topic"
)

// A Registration registers one device once. Use [New] to create a Registration.
// The package documentation describes how to drive it.
type Registration struct {
	cfg Config

	// Small fields are adjacent to save memory, for programs with many waiting
	// registrations.
	state      State
	started    bool   // start is set
	linked     bool   // a link is open
	unsent     bool   // the request that is due has not been taken yet
	resuming   bool   // no answer on this link has confirmed the operation ID
	notFound   bool   // an earlier query was answered 404, after which the device registered again
	refreshed  bool   // a query was answered 401, after which this link was set up
	unreadable uint8  // number of unreadable answers in a row
	requests   uint32 // number of requests so far; the $rid of the last one

	now   time.Time // the latest time seen
	start time.Time // the time of the first input

	// due is the time at which the next request may be sent or its link may be
	// set up. In Registering and Polling, it is the deadline of the answer.
	due time.Time

	operationID    string    // of the operation to query; empty to register
	attempts       int       // failures; reset to startedOver when a query makes progress
	startedOver    int       // how many of the attempts were for starting over; never reset
	throttledSince time.Time // time of the first answer 429 in a row; zero if the last answer was a different one
	last           error     // the last failure; nil after progress
	ignored        int

	result *Assignment
	err    error // ErrPending until the end; nil if there is a result
}

// New returns a registration in state Idle. If cfg is invalid, New returns one
// error that reports every mistake and matches ErrInvalid. New copies the data
// that cfg points to.
func New(cfg Config) (*Registration, error) {
	cfg.setDefaults()
	if err := cfg.check(); err != nil {
		return nil, &configError{err}
	}
	cfg.Payload = bytes.Clone(cfg.Payload)
	return &Registration{cfg: cfg, operationID: cfg.OperationID, err: ErrPending}, nil
}

// The following methods are the inputs. Each input carries the current time and
// finally does everything that is due at that time.

// Ready reports that the link is open: it is connected, and subscribed to
// topic.ResponseFilter. Ready has no effect unless Want returns WantDial.
func (r *Registration) Ready(now time.Time) {
	r.tick(now)
	if r.state == Idle {
		r.linked, r.resuming = true, true
		r.proceed("the wait continues")
	}
	r.fire()
}

// Message passes a received message to the registration, and reports whether it
// is the awaited answer. Any other message is ignored. Message does not retain
// name or payload.
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

// DialFailed reports that no link could be established. The cause may be nil; a
// [*StepError] is not wrapped in another one. While the link is open,
// DialFailed has no effect.
func (r *Registration) DialFailed(now time.Time, cause error) {
	r.tick(now)
	if r.state == Idle {
		r.fail(failure(Dialing, ErrDial, cause))
	}
	r.fire()
}

// Lost reports that the link is gone, including when the caller closed it
// because of WantClose. The cause may be nil; a [*StepError] is not wrapped in
// another one. Without a link, Lost has no effect.
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

// Advance reports that time has passed. Call it at the Deadline. Earlier and
// repeated calls have no effect.
func (r *Registration) Advance(now time.Time) {
	r.tick(now)
	r.fire()
}

// Abort ends the registration. Call it when the registration cannot succeed,
// for example because the host does not exist. Result then returns cause as its
// error, or ErrStopped if cause is nil. After the end of the registration,
// Abort has no effect.
func (r *Registration) Abort(now time.Time, cause error) {
	r.tick(now)
	if cause == nil || cause == ErrPending { // with ErrPending, it would not end
		cause = ErrStopped
	}
	r.finish(cause)
}

// Stop ends the registration with [ErrStopped]. After the end of the
// registration, Stop has no effect.
func (r *Registration) Stop(now time.Time) { r.Abort(now, nil) }

// The following methods are the outputs. All but AppendRequest only read the
// state of the registration, and their results change only with inputs.

// Want returns what the caller should do next.
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

// HasRequest reports whether AppendRequest would return a request, for callers
// that first allocate a buffer.
func (r *Registration) HasRequest() bool { return r.unsent }

// AppendRequest appends the topic name of the pending request to name and its
// payload to payload, and returns the extended buffers. The caller
// publishes the request with QoS 1 or 0. AppendRequest returns each request
// once, and reports whether there was one.
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
	name, _ = request.AppendText(name) // valid, since its parts have been checked
	return name, payload, true
}

// Deadline returns the time at which the caller must act unless something
// happens earlier. At that time,
// call Advance, or set up a link if Want returns WantDial. The zero time has
// always passed: act immediately. If Want returns WantDone, the Deadline has no
// meaning.
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

// End returns the time at which the budget is used up. It is zero before the
// first input and if there is no limit.
func (r *Registration) End() time.Time {
	if r.cfg.Policy.Budget < 0 || !r.started {
		return time.Time{}
	}
	return r.start.Add(r.cfg.Policy.Budget)
}

// Result returns the assignment, or [ErrPending] until the registration ends.
// After that, every call returns an equal result, whose memory belongs to the
// caller. The other possible errors are a [*ServiceError], a [*GiveUpError],
// [ErrStopped] and the cause passed to Abort.
func (r *Registration) Result() (Assignment, error) {
	if r.result == nil {
		return Assignment{}, r.err
	}
	return r.result.Clone(), nil
}

// State returns the current state.
func (r *Registration) State() State { return r.state }

// OperationID returns the ID of the operation in progress, for
// Config.OperationID of a later run. It is empty if the service has not named
// an operation yet, and after the operation has ended.
func (r *Registration) OperationID() string { return r.operationID }

// Ignored returns the number of received messages that were not the awaited
// answer: messages on other topics, and stale or repeated answers.
func (r *Registration) Ignored() int { return r.ignored }

// ClientID returns the client identifier for the CONNECT, which is the
// registration ID.
func (r *Registration) ClientID() string { return r.cfg.RegistrationID }

// Username returns the user name for the CONNECT.
func (r *Registration) Username() string { return r.cfg.username() }

// String returns a description of the registration on one line, for logs.
func (r *Registration) String() string {
	return "registration.Registration(" + strconv.Quote(r.cfg.RegistrationID) + ", " + r.state.String() + ")"
}

// GoString returns the same as String, so that formatting a *Registration with
// %#v also prints one line.
func (r *Registration) GoString() string { return r.String() }

// appendRequestID appends the $rid of the last request.
func (r *Registration) appendRequestID(b []byte) []byte {
	return strconv.AppendUint(append(b, r.cfg.RequestIDPrefix...), uint64(r.requests), 10)
}

// isOurs reports whether an answer with this $rid is an answer to the last
// request (S4). The $rid may be empty, but not absent.
func (r *Registration) isOurs(requestID []byte) bool {
	var room [96]byte
	return string(requestID) == string(r.appendRequestID(room[:0])) || requestID != nil && len(requestID) == 0
}

// failure returns cause if it is a *StepError. Otherwise it returns a
// *StepError that wraps what and cause.
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
