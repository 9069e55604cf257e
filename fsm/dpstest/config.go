package dpstest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Config describes a [Service]. IDScope is required; all other fields have useful zero
// values. A Config can be read from JSON, under the names in the tags; let the decoder
// disallow unknown fields, so that a misspelled one does not go unnoticed.
type Config struct {
	// IDScope names the service in user names and tokens, such as "0ne00000A1B".
	IDScope string `json:"idScope"`

	// Enrollments are the devices and groups of devices that may register.
	Enrollments []Enrollment `json:"enrollments,omitempty"`

	// RetryAfter is the retry-after of an Outcome that has none of its own. "3" if empty,
	// as with the real service.
	RetryAfter RetryAfter `json:"retryAfter,omitempty"`

	// AssignedHub is the hub of an Outcome that has none of its own.
	// "hub.azure-devices.example" if empty.
	AssignedHub string `json:"assignedHub,omitempty"`

	// RegistrationsPerMinute and PollsPer10s are quotas: registrations of all devices
	// together, and queries of each device. 0 stands for the 1000 and the 5 of the real
	// service; a negative number turns the quota off.
	RegistrationsPerMinute int `json:"registrationsPerMinute,omitempty"`
	PollsPer10s            int `json:"pollsPer10s,omitempty"`

	// Remember is the least number of operations, and of devices, that the service keeps;
	// it keeps at most twice as many and forgets the oldest first. 65,536 if 0. Each
	// takes some 500 bytes.
	Remember int `json:"remember,omitempty"`

	// Choices replace what this package had to guess about the real service.
	Choices Choices `json:"choices,omitempty"`

	// Log, if not nil, is called with each event, in the order in which they happen. It
	// must not call the service.
	Log func(Event) `json:"-"`
}

// Choices are the guesses: behavior that neither the documentation of the service nor
// recorded traffic decides. The zero value of each is the default that its comment names.
type Choices struct {
	// ConnectTimeout is how long the service waits for the CONNECT, in seconds: 30.
	ConnectTimeout float64 `json:"connectTimeout,omitempty"`

	// UsernameCode, IDScopeCode and ClientIDCode are the return codes of the CONNACK for a
	// user name of another form, 4; for an unknown ID scope, 5; and for a client id that is
	// not the registration id, 2.
	UsernameCode byte `json:"usernameCode,omitempty"`
	IDScopeCode  byte `json:"idScopeCode,omitempty"`
	ClientIDCode byte `json:"clientIdCode,omitempty"`

	// TokenSkew is how long a token is accepted after its expiry, in seconds: 300. A
	// negative number stands for no time at all.
	TokenSkew float64 `json:"tokenSkew,omitempty"`

	// LiteralPlus accepts a '+' in the signature of a token that is not percent-encoded. By
	// default the service reads it as a space, so that the signature is wrong.
	LiteralPlus bool `json:"literalPlus,omitempty"`

	// APIVersions are the only ones accepted. By default any that has the form of one is.
	APIVersions []string `json:"apiVersions,omitempty"`

	// OtherTopic is what happens on a PUBLISH to a topic that is not a request: "close"
	// closes the connection and is the default, "ignore" acknowledges and ignores it.
	OtherTopic string `json:"otherTopic,omitempty"`

	// OperationCode is the error code for an operation that the service does not have:
	// 400004.
	OperationCode int `json:"operationCode,omitempty"`

	// CertificateHangUp closes the connection instead of answering a request with 401 if
	// the certificate is to blame. Both have been reported.
	CertificateHangUp bool `json:"certificateHangUp,omitempty"`

	// QuotaWindow is when the window of a quota begins: "request", the default, with the
	// first request after the last window; "clock" with each minute, and each ten seconds,
	// of the clock.
	QuotaWindow string `json:"quotaWindow,omitempty"`
}

// A ConfigError reports all that is wrong with a [Config].
type ConfigError struct {
	Mistakes []Mistake
}

// A Mistake is one mistake in a [Config].
type Mistake struct {
	Path string // where it is, such as "enrollments[2].faults[0].status"
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

// check fills in the defaults and reports what is wrong.
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

// maxSeconds bounds the durations of a Config, to eleven days.
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
