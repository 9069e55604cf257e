package fsm

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// DefaultAPIVersion is the api-version that every device SDK and the documentation
// use over MQTT.
const DefaultAPIVersion = "2019-03-31"

// MaxMessage is the size in bytes of the largest message that the service takes.
const MaxMessage = 96 << 10

// Attestation is how a device proves that it is the one it says.
type Attestation byte

const (
	// SymmetricKey: Open is given a SAS token as password, made with package
	// sastoken from the device's own key, or from one derived from a group key.
	SymmetricKey Attestation = iota

	// X509: the TLS handshake shows a client certificate whose common name is the
	// registration id. Open is given no password.
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
	return fmt.Sprintf("attestation %d", byte(a))
}

// Config says what to register. IDScope and RegistrationID are needed, the zero
// value of everything else is a good choice.
type Config struct {
	// IDScope names the DPS instance, such as "0ne00000A1B". 1 to 64 bytes.
	IDScope string

	// RegistrationID names the device. 1 to 128 bytes; the service takes letters,
	// digits and "-._:", in any case, and the last one a letter, a digit or "-". Case
	// is kept: a key derived from it depends on it. With X509 it is the common name.
	RegistrationID string

	// Attestation is SymmetricKey unless set.
	Attestation Attestation

	// Payload is a JSON object for a custom allocation policy, such as
	// {"modelId":"dtmi:…"}; nil for none.
	Payload json.RawMessage

	// CSR is a PKCS #10 certificate signing request in DER and base64, without the
	// lines of PEM, for which the service returns Assignment.IssuedCertificateChain.
	// Its common name is the registration id. It needs an APIVersion of 2025-07-01-preview
	// or later.
	CSR string

	// EmptyBody sends the registration without a body, for which the user name is
	// enough. Not with Payload or CSR.
	EmptyBody bool

	// APIVersion is DefaultAPIVersion if empty.
	APIVersion string

	// UserAgent goes to the service as ClientVersion; it is percent-encoded.
	UserAgent string

	// OperationID resumes an operation of an earlier run (see [Machine.OperationID]):
	// it is queried first.
	OperationID string

	// RequestIDPrefix is put before the counter that is each request's $rid. Where
	// devices share one response topic, as on an ordinary broker, make it unique.
	RequestIDPrefix string

	// Limit is the size in bytes of the largest packet to receive.
	// packet.DefaultLimit if 0.
	Limit int

	Policy Policy

	// Jitter returns a random number in [0,1) by which waits are spread: those before a
	// query get up to a fifth longer, those after a failure up to twice as long. nil is
	// deterministic: no jitter. Set it in a fleet, to math/rand/v2.Float64, say.
	Jitter func() float64

	// Trace, if not nil, is called with what happens. It must not call the machine.
	Trace func(Event)
}

// check reports every mistake, with the defaults set.
func (c *Config) check() error {
	var errs []error
	report := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	checkID(report, "IDScope", c.IDScope, 64)
	checkID(report, "RegistrationID", c.RegistrationID, 128)
	switch {
	case c.Attestation > TPM:
		report("Attestation is %d, expected SymmetricKey or X509", c.Attestation)
	case c.Attestation == TPM:
		report("Attestation is TPM, which the service does not offer over MQTT: use HTTPS or AMQP")
	}
	if c.Payload != nil && !isObject(c.Payload) {
		report("Payload is no JSON object")
	}
	checkCSR(report, c.CSR)
	if c.EmptyBody && (c.Payload != nil || c.CSR != "") {
		report("EmptyBody together with Payload or CSR")
	}
	if size := len(c.Payload) + len(c.CSR); size > MaxMessage-1024 {
		report("Payload and CSR have %d bytes together, the service takes messages of %d", size, MaxMessage)
	}
	if bad := strings.IndexFunc(c.APIVersion, notVersion); bad >= 0 || len(c.APIVersion) > 64 {
		report("APIVersion is %.64q, expected something like %q", c.APIVersion, DefaultAPIVersion)
	}
	if !utf8.ValidString(c.UserAgent) || len(c.UserAgent) > 1024 {
		report("UserAgent is no UTF-8 or has %d bytes, the limit is 1024", len(c.UserAgent))
	}
	if len(c.OperationID) > maxOperationID {
		report("OperationID has %d bytes, the limit is %d", len(c.OperationID), maxOperationID)
	}
	if !utf8.ValidString(c.RequestIDPrefix) || len(c.RequestIDPrefix) > 64 {
		report("RequestIDPrefix is no UTF-8 or has %d bytes, the limit is 64", len(c.RequestIDPrefix))
	}
	if c.Limit < 0 {
		report("Limit is %d, expected a size in bytes", c.Limit)
	}
	c.Policy.check(report)
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("fsm: bad Config: %w", err)
	}
	return nil
}

// checkID checks softly: the sources disagree about the alphabet, so that only
// what would break the user name, the topic filter or MQTT is refused.
func checkID(report func(string, ...any), name, id string, limit int) {
	switch {
	case id == "":
		report("%s is empty", name)
	case len(id) > limit:
		report("%s has %d bytes, the limit is %d", name, len(id), limit)
	case !utf8.ValidString(id):
		report("%s is no UTF-8", name)
	case strings.ContainsAny(id, "/#+") || strings.ContainsFunc(id, unicode.IsControl):
		report("%s %q holds '/', '#', '+' or a control character", name, id)
	}
}

// maxCSR is the size in base64 characters of the largest request that clients send.
const maxCSR = 8192

// checkCSR finds nothing wrong with an empty one.
func checkCSR(report func(string, ...any), csr string) {
	if strings.HasPrefix(csr, "-----") {
		report("CSR is PEM, expected the base64 text between its lines, without line breaks")
		return
	}
	if len(csr) > maxCSR {
		report("CSR has %d characters, the limit is %d", len(csr), maxCSR)
	}
	if strings.ContainsAny(csr, "\r\n") {
		report("CSR has line breaks, expected base64 without them")
		return
	}
	if _, err := base64.StdEncoding.DecodeString(csr); err != nil {
		report("CSR is no base64: %w", err)
	}
}

func isObject(text []byte) bool {
	var object map[string]json.RawMessage
	return json.Unmarshal(text, &object) == nil && object != nil
}

func notVersion(r rune) bool {
	return !('0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '-' || r == '.' || r == '_')
}
