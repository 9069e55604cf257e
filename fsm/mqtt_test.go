package fsm_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/packet"
)

// If the server violates the protocol, the machine ends the connection without
// a DISCONNECT and tries again (MQTT-4.8.0-1).
func TestProtocolViolations(t *testing.T) {
	publish := message("202/?$rid=1", assigning)
	for name, test := range map[string]struct {
		stage func(*bench)
		in    packet.Packet
	}{
		"MQTT-3.2.0-1 PINGRESP first":     {(*bench).open, &packet.Pingresp{}},
		"MQTT-3.2.0-1 PUBLISH first":      {(*bench).open, publish},
		"MQTT-3.2.0-1 SUBACK first":       {(*bench).open, &packet.Suback{ID: 1, ReturnCodes: []byte{0}}},
		"MQTT-4.8.0-1 second CONNACK":     {(*bench).connect, &packet.Connack{}},
		"MQTT-2.3.1-7 second SUBACK":      {(*bench).connect, &packet.Suback{ID: 1, ReturnCodes: []byte{0}}},
		"MQTT-3.10.4-4 UNSUBACK":          {(*bench).connect, &packet.Unsuback{ID: 1}},
		"section 2.2.1 CONNECT":           {(*bench).connect, &packet.Connect{CleanSession: true}},
		"section 2.2.1 PINGREQ":           {(*bench).connect, &packet.Pingreq{}},
		"section 2.2.1 DISCONNECT":        {(*bench).connect, &packet.Disconnect{}},
		"section 2.2.1 SUBSCRIBE":         {(*bench).connect, &packet.Subscribe{ID: 1, Subscriptions: []packet.Subscription{{Filter: []byte("a")}}}},
		"section 2.2.1 UNSUBSCRIBE":       {(*bench).connect, &packet.Unsubscribe{ID: 1, Filters: [][]byte{[]byte("a")}}},
		"section 2.2.1 PINGREQ in a poll": {(*bench).polling, &packet.Pingreq{}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			test.stage(b)
			b.sent()
			b.receive(test.in, message("200/?$rid=1", assigned)) // the following packets are ignored
			b.want(fsm.Closing, fsm.WantClose)
			b.expect()
			b.m.Lost(b.now, nil)
			b.want(fsm.Idle, fsm.WantDial)
			if d := b.m.Deadline().Sub(b.now); d != time.Second {
				t.Errorf("dials after %v, want 1 s: a failure counts once", d)
			}
		})
	}
}

func TestMalformedPackets(t *testing.T) {
	for name, in := range map[string][]byte{
		"reserved type":      {0xf0, 0},
		"flags":              {0xd1, 0},
		"QoS 3":              {0x36, 8, 0, 3, 'a', '/', 'b', 0, 10, 'x'},
		"five length bytes":  {0x30, 0x80, 0x80, 0x80, 0x80, 1},
		"PUBACK of 3 bytes":  {0x40, 3, 0, 2, 0},
		"PUBACK 0":           {0x40, 2, 0, 0},
		"PUBREL 0":           {0x62, 2, 0, 0},
		"PUBREC 0":           {0x50, 2, 0, 0},
		"PUBREC of 3 bytes":  {0x50, 3, 0, 1, 0},
		"PUBCOMP 0":          {0x70, 2, 0, 0},
		"PUBCOMP flags":      {0x71, 2, 0, 1},
		"UNSUBACK 0":         {0xb0, 2, 0, 0},
		"UNSUBACK, whole":    {0xb0, 2, 0, 1},
		"wildcard in topic":  {0x30, 5, 0, 3, 'a', '/', '#'},
		"1 MiB announced":    {0x30, 0x80, 0x80, 0x40},
		"PINGRESP with body": {0xd0, 1, 0},
	} {
		t.Run(name, func(t *testing.T) { malformed(t, (*bench).connect, in) })
	}
	t.Run("CONNACK", func(t *testing.T) { malformed(t, (*bench).open, []byte{0x20, 2, 2, 0}) })
	t.Run("SUBACK", func(t *testing.T) {
		malformed(t, func(b *bench) { b.open(); b.receive(&packet.Connack{}) }, []byte{0x90, 3, 0, 1, 3})
	})
}

