package registration

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// These errors classify the errors of Result by what to do about them. Each
// error of Result matches exactly one of them, or is a [*GiveUpError],
// [ErrStopped] or the cause passed to Abort. The cases of a switch can
// therefore be in any order.
var (
	// ErrUnauthorized reports that the service did not accept the credentials
	// (401, 403): the key, the token, the clock or the certificate is wrong.
	// Trying again does not help.
	ErrUnauthorized = errors.New("registration: credentials not accepted")

	// ErrDisabled reports that the enrollment is disabled. It may be enabled
	// again.
	ErrDisabled = errors.New("registration: enrollment disabled")

	// ErrNotFound reports that the service does not know the device or the ID
	// scope (404). The device may be enrolled later.
	ErrNotFound = errors.New("registration: device or ID scope not known")

	// ErrFailed reports that the service could not assign the device: the
	// allocation failed, no hub is linked, there is a conflict (409), or the
	// status is unknown. The administrator of the service must resolve the
	// problem.
	ErrFailed = errors.New("registration: assignment failed")

	// ErrInvalid reports that the device sent something invalid (400 and other
	// 4xx), such as a malformed registration ID, an unsupported api-version or
	// a payload that the service rejects, or that Config is invalid.
	ErrInvalid = errors.New("registration: invalid request")
)

var (
	// ErrPending is the error of Result until the registration has ended.
	ErrPending = errors.New("registration: not finished")

	// ErrStopped reports that Stop was called.
	ErrStopped = errors.New("registration: stopped")

	// ErrRefused is matched by every refusal by the service, such as a
	// [*ServiceError], in addition to the error that says what to do about it.
	ErrRefused = errors.New("registration: refused by the service")

	// ErrUnknownStatus is matched, in addition to ErrFailed, if the service
	// ended the registration with an unknown status. The [*ServiceError] has
	// its text.
	ErrUnknownStatus = errors.New("registration: unknown status")

	// ErrTimeout is the Reason of a [*GiveUpError] if the budget is used up, or
	// would be used up before the next attempt.
	ErrTimeout = errors.New("out of time")

	// ErrAttempts is the Reason of a [*GiveUpError] after too many failures.
	ErrAttempts = errors.New("too many failures")

	// ErrLost reports that the link was lost.
	ErrLost = errors.New("connection lost")

	// ErrDial reports that no link could be established.
	ErrDial = errors.New("no connection")

	// ErrNoAnswer reports that the peer did not answer in time.
	ErrNoAnswer = errors.New("no answer in time")

	// ErrBody reports that an answer of the service could not be understood.
	ErrBody = errors.New("unreadable answer")
)

// prefix is the beginning of the text of every error that Result and New
// return. It occurs only once in each text.
const prefix = "registration: "

// Texts are built without package fmt, which is larger than this package and
// would be the largest part of the program of a small device.

// bare returns the text of an error without the name of its package.
func bare(err error) string {
	if err == nil { // in a struct that the caller created
		return "<nil>"
	}
	s := strings.TrimPrefix(err.Error(), prefix)
	return strings.TrimPrefix(s, "fsm: ")
}

// quote quotes received text, truncated to the given number of characters.
func quote(s string, most int) string {
	for i := range s {
		if most--; most < 0 {
			return strconv.Quote(s[:i])
		}
	}
	return strconv.Quote(s)
}

// A detail is an error with additional information. It matches both err and
// more.
type detail struct{ err, more error }

func (e *detail) Error() string { return e.err.Error() + ": " + e.more.Error() }

func (e *detail) Unwrap() []error { return []error{e.err, e.more} }

func unreadable(what string) error { return &detail{ErrBody, errors.New(what)} }

