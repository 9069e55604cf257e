package registration

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// DefaultAPIVersion is the api-version that the documentation and every device
// SDK use over MQTT.
const DefaultAPIVersion = "2019-03-31"

// csrVersion is the date of the first api-version that supports Config.CSR.
const csrVersion = "2025-07-01"

// maxMessage is the size in bytes of the largest message that the service
// accepts.
const maxMessage = 96 << 10

// Config describes the device to register. IDScope and RegistrationID are
// required. All other fields have useful zero values.
type Config struct {
	// IDScope identifies the DPS instance, such as "0ne00000A1B". It has 1 to
	// 64 bytes.
	IDScope string

	// RegistrationID identifies the device. It has 1 to 128 bytes. The service
	// accepts letters of either case, digits and "-._:". The last character
	// must be a letter, a digit or "-". The ID is sent without a change of
	// case, since a key derived from it depends on the case. For a device with
	// a certificate, the registration ID is the common name of the certificate.
	RegistrationID string

	// Payload, if not nil, is a JSON value for a custom allocation policy, such
	// as {"modelId":"dtmi:…"}.
	Payload json.RawMessage

	// CSR is a PKCS #10 certificate signing request in base64-encoded DER,
	// without the header and footer lines of PEM. The service answers it with
	// Assignment.IssuedCertificateChain. The common name of the request is the
	// registration ID. A CSR requires APIVersion 2025-07-01-preview or later.
	CSR string

	// EmptyBody sends the registration without a body, since the user name
	// alone identifies the device. It cannot be combined with Payload or CSR.
	EmptyBody bool

	// APIVersion is the api-version of the service. If it is empty,
	// DefaultAPIVersion is used.
	APIVersion string

	// UserAgent, if not empty, is sent to the service as ClientVersion, in
	// percent-encoding.
	UserAgent string

	// OperationID, if not empty, resumes an operation of an earlier run (see
	// [Registration.OperationID]): the first request queries it.
	OperationID string

	// RequestIDPrefix precedes the counter in the $rid of each request. If
	// devices share one response topic, as on an ordinary broker, it must be
	// unique.
	RequestIDPrefix string

	Policy Policy

	// Jitter returns a random number in [0,1), which spreads waits: a wait
	// before a query becomes up to a fifth longer, and a wait after a failure
	// up to twice as long. For waits after 429, see Policy.MaxThrottled. If
	// Jitter is nil, there is no jitter, and waits are deterministic. In a
	// fleet, set it, for example to math/rand/v2.Float64.
	Jitter func() float64

	// Trace, if not nil, is called for each event. It must not call methods of
	// the registration.
	Trace func(Event)
}

// Check returns one error that reports every mistake in c, or nil if there is
// none. Unlike the error of New, it does not begin with the name of this
// package.
func (c *Config) Check() error {
	d := *c
	d.setDefaults()
	return d.check()
}

func (c *Config) setDefaults() {
	setDefault(&c.APIVersion, DefaultAPIVersion)
	c.Policy.setDefaults()
}

// check reports every mistake in c, after the defaults have been set.
func (c *Config) check() error {
	var m mistakes
	checkID(&m, "IDScope", c.IDScope, 64)
	checkID(&m, "RegistrationID", c.RegistrationID, 128)
	if c.Payload != nil {
		if err := checkJSON(c.Payload); err != nil {
			m.wrap("Payload is not JSON", err)
		}
	}
	checkCSR(&m, c.CSR)
	if c.CSR != "" && c.APIVersion < csrVersion {
		m.add("APIVersion is " + quote(c.APIVersion, 64) + ", which does not support a CSR, expected " + csrVersion + "-preview or later")
	}
	if c.EmptyBody && (c.Payload != nil || c.CSR != "") {
		m.add("EmptyBody is set together with Payload or CSR")
	}
	if size := len(c.Payload) + len(c.CSR); size > maxMessage-1024 {
		m.add("Payload and CSR have " + strconv.Itoa(size) + " bytes together, the service accepts messages of at most " + strconv.Itoa(maxMessage))
	}
	if bad := strings.IndexFunc(c.APIVersion, notVersion); bad >= 0 || len(c.APIVersion) > 64 {
		m.add("APIVersion is " + quote(c.APIVersion, 64) + ", expected something like " + strconv.Quote(DefaultAPIVersion))
	}
	checkUTF8(&m, "UserAgent", c.UserAgent, 1024)
	if len(c.OperationID) > maxOperationID {
		m.add("OperationID " + tooLong(len(c.OperationID), maxOperationID))
	}
	checkUTF8(&m, "RequestIDPrefix", c.RequestIDPrefix, 64)
	c.Policy.check(&m)
	if c.Policy.FleetSize > 0 && c.Jitter == nil {
		m.add("Policy.FleetSize is set without Jitter, which spreads the fleet")
	}
	return errors.Join(m...)
}

