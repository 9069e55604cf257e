package dpstest_test

import (
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/packet"
	"github.com/google/go-cmp/cmp"
)

// ended returns how the only connection ended.
func (o *observer) ended(t *testing.T) string {
	t.Helper()
	if len(o.ends) != 1 {
		t.Fatalf("%q", o.ends)
	}
	return o.ends[0]
}

// At the end of each connection, one line summarizes it.
func TestSummaries(t *testing.T) {
	plain := func(*naive) {}
	for name, test := range map[string]struct {
		e      dpstest.Enrollment
		change func(*naive)
		want   string
	}{
		"assigned":       {device(dpstest.Outcome{AssignedHub: "a.example"}), plain, "closed by the client with a DISCONNECT; assigned to a.example; registrations: 1, queries: 1, mistakes: none"},
		"failed":         {device(dpstest.Outcome{Status: "failed"}), plain, "closed by the client with a DISCONNECT; failed; registrations: 1, queries: 1, mistakes: none"},
		"in progress":    {device(dpstest.Outcome{Polls: 1}), plain, "closed by the client with a DISCONNECT; not registered; registrations: 1, queries: 1, mistakes: none"},
		"refused":        {device(dpstest.Outcome{}), func(n *naive) { n.connect.Password = []byte("x") }, "closed by the client with a DISCONNECT; refused with 401000; registrations: 1, queries: 0, mistakes: token-form"},
		"CONNACK":        {device(dpstest.Outcome{}), func(n *naive) { n.connect.ClientID = []byte("x") }, "closed because the CONNECT was refused; refused with CONNACK 2; registrations: 0, queries: 0, mistakes: client-id"},
		"SUBACK":         {device(dpstest.Outcome{}, dpstest.Fault{At: dpstest.OnSubscribe, ReturnCode: 0x80}), func(n *naive) { n.disconnect = false }, "closed by the client; refused with a SUBACK; registrations: 1, queries: 0, mistakes: no-subscription, no-disconnect"},
		"hung up":        {device(dpstest.Outcome{}, dpstest.Fault{At: dpstest.OnRegister, HangUp: true}), plain, "closed by a fault; not registered; registrations: 1, queries: 0, mistakes: none"},
		"many mistakes":  {device(dpstest.Outcome{Polls: 1}), func(n *naive) { n.after = func(n *naive) { n.publish(n.register); n.publish(n.register) } }, "closed by the client with a DISCONNECT; not registered; registrations: 3, queries: 1, mistakes: rid-again (2 times), register-again (2 times), early-query"},
		"protocol error": {device(dpstest.Outcome{}), func(n *naive) { n.raw = "\xc0\x00" }, "closed because the client violated the protocol; not registered; registrations: 0, queries: 0, mistakes: not-connect"},
		"silent":         {device(dpstest.Outcome{}), func(n *naive) { n.queryAfter = time.Hour }, "closed because the client was silent for too long; not registered; registrations: 1, queries: 0, mistakes: silent"},
	} {
		o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{test.e}})
		n := newNaive(t, o, "dev-1", signed(key, "dev-1")(start))
		test.change(n)
		n.run()
		if d := cmp.Diff(test.want, o.ended(t)); d != "" {
			t.Error(name, d)
		}
	}
}

// Events report what was actually received, sent and dropped.
func TestEventsSayWhatHappened(t *testing.T) {
	for name, test := range map[string]struct {
		fault     []dpstest.Fault
		subscribe bool
		want      []string // after the CONNACK and the SUBACK
	}{
		"answer":          {nil, true, []string{"received: PUBLISH id=7", "sent: PUBACK id=7", "sent: PUBLISH id=1"}},
		"no subscription": {nil, false, []string{"received: PUBLISH id=7", "sent: PUBACK id=7", "diagnosis no-subscription", "dropped: the client has not subscribed: PUBLISH"}},
		"silence":         {[]dpstest.Fault{{At: dpstest.OnRegister, Silence: true}}, true, []string{"received: PUBLISH id=7", "fault: faults[0] at register 1", "sent: PUBACK id=7", "dropped: a fault suppresses the answer: PUBLISH"}},
		"hang up":         {[]dpstest.Fault{{At: dpstest.OnRegister, HangUp: true}}, true, []string{"received: PUBLISH id=7", "fault: faults[0] at register 1", "dropped: a fault hangs up instead: PUBLISH", "closed: closed by a fault"}},
		"no PUBACK":       {[]dpstest.Fault{{At: dpstest.OnRegister, NoPuback: true}}, true, []string{"received: PUBLISH id=7", "fault: faults[0] at register 1", "sent: PUBLISH id=1"}},
		"bytes":           {[]dpstest.Fault{{At: dpstest.OnRegister, Raw: "d000", Silence: true}}, true, []string{"received: PUBLISH id=7", "fault: faults[0] at register 1", "sent: PUBACK id=7", "dropped: a fault suppresses the answer", "sent: d0 00"}},
		"late":            {[]dpstest.Fault{{At: dpstest.OnRegister, Delay: 1}}, true, []string{"received: PUBLISH id=7", "fault: faults[0] at register 1", "sent: PUBACK id=7"}},
	} {
		o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{}, test.fault...)}})
		p := newPeer(t, o.Service)
		p.say(connect())
		if test.subscribe {
			p.say(subscribe(1))
		}
		n := len(o.all)
		p.say(publish(registerT, 1, 7, ""))
		all := o.all[n:]
		ok := len(all) == len(test.want)
		for i := 0; ok && i < len(all); i++ {
			ok = strings.HasPrefix(all[i], "#1 dev-1: "+test.want[i])
		}
		if !ok {
			t.Errorf("%s: %q", name, all)
		}
	}
}

