package dpstest_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/packet"
	"example.com/dps/sastoken"
	"github.com/google/go-cmp/cmp"
)

// bodies registers dev-1 and queries once, and returns both bodies.
func bodies(t *testing.T, e dpstest.Enrollment, cert *dpstest.Certificate) (register, query string) {
	t.Helper()
	e.Outcome.RetryAfter = "0"
	p := &peer{t, newService(t, e).Open(start, cert), start}
	p.say(connect(func(c *packet.Connect) {
		if e.Group != "" {
			c.Password = signed(sastoken.DeriveKey(key, "dev-1"), "dev-1")(start)
		}
	}), subscribe(0))
	body := func(topic string) string {
		all := p.say(publish(topic, 0, 0, ""))
		if len(all) != 1 {
			t.Fatal(all)
		}
		return all[0][strings.IndexByte(all[0], '{'):]
	}
	register = body(registerT)
	p.now = start.Add(2500 * time.Millisecond)
	return register, body(queryT("1"))
}

const (
	began = `{"operationId":"4.0000000000000001.00000000-0000-4000-8000-000000000001","status":`
	times = `"createdDateTimeUtc":"2026-11-22T12:00:00.0000000Z"`
	later = `"lastUpdatedDateTimeUtc":"2026-11-22T12:00:02.5000000Z","etag":"IjAwMDAwMDAwIg=="`
)

// The bodies are like those of the real service: their fields, the order of the
// fields, and what depends on the enrollment.
func TestBodies(t *testing.T) {
	assigned := func(x509 string) string {
		return began + `"assigned","registrationState":{` + x509 + `"registrationId":"dev-1",` + times + `,"assignedHub":"hub.azure-devices.example","deviceId":"dev-1","status":"assigned","substatus":"initialAssignment",` + later + `}}`
	}
	full := dpstest.Outcome{Status: "ASSIGNED", AssignedHub: "h", DeviceID: "d", Substatus: "s", ErrorCode: 7, ErrorMessage: "m", Payload: json.RawMessage(`[1]`), X509: json.RawMessage(`{}`), SymmetricKey: json.RawMessage(`{"a":1}`)}
	for name, test := range map[string]struct {
		e    dpstest.Enrollment
		cert *dpstest.Certificate
		want string
	}{
		"key":             {device(dpstest.Outcome{}), nil, assigned("")},
		"certificate":     {dpstest.Enrollment{RegistrationID: "dev-1", X509: true}, certificate("dev-1"), assigned("")},
		"group":           {dpstest.Enrollment{Group: "g", PrimaryKey: encoded(key)}, nil, assigned(`"symmetricKey":{"enrollmentGroupId":"g"},`)},
		"group with X509": {dpstest.Enrollment{Group: "g", X509: true}, certificate("dev-1"), assigned(`"x509":{"enrollmentGroupId":"g"},`)},
		"own objects": {dpstest.Enrollment{Group: "g", PrimaryKey: encoded(key), Outcome: dpstest.Outcome{SymmetricKey: json.RawMessage(`{}`), X509: json.RawMessage(`{"b":2}`)}}, nil,
			assigned(`"x509":{"b":2},"symmetricKey":{},`)},
		"own object with X509": {dpstest.Enrollment{Group: "g", X509: true, Outcome: dpstest.Outcome{X509: json.RawMessage(`{}`)}}, certificate("dev-1"), assigned(`"x509":{},`)},
		"all": {device(full), nil, began + `"ASSIGNED","registrationState":{"x509":{},"symmetricKey":{"a":1},"registrationId":"dev-1",` + times +
			`,"assignedHub":"h","deviceId":"d","status":"ASSIGNED","substatus":"s","errorCode":7,"errorMessage":"m",` + later + `,"payload":[1]}}`},
		"failed": {device(dpstest.Outcome{Status: "failed", AssignedHub: "h", DeviceID: "d", ErrorCode: 400207, ErrorMessage: "m"}), nil,
			began + `"failed","registrationState":{"registrationId":"dev-1",` + times + `,"status":"failed","errorCode":400207,"errorMessage":"m",` + later + `}}`},
		"assigning":  {device(dpstest.Outcome{Polls: 1}), nil, began + `"assigning","registrationState":{"registrationId":"dev-1","status":"assigning"}}`},
		"unassigned": {device(dpstest.Outcome{Status: "unassigned"}), nil, began + `"unassigned","registrationState":{"registrationId":"dev-1","status":"unassigned"}}`},
	} {
		register, query := bodies(t, test.e, test.cert)
		want := began + `"assigning"}`
		if name == "unassigned" {
			want = began + `"unassigned"}`
		}
		if d := cmp.Diff([]string{want, test.want}, []string{register, query}); d != "" {
			t.Error(name, d)
		}
	}
}

