package registration_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/registration"
	"example.com/dps/topic"
)

type change = func(*registration.Config)

// refuses checks that New and Check report exactly the mistake that each change
// makes.
func refuses(t *testing.T, table map[string]change) {
	t.Helper()
	for want, change := range table {
		cfg := registration.Config{IDScope: "0ne00000A1B", RegistrationID: "dev-1"}
		change(&cfg)
		if _, err := registration.New(cfg); err == nil || err.Error() != "registration: bad Config: "+want || !errors.Is(err, registration.ErrInvalid) {
			t.Errorf("error %v, want %s", err, want)
		}
		policy := cfg.Policy
		if err := cfg.Check(); err == nil || err.Error() != want {
			t.Errorf("Check: error %v, want %s", err, want)
		}
		if cfg.Policy != policy || cfg.APIVersion == registration.DefaultAPIVersion {
			t.Errorf("Check changes the Config")
		}
	}
}

func TestMistakesInWhoTheDeviceIs(t *testing.T) {
	refuses(t, map[string]change{
		"IDScope is empty":                               func(c *registration.Config) { c.IDScope = "" },
		"IDScope has 65 bytes, the limit is 64":          func(c *registration.Config) { c.IDScope = strings.Repeat("0", 65) },
		"RegistrationID is empty":                        func(c *registration.Config) { c.RegistrationID = "" },
		"RegistrationID has 129 bytes, the limit is 128": func(c *registration.Config) { c.RegistrationID = strings.Repeat("d", 129) },
		"RegistrationID is not UTF-8":                    func(c *registration.Config) { c.RegistrationID = "\xff" },

		`RegistrationID "a/b" has a '/', '#', '+' or a control character`:   func(c *registration.Config) { c.RegistrationID = "a/b" },
		`RegistrationID "a#" has a '/', '#', '+' or a control character`:    func(c *registration.Config) { c.RegistrationID = "a#" },
		`RegistrationID "+" has a '/', '#', '+' or a control character`:     func(c *registration.Config) { c.RegistrationID = "+" },
		`RegistrationID "a\x00" has a '/', '#', '+' or a control character`: func(c *registration.Config) { c.RegistrationID = "a\x00" },
	})
}

func TestMistakesInWhatIsSent(t *testing.T) {
	const tooLong, version = " has 257 bytes, the limit is 256", `, expected something like "2019-03-31"`
	long := strings.Repeat("o", 257)
	payload := func(text string) change { return func(c *registration.Config) { c.Payload = json.RawMessage(text) } }
	csr := func(csr string) change {
		return func(c *registration.Config) { c.CSR, c.APIVersion = csr, "2025-07-01-preview" }
	}
	refuses(t, map[string]change{
		"Payload is not JSON: JSON has an unexpected '{' at byte 3":          payload("{} {}"),
		"Payload is not JSON: JSON ends at byte 0, in the middle of a value": payload(""),
		"Payload is not JSON: JSON ends at byte 1, in the middle of a value": payload("{"),
		"Payload is not JSON: JSON has an unexpected '\\n' at byte 1":        payload("\"\n\""),
		"OperationID" + tooLong:                                                                                 func(c *registration.Config) { c.OperationID = long },
		"RequestIDPrefix is not UTF-8":                                                                          func(c *registration.Config) { c.RequestIDPrefix = "\xff" },
		"RequestIDPrefix has 65 bytes, the limit is 64":                                                         func(c *registration.Config) { c.RequestIDPrefix = long[:65] },
		"UserAgent is not UTF-8":                                                                                func(c *registration.Config) { c.UserAgent = "\xff" },
		"UserAgent has 1025 bytes, the limit is 1024":                                                           func(c *registration.Config) { c.UserAgent = strings.Repeat("u", 1025) },
		`APIVersion is "2019&x"` + version:                                                                      func(c *registration.Config) { c.APIVersion = "2019&x" },
		`APIVersion is "&"` + version:                                                                           func(c *registration.Config) { c.APIVersion = "&" },
		`APIVersion is "` + long[:64] + `"` + version:                                                           func(c *registration.Config) { c.APIVersion = long[:65] },
		"EmptyBody is set together with Payload or CSR":                                                         func(c *registration.Config) { c.EmptyBody, c.Payload = true, json.RawMessage(`null`) },
		"EmptyBody is set together with Payload or CSR\nOperationID" + tooLong:                                  func(c *registration.Config) { csr("AAAA")(c); c.EmptyBody, c.OperationID = true, long },
		"CSR is PEM, expected the base64 text between its lines, without line breaks":                           csr("-----BEGIN CERTIFICATE REQUEST-----"),
		"CSR has line breaks, expected base64 without them":                                                     csr("AAA\n_AAAA"),
		"CSR is not base64: illegal base64 data at input byte 0":                                                csr("_AAA"),
		"CSR has 8196 characters, the limit is 8192":                                                            csr(strings.Repeat("AAAA", 2049)),
		"CSR has 8193 characters, the limit is 8192\nCSR is not base64: illegal base64 data at input byte 8192": csr(strings.Repeat("A", 8193)),
		`APIVersion is "2019-03-31", which does not support a CSR, expected 2025-07-01-preview or later`:        func(c *registration.Config) { c.CSR = "AAAA" },
		`APIVersion is "2021-11-01-preview", which does not support a CSR, expected 2025-07-01-preview or later`: func(c *registration.Config) {
			c.CSR, c.APIVersion = "AAAA", "2021-11-01-preview"
		},
		"Payload and CSR have 97281 bytes together, the service accepts messages of at most 98304": func(c *registration.Config) {
			csr(strings.Repeat("AAAA", 2048))(c)
			c.Payload = json.RawMessage(`{"a":"` + strings.Repeat("x", 97281-8192-8) + `"}`)
		},
	})
}

