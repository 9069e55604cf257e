package fsm

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"example.com/dps/packet"
)

var (
	// ErrPending is the error of Result until the end is reached.
	ErrPending = errors.New("fsm: registration is not finished")

	// ErrStopped says that Stop was called.
	ErrStopped = errors.New("fsm: stopped")

	// ErrTimeout says that the budget for the whole registration is used up, or that
	// the next attempt would come after its end.
	ErrTimeout = errors.New("fsm: budget used up")

	// ErrAttempts says that too many attempts in a row failed.
	ErrAttempts = errors.New("fsm: too many failed attempts")

	// ErrLost says that the transport was closed.
	ErrLost = errors.New("connection lost")

	// ErrDial says that no transport could be opened.
	ErrDial = errors.New("no connection")

	// ErrNoAnswer says that the peer did not answer in time.
	ErrNoAnswer = errors.New("no answer in time")

	// ErrProtocol says that the peer broke MQTT 3.1.1.
	ErrProtocol = errors.New("MQTT protocol violation")

	// ErrBody says that an answer of the service could not be understood.
	ErrBody = errors.New("unreadable answer")

	// ErrSubscribe says that the service refused the subscription (SUBACK 0x80).
	ErrSubscribe = errors.New("fsm: subscription refused by the service (SUBACK 0x80)")

	// ErrUnknownStatus says that the service ended the registration with a status
	// that is none of the known ones. The [ServiceError] has its text.
	ErrUnknownStatus = errors.New("fsm: unknown registration status")

	// ErrOrder says that Open was called while a transport is open or after the end.
	ErrOrder = errors.New("fsm: a transport can only be opened in state idle")

	// ErrPassword says that Open was called without a password though the device has
	// a key, or with one though it has a certificate.
	ErrPassword = errors.New("fsm: wrong kind of password")
)

// A ServiceError is a refusal by the service: an error answer, or a registration
// that ended in another status than "assigned".
type ServiceError struct {
	State              State  // Registering or Polling
	Status             int    // from the topic, such as 401
	ErrorCode          int    // such as 401002; its first three digits are like an HTTP status; 0 if absent
	Message            string // errorMessage, or message of the error body
	TrackingID         string // for Microsoft's support; may be empty
	Timestamp          string // timestampUtc as it came; may be empty
	Info               string // the error body's info, as JSON; may be empty
	RegistrationStatus string // "failed", "disabled", …; empty in an error answer
	Substatus          string // may be empty
	OperationID        string // may be empty
}

// Error returns one line with all that helps to find the cause.
func (e *ServiceError) Error() string {
	var s strings.Builder
	s.WriteString("fsm: ")
	switch {
	case e.RegistrationStatus != "":
		fmt.Fprintf(&s, "registration ended with status %q", e.RegistrationStatus)
	case e.State == Polling:
		fmt.Fprintf(&s, "query refused with status %d", e.Status)
	default:
		fmt.Fprintf(&s, "registration refused with status %d", e.Status)
	}
	if e.ErrorCode != 0 {
		fmt.Fprintf(&s, ", error code %d", e.ErrorCode)
	}
	if e.Message != "" {
		fmt.Fprintf(&s, ": %s", e.Message)
	}
	if e.TrackingID != "" {
		fmt.Fprintf(&s, " (tracking id %s)", e.TrackingID)
	}
	return s.String()
}

// Is makes an unknown registration status match [ErrUnknownStatus].
func (e *ServiceError) Is(target error) bool {
	return target == ErrUnknownStatus && e.RegistrationStatus != "" && outcomeOf(e.RegistrationStatus) == unknown
}

// A ConnectError is a CONNACK that refuses the connection.
type ConnectError struct {
	ReturnCode packet.ReturnCode
}

// Error returns one line.
func (e *ConnectError) Error() string {
	return fmt.Sprintf("fsm: connection refused by the service: %v (CONNACK %d)", e.ReturnCode, byte(e.ReturnCode))
}

// A StepError is a failure that the machine tries to get over with another attempt.
// It shows up as the Last of a [GiveUpError] and in the trace.
type StepError struct {
	State State // in which it happened
	Err   error // wraps ErrDial, ErrLost, ErrNoAnswer, ErrProtocol or ErrBody, or is a *ConnectError
}

// Error returns one line.
func (e *StepError) Error() string {
	hint := ""
	if e.State == Registering && errors.Is(e.Err, ErrLost) {
		hint = " (the service closes without an answer when it does not accept the certificate or its chain, or has no such enrollment)"
	}
	return fmt.Sprintf("fsm: %v: %s%s", e.State, strings.TrimPrefix(e.Err.Error(), "fsm: "), hint)
}

// Unwrap returns e.Err.
func (e *StepError) Unwrap() error { return e.Err }

// A GiveUpError ends a registration that the service never decided.
type GiveUpError struct {
	Reason   error         // ErrTimeout or ErrAttempts
	State    State         // in which it happened
	Elapsed  time.Duration // since the first input
	Attempts int           // that failed in a row
	Last     error         // the last failure; nil if there was none
	Due      time.Time     // when the next attempt would have been: who starts over keeps to it
}

// Error returns one line.
func (e *GiveUpError) Error() string {
	s := fmt.Sprintf("%v after %v while %v", e.Reason, e.Elapsed.Round(time.Millisecond), e.State)
	if e.Attempts > 0 {
		s += fmt.Sprintf(", %d failed in a row", e.Attempts)
	}
	if e.Last != nil {
		s += fmt.Sprintf("; the last failure: %v", e.Last)
	}
	return s
}

// Unwrap returns e.Reason and e.Last.
func (e *GiveUpError) Unwrap() []error {
	if e.Last == nil {
		return []error{e.Reason}
	}
	return []error{e.Reason, e.Last}
}
