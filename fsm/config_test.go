package fsm_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/packet"
)

// csrVersion is an api-version that supports a CSR.
const csrVersion = "2025-07-01-preview"

// refuses checks that New reports exactly the mistake that each change makes.
func refuses(t *testing.T, table map[string]func(*fsm.Config)) {
	t.Helper()
	for want, change := range table {
		cfg := testConfig()
		change(&cfg)
		if m, err := fsm.New(cfg); m != nil || !errors.Is(err, fsm.ErrInvalid) || err.Error() != "fsm: bad Config: "+want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

func TestMistakesInWhoTheDeviceIs(t *testing.T) {
	refuses(t, map[string]func(*fsm.Config){
		"IDScope is empty":                               func(c *fsm.Config) { c.IDScope = "" },
		"IDScope has 65 bytes, the limit is 64":          func(c *fsm.Config) { c.IDScope = strings.Repeat("0", 65) },
		"RegistrationID is empty":                        func(c *fsm.Config) { c.RegistrationID = "" },
		"RegistrationID has 129 bytes, the limit is 128": func(c *fsm.Config) { c.RegistrationID = strings.Repeat("d", 129) },
		"RegistrationID is not UTF-8":                    func(c *fsm.Config) { c.RegistrationID = "\xff" },

		`RegistrationID "a/b" has a '/', '#', '+' or a control character`:   func(c *fsm.Config) { c.RegistrationID = "a/b" },
		`RegistrationID "a#" has a '/', '#', '+' or a control character`:    func(c *fsm.Config) { c.RegistrationID = "a#" },
		`RegistrationID "+" has a '/', '#', '+' or a control character`:     func(c *fsm.Config) { c.RegistrationID = "+" },
		`RegistrationID "a\x00" has a '/', '#', '+' or a control character`: func(c *fsm.Config) { c.RegistrationID = "a\x00" },

		"Attestation is 3, expected SymmetricKey or X509": func(c *fsm.Config) { c.Attestation = 3 },
		"Attestation is TPM, which the service does not offer over MQTT: use HTTPS or AMQP": func(c *fsm.Config) {
			c.Attestation = fsm.TPM
		},
	})
}

func TestMistakesInWhatIsSent(t *testing.T) {
	const tooLong, version = " has 257 bytes, the limit is 256", `, expected something like "2019-03-31"`
	long := strings.Repeat("o", 257)
	refuses(t, map[string]func(*fsm.Config){
		"Payload is not JSON: JSON ends at byte 2, in the middle of a value":                                        func(c *fsm.Config) { c.Payload = json.RawMessage(`[1`) },
		"Payload is not JSON: JSON has an unexpected '{' at byte 3\nOperationID" + tooLong:                          func(c *fsm.Config) { c.Payload, c.OperationID = json.RawMessage(`{} {}`), long },
		"Payload is not JSON: JSON ends at byte 0, in the middle of a value\nLimit is -2, expected a size in bytes": func(c *fsm.Config) { c.Payload, c.Limit = json.RawMessage{}, -2 },

		"CSR is PEM, expected the base64 text between its lines, without line breaks": func(c *fsm.Config) {
			c.APIVersion, c.CSR = csrVersion, "-----BEGIN CERTIFICATE REQUEST-----"
		},
		"CSR has line breaks, expected base64 without them":      func(c *fsm.Config) { c.APIVersion, c.CSR = csrVersion, "AAA\n_AAAA" },
		"CSR is not base64: illegal base64 data at input byte 0": func(c *fsm.Config) { c.APIVersion, c.CSR = csrVersion, "_AAA" },
		"CSR has 8196 characters, the limit is 8192":             func(c *fsm.Config) { c.APIVersion, c.CSR = csrVersion, strings.Repeat("AAAA", 2049) },
		"CSR has 8193 characters, the limit is 8192\nCSR is not base64: illegal base64 data at input byte 8192": func(c *fsm.Config) {
			c.APIVersion, c.CSR = csrVersion, strings.Repeat("A", 8193)
		},
		"EmptyBody is set together with Payload or CSR":                        func(c *fsm.Config) { c.EmptyBody, c.Payload = true, json.RawMessage(`{}`) },
		"EmptyBody is set together with Payload or CSR\nOperationID" + tooLong: func(c *fsm.Config) { c.APIVersion, c.EmptyBody, c.CSR, c.OperationID = csrVersion, true, "AAAA", long },
		"Payload and CSR have 97281 bytes together, the service accepts messages of at most 98304": func(c *fsm.Config) {
			c.APIVersion, c.CSR, c.Payload = csrVersion, strings.Repeat("AAAA", 2048), json.RawMessage(`{"a":"`+strings.Repeat("x", 97281-8192-8)+`"}`)
		},

		`APIVersion is "2019-03-31", which does not support a CSR, expected 2025-07-01-preview or later`: func(c *fsm.Config) { c.CSR = "AAAA" },
		`APIVersion is "2025-06-30", which does not support a CSR, expected 2025-07-01-preview or later`: func(c *fsm.Config) {
			c.APIVersion, c.CSR = "2025-06-30", "AAAA"
		},

		`APIVersion is "2019&x"` + version:              func(c *fsm.Config) { c.APIVersion = "2019&x" },
		`APIVersion is "&"` + version:                   func(c *fsm.Config) { c.APIVersion = "&" },
		`APIVersion is "` + long[:64] + `"` + version:   func(c *fsm.Config) { c.APIVersion = long[:65] },
		"UserAgent is not UTF-8":                        func(c *fsm.Config) { c.UserAgent = "\xff" },
		"UserAgent has 1025 bytes, the limit is 1024":   func(c *fsm.Config) { c.UserAgent = strings.Repeat("u", 1025) },
		"OperationID" + tooLong:                         func(c *fsm.Config) { c.OperationID = long },
		"RequestIDPrefix is not UTF-8":                  func(c *fsm.Config) { c.RequestIDPrefix = "\xff" },
		"RequestIDPrefix has 65 bytes, the limit is 64": func(c *fsm.Config) { c.RequestIDPrefix = long[:65] },
		"Limit is -1, expected a size in bytes":         func(c *fsm.Config) { c.Limit = -1 },
	})
}

func TestMistakesInPolicy(t *testing.T) {
	refuses(t, map[string]func(*fsm.Config){
		"Policy.RequestTimeout is -1s, expected a positive duration":        func(c *fsm.Config) { c.Policy.RequestTimeout = -time.Second },
		"Policy.RetryAfter is -1s, expected a positive duration":            func(c *fsm.Config) { c.Policy.RetryAfter = -time.Second },
		"Policy.MinRetryAfter is -1s, expected a positive duration":         func(c *fsm.Config) { c.Policy.MinRetryAfter = -time.Second },
		"Policy.MinBackoff is -1ns, expected a positive duration":           func(c *fsm.Config) { c.Policy.MinBackoff = -1 },
		"Policy.MaxThrottled is -1s, expected a positive duration":          func(c *fsm.Config) { c.Policy.MaxThrottled = -time.Second },
		"Policy.MaxRetryAfter is 1s, less than MinRetryAfter 2s":            func(c *fsm.Config) { c.Policy.MaxRetryAfter = time.Second },
		"Policy.MaxBackoff is 1ms, less than MinBackoff 1s":                 func(c *fsm.Config) { c.Policy.MaxBackoff = time.Millisecond },
		"Policy.DialTimeout is -1s, expected a positive duration":           func(c *fsm.Config) { c.Policy.DialTimeout = -time.Second },
		"Policy.KeepAlive is 1.5s, expected whole seconds up to 65535":      func(c *fsm.Config) { c.Policy.KeepAlive = 1500 * time.Millisecond },
		"Policy.KeepAlive is 1ns, expected whole seconds up to 65535":       func(c *fsm.Config) { c.Policy.KeepAlive = 1 },
		"Policy.KeepAlive is 18h12m16s, expected whole seconds up to 65535": func(c *fsm.Config) { c.Policy.KeepAlive = 65536 * time.Second },
	})
}

func TestAllMistakesAreReported(t *testing.T) {
	_, err := fsm.New(fsm.Config{Attestation: fsm.TPM, Limit: -1})
	for _, want := range []string{"IDScope", "RegistrationID", "TPM", "Limit"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want all mistakes, also %s", err, want)
		}
	}
}

// maxMessage is the size in bytes of the largest message that the service
// accepts.
const maxMessage = 96 << 10

// Every field has its maximum length, and is sent in full.
func TestConfigAtItsLimits(t *testing.T) {
	csr := strings.Repeat("AAAA", 2048)
	payload := `{"a":"` + strings.Repeat("x", maxMessage-1024-len(csr)-len(`{"a":""}`)) + `"}`
	b := newBench(t, func(c *fsm.Config) {
		c.IDScope, c.RegistrationID, c.APIVersion = strings.Repeat("s", 64), strings.Repeat("d", 128), strings.Repeat("v", 64)
		c.CSR, c.Payload, c.UserAgent = csr, json.RawMessage(payload), strings.Repeat("u", 1024)
		c.OperationID, c.RequestIDPrefix = strings.Repeat("%", 256), strings.Repeat("é", 32)
		c.Policy.KeepAlive, c.Policy.MaxRetryAfter, c.Policy.MaxBackoff = 65535*time.Second, 2*time.Second, time.Second
	})
	b.connect()
	prefix := strings.Repeat("%C3%A9", 32)
	topic := "$dps/registrations/GET/iotdps-get-operationstatus/?$rid=" + prefix + "1&operationId=" + strings.Repeat("%25", 256)
	if p := b.expect("PUBLISH")[0].(*packet.Publish); string(p.Topic) != topic {
		t.Errorf("query to %s, want %s", p.Topic, topic)
	}
	b.answer(404, prefix+"1", "", "")
	b.sleepToDeadline()
	if p := b.expect("PUBACK", "PUBLISH")[1].(*packet.Publish); len(p.Payload) < maxMessage-1024 || len(p.Payload)+len(p.Topic) > maxMessage {
		t.Errorf("registration of %d bytes", len(p.Payload))
	}
	b.answer(202, prefix+"2", "", `{"status":"assigning","operationId":"`+strings.Repeat("o", 256)+`"}`)
	b.sleepToDeadline()
	b.want(fsm.Polling, fsm.WantExchange)
}

// IDs about which the sources disagree are left to the service to check.
func TestRegistrationIDsOfAllKinds(t *testing.T) {
	for _, id := range []string{"a", "Dev-1._:a", "UPPER", "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6", "ends.", "with space", "gerät", `"a\b"`, "~\u2028", strings.Repeat("d", 128)} {
		b := newBench(t, func(c *fsm.Config) { c.RegistrationID = id })
		b.open()
		p := b.sent()[0].(*packet.Connect)
		if string(p.ClientID) != id || string(p.Username) != "0ne00000A1B/registrations/"+id+"/api-version=2019-03-31" {
			t.Errorf("%q became client %q and user %q", id, p.ClientID, p.Username)
		}
		b.receive(&packet.Connack{}, &packet.Suback{ID: 1, ReturnCodes: []byte{1}})
		body := struct{ RegistrationID string }{}
		sent := b.sent()
		if err := json.Unmarshal(sent[1].(*packet.Publish).Payload, &body); err != nil || body.RegistrationID != id {
			t.Errorf("%q became the body %s", id, sent[1].(*packet.Publish).Payload)
		}
	}
}

func TestRegistrationBody(t *testing.T) {
	csr := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("request", 100)))
	for want, change := range map[string]func(*fsm.Config){
		`{"registrationId":"dev-1"}`:                              func(c *fsm.Config) {},
		`{"registrationId":"dev-1","payload":{"modelId":"dtmi"}}`: func(c *fsm.Config) { c.Payload = json.RawMessage(`{"modelId":"dtmi"}`) },
		`{"registrationId":"dev-1","csr":"` + csr + `"}`:          func(c *fsm.Config) { c.APIVersion, c.CSR = csrVersion, csr },
		`{"registrationId":"dev-1","payload":{},"csr":"` + csr + `"}`: func(c *fsm.Config) {
			c.APIVersion, c.CSR, c.Payload = csrVersion, csr, json.RawMessage(`{}`)
		},
		`{"registrationId":"dev-1","payload":"text"}`: func(c *fsm.Config) { c.Payload = json.RawMessage(`"text"`) },
		`{"registrationId":"dev-1","payload":[1, 2]}`: func(c *fsm.Config) { c.Payload = json.RawMessage(`[1, 2]`) },
		`{"registrationId":"dev-1","payload":null}`:   func(c *fsm.Config) { c.Payload = json.RawMessage(`null`) },
		"": func(c *fsm.Config) { c.EmptyBody = true },
	} {
		b := newBench(t, change)
		b.connect()
		if p := b.sent()[0].(*packet.Publish); string(p.Payload) != want {
			t.Errorf("body %s, want %s", p.Payload, want)
		}
	}
}

func TestUsername(t *testing.T) {
	b := newBench(t, func(c *fsm.Config) { c.APIVersion, c.UserAgent = "2025-07-01-preview", "my client/1.0 (+ü)" })
	b.open()
	want := "0ne00000A1B/registrations/dev-1/api-version=2025-07-01-preview&ClientVersion=my%20client%2F1.0%20%28%2B%C3%BC%29"
	if p := b.sent()[0].(*packet.Connect); string(p.Username) != want {
		t.Errorf("user name %s, want %s", p.Username, want)
	}
}
