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

// DefaultAPIVersion is the api-version that every device SDK and the documentation use
// over MQTT.
const DefaultAPIVersion = "2019-03-31"

// csrVersion is the date of the first api-version that knows Config.CSR.
const csrVersion = "2025-07-01"

// maxMessage is the size in bytes of the largest message that the service takes.
const maxMessage = 96 << 10

// Config says what to register. IDScope and RegistrationID are required; all other
// fields have useful zero values.
type Config struct {
	// IDScope names the DPS instance, such as "0ne00000A1B". 1 to 64 bytes.
	IDScope string

	// RegistrationID names the device. 1 to 128 bytes; the service takes letters,
	// digits and "-._:", in any case, and the last one a letter, a digit or "-". Case
	// is kept: a key derived from it depends on it. For a device with a certificate it
	// is the common name.
	RegistrationID string

	// Payload is any JSON value for a custom allocation policy, such as
	// {"modelId":"dtmi:…"}; nil for none.
	Payload json.RawMessage

	// CSR is a PKCS #10 certificate signing request in DER and base64, without the
	// lines of PEM, for which the service returns Assignment.IssuedCertificateChain.
	// Its common name is the registration id. It needs an APIVersion of
	// 2025-07-01-preview or later.
	CSR string

	// EmptyBody sends the registration without a body, for which the user name is
	// enough. Not with Payload or CSR.
	EmptyBody bool

	// APIVersion is DefaultAPIVersion if empty.
	APIVersion string

	// UserAgent goes to the service as ClientVersion; it is percent-encoded.
	UserAgent string

	// OperationID resumes an operation of an earlier run (see
	// [Registration.OperationID]): it is queried first.
	OperationID string

	// RequestIDPrefix is put before the counter that is each request's $rid. Where
	// devices share one response topic, as on an ordinary broker, make it unique.
	RequestIDPrefix string

	Policy Policy

	// Jitter returns a random number in [0,1) by which waits are spread: those before a
	// query get up to a fifth longer, those after a failure up to twice as long; about
	// those after 429 see Policy.MaxThrottled. nil is deterministic: no jitter. Set it
	// in a fleet, to math/rand/v2.Float64, say.
	Jitter func() float64

	// Trace, if not nil, is called with what happens. It must not call the
	// registration.
	Trace func(Event)
}

// Check reports every mistake in c in one error, without the name of this package
// before it.
func (c *Config) Check() error {
	d := *c
	d.setDefaults()
	return d.check()
}

func (c *Config) setDefaults() {
	setDefault(&c.APIVersion, DefaultAPIVersion)
	c.Policy.setDefaults()
}

// check reports every mistake, with the defaults set.
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
		m.add("APIVersion is " + quote(c.APIVersion, 64) + ", which does not know a CSR, expected " + csrVersion + "-preview or later")
	}
	if c.EmptyBody && (c.Payload != nil || c.CSR != "") {
		m.add("EmptyBody is set together with Payload or CSR")
	}
	if size := len(c.Payload) + len(c.CSR); size > maxMessage-1024 {
		m.add("Payload and CSR have " + strconv.Itoa(size) + " bytes together, the service takes messages of " + strconv.Itoa(maxMessage))
	}
	if bad := strings.IndexFunc(c.APIVersion, notVersion); bad >= 0 || len(c.APIVersion) > 64 {
		m.add("APIVersion is " + quote(c.APIVersion, 64) + ", expected something like " + strconv.Quote(DefaultAPIVersion))
	}
	if !utf8.ValidString(c.UserAgent) || len(c.UserAgent) > 1024 {
		m.add("UserAgent is not UTF-8 or " + tooLong(len(c.UserAgent), 1024))
	}
	if len(c.OperationID) > maxOperationID {
		m.add("OperationID " + tooLong(len(c.OperationID), maxOperationID))
	}
	if !utf8.ValidString(c.RequestIDPrefix) || len(c.RequestIDPrefix) > 64 {
		m.add("RequestIDPrefix is not UTF-8 or " + tooLong(len(c.RequestIDPrefix), 64))
	}
	c.Policy.check(&m)
	if c.Policy.FleetSize > 0 && c.Jitter == nil {
		m.add("Policy.FleetSize is set without Jitter, which spreads the fleet")
	}
	return errors.Join(m...)
}

// mistakes are what is wrong with a Config.
type mistakes []error

func (m *mistakes) add(text string) { *m = append(*m, errors.New(text)) }

func (m *mistakes) wrap(text string, cause error) { *m = append(*m, &detail{errors.New(text), cause}) }

func tooLong(size, limit int) string {
	return "has " + strconv.Itoa(size) + " bytes, the limit is " + strconv.Itoa(limit)
}

// checkID checks softly: the sources disagree about the alphabet, so that only what
// would break the user name, the topic filter or MQTT is refused.
func checkID(m *mistakes, name, id string, limit int) {
	switch {
	case id == "":
		m.add(name + " is empty")
	case len(id) > limit:
		m.add(name + " " + tooLong(len(id), limit))
	case !utf8.ValidString(id):
		m.add(name + " is not UTF-8")
	case strings.ContainsAny(id, "/#+") || strings.ContainsFunc(id, unicode.IsControl):
		m.add(name + " " + strconv.Quote(id) + " has a '/', '#', '+' or a control character")
	}
}

// maxCSR is the size in base64 characters of the largest request that clients send.
const maxCSR = 8192

// checkCSR finds nothing wrong with an empty one.
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

// appendBody appends the DeviceRegistration that is the body of a registration.
func (c *Config) appendBody(b []byte) []byte {
	if c.EmptyBody {
		return b
	}
	b = slices.Grow(b, 64+len(c.RegistrationID)+len(c.Payload)+len(c.CSR))
	b = append(b, `{"registrationId":"`...)
	for _, d := range []byte(c.RegistrationID) {
		if d == '"' || d == '\\' { // what else JSON escapes is refused
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

// username returns the user name of the CONNECT: a path whose last segment goes on like
// a query. The ids stand in it as they are.
func (c *Config) username() string {
	s := c.IDScope + "/registrations/" + c.RegistrationID + "/api-version=" + c.APIVersion
	if c.UserAgent != "" {
		s += "&ClientVersion=" + percentEncode(c.UserAgent)
	}
	return s
}

// percentEncode encodes all but the unreserved characters of RFC 3986, without the '+'
// for a space of net/url.
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