// malformed brings a machine to a stage and checks that it rejects a packet,
// with and without a trace.
func malformed(t *testing.T, stage func(*bench), in []byte) {
	var texts []string
	for _, traced := range []bool{false, true} {
		b := newBench(t, func(c *fsm.Config) {
			c.Policy.MaxAttempts = 1
			if traced {
				c.Trace = func(e fsm.Event) {
					if f, _, err := packet.Cut(in, 0); err == nil && f.Type != packet.UNSUBACK && e.Kind == fsm.EventReceived && e.Packet.Type() == f.Type {
						t.Errorf("traced: %v", e)
					}
				}
			}
		})
		stage(b)
		b.sent()
		b.m.Receive(b.now, in)
		b.want(fsm.Closing, fsm.WantClose)
		b.expect()
		err := b.ends(fsm.ErrProtocol)
		if in[0]>>4 != byte(packet.UNSUBACK) && !errors.Is(err, packet.ErrMalformed) && !errors.Is(err, packet.ErrTooLarge) {
			t.Errorf("the codec's error is lost: %v", err)
		}
		texts = append(texts, err.Error())
	}
	if texts[0] != texts[1] {
		t.Errorf("not traced: %s\ntraced:     %s", texts[0], texts[1])
	}
	if name := packet.Type(in[0] >> 4).String(); errorNames(texts[0]) && !strings.Contains(texts[0], name) {
		t.Errorf("the error is not about a %s: %s", name, texts[0])
	}
}

// errorNames reports whether an error is about one type of packet and must
// therefore name it.
func errorNames(text string) bool {
	return strings.Contains(text, "PUB") || strings.Contains(text, "SUBACK") || strings.Contains(text, "PING")
}

func TestPacketsOverTheLimitAreRefused(t *testing.T) {
	for limit, want := range map[int]fsm.State{140: fsm.Waiting, 50: fsm.Closing} {
		b := newBench(t, func(c *fsm.Config) { c.Limit = limit })
		b.connect()
		if b.answer(202, "1", "", assigning); b.m.State() != want {
			t.Errorf("limit %d: %v, want %v", limit, b.m.State(), want)
		}
	}
}

// The machine never requests QoS 2, but a broker may use it.
func TestQoS2Delivery(t *testing.T) {
	b := newBench(t)
	b.connect()
	b.sent()
	p := message("202/?$rid=1", assigning)
	p.QoS = packet.QoS2
	b.receive(p)
	b.want(fsm.Waiting, fsm.WantExchange)
	b.expect("PUBREC id=7")
	p.Dup = true
	b.receive(p)
	b.expect("PUBREC id=7")
	b.receive(&packet.Pubrel{ID: 7})
	b.expect("PUBCOMP id=7")
	b.receive(&packet.Pubrel{ID: 99}) // an unknown one must also be answered (MQTT-4.3.3-2)
	b.expect("PUBCOMP id=99")
	b.want(fsm.Waiting, fsm.WantExchange)
}

// Every acknowledgment that is sent postpones the PINGREQ.
func TestAcknowledgmentsAreSignsOfLife(t *testing.T) {
	b := newBench(t)
	b.connect()
	b.answer(202, "1", "&retry-after=200", assigning)
	for _, p := range []packet.Packet{
		&packet.Publish{Topic: []byte("a"), QoS: packet.QoS1, ID: 1}, &packet.Publish{Topic: []byte("a"), QoS: packet.QoS2, ID: 2}, &packet.Pubrel{ID: 2},
	} {
		b.now = b.now.Add(10 * time.Second)
		b.receive(p)
		if d := b.m.Deadline().Sub(b.now); d != time.Minute {
			t.Errorf("%v: PINGREQ after %v, want 1 min", p, d)
		}
	}
}

