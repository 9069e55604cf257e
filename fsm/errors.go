package fsm

import (
	"errors"
	"slices"
	"strconv"

	"example.com/dps/fsm/registration"
	"example.com/dps/packet"
)

// These errors classify the errors of Result by what to do about them. Each
// error of Result matches exactly one of them, or is a [*GiveUpError],
// [ErrStopped] or the cause passed to Abort. The cases of a switch can
// therefore be in any order. Package registration documents the errors.
var (
	ErrUnauthorized = registration.ErrUnauthorized // the service did not accept the credentials
	ErrDisabled     = registration.ErrDisabled     // the enrollment is disabled
	ErrNotFound     = registration.ErrNotFound     // the service does not know the device or the ID scope
	ErrFailed       = registration.ErrFailed       // the service could not assign the device
	ErrInvalid      = registration.ErrInvalid      // the device sent something invalid, or Config is invalid
)

var (
	ErrPending       = registration.ErrPending       // the registration has not ended
	ErrStopped       = registration.ErrStopped       // Stop was called
	ErrRefused       = registration.ErrRefused       // every refusal by the service matches it
	ErrUnknownStatus = registration.ErrUnknownStatus // an unknown status, which also matches ErrFailed
	ErrTimeout       = registration.ErrTimeout       // the Reason of a GiveUpError: out of time
	ErrAttempts      = registration.ErrAttempts      // the Reason of a GiveUpError: too many failures
	ErrLost          = registration.ErrLost          // the transport was closed
	ErrDial          = registration.ErrDial          // no transport could be opened
	ErrNoAnswer      = registration.ErrNoAnswer      // the peer did not answer in time
	ErrBody          = registration.ErrBody          // an answer could not be understood
)

// These types are those of package registration, which documents their fields.
type (
	Assignment        = registration.Assignment        // the hub and the device ID
	X509State         = registration.X509State         // the certificate that the service received
	CertificateInfo   = registration.CertificateInfo   // a certificate of an X509State
	SymmetricKeyState = registration.SymmetricKeyState // the enrollment group

	ServiceError = registration.ServiceError // the service refused the device or its registration
	StepError    = registration.StepError    // a failure after which another attempt may succeed
	GiveUpError  = registration.GiveUpError  // out of time or attempts before the service decided
)

var (
	// ErrProtocol reports that the peer violated MQTT 3.1.1.
	ErrProtocol = errors.New("MQTT protocol violation")

	// ErrBacklog reports that the output exceeded the limit of 1 MiB: the
	// caller did not take it while the peer continued to send.
	ErrBacklog = errors.New("output was not taken")

	// ErrSubscribe reports that the service refused the subscription (SUBACK
	// 0x80). It matches ErrRefused and ErrUnauthorized.
	ErrSubscribe error = &classified{"fsm: subscription refused by the service (SUBACK 0x80)", []error{ErrRefused, ErrUnauthorized}}

	// ErrOrder reports that Open was called when no transport was wanted: while
	// one was open or closing, after the dial had timed out, or after the
	// registration had ended.
	ErrOrder = errors.New("fsm: a transport can only be opened when it is wanted")

	// ErrPassword reports that Open was called without a password although the
	// device attests with a key, with a password although it attests with a
	// certificate, or with a password that MQTT cannot carry. It matches
	// ErrInvalid.
	ErrPassword error = &classified{"fsm: wrong kind of password", []error{ErrInvalid}}
)

// A classified error matches the errors in classes, which say what to do about
// it.
type classified struct {
	text    string
	classes []error
}

func (e *classified) Error() string { return e.text }

func (e *classified) Is(target error) bool { return slices.Contains(e.classes, target) }

// A detail is an error with additional information. It matches both err and
// more. As in package registration, texts are built without package fmt.
type detail struct{ err, more error }

func (e *detail) Error() string { return e.err.Error() + ": " + e.more.Error() }

func (e *detail) Unwrap() []error { return []error{e.err, e.more} }

func detailed(err error, more string) error { return &detail{err, errors.New(more)} }

// A ConnectError is a CONNACK that refuses the connection. It matches
// [ErrRefused]. Unless the refusal concerns the server rather than the device,
// it also matches [ErrUnauthorized].
type ConnectError struct {
	ReturnCode packet.ReturnCode
}

// Error returns a description of the error on one line.
func (e *ConnectError) Error() string {
	return "fsm: connection refused by the service: " + e.ReturnCode.String() + " (CONNACK " + strconv.Itoa(int(e.ReturnCode)) + ")"
}

// Is reports whether target is ErrRefused or the error that says what to do
// about e.
func (e *ConnectError) Is(target error) bool {
	return target == ErrRefused || target == ErrUnauthorized && !transient(e.ReturnCode)
}

// transient reports whether a refusal is about the condition of the server, not
// about the device.
func transient(code packet.ReturnCode) bool {
	return code == packet.ServerUnavailable || code == packet.UnacceptableProtocolVersion
}