// An event contains the time of its input, the number of its connection, and,
// after the CONNECT, the registration ID of the device.
func TestEventFields(t *testing.T) {
	type fields struct {
		After time.Duration
		Conn  uint64
		ID    string
		Kind  dpstest.EventKind
		Text  string
	}
	var got []fields
	s, err := dpstest.New(dpstest.Config{IDScope: scope, Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{})}, Log: func(e dpstest.Event) {
		if (e.Packet != nil) != (e.Kind == dpstest.EventReceived || e.Kind == dpstest.EventSent || e.Kind == dpstest.EventDropped) {
			t.Errorf("%v has the packet %v", e, e.Packet)
		}
		got = append(got, fields{e.Time.Sub(start), e.Conn, e.RegistrationID, e.Kind, e.Text})
	}})
	if err != nil {
		t.Fatal(err)
	}
	s.Open(start, nil)
	p := &peer{t, s.Open(start.Add(time.Second), nil), start.Add(2 * time.Second)}
	p.say(connect(), publish(registerT, 1, 7, "{}"), publish("POST/x/?$rid=2", 0, 0, ""))
	p.c.Lost(start.Add(3 * time.Second))
	want := []fields{
		{0, 1, "", dpstest.EventOpened, ""},
		{time.Second, 2, "", dpstest.EventOpened, ""},
		{2 * time.Second, 2, "", dpstest.EventReceived, `CONNECT client="dev-1" user="0ne00000A1B/registrations/dev-1/api-version=2019-03-31" password=*** clean=true keepalive=60s`},
		{2 * time.Second, 2, "dev-1", dpstest.EventSent, "CONNACK accepted, session present false"},
		{2 * time.Second, 2, "dev-1", dpstest.EventReceived, `PUBLISH id=7 qos=1 topic="$dps/registrations/PUT/iotdps-register/?$rid=r1" payload=2 bytes {}`},
		{2 * time.Second, 2, "dev-1", dpstest.EventSent, "PUBACK id=7"},
	}
	if d := cmp.Diff(want, got[:min(len(got), 6)]); d != "" || len(got) != 14 {
		t.Error(d, len(got), got[6:])
	}
	if text := (dpstest.Event{Conn: 1234567890, RegistrationID: "d", Kind: dpstest.EventDiagnosis, Diagnosis: dpstest.Will, Text: "t"}).String(); text != "#1234567890 d: diagnosis will: t" {
		t.Error(text)
	}
	if text := dpstest.EventKind(9).String() + dpstest.EventKind(0).String() + dpstest.EventKind(8).String(); text != "event 9event 0event 8" {
		t.Error(text)
	}
	if text := got[8].Text; text != `PUBLISH qos=0 topic="$dps/registrations/POST/x/?$rid=2" payload=0 bytes` {
		t.Errorf("%q", text)
	}
}

// The first 64 of a series of raw bytes are shown.
func TestRawBytesInEvents(t *testing.T) {
	o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{}, dpstest.Fault{At: dpstest.OnPing, Raw: strings.Repeat("d000", 40)})}})
	p := newPeer(t, o.Service)
	p.say(connect())
	n := len(o.all)
	p.say(&packet.Pingreq{})
	want := []string{"#1 dev-1: received: PINGREQ", "#1 dev-1: fault: faults[0] at ping 1", "#1 dev-1: sent: d0 00" + strings.Repeat(" d0 00", 31), "#1 dev-1: sent: PINGRESP"}
	if d := cmp.Diff(want, o.all[n:]); d != "" {
		t.Error(d)
	}
}

