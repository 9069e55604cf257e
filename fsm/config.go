package fsm

import (
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"example.com/dps/fsm/registration"
)

// DefaultAPIVersion is the api-version that every device SDK and the documentation use
// over MQTT.
const DefaultAPIVersion = registration.DefaultAPIVersion

// Attestation is how a device proves that it is the one it says it is.
type Attestation byte

const (
	// SymmetricKey: Open is given a SAS token as password, made with package sastoken
	// from the device's own key, or from one derived from a group key.
	SymmetricKey Attestation = iota

	// X509: the device shows a client certificate in the TLS handshake, whose common
	// name is the registration id. Open is given no password.
	X509

	// TPM does not exist over MQTT. New refuses it: use HTTPS or AMQP.
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

// Config says what to register. IDScope and RegistrationID are required; all other
// fields have useful zero values.
type Config struct {
	// The fields of [registration.Config], which documents them.
	IDScope, RegistrationID string
	Payload                 json.RawMessage
	CSR                     string
	EmptyBody               bool
	APIVersion, UserAgent   string
	OperationID             string
	RequestIDPrefix         string
	Jitter                  func() float64

	Policy Policy

	// Attestation is SymmetricKey unless set.
	Attestation Attestation

	// Limit is the size in bytes of the largest packet to receive.
	// packet.DefaultLimit if 0.
	Limit int

	// Trace, if not nil, is called with what happens. It must not call the machine.
	Trace func(Event)
}

// Policy has the numbers by which a [Machine] waits and gives up. A field that is zero
// stands for a default.
type Policy struct {
	// The fields of [registration.Policy], which documents them with their defaults.
	// RequestTimeout is the time for a CONNACK, SUBACK and PINGRESP too.
	Budget, RequestTimeout       time.Duration
	RetryAfter                   time.Duration
	MinRetryAfter, MaxRetryAfter time.Duration
	StayConnected                time.Duration
	MinBackoff, MaxBackoff       time.Duration
	MaxThrottled                 time.Duration
	FleetSize                    int
	MaxAttempts                  int
	NoResume                     bool

	// DialTimeout is the time for a dial that was announced with Machine.Dialing.
	// Default 30 s.
	DialTimeout time.Duration

	// KeepAlive is the longest silence of the device before it sends a PINGREQ; it also
	// stands in the CONNECT. Whole seconds up to 65,535. Default 60 s; negative: off. A
	// load balancer before the service forgets a connection after 4 minutes.
	KeepAlive time.Duration

	// AtMostOnce sends requests with QoS 0 instead of 1.
	AtMostOnce bool

	// Pipeline sends CONNECT, SUBSCRIBE and the first request at once, without waiting
	// for the CONNACK and the SUBACK, as MQTT 3.1.1 allows (section 3.1.4): the first
	// answer arrives after one round trip instead of three. If the connection fails
	// before an answer arrives, or is refused, the next ones take the careful order.
	Pipeline bool

	// KeepSession ends an assigned registration without a DISCONNECT: the machine is
	// Done at once, and the transport with its MQTT session is the caller's. Send the
	// output that is left, and go on with Machine.AppendUnread.
	KeepSession bool
}

// registration returns the part of the registration. A test holds that it is complete.
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

// check reports every mistake of the session's part.
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
