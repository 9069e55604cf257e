package dpstest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/packet"
	"example.com/dps/sastoken"
)

// The outcome and the faults are those of the first group whose key matches, or
// of the first group if none matches.
func TestFirstGroupCounts(t *testing.T) {
	fails := func(status int) []dpstest.Fault { return []dpstest.Fault{{At: dpstest.OnRegister, Status: status}} }
	s := newService(t,
		dpstest.Enrollment{Group: "a", PrimaryKey: encoded(groupKey), Faults: fails(500)},
		dpstest.Enrollment{Group: "b", PrimaryKey: encoded(key), Outcome: dpstest.Outcome{AtOnce: true, AssignedHub: "b.example"}},
		dpstest.Enrollment{Group: "c", PrimaryKey: encoded(key), Faults: fails(503)})
	for from, want := range map[string]string{string(key): "200", string(groupKey): "500", "another key": "500"} {
		p := newPeer(t, s)
		p.say(connect(func(c *packet.Connect) {
			c.Password = signed(sastoken.DeriveKey([]byte(from), "dev-1"), "dev-1")(start)
		}), subscribe(0))
		got := p.say(publish(registerT, 0, 0, ""))
		if !strings.Contains(got[0], "/res/"+want) || strings.Contains(got[0], `"assignedHub":"b.example"`) != (want == "200") {
			t.Errorf("%q: %q, want %s", from, got, want)
		}
	}
}

// A certificate that is no longer valid is diagnosed with its dates. So is an
// authority that has not signed the certificate, even if the thumbprint is
// right.
func TestCertificateTexts(t *testing.T) {
	sum := strings.Repeat("ab", 20)
	for _, test := range []struct {
		e      dpstest.Enrollment
		cert   dpstest.Certificate
		wait   time.Duration
		status string
		want   []string
	}{
		{dpstest.Enrollment{}, dpstest.Certificate{NotAfter: start.Add(time.Minute)}, time.Minute, "202", nil},
		{dpstest.Enrollment{}, dpstest.Certificate{NotAfter: start.Add(time.Minute)}, time.Minute + 1, "401",
			[]string{"the certificate is valid from any time to 2026-11-22T12:01:00Z, and it is now 2026-11-22T12:01:00Z"}},
		{dpstest.Enrollment{}, dpstest.Certificate{Untrusted: "unknown authority"}, 0, "401", []string{"the certificate is not trusted: unknown authority"}},
		{dpstest.Enrollment{Thumbprints: []string{sum}, Authority: "CA"}, dpstest.Certificate{Thumbprints: []string{sum}, Authorities: []string{"other"}}, 0, "401",
			[]string{`the certificate is signed by ["other"], but the enrollment names the authority "CA": send the whole chain, up to but not including the authority`}},
	} {
		test.e.RegistrationID, test.e.X509, test.cert.CommonName = "dev-1", true, "dev-1"
		o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{test.e}})
		p := &peer{t, o.Open(start, &test.cert), start}
		p.say(connect(), subscribe(0))
		p.now = start.Add(test.wait)
		if got := p.status(registerT, ""); got[:3] != test.status || !slices.Equal(o.texts, test.want) {
			t.Errorf("%+v: %s, %q", test, got, o.texts)
		}
	}
}

// counted returns a mistake and its count from the summary of the last
// connection.
func (o *observer) counted(d string) string {
	_, all, _ := strings.Cut(o.ends[len(o.ends)-1], "mistakes: ")
	for _, one := range strings.Split(all, ", ") {
		if one == d || strings.HasPrefix(one, d+" ") {
			return one
		}
	}
	return ""
}

// The next requests of a device that is refused are not diagnosed: neither DUP
// in a request that is sent again, nor a request before the retry-after of an
// earlier answer.
func TestRefusedDevicesAreNotEarly(t *testing.T) {
	o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{}, dpstest.Fault{At: dpstest.OnRegister, Nth: 1, Status: 429, RetryAfter: "5"})}})
	newDevice(t, o.Service, "dev-1").status(registerT, "")
	p := newPeer(t, o.Service)
	p.say(connect(func(c *packet.Connect) { c.Password = nil }), subscribe(0))
	again := publish(registerT, 1, 7, "")
	p.say(again)
	again.Dup = true
	p.say(again)
	if !slices.Equal(o.named, []string{"no-password at CONNECT"}) {
		t.Errorf("%q", o.named)
	}
}

