package dpstest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/packet"
	"example.com/dps/topic"
)

// A peer is a client that a test drives by hand, on one connection.
type peer struct {
	*testing.T
	c   *dpstest.Conn
	now time.Time
}

func newPeer(t *testing.T, s *dpstest.Service) *peer { return &peer{t, s.Open(start, nil), start} }

// say sends packets and returns the answers, one line for each.
func (p *peer) say(all ...packet.Packet) (answers []string) {
	p.Helper()
	var b []byte
	for _, q := range all {
		var err error
		if b, err = q.AppendBinary(b); err != nil {
			p.Fatal(err)
		}
	}
	p.c.Receive(p.now, b)
	return p.heard()
}

func (p *peer) heard() (answers []string) {
	for out := p.c.AppendOutput(nil); len(out) > 0; {
		f, rest, err := packet.Cut(out, 0)
		if err != nil {
			p.Fatal(err)
		}
		q, err := packet.Decode(f)
		if err != nil {
			p.Fatal(err)
		}
		line := q.String()
		if m, ok := q.(*packet.Publish); ok {
			line += " " + string(m.Payload)
		}
		answers, out = append(answers, line), rest
	}
	return answers
}

// expect compares the beginnings of the answers, and whether the service hung
// up.
func (p *peer) expect(answers []string, hungup bool, want ...string) {
	p.Helper()
	ok := len(answers) == len(want)
	for i := 0; ok && i < len(want); i++ {
		ok = strings.HasPrefix(answers[i], want[i])
	}
	if !ok || p.c.Hungup() != hungup {
		p.Errorf("answers %q, hung up %t; want %q, %t", answers, p.c.Hungup(), want, hungup)
	}
}

func connect(change ...func(*packet.Connect)) *packet.Connect {
	c := &packet.Connect{CleanSession: true, KeepAlive: 60, ClientID: []byte("dev-1"),
		Username: []byte(scope + "/registrations/dev-1/api-version=2019-03-31"), Password: signed(key, "dev-1")(start)}
	for _, f := range change {
		f(c)
	}
	return c
}

func subscribe(qos packet.QoS) *packet.Subscribe {
	return &packet.Subscribe{ID: 1, Subscriptions: []packet.Subscription{{Filter: []byte(topic.ResponseFilter), QoS: qos}}}
}

func publish(name string, qos packet.QoS, id uint16, body string) *packet.Publish {
	return &packet.Publish{QoS: qos, ID: id, Topic: []byte("$dps/registrations/" + name), Payload: []byte(body)}
}

const registerT = "PUT/iotdps-register/?$rid=r1"