func TestMistakesInPolicy(t *testing.T) {
	policy := func(p registration.Policy) change { return func(c *registration.Config) { c.Policy = p } }
	refuses(t, map[string]change{
		"Policy.RequestTimeout is -1s, expected a positive duration":            policy(registration.Policy{RequestTimeout: -time.Second}),
		"Policy.RetryAfter is -1s, expected a positive duration":                policy(registration.Policy{RetryAfter: -time.Second}),
		"Policy.MinRetryAfter is -1s, expected a positive duration":             policy(registration.Policy{MinRetryAfter: -time.Second}),
		"Policy.MinBackoff is -1ns, expected a positive duration":               policy(registration.Policy{MinBackoff: -1}),
		"Policy.MaxThrottled is -1s, expected a positive duration":              policy(registration.Policy{MaxThrottled: -time.Second}),
		"Policy.MaxRetryAfter is 1s, less than MinRetryAfter 2s":                policy(registration.Policy{MaxRetryAfter: time.Second}),
		"Policy.MaxBackoff is 1ms, less than MinBackoff 1s":                     policy(registration.Policy{MaxBackoff: time.Millisecond}),
		"Policy.FleetSize is set without Jitter, which spreads the fleet":       policy(registration.Policy{FleetSize: 1}),
		"Policy.FleetSize is -1, expected a number of devices up to 1000000000": policy(registration.Policy{FleetSize: -1}),
		"Policy.FleetSize is 2000000000, expected a number of devices up to 1000000000": func(c *registration.Config) {
			c.Policy.FleetSize, c.Jitter = 2_000_000_000, func() float64 { return 0 }
		},
	})
}

func TestAllMistakesAreReported(t *testing.T) {
	_, err := registration.New(registration.Config{CSR: "_", Policy: registration.Policy{MinBackoff: -1, MaxBackoff: -2}})
	for _, want := range []string{"IDScope", "RegistrationID", "CSR is", "APIVersion", "MinBackoff is", "MaxBackoff is"} {
		if err == nil || strings.Count(err.Error(), want) != 1 && want != "MinBackoff is" {
			t.Errorf("error %v, want all mistakes, also %s", err, want)
		}
	}
}

func TestACauseOfAMistakeCanBeFound(t *testing.T) {
	_, err := registration.New(registration.Config{IDScope: "s", RegistrationID: "d", CSR: "_AAA", APIVersion: "2026"})
	var corrupt base64.CorruptInputError
	if !errors.As(err, &corrupt) {
		t.Errorf("%v", err)
	}
}

// Every JSON value is a valid Payload. The service may still reject it.
func TestAnyJSONIsALegalPayload(t *testing.T) {
	for _, payload := range []string{`{}`, `[1]`, `"text"`, `7`, `null`, `true`, ` {"a" : 1}` + "\n"} {
		g := newRig(t, func(c *registration.Config) { c.Payload = json.RawMessage(payload) })
		g.r.Ready(g.now)
		if _, body := g.request(); body != `{"registrationId":"dev-1","payload":`+payload+`}` || !json.Valid([]byte(body)) {
			t.Errorf("%s is sent as %s", payload, body)
		}
	}
}

