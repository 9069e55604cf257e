package dpstest_test

import (
	"strings"
	"testing"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/packet"
)

// The text about a user name states which known form or mistake it resembles.
func TestUsernameTexts(t *testing.T) {
	const want = `expected "0ne00000A1B/registrations/{registrationId}/api-version=2019-03-31"`
	for name, text := range map[string]string{
		"SharedAccessSignature sr=a":                  `username: the user name is a SAS token, which is the password: `,
		"a/registration/dev-1/api-version=2019-03-31": `username: the user name is "a/registration/dev-1/api-version=2019-03-31": `,
		"a%2Fb":                        `username: the user name is "a%2Fb": `,
		"a/b/c":                        `username: the user name is "a/b/c": `,
		"a/b/c/":                       `username: the user name is "a/b/c/": `,
		"a/b/c/d":                      `username: the user name is "a/b/c/d": `,
		"a/registrations/c/d/e":        `username: the user name is "a/registrations/c/d/e": `,
		"a/registrations/c/d":          `username: the user name "a/registrations/c/d" has "d" where api-version={version} belongs: `,
		"a/registrations/c/":           `api-version: the user name "a/registrations/c/" ends without an api-version: `,
		"a/registrations/c":            `api-version: the user name "a/registrations/c" ends without an api-version: `,
		"a/registrations":              `username: the user name is "a/registrations": `,
		"a.b/registrations":            `username: the user name is "a.b/registrations": `,
		"a.b/c":                        `username-hub: the user name "a.b/c" is that of a device at an IoT hub, not of a device that registers: `,
		"a/registrations%2Fc/d":        `username-encoded: the user name "a/registrations%2Fc/d" is percent-encoded: send it unencoded; only the sr of a token is encoded; `,
		"a/registrations/c/d%2F&e/f=g": `username-encoded: the user name "a/registrations/c/d%2F&e/f=g" is percent-encoded: send it unencoded; only the sr of a token is encoded; `,
	} {
		var got []string
		s, err := dpstest.New(dpstest.Config{IDScope: scope, Log: func(e dpstest.Event) {
			if e.Kind == dpstest.EventDiagnosis {
				got = append(got, string(e.Diagnosis)+": "+e.Text)
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		p := newPeer(t, s)
		p.expect(p.say(connect(func(c *packet.Connect) { c.Username = []byte(name) })), true, "CONNACK bad user name")
		if len(got) != 1 || got[0] != text+want {
			t.Errorf("%q, want %q", got, text+want)
		}
	}
}

// A client that asks to keep its session and has a client ID is accepted, but
// its session is not kept.
func TestKeptSessionsAreAccepted(t *testing.T) {
	for _, id := range []string{"dev-1", "x"} {
		p := newPeer(t, newService(t, device(dpstest.Outcome{})))
		p.expect(p.say(connect(func(c *packet.Connect) {
			c.CleanSession, c.ClientID, c.Username = false, []byte(id), []byte(scope+"/registrations/"+id+"/api-version=2019-03-31")
		})), false, "CONNACK accepted, session present false")
	}
}

// A refusal that does not reach the device does not end its registration.
func TestLostRefusalsEndNoRun(t *testing.T) {
	for name, f := range map[string]dpstest.Fault{"hung up": {HangUp: true}, "silence": {Silence: true}} {
		f.At, f.Nth = dpstest.OnConnect, 1
		s := newService(t, device(dpstest.Outcome{}, f))
		var got []string
		for range 3 {
			got = append(got, strings.Join(newPeer(t, s).say(connect(func(c *packet.Connect) { c.Username = []byte("x") })), " "))
		}
		if got[0] != "" || !strings.HasPrefix(got[1], "CONNACK bad user name") || got[2] != "" { // the second one ends the registration
			t.Errorf("%s: %q", name, got)
		}
	}
}

// A packet that merely looks like a CONNECT of another version is not mistaken
// for one. A single byte is quoted, too.
func TestNotAnotherProtocol(t *testing.T) {
	o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{})}})
	p := newPeer(t, o.Service)
	p.say(connect())
	p.c.Receive(start, []byte("\x82\x08\x00\x06MQIsdp"))
	o.Open(start, nil).Receive(start, []byte("\x00"))
	if len(o.named) != 2 || !strings.HasPrefix(o.named[0], "violation ") || !strings.HasPrefix(o.texts[1], `expected a CONNECT, the connection begins with "\x00": `) {
		t.Errorf("%q, %q", o.named, o.texts)
	}
}

// An answer with an empty $rid ends a registration, because the device
// understands it.
func TestEmptyRequestIDEndsARun(t *testing.T) {
	empty := ""
	s := newService(t, device(dpstest.Outcome{AtOnce: true}, dpstest.Fault{At: dpstest.OnRegister, Nth: 1, RequestID: &empty}))
	for range 2 {
		if got := newDevice(t, s, "dev-1").status(registerT, ""); got != "200/?$rid=" {
			t.Error(got)
		}
	}
}

// A client that speaks MQTT 3.1 does not get a CONNACK, because the return
// codes would be those of another version.
func TestOldProtocolGetsNoAnswer(t *testing.T) {
	p := newPeer(t, newService(t))
	p.c.Receive(start, []byte("\x10\x0e\x00\x06MQIsdp\x03\x02\x00\x3c\x00\x00"))
	p.expect(p.heard(), true)
}
