package dpstest_test

import (
	"strings"
	"testing"

	"example.com/dps/fsm/dpstest"
)

// The use of a Service or Conn that was not made by New or Open panics with a
// message that states the mistake.
func TestNotMade(t *testing.T) {
	var none *dpstest.Service
	for name, use := range map[string]func(){
		"Open":            func() { none.Open(start, nil) },
		"Open, zero":      func() { new(dpstest.Service).Open(start, nil) },
		"Reset":           func() { none.Reset() },
		"SetConfig, zero": func() { new(dpstest.Service).SetConfig(dpstest.Config{IDScope: scope}) },
		"Receive, nil":    func() { (*dpstest.Conn)(nil).Receive(start, nil) },
		"Receive":         func() { new(dpstest.Conn).Receive(start, []byte{1}) },
		"Advance":         func() { new(dpstest.Conn).Advance(start) },
		"Reject":          func() { new(dpstest.Conn).Reject(start, "x", "y") },
		"Lost":            func() { new(dpstest.Conn).Lost(start) },
		"AppendOutput":    func() { new(dpstest.Conn).AppendOutput(nil) },
		"Deadline":        func() { new(dpstest.Conn).Deadline() },
	} {
		func() {
			defer func() {
				if text, ok := recover().(string); !ok || !strings.HasPrefix(text, "dpstest: use of a ") {
					t.Errorf("%s: %q", name, text)
				}
			}()
			use()
		}()
	}
}

// A secret is not shown, wherever the client put it.
func TestSecretsInWrongPlaces(t *testing.T) {
	right := string(signed(key, "dev-1")(start))
	_, sig, _ := strings.Cut(right, "sig=")
	sig, _, _ = strings.Cut(sig, "&")
	for name, change := range map[string]func(*naive){
		"user name":         func(n *naive) { n.connect.Username = []byte(right) },
		"encoded user name": func(n *naive) { n.connect.Username = []byte("SharedAccessSignature%20sig%3D" + sig) },
		"client ID":         func(n *naive) { n.connect.ClientID = []byte(right) },
		"connection string": func(n *naive) {
			n.connect.Username = []byte("HostName=h;SharedAccessKey=" + string(encoded(key)) + ";x=y")
		},
		"filter":         func(n *naive) { n.filter = right },
		"topic":          func(n *naive) { n.register.Topic = []byte(right) },
		"$rid":           func(n *naive) { n.register.Topic = append(n.register.Topic, "&"+right...) },
		"body":           func(n *naive) { n.register.Payload = []byte(right) },
		"ID in the body": func(n *naive) { n.register.Payload = []byte(`{"registrationId":"` + right + `"}`) },
	} {
		o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{{RegistrationID: "dev-1", PrimaryKey: encoded(key)}}})
		n := newNaive(t, o, "dev-1", []byte(right))
		change(n)
		n.run()
		all := strings.Join(o.all, "\n")
		if strings.Contains(all, sig[:20]) || strings.Contains(all, string(encoded(key))) || !strings.Contains(all, "***") {
			t.Errorf("%s:\n%s", name, all)
		}
	}
}