// Text of a client in an event is limited to a short line.
func TestEventsAreBounded(t *testing.T) {
	o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{})}})
	long := strings.Repeat("\x1b", 60_000)
	many := &packet.Subscribe{ID: 1}
	for range 20_000 {
		many.Subscriptions = append(many.Subscriptions, packet.Subscription{Filter: []byte("a")})
	}
	for _, all := range [][]packet.Packet{
		{connect(), many, publish("PUT/iotdps-register/?$rid=1&x="+strings.Repeat("y", 60_000), 0, 0, long)},
		{connect(func(c *packet.Connect) { c.ClientID = []byte(long) })},
		{connect(func(c *packet.Connect) { c.Username = []byte(long) })},
		{connect(), &packet.Publish{Topic: []byte(long)}},
	} {
		newPeer(t, o.Service).say(all...)
	}
	if len(o.all) < 12 || len(o.named) < 5 {
		t.Fatal(o.all)
	}
	for _, line := range o.all {
		if len(line) > 1200 || strings.ContainsAny(line, "\n\x1b") {
			t.Errorf("%d bytes: %q", len(line), line)
		}
	}
}

// A mistake that a client repeats is reported a limited number of times, and
// always counted.
func TestRepeatedMistakesAreCounted(t *testing.T) {
	o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{})}})
	p := newPeer(t, o.Service)
	p.say(connect(), subscribe(0))
	for range 100 {
		p.status("POST/x/?$rid=1", "")
	}
	p.say(&packet.Disconnect{})
	if len(o.named) != 21 || !strings.HasSuffix(o.ended(t), "mistakes: operation (100 times), rid-again (99 times)") {
		t.Errorf("%q, %q", o.named, o.ends)
	}
}

// A connection without any bytes is not a mistake, and neither is a connection
// that the service refuses or does not answer with a CONNACK.
func TestNobodyIsBlamed(t *testing.T) {
	for name, test := range map[string]struct {
		faults []dpstest.Fault
		send   []packet.Packet
	}{
		"no bytes":   {nil, nil},
		"no CONNACK": {[]dpstest.Fault{{At: dpstest.OnConnect, Silence: true}}, []packet.Packet{connect()}},
		"delayed":    {[]dpstest.Fault{{At: dpstest.OnConnect, Delay: 9}}, []packet.Packet{connect()}},
		"refused":    {[]dpstest.Fault{{At: dpstest.OnConnect, ReturnCode: 3, Delay: 9}}, []packet.Packet{connect()}},
	} {
		o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{}, test.faults...)}})
		p := newPeer(t, o.Service)
		p.say(test.send...)
		p.c.Lost(start)
		if len(o.named) > 0 || len(o.ends) != 1 {
			t.Errorf("%s: %q, %q", name, o.named, o.ends)
		}
	}
}

// Bytes that arrive after Lost are not processed, and an event states why.
func TestReceiveAfterLost(t *testing.T) {
	o := observe(t, dpstest.Config{})
	p := newPeer(t, o.Service)
	p.c.Lost(start)
	n := len(o.all)
	p.expect(p.say(connect()), true)
	if all := o.all[n:]; len(all) != 1 || !strings.Contains(all[0], "received after Lost, which ends a Conn: call Open for a new connection") {
		t.Errorf("%q", all)
	}
	p.c.Receive(start, nil)
	p.c.Advance(start)
	if len(o.all) != n+1 {
		t.Errorf("%q", o.all[n:])
	}
}

func TestMisuse(t *testing.T) {
	if _, err := (dpstest.Link{}).Run(nil, newService(t), start); err == nil || !strings.Contains(err.Error(), "needs a machine and a service") {
		t.Errorf("no machine: %v", err)
	}
	if _, err := (dpstest.Link{}).Run(newMachine(t), nil, start); err == nil || !strings.Contains(err.Error(), "needs a machine and a service") {
		t.Errorf("no service: %v", err)
	}
	for name, s := range map[string]*dpstest.Service{"nil": nil, "zero": {}} {
		func() {
			defer func() {
				if text, _ := recover().(string); !strings.Contains(text, "made by New") {
					t.Errorf("%s: %q", name, text)
				}
			}()
			s.Open(start, nil)
		}()
	}
}

// An event without a device, a diagnosis or a text has no gaps in its line.
func TestEventLines(t *testing.T) {
	for want, e := range map[string]dpstest.Event{
		"#1: opened":                 {Conn: 1, Kind: dpstest.EventOpened},
		"#2 dev-1: sent: PINGRESP":   {Conn: 2, Kind: dpstest.EventSent, RegistrationID: "dev-1", Text: "PINGRESP"},
		"#3: diagnosis will: a will": {Conn: 3, Kind: dpstest.EventDiagnosis, Diagnosis: dpstest.Will, Text: "a will"},
	} {
		if d := cmp.Diff(want, e.String()); d != "" {
			t.Error(d)
		}
	}
}
