package fuzz

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/packet"
)

// Invariant: no bytes from a client make the service panic, send what is not MQTT or report
// more than a short line at a time, and how they are cut makes no difference.
func FuzzService(f *testing.F) {
	hello, _ := (&packet.Connect{CleanSession: true, ClientID: []byte("dev"), Username: []byte("scope/registrations/dev/api-version=2019-03-31")}).AppendBinary(nil)
	hello, _ = (&packet.Subscribe{ID: 1, Subscriptions: []packet.Subscription{{Filter: []byte("$dps/registrations/res/#"), QoS: 1}}}).AppendBinary(hello)
	for _, topic := range []string{"PUT/iotdps-register/?$rid=1", "GET/iotdps-get-operationstatus/?$rid=2&operationId=4.0000000000000001.00000000-0000-4000-8000-000000000001", "POST/x/?", "x"} {
		for qos := range packet.QoS(3) {
			p := packet.Publish{QoS: qos, Topic: []byte("$dps/registrations/" + topic), Payload: []byte(`{"registrationId":"dev"}`)}
			if qos > 0 {
				p.ID = 7
			}
			b, _ := p.AppendBinary(bytes.Clone(hello))
			f.Add(b)
		}
	}
	for _, password := range []string{"x", "SharedAccessSignature sr=scope%2Fregistrations%2Fkey&sig=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%3D&se=1800000000&skn=registration"} {
		b, _ := (&packet.Connect{CleanSession: true, ClientID: []byte("key"), Username: []byte("scope/registrations/key/api-version=2019-03-31"), Password: []byte(password)}).AppendBinary(nil)
		f.Add(b)
	}
	for _, seed := range packetSeeds(f) {
		f.Add(seed)
		f.Add(append(bytes.Clone(hello), seed...))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		whole, split := serve(t, in, len(in)), serve(t, in, 1)
		if !bytes.Equal(whole, split) {
			t.Fatalf("whole: %q\nsplit: %q", whole, split)
		}
		for len(whole) > 0 {
			f, rest, err := packet.Cut(whole, 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := packet.Decode(f); err != nil {
				t.Fatal(err)
			}
			whole = rest
		}
	})
}

// serve feeds a new service in pieces of n bytes and returns all it sends.
func serve(t *testing.T, in []byte, n int) (out []byte) {
	s, err := dpstest.New(dpstest.Config{IDScope: "scope", Enrollments: []dpstest.Enrollment{
		{RegistrationID: "dev", X509: true}, {RegistrationID: "key", PrimaryKey: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="},
	}, Log: func(e dpstest.Event) {
		if len(e.Text) > 1<<10 || strings.ContainsFunc(e.Text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q", e)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	c := s.Open(epoch, &dpstest.Certificate{CommonName: "dev"})
	for len(in) > 0 {
		piece := bytes.Clone(in[:min(n, len(in))])
		c.Receive(epoch, piece)
		clear(piece)
		out = c.AppendOutput(out)
		in = in[len(piece):]
	}
	c.Advance(epoch.Add(time.Hour))
	return c.AppendOutput(out)
}