func TestServerStatements(t *testing.T) {
	for _, test := range []struct {
		id, says string
		in       []packet.Packet
		hungup   bool
		want     []string
	}{
		{"MQTT-3.1.0-1", "the first packet must be a CONNECT", []packet.Packet{&packet.Pingreq{}}, true, nil},
		{"MQTT-3.1.0-2", "the second must not be one", []packet.Packet{connect(), connect()}, true, []string{"CONNACK accepted"}},
		{"MQTT-3.1.3-8", "an empty client ID without a clean session gets CONNACK 2", nil, true, []string{"CONNACK identifier rejected"}},
		{"MQTT-3.1.3-9", "a client ID that is not the registration ID gets CONNACK 2", []packet.Packet{connect(func(c *packet.Connect) { c.ClientID = []byte("x") })}, true, []string{"CONNACK identifier rejected"}},
		{"MQTT-3.1.4-4", "a good CONNECT gets CONNACK 0", []packet.Packet{connect()}, false, []string{"CONNACK accepted, session present false"}},
		{"MQTT-3.1.4-5", "what follows a refused CONNECT is not processed", []packet.Packet{connect(func(c *packet.Connect) { c.Username = []byte("x") }), &packet.Pingreq{}}, true, []string{"CONNACK bad user name"}},
		{"MQTT-3.8.4-1", "SUBSCRIBE gets SUBACK", []packet.Packet{connect(), subscribe(1)}, false, []string{"CONNACK", "SUBACK id=1 codes=01"}},
		{"MQTT-3.8.4-2", "with its identifier", []packet.Packet{connect(), &packet.Subscribe{ID: 65535, Subscriptions: subscribe(1).Subscriptions}}, false, []string{"CONNACK", "SUBACK id=65535"}},
		{"MQTT-3.8.4-5", "and a code for each filter", []packet.Packet{connect(), &packet.Subscribe{ID: 2, Subscriptions: []packet.Subscription{{Filter: []byte("#")}, {Filter: []byte(topic.ResponseFilter), QoS: 2}}}}, false, []string{"CONNACK", "SUBACK id=2 codes=80 01"}},
		{"MQTT-3.10.4-4", "UNSUBSCRIBE gets UNSUBACK", []packet.Packet{connect(), &packet.Unsubscribe{ID: 9, Filters: [][]byte{[]byte("a")}}}, false, []string{"CONNACK", "UNSUBACK id=9"}},
		{"MQTT-3.12.4-1", "PINGREQ gets PINGRESP", []packet.Packet{connect(), &packet.Pingreq{}}, false, []string{"CONNACK", "PINGRESP"}},
		{"MQTT-3.14.4-1", "DISCONNECT ends the connection", []packet.Packet{connect(), &packet.Disconnect{}, &packet.Pingreq{}}, true, []string{"CONNACK"}},
		{"MQTT-4.3.3-2", "a message with QoS 2 is processed once", []packet.Packet{connect(), subscribe(0), publish(registerT, 2, 5, ""), publish(registerT, 2, 5, ""), &packet.Pubrel{ID: 5}}, false,
			[]string{"CONNACK", "SUBACK", "PUBREC id=5", "PUBLISH qos=0 topic=\"$dps/registrations/res/202/?$rid=r1&retry-after=3\"", "PUBREC id=5", "PUBCOMP id=5"}},
		{"MQTT-4.8.0-1", "packets of a server end the connection", []packet.Packet{connect(), &packet.Pingresp{}}, true, []string{"CONNACK"}},
	} {
		t.Run(test.id+" "+test.says, func(t *testing.T) {
			p := newPeer(t, newService(t, device(dpstest.Outcome{})))
			if test.in == nil { // package packet does not encode it
				p.c.Receive(p.now, []byte("\x10\x0c\x00\x04MQTT\x04\x00\x00\x3c\x00\x00"))
				p.expect(p.heard(), test.hungup, test.want...)
				return
			}
			p.expect(p.say(test.in...), test.hungup, test.want...)
		})
	}
}

func TestOtherProtocolLevel(t *testing.T) { // "MQTT-3.1.2-2"
	p := newPeer(t, newService(t))
	p.c.Receive(p.now, []byte("\x10\x0d\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x00"))
	p.expect(p.heard(), true, "CONNACK unacceptable protocol version")
}

func TestKeepAlive(t *testing.T) { // "MQTT-3.1.2-24"
	p := newPeer(t, newService(t, device(dpstest.Outcome{})))
	if d := p.c.Deadline().Sub(start); d != 30*time.Second {
		t.Errorf("waits %v for the CONNECT, want 30 s", d)
	}
	p.say(connect())
	p.now = p.now.Add(89 * time.Second)
	p.expect(p.say(&packet.Pingreq{}), false, "PINGRESP")
	if d := p.c.Deadline().Sub(p.now); d != 90*time.Second {
		t.Errorf("waits %v, want one and a half times 60 s", d)
	}
	p.c.Advance(p.now.Add(90 * time.Second))
	p.expect(nil, true)

	p = newPeer(t, newService(t, device(dpstest.Outcome{})))
	p.say(connect(func(c *packet.Connect) { c.KeepAlive = 0 }))
	if !p.c.Deadline().IsZero() {
		t.Error("there is a deadline with keep-alive 0")
	}
}

func TestSecondConnectionEndsTheFirst(t *testing.T) { // "MQTT-3.1.4-2"
	s := newService(t, device(dpstest.Outcome{}))
	first, second := newPeer(t, s), newPeer(t, s)
	first.say(connect())
	second.expect(second.say(connect()), false, "CONNACK accepted")
	first.expect(nil, true)
	first.c.Lost(start) // which does not end the second
	second.expect(second.say(&packet.Pingreq{}), false, "PINGRESP")
}