// Up to 16 answers must be acknowledged within a second, each of them once.
func TestAnswersToAcknowledge(t *testing.T) {
	for name, test := range map[string]struct {
		n     int // requests
		acks  []uint16
		after time.Duration
		want  string
	}{
		"in time":  {3, nil, time.Second - 1, ""},
		"late":     {3, nil, time.Second, "no-puback (3 times)"},
		"all":      {3, []uint16{1, 2, 3}, time.Second, ""},
		"others":   {1, []uint16{2}, time.Second, "no-puback"},
		"sixteen":  {16, nil, time.Second, "no-puback (16 times)"},
		"too many": {20, nil, time.Second, "no-puback (16 times)"},
		"repeated": {0, nil, time.Second, "no-puback"},
	} {
		o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{}, dpstest.Fault{At: dpstest.OnRegister, Repeat: 2})}})
		p := newPeer(t, o.Service)
		p.say(connect(), subscribe(1))
		for i := range test.n {
			p.status(fmt.Sprintf("POST/x/?$rid=%d", i+1), "")
		}
		if test.n == 0 {
			p.say(publish(registerT, 0, 0, ""))
		}
		for _, id := range test.acks {
			p.say(&packet.Puback{ID: id})
		}
		p.now = start.Add(test.after)
		p.say(&packet.Disconnect{})
		if got := o.counted("no-puback"); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// The values that a Config may hold have the documented bounds.
func TestConfigBounds(t *testing.T) {
	id := func(s string) dpstest.Config { return dpstest.Config{IDScope: s} }
	choice := func(c dpstest.Choices) dpstest.Config { return dpstest.Config{IDScope: scope, Choices: c} }
	for i, test := range []struct {
		cfg  dpstest.Config
		path string // empty if cfg is valid
	}{
		{id("a_b"), ""}, {id(strings.Repeat("s", 65)), "idScope"}, {id("a/b"), "idScope"}, {id("a#"), "idScope"}, {id("+a"), "idScope"}, {id("a&b"), "idScope"},
		{choice(dpstest.Choices{OperationCode: 399_999}), "choices.operationCode"}, {choice(dpstest.Choices{OperationCode: 400_000}), ""},
		{choice(dpstest.Choices{OperationCode: 599_999}), ""}, {choice(dpstest.Choices{OperationCode: 600_000}), "choices.operationCode"},
		{choice(dpstest.Choices{TokenSkew: 1e6}), ""}, {choice(dpstest.Choices{TokenSkew: 1e6 + 1}), "choices.tokenSkew"},
		{choice(dpstest.Choices{TokenSkew: -1e6}), ""}, {choice(dpstest.Choices{TokenSkew: -1e6 - 1}), "choices.tokenSkew"},
		{choice(dpstest.Choices{ConnectTimeout: 1e6}), ""}, {choice(dpstest.Choices{ConnectTimeout: 1e6 + 1}), "choices.connectTimeout"},
		{dpstest.Config{IDScope: scope, Remember: -1}, "remember"}, {dpstest.Config{IDScope: scope, Remember: 1}, ""},
		{dpstest.Config{IDScope: scope, RetryAfter: "2147483648"}, ""},
	} {
		if got := strings.Join(paths(t, test.cfg), " "); got != test.path {
			t.Errorf("%d: %q, want %q", i, got, test.path)
		}
	}
}

// An error quotes the first 40 bytes of an api-version.
func TestLongAPIVersions(t *testing.T) {
	long := "0123456789012345678901234567890123456789"
	for _, rest := range []string{"", "x"} {
		p := newPeer(t, newService(t, device(dpstest.Outcome{})))
		p.say(connect(func(c *packet.Connect) {
			c.Username = []byte(scope + "/registrations/dev-1/api-version=" + long + rest)
		}), subscribe(0))
		if got := p.say(publish(registerT, 0, 0, "")); !strings.Contains(got[0], `"message":"Unsupported API version `+long+`."`) {
			t.Errorf("%q", got)
		}
	}
}

// The texts about $rid state what was sent and then what is expected.
func TestRequestIDTexts(t *testing.T) {
	const topic = "$dps/registrations/PUT/iotdps-register/?"
	for query, want := range map[string]string{
		"":       `the topic "` + topic + `" has no $rid: the service answers with an empty one; end it with "?$rid={id}"`,
		"a=1":    `the topic "` + topic + `a=1" has no $rid: the service answers with an empty one; end it with "?$rid={id}"`,
		"rid=1":  `the topic ends with "?rid=1", where "?$rid={id}" is expected: the service answers with an empty $rid`,
		"=1":     `the topic "` + topic + `=1" has no $rid: the service answers with an empty one; end it with "?$rid={id}"; a shell expands $dps and $rid, even in double quotes: put the topic in single quotes`,
		"$RID=1": `the topic "` + topic + `$RID=1" has $rid in a different case: write "$rid"`,
	} {
		o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{})}})
		newDevice(t, o.Service, "dev-1").status("PUT/iotdps-register/?"+query, "")
		if len(o.texts) != 1 || o.texts[0] != want {
			t.Errorf("%q, want %q", o.texts, want)
		}
	}
}