// A SUBACK that arrives after the answer has no effect.
func TestLateSubackChangesNothing(t *testing.T) {
	var lines []string
	b := newBench(t, func(c *fsm.Config) { c.Policy.Pipeline = true }, traced(&lines))
	b.open()
	b.receive(&packet.Connack{}, message("202/?$rid=1", assigning))
	b.sleepToDeadline()
	b.want(fsm.Polling, fsm.WantExchange)
	before := b.m.Deadline()
	lines = nil
	b.now = b.now.Add(time.Second)
	b.receive(&packet.Suback{ID: 1, ReturnCodes: []byte{1}})
	if b.want(fsm.Polling, fsm.WantExchange); !b.m.Deadline().Equal(before) || len(lines) != 1 {
		t.Errorf("deadline %v, was %v; traced %q", b.m.Deadline(), before, lines)
	}
}

// Acknowledgments of anything, in any state, have no effect.
func TestStrayAcknowledgments(t *testing.T) {
	b := newBench(t)
	b.connect()
	b.sent()
	b.receive(&packet.Puback{ID: 2}, &packet.Puback{ID: 2}, &packet.Puback{ID: 4711}, &packet.Pubrec{ID: 2}, &packet.Pubcomp{ID: 2}, &packet.Pingresp{})
	b.want(fsm.Registering, fsm.WantExchange)
	b.expect()
}

// A message before the SUBACK or on another topic is acknowledged and ignored
// (MQTT-4.5.0-2, section 3.8.4).
func TestUnrelatedMessages(t *testing.T) {
	b := newBench(t)
	b.open()
	b.receive(&packet.Connack{})
	b.sent()
	for i, topic := range []string{"a/b", "$dps/registrations/res/", "$dps/registrations/res/abc/?$rid=1", "$dps/registrations/res/202/$rid=1", "$DPS/registrations/res/202/?$rid=1", "$dps/registrations/res/202/?$rid=1"} {
		b.receive(&packet.Publish{Topic: []byte(topic), QoS: packet.QoS1, ID: 9, Payload: []byte(assigned)})
		b.expect("PUBACK id=9")
		b.want(fsm.Subscribing, fsm.WantExchange)
		if b.m.Ignored() != i+1 {
			t.Errorf("%d ignored, want %d", b.m.Ignored(), i+1)
		}
	}
	b.receive(&packet.Publish{Topic: []byte("a/b")})
	b.expect() // QoS 0 is not acknowledged (MQTT-3.3.4-1)
}

// All packets of a session arrive in one read.
func TestEverythingAtOnce(t *testing.T) {
	b := newBench(t)
	b.open()
	b.receive(&packet.Connack{}, &packet.Suback{ID: 1, ReturnCodes: []byte{1}},
		message("200/?$rid=1", assigned), &packet.Puback{ID: 2})
	b.expect("CONNECT", "SUBSCRIBE", "PUBLISH", "PUBACK", "DISCONNECT")
	b.ends(nil)
}

// A peer that sends continuously does not postpone a deadline.
func TestBusyPeerStarvesNoTimer(t *testing.T) {
	b := newBench(t)
	b.connect()
	for range 100 {
		b.now = b.now.Add(time.Second)
		b.receive(message("202/?$rid=99", assigning))
		if b.m.Want() == fsm.WantClose {
			if d := b.now.Sub(start); d != 30*time.Second {
				t.Errorf("gave up after %v, want 30 s", d)
			}
			return
		}
	}
	t.Error("it never stops waiting")
}

// An answer that arrives exactly at the deadline counts.
func TestLateAnswerCounts(t *testing.T) {
	b := newBench(t)
	b.connect()
	b.now = b.now.Add(time.Hour)
	b.answer(200, "1", "", assigned)
	b.ends(nil)
}