// Requests are answered, whether they are right or wrong.
func TestRequests(t *testing.T) {
	for name, test := range map[string]struct {
		topic, body, want string
		hungup            bool
	}{
		"no body":          {registerT, "", `202/?$rid=r1&retry-after=3" payload=94 bytes {"operationId":"4.0000000000000001.`, false},
		"a space":          {registerT, " ", `202/?`, false},
		"payload only":     {registerT, `{"payload":{"modelId":"x"}}`, `202/?`, false},
		"null payload":     {registerT, `{"payload": null, "registrationId": "dev-1"}`, `202/?`, false},
		"other case":       {registerT, `{"registrationId":"DEV-1"}`, `202/?`, false},
		"no $":             {"PUT/iotdps-register/?rid=1", "", `202/?$rid=&retry-after=3"`, false},
		"bad JSON":         {registerT, "{", `400/?$rid=r1" payload=`, false},
		"null":             {registerT, "null", `400/?$rid=r1" payload=`, false},
		"payload a number": {registerT, `{"payload":5}`, `400/?$rid=r1" payload=`, false},
		"other ID":         {registerT, `{"registrationId":"dev-2"}`, `400/?$rid=r1" payload=`, false},
		"unknown ID":       {"GET/iotdps-get-operationstatus/?$rid=r1&operationId=4.x", "", `404/?$rid=r1" payload=`, false},
		"no operation ID":  {"GET/iotdps-get-operationstatus/?$rid=r1", "", `404/?`, false},
		"other operation":  {"POST/no-such-operation/?$rid=r1", "", `400/?`, false},
		"not a request":    {"PUT", "", "", true},
		"a response":       {"res/202/?$rid=1", "", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPeer(t, newService(t, device(dpstest.Outcome{})))
			p.say(connect(), subscribe(0))
			answers := p.say(publish(test.topic, 0, 0, test.body))
			if test.hungup {
				p.expect(answers, true)
				return
			}
			p.expect(answers, false, `PUBLISH qos=0 topic="$dps/registrations/res/`+test.want)
		})
	}
}

func TestLongRequestID(t *testing.T) {
	for n, hungup := range map[int]bool{256: false, 257: true} {
		p := newPeer(t, newService(t, device(dpstest.Outcome{})))
		p.say(connect()) // there is no SUBSCRIBE, because only the request matters, not the answer
		p.say(publish("PUT/iotdps-register/?$rid="+strings.Repeat("r", n), 1, 7, ""))
		if p.c.Hungup() != hungup {
			t.Errorf("$rid of %d bytes: hung up %t, want %t", n, p.c.Hungup(), hungup)
		}
	}
}

func TestUnsubscribedGetsNoAnswer(t *testing.T) {
	p := newPeer(t, newService(t, device(dpstest.Outcome{})))
	p.expect(p.say(connect(), publish(registerT, 1, 7, "")), false, "CONNACK", "PUBACK id=7")
}

func TestAPIVersionsAndIDs(t *testing.T) {
	for version, status := range map[string]string{"2019-03-31": "202", "2026-11-02-preview": "202", "1": "400", "": "400", "2019-13-31": "400"} {
		p := newPeer(t, newService(t, device(dpstest.Outcome{})))
		p.say(connect(func(c *packet.Connect) {
			c.Username = []byte(scope + "/registrations/dev-1/api-version=" + version + "&ClientVersion=x")
		}), subscribe(0))
		p.expect(p.say(publish(registerT, 0, 0, "")), false, `PUBLISH qos=0 topic="$dps/registrations/res/`+status)
	}
}

func TestKeysDoNotPrint(t *testing.T) {
	e := device(dpstest.Outcome{})
	if text := fmt.Sprintf("%v|%q|%x|%d", e.PrimaryKey, e.PrimaryKey, e.PrimaryKey, e.PrimaryKey); text != "***|***|***|***" {
		t.Error(text)
	}
	if text := fmt.Sprintf("%v %+v %#v %s", e, e, e, e.PrimaryKey); strings.Contains(text, string(e.PrimaryKey)) {
		t.Errorf("the key is visible: %s", text)
	}
}
