package fsm

import (
	"errors"
	"slices"
	"strconv"

	"example.com/dps/fsm/registration"
	"example.com/dps/packet"
)

// What to do about an error of Result: each one matches exactly one of these, or is a
// [*GiveUpError], [ErrStopped], or the cause given to Abort. So a switch may have its
// cases in any order. Package registration documents them.
var (
	ErrUnauthorized = registration.ErrUnauthorized // credentials not accepted
	ErrDisabled     = registration.ErrDisabled     // the enrollment is disabled
	ErrNotFound     = registration.ErrNotFound     // device or ID scope not known
	ErrFailed       = registration.ErrFailed       // the service could not assign the device
	ErrInvalid      = registration.ErrInvalid      // a mistake in what the device sent, or in Config
)

var (
	ErrPending       = registration.ErrPending       // the error of Result until the end
	ErrStopped       = registration.ErrStopped       // Stop was called
	ErrRefused       = registration.ErrRefused       // matched by every refusal of the service
	ErrUnknownStatus = registration.ErrUnknownStatus // matched beside ErrFailed
	ErrTimeout       = registration.ErrTimeout       // reason of a GiveUpError: out of time
	ErrAttempts      = registration.ErrAttempts      // reason of a GiveUpError: too many failures
	ErrLost          = registration.ErrLost          // the transport was closed
	ErrDial          = registration.ErrDial          // no transport could be opened
	ErrNoAnswer      = registration.ErrNoAnswer      // the peer did not answer in time
	ErrBody          = registration.ErrBody          // an answer could not be understood
)

// The errors and results of package registration.
type (
	Assignment        = registration.Assignment
	X509State         = registration.X509State
	CertificateInfo   = registration.CertificateInfo
	SymmetricKeyState = registration.SymmetricKeyState

	ServiceError = registration.ServiceError
	StepError    = registration.StepError
	GiveUpError  = registration.GiveUpError
)

var (
	// ErrProtocol reports that the peer broke MQTT 3.1.1.
	ErrProtocol = errors.New("MQTT protocol violation")

	// ErrBacklog reports that there was more output than a machine holds, 1 MiB: the
	// caller did not take it, while the peer went on sending.
	ErrBacklog = errors.New("output was not taken")

	// ErrSubscribe reports that the service refused the subscription (SUBACK 0x80). It
	// matches ErrRefused and ErrUnauthorized.
	ErrSubscribe error = &classified{"fsm: subscription refused by the service (SUBACK 0x80)", []error{ErrRefused, ErrUnauthorized}}

	// ErrOrder reports that Open was called while a transport is open or after the end.
	ErrOrder = errors.New("fsm: a transport can only be opened when it is wanted")

	// ErrPassword reports that Open was called without a password though the device has
	// a key, with one though it has a certificate, or with one that MQTT cannot carry.
	// It matches ErrInvalid.
	ErrPassword error = &classified{"fsm: wrong kind of password", []error{ErrInvalid}}
)

// A classified error matches those that say what to do about it.
type classified struct {
	text    string
	classes []error
}

func (e *classified) Error() string { return e.text }

func (e *classified) Is(target error) bool { return slices.Contains(e.classes, target) }

// A detail is an error that says more about another one. It matches both. As in package
// registration, texts are put together without package fmt.
type detail struct{ err, more error }

func (e *detail) Error() string { return e.err.Error() + ": " + e.more.Error() }

func (e *detail) Unwrap() []error { return []error{e.err, e.more} }

func detailed(err error, more string) error { return &detail{err, errors.New(more)} }

// A ConnectError is a CONNACK that refuses the connection. It matches [ErrRefused] and,
// unless the refusal is about the server's condition, [ErrUnauthorized].
type ConnectError struct {
	ReturnCode packet.ReturnCode
}

// Error returns one line.
func (e *ConnectError) Error() string {
	return "fsm: connection refused by the service: " + e.ReturnCode.String() + " (CONNACK " + strconv.Itoa(int(e.ReturnCode)) + ")"
}

// Is makes e match ErrRefused and the error that says what to do about it.
func (e *ConnectError) Is(target error) bool {
	return target == ErrRefused || target == ErrUnauthorized && !transient(e.ReturnCode)
}

// transient reports whether a refusal is about the server's condition, not the device.
func transient(code packet.ReturnCode) bool {
	return code == packet.ServerUnavailable || code == packet.UnacceptableProtocolVersion
}