// mistakes lists the mistakes in a Config.
type mistakes []error

func (m *mistakes) add(text string) { *m = append(*m, errors.New(text)) }

func (m *mistakes) wrap(text string, cause error) { *m = append(*m, &detail{errors.New(text), cause}) }

func tooLong(size, limit int) string {
	return "has " + strconv.Itoa(size) + " bytes, the limit is " + strconv.Itoa(limit)
}

// checkID reports only characters that would break the user name, the topic
// filter or MQTT, since sources disagree about the alphabet of IDs.
func checkID(m *mistakes, name, id string, limit int) {
	switch {
	case id == "":
		m.add(name + " is empty")
	case !checkUTF8(m, name, id, limit):
	case strings.ContainsAny(id, "/#+") || strings.ContainsFunc(id, unicode.IsControl):
		m.add(name + " " + strconv.Quote(id) + " has a '/', '#', '+' or a control character")
	}
}

// checkUTF8 reports text that is too long or not UTF-8. It returns false for
// such text.
func checkUTF8(m *mistakes, name, text string, limit int) bool {
	switch {
	case len(text) > limit:
		m.add(name + " " + tooLong(len(text), limit))
	case !utf8.ValidString(text):
		m.add(name + " is not UTF-8")
	default:
		return true
	}
	return false
}

// maxCSR is the maximum length of a CSR in base64 characters, which is that of
// the largest request that clients send.
const maxCSR = 8192

// checkCSR reports what is wrong with a CSR. An empty CSR is valid.
func checkCSR(m *mistakes, csr string) {
	if strings.HasPrefix(csr, "-----") {
		m.add("CSR is PEM, expected the base64 text between its lines, without line breaks")
		return
	}
	if len(csr) > maxCSR {
		m.add("CSR has " + strconv.Itoa(len(csr)) + " characters, the limit is " + strconv.Itoa(maxCSR))
	}
	if strings.ContainsAny(csr, "\r\n") {
		m.add("CSR has line breaks, expected base64 without them")
		return
	}
	if _, err := base64.StdEncoding.DecodeString(csr); err != nil {
		m.wrap("CSR is not base64", err)
	}
}

func notVersion(r rune) bool {
	return !('0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '-' || r == '.' || r == '_')
}

// appendBody appends the body of a registration, a DeviceRegistration object.
func (c *Config) appendBody(b []byte) []byte {
	if c.EmptyBody {
		return b
	}
	b = slices.Grow(b, 64+len(c.RegistrationID)+len(c.Payload)+len(c.CSR))
	b = append(b, `{"registrationId":"`...)
	for _, d := range []byte(c.RegistrationID) {
		if d == '"' || d == '\\' { // checkID rejects all other characters that need an escape
			b = append(b, '\\')
		}
		b = append(b, d)
	}
	b = append(b, '"')
	if c.Payload != nil {
		b = append(b, `,"payload":`...)
		b = append(b, c.Payload...)
	}
	if c.CSR != "" {
		b = append(b, `,"csr":"`...)
		b = append(b, c.CSR...)
		b = append(b, '"')
	}
	return append(b, '}')
}

// username returns the user name for the CONNECT: a path whose last segment has
// the form of a query. The IDs are not escaped.
func (c *Config) username() string {
	s := c.IDScope + "/registrations/" + c.RegistrationID + "/api-version=" + c.APIVersion
	if c.UserAgent != "" {
		s += "&ClientVersion=" + percentEncode(c.UserAgent)
	}
	return s
}

// percentEncode encodes all but the unreserved characters of RFC 3986. Unlike
// net/url, it does not encode a space as '+'.
func percentEncode(s string) string {
	const hex = "0123456789ABCDEF"
	var out strings.Builder
	for _, c := range []byte(s) {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			out.WriteByte(c)
		} else {
			out.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return out.String()
}