// Every field has its maximum length, and is sent in full.
func TestConfigAtItsLimits(t *testing.T) {
	csr := strings.Repeat("AAAA", 2048)
	payload := `{"a":"` + strings.Repeat("x", 96<<10-1024-len(csr)-len(`{"a":""}`)) + `"}`
	g := newRig(t, func(c *registration.Config) {
		c.IDScope, c.RegistrationID, c.APIVersion = strings.Repeat("s", 64), strings.Repeat("d", 128), "2025-07-01"+strings.Repeat("v", 54)
		c.CSR, c.Payload, c.UserAgent = csr, json.RawMessage(payload), strings.Repeat("u", 1024)
		c.OperationID, c.RequestIDPrefix = strings.Repeat("%", 256), strings.Repeat("é", 32)
		c.Policy.MaxRetryAfter, c.Policy.MaxBackoff = 2*time.Second, time.Second
	})
	if kind, _ := g.next(); kind != "GET "+strings.Repeat("%", 256) || g.rid != strings.Repeat("é", 32)+"1" {
		t.Errorf("%s with $rid %s", kind, g.rid)
	}
	escaped := strings.NewReplacer("é", "%C3%A9")
	g.message("404/?$rid="+escaped.Replace(g.rid), "")
	g.sleep()
	name, body, _ := g.r.AppendRequest(nil, nil)
	if len(body) < 96<<10-1024 || len(name)+len(body) > 96<<10 || !json.Valid(body) {
		t.Errorf("registration of %d bytes", len(body))
	}
	if _, err := topic.ParseRequest(name); err != nil {
		t.Error(err)
	}
}

// IDs about which the sources disagree are left to the service to check.
func TestRegistrationIDsOfAllKinds(t *testing.T) {
	for _, id := range []string{"a", "Dev-1._:a", "UPPER", "ends.", "with space", "gerät", `"a\b"`, "~\u2028", strings.Repeat("d", 128)} {
		g := newRig(t, func(c *registration.Config) { c.RegistrationID = id })
		if g.r.ClientID() != id || g.r.Username() != "0ne00000A1B/registrations/"+id+"/api-version=2019-03-31" {
			t.Errorf("%q became client %q and user %q", id, g.r.ClientID(), g.r.Username())
		}
		g.r.Ready(g.now)
		var body struct{ RegistrationID string }
		if _, text := g.request(); json.Unmarshal([]byte(text), &body) != nil || body.RegistrationID != id {
			t.Errorf("%q became the body %s", id, text)
		}
	}
}

func TestRegistrationBody(t *testing.T) {
	csr := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("request", 100)))
	for want, change := range map[string]change{
		`{"registrationId":"dev-1"}`:                              func(c *registration.Config) {},
		`{"registrationId":"dev-1","payload":{"modelId":"dtmi"}}`: func(c *registration.Config) { c.Payload = json.RawMessage(`{"modelId":"dtmi"}`) },
		`{"registrationId":"dev-1","csr":"` + csr + `"}`:          func(c *registration.Config) { c.CSR, c.APIVersion = csr, "2026-11-02-preview" },
		`{"registrationId":"dev-1","payload":{},"csr":"` + csr + `"}`: func(c *registration.Config) {
			c.CSR, c.Payload, c.APIVersion = csr, json.RawMessage(`{}`), "2025-07-01-preview"
		},
		"": func(c *registration.Config) { c.EmptyBody = true },
	} {
		g := newRig(t, change)
		g.r.Ready(g.now)
		if _, body := g.request(); body != want {
			t.Errorf("body %s, want %s", body, want)
		}
	}
}

func TestUsername(t *testing.T) {
	g := newRig(t, func(c *registration.Config) { c.APIVersion, c.UserAgent = "2025-07-01-preview", "my client/1.0 (+ü)" })
	if want := "0ne00000A1B/registrations/dev-1/api-version=2025-07-01-preview&ClientVersion=my%20client%2F1.0%20%28%2B%C3%BC%29"; g.r.Username() != want {
		t.Errorf("user name %s, want %s", g.r.Username(), want)
	}
}
