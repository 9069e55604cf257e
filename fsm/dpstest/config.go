package dpstest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Config describes a [Service]. IDScope is required; all other fields have
// useful zero values. A Config can be decoded from JSON, with the names in the
// tags; the decoder should disallow unknown fields, so that a misspelled field
// does not go unnoticed.
type Config struct {
	// IDScope identifies the service in user names and tokens, such as
	// "0ne00000A1B".
	IDScope string `json:"idScope"`

	// Enrollments are the devices and groups of devices that may register.
	Enrollments []Enrollment `json:"enrollments,omitempty"`

	// RetryAfter is the retry-after of an Outcome that does not have its own.
	// If empty, it is "3", as with the real service.
	RetryAfter RetryAfter `json:"retryAfter,omitempty"`

	// AssignedHub is the hub of an Outcome that does not have its own. If
	// empty, it is "hub.azure-devices.example".
	AssignedHub string `json:"assignedHub,omitempty"`

	// RegistrationsPerMinute and PollsPer10s are quotas for the registrations
	// of all devices together and for the queries of each device. 0 selects the
	// quotas of the real service, 1000 and 5; a negative number turns the quota
	// off.
	RegistrationsPerMinute int `json:"registrationsPerMinute,omitempty"`
	PollsPer10s            int `json:"pollsPer10s,omitempty"`

	// Remember is the minimum number of operations, and of devices, that the
	// service keeps. It keeps at most twice as many and forgets the oldest
	// first. If 0, it is 65,536. Each operation or device takes about 500
	// bytes.
	Remember int `json:"remember,omitempty"`

	// Choices overrides what this package had to guess about the real service.
	Choices Choices `json:"choices,omitempty"`

	// Log, if not nil, is called with each event, in the order in which the
	// events happen. It must not call the service.
	Log func(Event) `json:"-"`
}

// Choices holds the guesses: behavior that neither the documentation of the
// service nor recorded traffic determines. The zero value of each field selects
// the default that its comment names.
type Choices struct {
	// ConnectTimeout is how long the service waits for the CONNECT, in seconds;
	// by default 30.
	ConnectTimeout float64 `json:"connectTimeout,omitempty"`

	// UsernameCode, IDScopeCode and ClientIDCode are the return codes of the
	// CONNACK: for a user name that does not have the expected form, by default
	// 4; for an unknown ID scope, by default 5; and for a client ID that is not
	// the registration ID, by default 2.
	UsernameCode byte `json:"usernameCode,omitempty"`
	IDScopeCode  byte `json:"idScopeCode,omitempty"`
	ClientIDCode byte `json:"clientIdCode,omitempty"`

	// TokenSkew is how long a token is accepted after its expiry, in seconds;
	// by default 300. If negative, a token is not accepted after its expiry.
	TokenSkew float64 `json:"tokenSkew,omitempty"`

	// LiteralPlus makes the service accept an unencoded '+' in the signature of
	// a token. By default, it is read as a space, so that
	// the signature is wrong.
	LiteralPlus bool `json:"literalPlus,omitempty"`

	// APIVersions lists the accepted versions. By default, any api-version of
	// the form YYYY-MM-DD, with or without -preview, is accepted.
	APIVersions []string `json:"apiVersions,omitempty"`

	// OtherTopic is what happens on a PUBLISH to a topic that is not a request:
	// "close", the default, closes the connection; "ignore" acknowledges and
	// ignores the PUBLISH.
	OtherTopic string `json:"otherTopic,omitempty"`

	// OperationCode is the error code for an operation that the service does
	// not have; by default 400004.
	OperationCode int `json:"operationCode,omitempty"`

	// CertificateHangUp makes the service close the connection, instead of
	// answering a request with 401, if the certificate is wrong. Both have been
	// reported.
	CertificateHangUp bool `json:"certificateHangUp,omitempty"`

	// QuotaWindow is when the window of a quota begins: "request", the default,
	// with the first request after the previous window; "clock", with each
	// minute, or each ten seconds, of the clock.
	QuotaWindow string `json:"quotaWindow,omitempty"`
}

