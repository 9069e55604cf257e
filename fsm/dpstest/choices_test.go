package dpstest_test

import (
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/packet"
	"github.com/google/go-cmp/cmp"
)

// chosen returns a service with choices. It enrolls dev-1 with a key, and dev-x
// with a certificate.
func chosen(t *testing.T, c dpstest.Choices) *dpstest.Service {
	s, err := dpstest.New(dpstest.Config{IDScope: scope, RegistrationsPerMinute: 1, Choices: c, Enrollments: []dpstest.Enrollment{
		device(dpstest.Outcome{}), {RegistrationID: "dev-x", X509: true},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestChoiceOfConnectTimeout(t *testing.T) {
	for choice, want := range map[float64]time.Duration{0: 30 * time.Second, 1.5: 1500 * time.Millisecond} {
		p := newPeer(t, chosen(t, dpstest.Choices{ConnectTimeout: choice}))
		if got := p.c.Deadline().Sub(start); got != want {
			t.Errorf("%v: %v, want %v", choice, got, want)
		}
		p.c.Advance(start.Add(want - 1))
		p.expect(nil, false)
		p.c.Advance(start.Add(want))
		p.expect(nil, true)
	}
}

func TestChoiceOfReturnCodes(t *testing.T) {
	for name, choices := range map[string]dpstest.Choices{
		"default": {}, "others": {UsernameCode: 5, IDScopeCode: 4, ClientIDCode: 1},
	} {
		want := map[bool][]packet.ReturnCode{true: {4, 5, 2}, false: {5, 4, 1}}[name == "default"]
		for i, change := range []func(*packet.Connect){
			func(c *packet.Connect) { c.Username = []byte("dev-1") },
			func(c *packet.Connect) { c.Username = []byte("0NE00000A1B/registrations/dev-1/api-version=2019-03-31") },
			func(c *packet.Connect) { c.ClientID = []byte("dev-2") },
		} {
			p := newPeer(t, chosen(t, choices))
			p.expect(p.say(connect(change)), true, (&packet.Connack{ReturnCode: want[i]}).String())
		}
	}
}

// The expiry of a token is compared with the time of the request, not with that
// of the CONNECT.
func TestChoiceOfSkew(t *testing.T) {
	for choice, want := range map[float64]time.Duration{0: 300 * time.Second, -1: 0, 60: time.Minute} {
		s := chosen(t, dpstest.Choices{TokenSkew: choice})
		p := newDevice(t, s, "dev-1")
		expiry := start.Add(time.Hour)
		p.now = expiry.Add(want - 1)
		if got := p.status(registerT, ""); got != "202/?$rid=r1&retry-after=3" {
			t.Errorf("%v, before the end: %s", choice, got)
		}
		p.now = expiry.Add(want)
		if got := p.status(registerT, ""); got != "401/?$rid=r1" {
			t.Errorf("%v, at the end: %s", choice, got)
		}
		if got := p.status(queryT("1"), ""); got != "401/?$rid=1" {
			t.Errorf("%v, query at the end: %s", choice, got)
		}
	}
}

func TestChoiceOfAPIVersions(t *testing.T) {
	for version, want := range map[string][2]string{
		"2019-03-31": {"202", "400"}, "2021-06-01": {"202", "202"}, "2030-12-31-preview": {"202", "202"}, "2030-12-31": {"202", "400"}, "2019-3-31": {"400", "400"},
	} {
		for i, choice := range [][]string{nil, {"2021-06-01", "2030-12-31-preview"}} {
			p := newPeer(t, chosen(t, dpstest.Choices{APIVersions: choice}))
			p.say(connect(func(c *packet.Connect) { c.Username = []byte(scope + "/registrations/dev-1/api-version=" + version) }), subscribe(0))
			if got := p.status(registerT, ""); got[:3] != want[i] {
				t.Errorf("%s with %q: %s, want %s", version, choice, got, want[i])
			}
		}
	}
}

func TestChoiceOfOtherTopic(t *testing.T) {
	for choice, hungup := range map[string]bool{"": true, "close": true, "ignore": false} {
		p := newPeer(t, chosen(t, dpstest.Choices{OtherTopic: choice}))
		p.say(connect(), subscribe(0))
		want := map[bool][]string{false: {"PUBACK id=7", "PUBREC id=8"}}[hungup]
		p.expect(p.say(&packet.Publish{QoS: 0, Topic: []byte("t")}, &packet.Publish{QoS: 1, ID: 7, Topic: []byte("t")}, &packet.Publish{QoS: 2, ID: 8, Topic: []byte("t")}), hungup, want...)
	}
}

func TestChoiceOfOperationCode(t *testing.T) {
	for choice, want := range map[int]string{0: "400", 404000: "404", 401001: "401", 599999: "599"} {
		p := newPeer(t, chosen(t, dpstest.Choices{OperationCode: choice, CertificateHangUp: true}))
		p.say(connect(), subscribe(0))
		if got := p.status("POST/no-such-operation/?$rid=1", ""); got != want+"/?$rid=1" {
			t.Errorf("%d: %s", choice, got)
		}
	}
}

func TestChoiceOfCertificateHangUp(t *testing.T) {
	hello := func(id string) *packet.Connect {
		return connect(func(c *packet.Connect) {
			c.ClientID, c.Username = []byte(id), []byte(scope+"/registrations/"+id+"/api-version=2019-03-31")
		})
	}
	for name, test := range map[string]struct {
		id     string
		choice bool
		cert   *dpstest.Certificate
		hungup bool
		want   []string
	}{
		"by default":        {"dev-x", false, certificate("dev-y"), false, []string{"CONNACK", "SUBACK", "PUBACK", "PUBLISH"}},
		"chosen":            {"dev-x", true, certificate("dev-y"), true, []string{"CONNACK", "SUBACK", "PUBACK"}},
		"right certificate": {"dev-x", true, certificate("dev-x"), false, []string{"CONNACK", "SUBACK", "PUBACK", "PUBLISH"}},
		"wrong token":       {"dev-1", true, nil, false, []string{"CONNACK", "SUBACK", "PUBACK", "PUBLISH"}},
		"no such device":    {"dev-2", true, nil, false, []string{"CONNACK", "SUBACK", "PUBACK", "PUBLISH"}},
	} {
		p := &peer{t, chosen(t, dpstest.Choices{CertificateHangUp: test.choice}).Open(start, test.cert), start}
		c := hello(test.id)
		c.Password = signed(groupKey, "dev-1")(start)
		t.Log(name)
		p.expect(p.say(c, subscribe(0), publish(registerT, 1, 7, "")), test.hungup, test.want...)
	}
}

// A scripted 401 is sent even with CertificateHangUp, because the certificate
// is not wrong.
func TestScripted401IsAnswered(t *testing.T) {
	s, err := dpstest.New(dpstest.Config{IDScope: scope, Choices: dpstest.Choices{CertificateHangUp: true}, Enrollments: []dpstest.Enrollment{
		{RegistrationID: "dev-1", X509: true, Faults: []dpstest.Fault{{At: dpstest.OnRegister, Status: 401}, {At: dpstest.OnQuery, Status: 302}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{t, s.Open(start, certificate("dev-1")), start}
	p.say(connect(), subscribe(0))
	if got := p.status(registerT, ""); got != "401/?$rid=r1" {
		t.Error(got)
	}
	if got := p.status(queryT("1"), ""); got != "302/?$rid=1" {
		t.Error(got)
	}
}

// Nothing happens on a connection after its end.
func TestCertificateHangUpIsTheEnd(t *testing.T) {
	o := observe(t, dpstest.Config{Choices: dpstest.Choices{CertificateHangUp: true}, Enrollments: []dpstest.Enrollment{{RegistrationID: "dev-1", X509: true}}})
	p := newPeer(t, o.Service)
	p.expect(p.say(connect(), publish(registerT, 0, 0, "")), true, "CONNACK")
	if d := cmp.Diff([]string{"certificate-missing at CONNECT"}, o.named); d != "" || o.ended(t) != "closed because the certificate is wrong; not registered; registrations: 1, queries: 0, mistakes: certificate-missing" {
		t.Error(d, o.ends)
	}
}

func TestChoiceOfQuotaWindow(t *testing.T) {
	for choice, want := range map[string]string{"": "429/?$rid=r1&retry-after=30", "request": "429/?$rid=r1&retry-after=30", "clock": "202/?$rid=r1&retry-after=3"} {
		p := newDevice(t, chosen(t, dpstest.Choices{QuotaWindow: choice}), "dev-1")
		p.now = start.Add(40 * time.Second)
		p.status(registerT, "")
		p.now = start.Add(70 * time.Second) // start is a whole minute
		if got := p.status(registerT, ""); got != want {
			t.Errorf("%q: %s, want %s", choice, got, want)
		}
	}
	p := newDevice(t, chosen(t, dpstest.Choices{QuotaWindow: "clock"}), "dev-1")
	p.now = start.Add(59*time.Second + 999*time.Millisecond)
	p.status(registerT, "")
	if got := p.status(registerT, ""); got != "429/?$rid=r1&retry-after=1" {
		t.Error(got)
	}
}
