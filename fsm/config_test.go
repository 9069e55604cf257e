package fsm_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/packet"
)

func TestConfigMistakes(t *testing.T) {
	for want, change := range map[string]func(*fsm.Config){
		"IDScope is empty":                    func(c *fsm.Config) { c.IDScope = "" },
		"IDScope has 65 bytes":                func(c *fsm.Config) { c.IDScope = strings.Repeat("0", 65) },
		"RegistrationID is empty":             func(c *fsm.Config) { c.RegistrationID = "" },
		"RegistrationID has 129 bytes":        func(c *fsm.Config) { c.RegistrationID = strings.Repeat("d", 129) },
		`RegistrationID "a/b" holds`:          func(c *fsm.Config) { c.RegistrationID = "a/b" },
		`RegistrationID "a#" holds`:           func(c *fsm.Config) { c.RegistrationID = "a#" },
		`RegistrationID "+" holds`:            func(c *fsm.Config) { c.RegistrationID = "+" },
		`RegistrationID "a\x00" holds`:        func(c *fsm.Config) { c.RegistrationID = "a\x00" },
		"RegistrationID is no UTF-8":          func(c *fsm.Config) { c.RegistrationID = "\xff" },
		"TPM, which the service does not":     func(c *fsm.Config) { c.Attestation = fsm.TPM },
		"Attestation is 3":                    func(c *fsm.Config) { c.Attestation = 3 },
		"Payload is no JSON object":           func(c *fsm.Config) { c.Payload = json.RawMessage(`[1]`) },
		"Payload is no JSON object\n":         func(c *fsm.Config) { c.Payload, c.Limit = json.RawMessage(`{} {}`), -1 },
		"CSR is PEM":                          func(c *fsm.Config) { c.CSR = "-----BEGIN CERTIFICATE REQUEST-----" },
		"CSR has line breaks":                 func(c *fsm.Config) { c.CSR = "AAAA\nAAAA" },
		"CSR is no base64":                    func(c *fsm.Config) { c.CSR = "AAA" },
		"CSR has 8196 characters":             func(c *fsm.Config) { c.CSR = strings.Repeat("AAAA", 2049) },
		"EmptyBody together with":             func(c *fsm.Config) { c.EmptyBody, c.Payload = true, json.RawMessage(`{}`) },
		"the service takes messages of 98304": func(c *fsm.Config) { c.Payload = json.RawMessage(`{"a":"` + strings.Repeat("x", 98304) + `"}`) },
		"APIVersion is \"2019&x\"":            func(c *fsm.Config) { c.APIVersion = "2019&x" },
		"UserAgent is no UTF-8":               func(c *fsm.Config) { c.UserAgent = "\xff" },
		"OperationID has 257 bytes":           func(c *fsm.Config) { c.OperationID = strings.Repeat("o", 257) },
		"RequestIDPrefix is no UTF-8":         func(c *fsm.Config) { c.RequestIDPrefix = "\xff" },
		"Limit is -1":                         func(c *fsm.Config) { c.Limit = -1 },
		"Policy.RequestTimeout is -1s":        func(c *fsm.Config) { c.Policy.RequestTimeout = -time.Second },
		"Policy.RetryAfter is -1s":            func(c *fsm.Config) { c.Policy.RetryAfter = -time.Second },
		"Policy.MaxRetryAfter is 1s":          func(c *fsm.Config) { c.Policy.MaxRetryAfter = time.Second },
		"Policy.MaxBackoff is 1ms":            func(c *fsm.Config) { c.Policy.MaxBackoff = time.Millisecond },
		"Policy.KeepAlive is 1.5s":            func(c *fsm.Config) { c.Policy.KeepAlive = 1500 * time.Millisecond },
		"Policy.KeepAlive is 18h12m16s":       func(c *fsm.Config) { c.Policy.KeepAlive = 65536 * time.Second },
	} {
		cfg := testConfig()
		change(&cfg)
		if _, err := fsm.New(cfg); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "fsm: ") {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	_, err := fsm.New(fsm.Config{Attestation: fsm.TPM, Limit: -1})
	for _, want := range []string{"IDScope", "RegistrationID", "TPM", "Limit"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want all mistakes, also %s", err, want)
		}
	}
}

// Everything as long as it may be, and sent in full.
func TestConfigAtItsLimits(t *testing.T) {
	csr := strings.Repeat("AAAA", 2048)
	payload := `{"a":"` + strings.Repeat("x", fsm.MaxMessage-1024-len(csr)-len(`{"a":""}`)) + `"}`
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
	if p := b.expect("PUBACK", "PUBLISH")[1].(*packet.Publish); len(p.Payload) < fsm.MaxMessage-1024 || len(p.Payload)+len(p.Topic) > fsm.MaxMessage {
		t.Errorf("registration of %d bytes", len(p.Payload))
	}
	b.answer(202, prefix+"2", "", `{"status":"assigning","operationId":"`+strings.Repeat("o", 256)+`"}`)
	b.sleepToDeadline()
	b.want(fsm.Polling, fsm.Exchange)
}

// What the sources disagree about is left to the service.
func TestRegistrationIDsOfAllKinds(t *testing.T) {
	for _, id := range []string{"a", "Dev-1._:a", "UPPER", "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6", "ends.", "with space", "gerät", strings.Repeat("d", 128)} {
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
	csr := base64.StdEncoding.EncodeToString([]byte("request"))
	for want, change := range map[string]func(*fsm.Config){
		`{"registrationId":"dev-1"}`:                              func(c *fsm.Config) {},
		`{"registrationId":"dev-1","payload":{"modelId":"dtmi"}}`: func(c *fsm.Config) { c.Payload = json.RawMessage(`{"modelId":"dtmi"}`) },
		`{"registrationId":"dev-1","csr":"` + csr + `"}`:          func(c *fsm.Config) { c.CSR = csr },
		`{"registrationId":"dev-1","payload":{},"csr":"` + csr + `"}`: func(c *fsm.Config) {
			c.CSR, c.Payload = csr, json.RawMessage(`{}`)
		},
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
