package fsm

import (
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"example.com/dps/fsm/registration"
)

// DefaultAPIVersion is the api-version that the documentation and every device
// SDK use over MQTT.
const DefaultAPIVersion = registration.DefaultAPIVersion

// Attestation is the method by which a device proves its identity.
type Attestation byte

const (
	// SymmetricKey means that the password passed to Open is a SAS token.
	// Package sastoken signs it with the device's own key or with a key derived
	// from a group key.
	SymmetricKey Attestation = iota

	// X509 means that the device presents a client certificate in the TLS
	// handshake. The common name of the certificate is the registration ID. The
	// password passed to Open is empty.
	X509

	// TPM is not available over MQTT, and New rejects it. Use HTTPS or AMQP.
	TPM
)

var attestationNames = [...]string{"symmetric key", "X.509", "TPM"}

// String returns "symmetric key", "X.509" or "TPM".
func (a Attestation) String() string {
	if int(a) < len(attestationNames) {
		return attestationNames[a]
	}
	return "attestation " + strconv.Itoa(int(a))
}

// Config describes the device to register. IDScope and RegistrationID are
// required. All other fields have useful zero values.
type Config struct {
	// These fields are documented in [registration.Config].
	IDScope, RegistrationID string
	Payload                 json.RawMessage
	CSR                     string
	EmptyBody               bool
	APIVersion, UserAgent   string
	OperationID             string
	RequestIDPrefix         string
	Jitter                  func() float64

	Policy Policy

	// Attestation is the attestation method. The default is SymmetricKey.
	Attestation Attestation

	// Limit is the maximum size in bytes of a received packet. If it is 0,
	// packet.DefaultLimit is used.
	Limit int

	// Trace, if not nil, is called for each event. It must not call methods of
	// the machine.
	Trace func(Event)
}

// Policy sets how long a [Machine] waits and when it gives up. A zero field
// selects its default.
type Policy struct {
	// These fields and their defaults are documented in [registration.Policy].
	// RequestTimeout also applies to the CONNACK, SUBACK and PINGRESP.
	Budget, RequestTimeout       time.Duration
	RetryAfter                   time.Duration
	MinRetryAfter, MaxRetryAfter time.Duration
	StayConnected                time.Duration
	MinBackoff, MaxBackoff       time.Duration
	MaxThrottled                 time.Duration
	FleetSize                    int
	MaxAttempts                  int
	NoResume                     bool

	// DialTimeout is the maximum duration of a dial that was announced with
	// Machine.Dialing. The default is 30 s.
	DialTimeout time.Duration

	// KeepAlive is how long the device may be silent before it sends a PINGREQ.
	// The CONNECT carries the same value. It must be a whole number of seconds,
	// at most 65,535. The default is 60 s. If KeepAlive is negative, keep-alive
	// is off. The load balancer in front of the service drops a silent
	// connection after 4 minutes.
	KeepAlive time.Duration

	// AtMostOnce sends requests with QoS 0 instead of 1.
	AtMostOnce bool

	// Pipeline sends CONNECT, SUBSCRIBE and the first request together, without
	// waiting for the CONNACK and the SUBACK, as MQTT 3.1.1 allows (section
	// 3.1.4). The first answer then arrives after one round trip instead of
	// three. If the connection is refused, or fails before an answer arrives,
	// later connections wait for each acknowledgment as usual.
	Pipeline bool

	// KeepSession ends an assigned registration without a DISCONNECT. Want
	// returns WantDone immediately, and the transport with its MQTT session
	// belongs to the caller. Send the remaining output, and continue with the
	// bytes that Machine.AppendUnread returns.
	KeepSession bool
}

// registration returns the configuration of the registration. A test checks
// that no field is missing.
func (c *Config) registration() registration.Config {
	p := &c.Policy
	return registration.Config{
		IDScope: c.IDScope, RegistrationID: c.RegistrationID, Payload: c.Payload, CSR: c.CSR, EmptyBody: c.EmptyBody,
		APIVersion: c.APIVersion, UserAgent: c.UserAgent, OperationID: c.OperationID, RequestIDPrefix: c.RequestIDPrefix, Jitter: c.Jitter,
		Policy: registration.Policy{
			Budget: p.Budget, RequestTimeout: p.RequestTimeout, RetryAfter: p.RetryAfter, MinRetryAfter: p.MinRetryAfter, MaxRetryAfter: p.MaxRetryAfter,
			StayConnected: p.StayConnected, MinBackoff: p.MinBackoff, MaxBackoff: p.MaxBackoff, MaxThrottled: p.MaxThrottled, FleetSize: p.FleetSize,
			MaxAttempts: p.MaxAttempts, NoResume: p.NoResume,
		},
	}
}

func (p *Policy) setDefaults() {
	setDefault(&p.RequestTimeout, 30*time.Second)
	setDefault(&p.DialTimeout, 30*time.Second)
	setDefault(&p.KeepAlive, 60*time.Second)
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}

// check reports every mistake in the fields of the session.
func (c *Config) check() error {
	var errs []error
	report := func(mistake string) { errs = append(errs, errors.New(mistake)) }
	switch {
	case c.Attestation > TPM:
		report("Attestation is " + strconv.Itoa(int(c.Attestation)) + ", expected SymmetricKey or X509")
	case c.Attestation == TPM:
		report("Attestation is TPM, which the service does not offer over MQTT: use HTTPS or AMQP")
	}
	if c.Limit < 0 {
		report("Limit is " + strconv.Itoa(c.Limit) + ", expected a size in bytes")
	}
	if d := c.Policy.DialTimeout; d < 0 {
		report("Policy.DialTimeout is " + d.String() + ", expected a positive duration")
	}
	if k := c.Policy.KeepAlive; k > 0 && (k%time.Second != 0 || k > 65535*time.Second) {
		report("Policy.KeepAlive is " + k.String() + ", expected whole seconds up to 65535")
	}
	return errors.Join(errs...)
}