// An operation, or the name operationId, in a different case is quoted in full.
func TestCaseTexts(t *testing.T) {
	const (
		unknown = `; the service has no operation "4": expected the operationId of the answer to the registration, unchanged`
		missing = `the query has no operation ID: end its topic with "&operationId={operationId}"`
	)
	for name, want := range map[string]string{
		"put/iotdps-register/?$rid=1":                             `the topic "$dps/registrations/put/iotdps-register/?$rid=1" has the operation in a different case, which the real service may refuse: write "PUT/iotdps-register"`,
		"GET/IoTDPS-get-operationstatus/?$rid=1&operationId=4":    `the topic "$dps/registrations/GET/IoTDPS-get-operationstatus/?$rid=1&operationId=4" has the operation in a different case, which the real service may refuse: write "GET/iotdps-get-operationstatus"` + unknown,
		"GET/iotdps-get-operationstatus/?$rid=1&operationID=4":    `the topic "$dps/registrations/GET/iotdps-get-operationstatus/?$rid=1&operationID=4" has operationId in a different case, which the real service may refuse: write "operationId"` + unknown,
		"GET/iotdps-get-operationstatus/?$rid=1&operationId=":     missing,
		"GET/iotdps-get-operationstatus/?$rid=1&x=operationid%3D": missing,
	} {
		o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{})}})
		newDevice(t, o.Service, "dev-1").status(name, "")
		if got := strings.Join(o.texts, "; "); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A device may register again after a query was refused with 400 or 404, but
// not after an unusual status or a 429.
func TestRegisterAgainAfterARefusal(t *testing.T) {
	for status, want := range map[int][]string{399: {"register-again at PUBLISH"}, 400: nil, 404: nil, 429: {"register-again at PUBLISH"}} {
		o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{Polls: 9, RetryAfter: "0"}, dpstest.Fault{At: dpstest.OnQuery, Status: status})}})
		p := newDevice(t, o.Service, "dev-1")
		p.status(registerT, "")
		p.status(queryT("1"), "")
		p.status("PUT/iotdps-register/?$rid=r2", "")
		if !slices.Equal(o.named, want) {
			t.Errorf("%d: %q, want %q", status, o.named, want)
		}
	}
}

// The text about an unknown operation lists the known ones, and the answer does
// not depend on the device.
func TestUnknownOperations(t *testing.T) {
	for _, id := range []string{"dev-1", "dev-x", "stranger"} {
		p := newPeer(t, chosen(t, dpstest.Choices{OperationCode: 404000, CertificateHangUp: true}))
		hello, filter := as(id)
		p.say(hello, filter)
		if got := p.status("POST/no-such-operation/?$rid=1", ""); got != "404/?$rid=1" {
			t.Errorf("%s: %s", id, got)
		}
	}
	p := newPeer(t, chosen(t, dpstest.Choices{OperationCode: 401001, CertificateHangUp: true}))
	hello, filter := as("stranger")
	p.say(hello, filter)
	if got := p.status("POST/no-such-operation/?$rid=1", ""); got != "401/?$rid=1" {
		t.Error(got)
	}
	o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{})}})
	newDevice(t, o.Service, "dev-1").status("POST/no-such-operation/?$rid=1", "")
	want := `the service has no operation "POST/no-such-operation": expected ` + operations
	if !slices.Equal(o.texts, []string{want}) {
		t.Errorf("%q, want %q", o.texts, want)
	}
}

// A fault at a query does not disturb an operation that the service does not
// have.
func TestUnknownOperationsAreNotDisturbed(t *testing.T) {
	s := newService(t, device(dpstest.Outcome{}, dpstest.Fault{At: dpstest.OnQuery, Status: 503}, dpstest.Fault{At: dpstest.OnRegister, Status: 503}))
	if got := newDevice(t, s, "dev-1").status("POST/no-such-operation/?$rid=1", ""); got != "400/?$rid=1" {
		t.Error(got)
	}
}

// The hint about quotes is given only for a body without double quotes.
func TestQuotedBodies(t *testing.T) {
	for body, hint := range map[string]bool{`"it's"`: false, `it's`: true, `'`: true, `it`: false, `{'a':"b"}`: false} {
		if got := diagnosed(t, func(n *naive) { n.register.Payload = []byte(body) }); strings.HasSuffix(got, "; JSON uses double quotes") != hint {
			t.Errorf("%s: %s", body, got)
		}
	}
}

// A device whose connection broke may register again, because it may not know
// of its operation.
func TestRegisterAgainAfterABreak(t *testing.T) {
	o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{})}})
	for range 2 {
		p := newDevice(t, o.Service, "dev-1")
		p.status(registerT, "")
		p.c.Lost(start)
	}
	if want := []string{"no-disconnect at PUBLISH", "no-disconnect at PUBLISH"}; !slices.Equal(o.named, want) {
		t.Errorf("%q", o.named)
	}
}
