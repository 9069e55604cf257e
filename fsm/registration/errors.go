package registration

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// What to do about an error of Result: each one matches exactly one of these, or is a
// [*GiveUpError], [ErrStopped], or the cause given to Abort. So a switch may have its
// cases in any order.
var (
	// ErrUnauthorized reports that the service does not accept the credentials: key,
	// token, clock or certificate (401, 403). Trying again does not help.
	ErrUnauthorized = errors.New("registration: credentials not accepted")

	// ErrDisabled reports that the enrollment is disabled. It may be enabled again.
	ErrDisabled = errors.New("registration: enrollment disabled")

	// ErrNotFound reports that the service does not know the device or the ID scope
	// (404). It may be enrolled later.
	ErrNotFound = errors.New("registration: device or ID scope not known")

	// ErrFailed reports that the service could not assign the device: the allocation
	// failed, no hub is linked, there is a conflict (409), or the status is unknown.
	// Somebody has to look at the service.
	ErrFailed = errors.New("registration: assignment failed")

	// ErrInvalid reports a mistake in what the device sent, such as a malformed
	// registration id, an unsupported api-version, a payload that the service does not
	// like (400 and other 4xx), or a mistake in Config.
	ErrInvalid = errors.New("registration: invalid request")
)

var (
	// ErrPending is the error of Result until the registration has ended.
	ErrPending = errors.New("registration: not finished")

	// ErrStopped reports that Stop was called.
	ErrStopped = errors.New("registration: stopped")

	// ErrRefused is matched by every refusal of the service, a [*ServiceError] for
	// one, beside the error that says what to do about it.
	ErrRefused = errors.New("registration: refused by the service")

	// ErrUnknownStatus is matched, beside ErrFailed, if the service ended the
	// registration with a status that is not one of the known ones. The
	// [*ServiceError] has its text.
	ErrUnknownStatus = errors.New("registration: unknown status")

	// ErrTimeout is the reason for giving up if the budget is used up, or if it would
	// be before the next attempt.
	ErrTimeout = errors.New("out of time")

	// ErrAttempts is the reason for giving up after too many failures.
	ErrAttempts = errors.New("too many failures")

	// ErrLost reports that the link is gone.
	ErrLost = errors.New("connection lost")

	// ErrDial reports that there was no link to be had.
	ErrDial = errors.New("no connection")

	// ErrNoAnswer reports that the peer did not answer in time.
	ErrNoAnswer = errors.New("no answer in time")

	// ErrBody reports that an answer of the service could not be understood.
	ErrBody = errors.New("unreadable answer")
)

// prefix begins the text of every error that Result and New return, once.
const prefix = "registration: "

// The texts are put together without package fmt, which is larger than this package and
// would be most of a small device's program.

// bare returns the text of an error without the name of a package before it.
func bare(err error) string {
	if err == nil { // in a struct that the caller made
		return "<nil>"
	}
	s := strings.TrimPrefix(err.Error(), prefix)
	return strings.TrimPrefix(s, "fsm: ")
}

// quote prints foreign text, at most so many characters of it.
func quote(s string, most int) string {
	for i := range s {
		if most--; most < 0 {
			return strconv.Quote(s[:i])
		}
	}
	return strconv.Quote(s)
}

// A detail is an error that says more about another one. It matches both.
type detail struct{ err, more error }

func (e *detail) Error() string { return e.err.Error() + ": " + e.more.Error() }

func (e *detail) Unwrap() []error { return []error{e.err, e.more} }

func unreadable(what string) error { return &detail{ErrBody, errors.New(what)} }

// A ServiceError is a refusal by the service: an error answer, or a registration that
// ended in another status than "assigned". Its texts are those of the service, up to
// 1,024 bytes of each: do not print them without quotes, as Error does not.
type ServiceError struct {
	State              State  // Registering or Polling
	Status             int    // from the topic, such as 401
	ErrorCode          int    // such as 401002; its first three digits are like an HTTP status; 0 if absent
	Message            string // errorMessage, or message of the error body
	TrackingID         string // for Microsoft's support; may be empty
	Timestamp          string // timestampUtc as received; may be empty
	Info               string // the error body's info, as JSON; may be empty
	RegistrationStatus string // "failed", "disabled", …; empty in an error answer
	Substatus          string // may be empty
	OperationID        string // may be empty
}

// Error returns one line with all that helps to find the cause.
func (e *ServiceError) Error() string {
	s := prefix
	switch {
	case e.RegistrationStatus != "":
		s += "ended with status " + strconv.Quote(e.RegistrationStatus)
	case e.State == Polling:
		s += "query refused with status " + strconv.Itoa(e.Status)
	default:
		s += "refused with status " + strconv.Itoa(e.Status)
	}
	if e.ErrorCode != 0 {
		s += ", error code " + strconv.Itoa(e.ErrorCode)
	}
	if e.Message != "" {
		s += ": " + strconv.Quote(e.Message)
	}
	if e.TrackingID != "" {
		s += " (tracking id " + strconv.Quote(e.TrackingID) + ")"
	}
	return s
}