// A ServiceError is a refusal by the service: an error answer, or a
// registration that ended with a status other than "assigned". Its texts come
// from the service, up to 1,024 bytes of each. Quote them before printing them,
// as Error does.
type ServiceError struct {
	State              State  // Registering or Polling
	Status             int    // from the topic, such as 401
	ErrorCode          int    // such as 401002, whose first three digits are like an HTTP status; 0 if absent
	Message            string // errorMessage, or message in an error body
	TrackingID         string // for Microsoft's support; may be empty
	Timestamp          string // timestampUtc as received; may be empty
	Info               string // info in an error body, as JSON; may be empty
	RegistrationStatus string // "failed", "disabled", …; empty in an error answer
	Substatus          string // may be empty
	OperationID        string // may be empty
}

// Error returns a description of the refusal on one line, with everything that
// helps to find the cause.
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
		s += " (tracking ID " + strconv.Quote(e.TrackingID) + ")"
	}
	return s
}

// Is reports whether target is ErrRefused, the error that says what to do about
// e, or, for an unknown status, ErrUnknownStatus.
func (e *ServiceError) Is(target error) bool {
	return target == ErrRefused || target == e.class() ||
		target == ErrUnknownStatus && outcomeOf([]byte(e.RegistrationStatus)) == unknown
}

// class returns the error that says what to do about e, or nil if the step is
// repeated.
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

// A StepError is a failure after which another attempt may succeed. It appears
// as the Last of a [GiveUpError] and in the trace.
type StepError struct {
	State State // in which the failure happened
	Err   error // wraps ErrDial, ErrLost, ErrNoAnswer or ErrBody, or an error of package fsm
}

// Error returns a description of the failure on one line.
func (e *StepError) Error() string {
	hint := ""
	if e.State == Registering && errors.Is(e.Err, ErrLost) { // S14
		hint = " (the service closes without an answer when it does not accept the certificate or its chain, or has no such enrollment)"
	}
	return prefix + e.State.String() + ": " + bare(e.Err) + hint
}

// Unwrap returns e.Err.
func (e *StepError) Unwrap() error { return e.Err }

// A GiveUpError ends a registration that the service has neither accepted nor
// refused, because
// the service is throttled or unavailable, the network is down, or an answer
// takes too long. Try again later, but not before Wait has passed.
type GiveUpError struct {
	Reason   error         // ErrTimeout or ErrAttempts
	State    State         // in which the registration ended
	Elapsed  time.Duration // since the first input
	Attempts int           // failures, as counted for Policy.MaxAttempts
	Last     error         // the last failure; nil if there was progress after it
	Wait     time.Duration // from the end until the next attempt would have been due
}

// Error returns a description of the error on one line.
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

// Unwrap returns e.Reason and e.Last. It omits a Last that is a refusal by the
// service, which would make e look like a final refusal.
func (e *GiveUpError) Unwrap() []error {
	if e.Last == nil || errors.Is(e.Last, ErrRefused) {
		return []error{e.Reason}
	}
	return []error{e.Reason, e.Last}
}

// A note is a shortened refusal, which the registration keeps while it waits
// for the next attempt. It takes at most 100 bytes.
type note struct {
	state   State
	status  uint16
	code    int32
	message uint8 // length of the message in text; the rest is the tracking ID
	text    string
}

// maxNote is the maximum length in bytes of the text of a note.
const maxNote = 64

// keep returns a shortened form of a failure, since an answer of the service
// may be large.
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

// recall returns the failure from which keep made err.
func recall(err error) error {
	if n, ok := err.(*note); ok {
		return n.refusal()
	}
	return err
}

func (n *note) refusal() *ServiceError {
	return &ServiceError{State: n.state, Status: int(n.status), ErrorCode: int(n.code), Message: n.text[:n.message], TrackingID: n.text[n.message:]}
}

// Error makes a note an error. Its text is never shown.
func (n *note) Error() string { return n.refusal().Error() }

// A configError reports the mistakes in a Config.
type configError struct{ err error }

func (e *configError) Error() string        { return prefix + "bad Config: " + e.err.Error() }
func (e *configError) Unwrap() error        { return e.err }
func (e *configError) Is(target error) bool { return target == ErrInvalid }