// A ConfigError reports everything that is wrong with a [Config].
type ConfigError struct {
	Mistakes []Mistake
}

// A Mistake is one mistake in a [Config].
type Mistake struct {
	Path string // where the mistake is, such as "enrollments[2].faults[0].status"
	Text string // what is wrong
}

// Error returns one line for each mistake.
func (e *ConfigError) Error() string {
	var lines []string
	for _, m := range e.Mistakes {
		lines = append(lines, m.Path+": "+m.Text)
	}
	return "dpstest: bad Config: " + strings.Join(lines, "\n")
}

// mistakes collects the mistakes of a Config.
type mistakes []Mistake

func (m *mistakes) add(path, format string, args ...any) {
	*m = append(*m, Mistake{path, fmt.Sprintf(format, args...)})
}

// check fills in the defaults and reports mistakes.
func (cfg *Config) check(m *mistakes) {
	setDefault(&cfg.RetryAfter, "3")
	setDefault(&cfg.AssignedHub, "hub.azure-devices.example")
	setDefault(&cfg.RegistrationsPerMinute, 1000)
	setDefault(&cfg.PollsPer10s, 5)
	setDefault(&cfg.Remember, 1<<16)
	if cfg.IDScope == "" || len(cfg.IDScope) > 64 || strings.ContainsAny(cfg.IDScope, "/#+&") {
		m.add("idScope", "it is %.80q, expected something like %q", cfg.IDScope, "0ne00000A1B")
	}
	cfg.RetryAfter.check(m, "retryAfter")
	if cfg.Remember < 0 {
		m.add("remember", "it is %d, expected a positive number", cfg.Remember)
	}
	cfg.Choices.check(m)
}

func (c *Choices) check(m *mistakes) {
	setDefault(&c.ConnectTimeout, 30)
	setDefault(&c.UsernameCode, 4)
	setDefault(&c.IDScopeCode, 5)
	setDefault(&c.ClientIDCode, 2)
	setDefault(&c.TokenSkew, 300)
	setDefault(&c.OtherTopic, "close")
	setDefault(&c.OperationCode, 400004)
	setDefault(&c.QuotaWindow, "request")
	if !(0 < c.ConnectTimeout && c.ConnectTimeout <= maxSeconds) {
		m.add("choices.connectTimeout", "it is %v, expected a positive number of seconds", c.ConnectTimeout)
	}
	if !(-maxSeconds <= c.TokenSkew && c.TokenSkew <= maxSeconds) {
		m.add("choices.tokenSkew", "it is %v, expected at most %d seconds", c.TokenSkew, maxSeconds)
	}
	for _, code := range []struct {
		name string
		code byte
	}{{"usernameCode", c.UsernameCode}, {"idScopeCode", c.IDScopeCode}, {"clientIdCode", c.ClientIDCode}} {
		if code.code > 5 {
			m.add("choices."+code.name, "it is %d, expected a return code of CONNACK, 1 to 5", code.code)
		}
	}
	for i, v := range c.APIVersions {
		if !isVersion(v) {
			m.add(fmt.Sprintf("choices.apiVersions[%d]", i), "it is %.40q, expected something like %q", v, "2019-03-31")
		}
	}
	if s := c.OperationCode / 1000; s < 400 || s > 599 {
		m.add("choices.operationCode", "it is %d, expected 400000 to 599999", c.OperationCode)
	}
	oneOf(m, "choices.otherTopic", c.OtherTopic, "close", "ignore")
	oneOf(m, "choices.quotaWindow", c.QuotaWindow, "request", "clock")
}

// maxSeconds bounds the durations in a Config to eleven days.
const maxSeconds = 1_000_000

func oneOf(m *mistakes, path, value string, all ...string) {
	if !slices.Contains(all, value) {
		m.add(path, "it is %.40q, expected one of %q", value, all)
	}
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
