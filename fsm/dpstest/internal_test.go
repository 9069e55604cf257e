package dpstest

import (
	"strings"
	"testing"
	"time"

	"example.com/dps/packet"
	"example.com/dps/topic"
)

// The entries that were put or got most recently are kept, and never more than
// twice as many.
func TestRecent(t *testing.T) {
	const kept = 10
	r := recent[int, int]{min: kept}
	r.put(-1, 1)
	for i := range 1000 {
		r.put(i, i)
		if n := len(r.young) + len(r.old); n > 2*kept {
			t.Fatalf("%d entries, want at most %d", n, 2*kept)
		}
		for j := max(0, i-kept/2); j <= i; j++ {
			if v, ok := r.get(j); !ok || v != j {
				t.Fatalf("entry %d is missing after entry %d", j, i)
			}
		}
		if _, ok := r.get(-1); !ok {
			t.Fatalf("an entry that is used is missing after entry %d", i)
		}
	}
	if _, ok := r.get(0); ok {
		t.Error("no entry has been discarded")
	}
}

// A scripted answer that cannot be sent over MQTT ends the connection, and is
// not a mistake of the client.
func TestUnsendableAnswers(t *testing.T) {
	var all []string
	s, err := New(Config{IDScope: "scope", Log: func(e Event) { all = append(all, e.String()) }})
	if err != nil {
		t.Fatal(err)
	}
	for _, delay := range []time.Duration{0, time.Second} {
		c := s.Open(time.Time{}, nil)
		c.begun, all = true, nil
		c.send(&packet.Publish{QoS: 3, Topic: []byte("t")}, delay)
		if !c.Hungup() || len(all) != 2 || !strings.Contains(all[0], ": fault: the scripted answer cannot be sent: ") || !strings.HasSuffix(all[1], "mistakes: none") {
			t.Errorf("%q", all)
		}
	}
	c := s.Open(time.Time{}, nil)
	a := answer{status: 99}
	if got := c.messages(&s.sound, a, []byte("1")); got != nil || !c.Hungup() {
		t.Errorf("%v", got)
	}
}