// An error contains its code, a tracking ID that counts up, and the time.
func TestErrorBodies(t *testing.T) {
	p := newPeer(t, newService(t, device(dpstest.Outcome{})))
	p.say(connect(func(c *packet.Connect) { c.Password = nil }), subscribe(0))
	for _, n := range []string{"1", "2"} {
		all := p.say(publish(registerT, 0, 0, ""))
		want := `{"errorCode":401000,"trackingId":"00000000-0000-4000-8000-00000000000` + n + `","message":"Unauthorized","timestampUtc":"2026-11-22T12:00:00.0000000Z"}`
		if got := all[0][strings.IndexByte(all[0], '{'):]; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// Each refusal has its own status, error code and message.
func TestRefusals(t *testing.T) {
	username := func(name string) func(*packet.Connect) {
		return func(c *packet.Connect) { c.Username = []byte(scope + "/registrations/" + name) }
	}
	id := func(id string) func(*packet.Connect) {
		return func(c *packet.Connect) {
			c.ClientID, c.Username = []byte(id), []byte(scope+"/registrations/"+id+"/api-version=2019-03-31")
		}
	}
	none := func(*packet.Connect) {}
	for name, test := range map[string]struct {
		change      func(*packet.Connect)
		cert        *dpstest.Certificate
		topic, body string
		want        string
	}{
		"api-version":      {username("dev-1/api-version=x"), nil, registerT, "", `400 {"errorCode":400004,"Unsupported API version x."`},
		"registration ID":  {id("a b"), nil, registerT, "", `400 {"errorCode":400004,"Invalid RegistrationId"`},
		"not enrolled":     {id("x"), nil, registerT, "", `404 {"errorCode":404201,"Enrollment not found."`},
		"query":            {id("x"), nil, queryT("1"), "", `404 {"errorCode":404201,"Enrollment not found."`},
		"no token":         {func(c *packet.Connect) { c.Password = nil }, nil, registerT, "", `401 {"errorCode":401000,"Unauthorized"`},
		"no certificate":   {id("dev-x"), nil, registerT, "", `401 {"errorCode":401002,"Unauthorized"`},
		"certificate name": {id("dev-x"), certificate("dev-y"), registerT, "", `401 {"errorCode":401002,"Invalid certificate."`},
		"untrusted":        {id("dev-x"), &dpstest.Certificate{CommonName: "dev-x", Untrusted: "x"}, registerT, "", `401 {"errorCode":401002,"Unauthorized"`},
		"certificate date": {id("dev-x"), &dpstest.Certificate{CommonName: "dev-x", NotBefore: start.Add(1)}, registerT, "", `401 {"errorCode":401002,"Invalid certificate."`},
		"bad JSON":         {none, nil, registerT, "{", `400 {"errorCode":400004,"Bad request body."`},
		"not an object":    {none, nil, registerT, "1", `400 {"errorCode":400004,"Bad request body."`},
		"other ID":         {none, nil, registerT, `{"registrationId":"x"}`, `400 {"errorCode":400004,"Invalid RegistrationId"`},
		"payload":          {none, nil, registerT, `{"payload":1}`, `400 {"errorCode":400004,"Bad payload."`},
		"operation ID":     {none, nil, queryT("1"), "", `404 {"errorCode":404203,"Operation not found."`},
		"operation":        {none, nil, "POST/x/?$rid=1", "", `400 {"errorCode":400004,"Unsupported operation."`},
	} {
		p := &peer{t, newService(t, device(dpstest.Outcome{}), dpstest.Enrollment{RegistrationID: "dev-x", X509: true}).Open(start, test.cert), start}
		p.say(connect(test.change), subscribe(0))
		all := p.say(publish(test.topic, 0, 0, test.body))
		_, answer, _ := strings.Cut(all[0], "/res/")
		code, message, _ := strings.Cut(answer[strings.IndexByte(answer, '{'):], `"trackingId":"00000000-0000-4000-8000-000000000001","message":`)
		message, _, _ = strings.Cut(message, `,"timestampUtc"`)
		if got := answer[:3] + " " + code + message; got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// The retry-after of the outcome takes precedence over that of the Config, and
// is in every answer but the last.
func TestRetryAfters(t *testing.T) {
	for outcome, want := range map[dpstest.RetryAfter]string{"": "&retry-after=8", "5": "&retry-after=5", dpstest.NoRetryAfter: "", "soon": "&retry-after=soon"} {
		s, err := dpstest.New(dpstest.Config{IDScope: scope, RetryAfter: "8", Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{Polls: 1, RetryAfter: outcome})}})
		if err != nil {
			t.Fatal(err)
		}
		p := newDevice(t, s, "dev-1")
		got := []string{p.status(registerT, ""), p.status(queryT("1"), ""), p.status(queryT("1"), "")}
		if d := cmp.Diff([]string{"202/?$rid=r1" + want, "202/?$rid=1" + want, "200/?$rid=1"}, got); d != "" {
			t.Errorf("%q: %s", outcome, d)
		}
	}
}

// Registration IDs follow the grammar that the service documents.
func TestRegistrationIDs(t *testing.T) {
	for id, want := range map[string]bool{
		"a": true, "z": true, "A": true, "Z": true, "0": true, "9": true, "-": true, "a.": false, "a_": false, "a:": false, ".a": true, "_a": true, ":a": true,
		"": false, "a b": false, "a/b": false, "a+": false, "ä": false, "`": false, "{": false, "@": false, "[": false, ";": false, "a\x00b": false,
		strings.Repeat("x", 128): true, strings.Repeat("x", 129): false,
	} {
		_, err := dpstest.New(dpstest.Config{IDScope: scope, Enrollments: []dpstest.Enrollment{{RegistrationID: id, X509: true}}})
		var bad *dpstest.ConfigError
		if (err == nil) != want || err != nil && !errors.As(err, &bad) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

// An invalid registration ID is answered with 400.
func TestBadIDsAreAnswered(t *testing.T) {
	for id, want := range map[string]string{"dev-1": "202", "dev_": "400", "a b": "400", "": "400"} {
		p := newPeer(t, newService(t, device(dpstest.Outcome{})))
		p.say(connect(func(c *packet.Connect) {
			c.ClientID, c.Username = []byte(id), []byte(scope+"/registrations/"+id+"/api-version=2019-03-31")
		}), subscribe(0))
		if got := p.status(registerT, ""); got[:3] != want {
			t.Errorf("%q: %s", id, got)
		}
	}
}
