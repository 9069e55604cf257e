package dpstest_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/packet"
	"github.com/google/go-cmp/cmp"
)

// An observer is a service whose events are recorded.
type observer struct {
	*dpstest.Service
	now   time.Time
	last  string   // type of the packet that was received last
	named []string // "diagnosis at PACKET"
	texts []string // of the diagnoses
	ends  []string // texts of EventClosed
	all   []string // every event
}

func observe(t *testing.T, cfg dpstest.Config) *observer {
	t.Helper()
	o := &observer{now: start}
	cfg.IDScope = scope
	cfg.Log = func(e dpstest.Event) {
		o.all = append(o.all, e.String())
		switch e.Kind {
		case dpstest.EventReceived:
			o.last = e.Packet.Type().String()
		case dpstest.EventDiagnosis:
			o.named = append(o.named, fmt.Sprintf("%s at %s", e.Diagnosis, o.last))
			o.texts = append(o.texts, e.Text)
		case dpstest.EventClosed:
			o.ends = append(o.ends, e.Text)
		}
	}
	s, err := dpstest.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	o.Service = s
	return o
}

// A naive client registers as well as it can. A bug is a change to a naive
// client.
type naive struct {
	*testing.T
	o    *observer
	c    *dpstest.Conn
	cert *dpstest.Certificate

	connect    packet.Connect
	raw        string // sent instead of the CONNECT
	filter     string
	qos        packet.QoS
	register   packet.Publish
	query      packet.Publish // the operation ID is appended to its topic
	queryAfter time.Duration
	puback     bool
	disconnect bool
	before     func(*naive) // called before the registration
	after      func(*naive) // called before the query
	operation  string
	ids        uint16
}

func newNaive(t *testing.T, o *observer, id string, password []byte) *naive {
	return &naive{T: t, o: o,
		connect: packet.Connect{CleanSession: true, KeepAlive: 60, ClientID: []byte(id), Username: []byte(scope + "/registrations/" + id + "/api-version=2019-03-31"), Password: password},
		filter:  "$dps/registrations/res/#", qos: 1, queryAfter: 3 * time.Second, puback: true, disconnect: true,
		register: packet.Publish{QoS: 1, Topic: []byte("$dps/registrations/PUT/iotdps-register/?$rid=1"), Payload: []byte(`{"registrationId":"` + id + `"}`)},
		query:    packet.Publish{QoS: 1, Topic: []byte("$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=")},
	}
}

// send sends a packet, receives the answers, and acknowledges them.
func (n *naive) send(p packet.Packet) {
	n.Helper()
	b, err := p.AppendBinary(nil)
	if err != nil {
		n.Fatal(err)
	}
	n.c.Receive(n.o.now, b)
	for out := n.c.AppendOutput(nil); len(out) > 0; {
		f, rest, err := packet.Cut(out, 0)
		if err != nil {
			n.Fatal(err)
		}
		out = rest
		p, err := packet.Decode(f)
		if err != nil {
			n.Fatal(err)
		}
		if m, ok := p.(*packet.Publish); ok {
			if _, id, ok := strings.Cut(string(m.Payload), `"operationId":"`); ok {
				n.operation, _, _ = strings.Cut(id, `"`)
			}
			if n.puback && m.QoS == 1 {
				n.send(&packet.Puback{ID: m.ID})
			}
		}
	}
}

func (n *naive) publish(p packet.Publish) {
	if p.QoS > 0 {
		n.ids++
		p.ID = n.ids
	}
	n.send(&p)
}

// run makes one connection.
func (n *naive) run() {
	n.c = n.o.Open(n.o.now, n.cert)
	defer func() { n.c.Lost(n.o.now) }()
	if n.raw != "" {
		n.c.Receive(n.o.now, []byte(n.raw))
		n.c.AppendOutput(nil)
		return
	}
	n.send(&n.connect)
	if n.filter != "" {
		n.send(&packet.Subscribe{ID: 100, Subscriptions: []packet.Subscription{{Filter: []byte(n.filter), QoS: n.qos}}})
	}
	if n.before != nil {
		n.before(n)
	}
	n.publish(n.register)
	n.o.now = n.o.now.Add(n.queryAfter)
	if n.after != nil {
		n.after(n)
	}
	if !n.c.Hungup() && n.operation != "" {
		q := n.query
		q.Topic = append(bytes.Clone(q.Topic), n.operation...)
		n.publish(q)
	}
	if n.disconnect {
		n.send(&packet.Disconnect{})
	}
}

// A bug is a change to a naive client, with the expected diagnoses.
type bug struct {
	change func(*naive)
	want   string // "diagnosis at PACKET", several separated by ", "
	text   string // part of the text of the first diagnosis
}

func (b bug) check(t *testing.T) {
	o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{
		device(dpstest.Outcome{}), {RegistrationID: "dev-2", PrimaryKey: encoded(groupKey)}, {RegistrationID: "dev-x", X509: true, Authority: "CA"},
		{RegistrationID: "dev-z", X509: true}, {Group: "g", Prefix: "sn-", PrimaryKey: encoded(groupKey)},
	}})
	n := newNaive(t, o, "dev-1", signed(key, "dev-1")(start))
	b.change(n)
	n.run()
	if d := cmp.Diff(b.want, strings.Join(o.named, ", ")); d != "" {
		t.Error(d, strings.Join(o.all, "\n"))
	}
	if b.text != "" && (len(o.texts) == 0 || !strings.Contains(o.texts[0], b.text)) {
		t.Errorf("the texts are %q, want %q in the first one", o.texts, b.text)
	}
	if len(o.ends) != 1 {
		t.Errorf("the ends are %q, want one", o.ends)
	}
}