// The text of an event is one line of at most 1 KiB, which is quoted if
// necessary.
func TestClean(t *testing.T) {
	long := strings.Repeat("x", 2000)
	for text, want := range map[string]string{
		"":                        "",
		"a \"b\" ü":               "a \"b\" ü",
		"a\nb":                    `"a\nb"`,
		"\xff":                    `"\xff"`,
		"\ufffd":                  "\"\ufffd\"",
		long[:1021]:               long[:1021],
		long[:1022]:               long[:1021] + "…",
		long:                      long[:1021] + "…",
		long[:1020] + "ü" + long:  long[:1020] + "…",
		"\n" + long[:1020]:        `"\n` + long[:1020] + `"`,
		"\n" + long[:1019] + "\n": `"\n` + long[:509] + `"`,
	} {
		got := clean(text)
		if got != want || len(got) > 1024 {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// Only the secret part of a text is masked.
func TestMask(t *testing.T) {
	const secret = "0123456789abcdef"
	for text, want := range map[string]string{
		"a sig=" + secret + "&b":    "a sig=***&b",
		"a sig%3D" + secret + " b":  "a sig%3D*** b",
		"SharedAccessKey=" + secret: "SharedAccessKey=***",
		"sig=" + secret[1:]:         "sig=" + secret[1:],
		"signature " + secret:       "signature " + secret,
		"sharedaccesskey=" + secret: "sharedaccesskey=" + secret,
	} {
		if got := mask(text); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A connection does not keep the password, which is part of a packet that is
// not valid later. Mistakes are counted only if there is a Log.
func TestConnectKeepsNoPassword(t *testing.T) {
	s, err := New(Config{IDScope: "scope"})
	if err != nil {
		t.Fatal(err)
	}
	hello, err := (&packet.Connect{ClientID: []byte("x"), Username: []byte("scope/registrations/x/api-version=2019-03-31"), Password: []byte("secret")}).AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := s.Open(time.Time{}, nil)
	c.Receive(time.Time{}, hello)
	c.diagnoseOnce(Will, "a mistake")
	if !c.connected || c.password != nil || c.mistakes != nil {
		t.Errorf("connected %t, password %q, mistakes %v", c.connected, c.password, c.mistakes)
	}
}

// Only the beginning of a long client ID is kept, as received and in lower
// case.
func TestLongClientIDs(t *testing.T) {
	s, err := New(Config{IDScope: "scope"})
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("X", 300)
	c := s.Open(time.Time{}, nil)
	hello, err := (&packet.Connect{CleanSession: true, ClientID: []byte(long), Username: []byte("scope/registrations/" + long[:256] + "/api-version=2019-03-31")}).AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Receive(time.Time{}, hello)
	if c.registrationID != long[:256] || c.key != strings.ToLower(long[:256]) || c.service.live[c.key] != c {
		t.Errorf("%q, %q", c.registrationID, c.key)
	}
}

// A window begins with its first request, even shortly after the zero time.
func TestWindowBeginsWithItsFirstRequest(t *testing.T) {
	var w window
	var zero time.Time
	for _, step := range []struct{ at, want time.Duration }{{5 * time.Second, 0}, {64 * time.Second, time.Second}, {65 * time.Second, 0}} {
		if got := w.take(zero.Add(step.at), time.Minute, 1, false); got != step.want {
			t.Errorf("after %v: wait %v, want %v", step.at, got, step.want)
		}
	}
}

// Packet identifiers count up, and start over after 65,535 [MQTT-2.3.1-1].
func TestPacketIdentifiers(t *testing.T) {
	c := &Conn{packetID: 65_533}
	for _, want := range []uint16{65_534, 65_535, 1, 2} {
		if got := c.nextID(); got != want {
			t.Errorf("%d, want %d", got, want)
		}
	}
}

// A CONNECT makes the service remember a device only if the enrollment of the
// device has faults.
func TestConnectionsAreNotCounted(t *testing.T) {
	for n, faults := range [][]Fault{nil, {{At: OnRegister, HangUp: true}}} {
		s, err := New(Config{IDScope: "scope", Enrollments: []Enrollment{{RegistrationID: "x", X509: true, Faults: faults}}})
		if err != nil {
			t.Fatal(err)
		}
		hello, err := (&packet.Connect{CleanSession: true, ClientID: []byte("x"), Username: []byte("scope/registrations/x/api-version=2019-03-31")}).AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		s.Open(time.Time{}, nil).Receive(time.Time{}, hello)
		if got := len(s.devices.young); got != n {
			t.Errorf("%d devices are remembered, want %d", got, n)
		}
	}
}

// A device whose registration ID is invalid is not remembered.
func TestStrangersAreNotCounted(t *testing.T) {
	s, err := New(Config{IDScope: "scope", Enrollments: []Enrollment{{Group: "g", X509: true, Faults: []Fault{{At: OnConnect, HangUp: true}}}}})
	if err != nil {
		t.Fatal(err)
	}
	for i, id := range []string{strings.Repeat("x", 129), "x"} {
		c := s.Open(time.Time{}, &Certificate{CommonName: "x"})
		hello, err := (&packet.Connect{CleanSession: true, ClientID: []byte(id), Username: []byte("scope/registrations/" + id + "/api-version=1")}).AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		c.Receive(time.Time{}, hello)
		if n := len(s.devices.young); n != i {
			t.Errorf("%d devices are remembered, want %d", n, i)
		}
		c.Lost(time.Time{})
	}
}

// Each operation of the service is authorized first and counted toward a quota,
// whatever else it does.
func TestEveryOperationIsAuthorizedAndCounted(t *testing.T) {
	for _, r := range requests {
		t.Run(string(r.op), func(t *testing.T) {
			s, err := New(Config{IDScope: "scope", RegistrationsPerMinute: 1, PollsPer10s: 1, Enrollments: []Enrollment{{RegistrationID: "x", X509: true}}})
			if err != nil {
				t.Fatal(err)
			}
			name := strings.NewReplacer("{id}", "1", "{operationId}", "2").Replace(r.topic)
			ask := func(cert *Certificate, times int) (statuses []int) {
				c := s.Open(time.Time{}, cert)
				say := func(p packet.Packet) {
					b, err := p.AppendBinary(nil)
					if err != nil {
						t.Fatal(err)
					}
					c.Receive(time.Time{}, b)
				}
				say(&packet.Connect{CleanSession: true, ClientID: []byte("x"), Username: []byte("scope/registrations/x/api-version=2019-03-31")})
				say(&packet.Subscribe{ID: 1, Subscriptions: []packet.Subscription{{Filter: []byte(topic.ResponseFilter)}}})
				c.AppendOutput(nil)
				for range times {
					say(&packet.Publish{Topic: []byte(name)})
					m, _, err := packet.Cut(c.AppendOutput(nil), 0)
					if err != nil {
						t.Fatal("no answer: ", err)
					}
					var p packet.Publish
					if err := p.Decode(m); err != nil {
						t.Fatal(err)
					}
					answer, err := topic.ParseResponse(p.Topic)
					if err != nil {
						t.Fatal(err)
					}
					statuses = append(statuses, answer.Status)
				}
				return statuses
			}
			if got := ask(nil, 2); got[0] != 401 || got[1] != 401 {
				t.Errorf("without a certificate: %d, want 401", got)
			}
			if got := ask(&Certificate{CommonName: "x"}, 3); got[0] == 401 || got[0] == 429 || got[1] != 429 || got[2] != 429 {
				t.Errorf("with a quota of one request: %d, want an answer, and then 429", got)
			}
		})
	}
}