// Is makes e match ErrRefused and the error that says what to do about it.
func (e *ServiceError) Is(target error) bool {
	return target == ErrRefused || target == e.class() ||
		target == ErrUnknownStatus && outcomeOf([]byte(e.RegistrationStatus)) == unknown
}

// class returns the error that says what to do; nil for a refusal that is tried again.
func (e *ServiceError) class() error {
	switch status := e.Status; {
	case isDisabled(e.RegistrationStatus):
		return ErrDisabled
	case outcomeOf([]byte(e.RegistrationStatus)) == ended, status < 400:
		return ErrFailed
	case status == 429 || status >= 500:
		return nil
	case status == 404 || e.ErrorCode/1000 == 404:
		return ErrNotFound
	case status == 401 || status == 403:
		return ErrUnauthorized
	case status == 409:
		return ErrFailed
	}
	return ErrInvalid
}

// A StepError is a failure that another attempt may get over. It is the Last of a
// [GiveUpError], and in the trace.
type StepError struct {
	State State // in which it happened
	Err   error // wraps ErrDial, ErrLost, ErrNoAnswer or ErrBody, or an error of package fsm
}

// Error returns one line.
func (e *StepError) Error() string {
	hint := ""
	if e.State == Registering && errors.Is(e.Err, ErrLost) { // S14
		hint = " (the service closes without an answer when it does not accept the certificate or its chain, or has no such enrollment)"
	}
	return prefix + e.State.String() + ": " + bare(e.Err) + hint
}

// Unwrap returns e.Err.
func (e *StepError) Unwrap() error { return e.Err }

// A GiveUpError ends a registration that the service never decided: it is throttled or
// unavailable, the network is down, or an answer takes too long. Try again later, not
// before Wait is over.
type GiveUpError struct {
	Reason   error         // ErrTimeout or ErrAttempts
	State    State         // in which it happened
	Elapsed  time.Duration // since the first input
	Attempts int           // failures, as Policy.MaxAttempts counts them
	Last     error         // the last failure; nil if all has gone well since
	Wait     time.Duration // from then on until the next attempt would have been due
}

// Error returns one line.
func (e *GiveUpError) Error() string {
	where := " while " + e.State.String()
	if e.State == Idle {
		where = " without a connection"
	}
	s := prefix + bare(e.Reason) + " after " + e.Elapsed.Round(time.Millisecond).String() + where
	if e.Wait != 0 {
		s += ", with the next attempt due in " + e.Wait.Round(time.Millisecond).String()
	}
	if e.Attempts > 0 {
		s += "; failures: " + strconv.Itoa(e.Attempts)
	}
	if e.Last != nil {
		s += ", the last one: " + bare(e.Last)
	}
	return s
}

// Unwrap returns e.Reason and e.Last, but not a Last that is a refusal of the service,
// which would make e look like a final one.
func (e *GiveUpError) Unwrap() []error {
	if e.Last == nil || errors.Is(e.Last, ErrRefused) {
		return []error{e.Reason}
	}
	return []error{e.Reason, e.Last}
}

// A note is what is kept of a refusal while the registration waits for another attempt:
// it takes at most 100 bytes.
type note struct {
	state   State
	status  uint16
	code    int32
	message uint8 // bytes of text; the rest is the tracking id
	text    string
}

// maxNote bounds the text of a note in bytes.
const maxNote = 64

// keep returns what is kept of a failure. An answer of the service may be large.
func keep(err error) error {
	switch e := err.(type) {
	case *ServiceError:
		id := clipString(e.TrackingID, maxNote)
		message := clipString(e.Message, maxNote-len(id))
		return &note{e.State, uint16(e.Status), int32(e.ErrorCode), uint8(len(message)), message + id}
	case *StepError:
		if errors.Is(e.Err, ErrBody) {
			return &StepError{e.State, ErrBody}
		}
	}
	return err
}

// recall returns the failure of which this was kept.
func recall(err error) error {
	if n, ok := err.(*note); ok {
		return n.refusal()
	}
	return err
}

func (n *note) refusal() *ServiceError {
	return &ServiceError{State: n.state, Status: int(n.status), ErrorCode: int(n.code), Message: n.text[:n.message], TrackingID: n.text[n.message:]}
}

// Error makes a note an error; nobody sees it.
func (n *note) Error() string { return n.refusal().Error() }

// A configError is a Config with mistakes.
type configError struct{ err error }

func (e *configError) Error() string        { return prefix + "bad Config: " + e.err.Error() }
func (e *configError) Unwrap() error        { return e.err }
func (e *configError) Is(target error) bool { return target == ErrInvalid }
