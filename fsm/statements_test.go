package fsm_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/packet"
)

// These tests check the numbered statements of MQTT 3.1.1 about clients that
// apply to this one. Package packet checks those about single packets.
var statements = []struct {
	id, says string
	play     func(b *bench)
}{
	{"MQTT-2.3.1-2", "each SUBSCRIBE and PUBLISH has an identifier that is not in use", func(b *bench) {
		b.open()
		b.receive(&packet.Connack{}, &packet.Suback{ID: 1, ReturnCodes: []byte{1}})
		seen := map[uint16]bool{}
		for _, p := range b.sent() {
			switch p := p.(type) {
			case *packet.Subscribe:
				seen[p.ID] = true
			case *packet.Publish:
				if seen[p.ID] {
					b.Errorf("identifier %d twice", p.ID)
				}
			}
		}
	}},
	{"MQTT-2.3.1-4", "the identifiers of the server are a separate space", func(b *bench) {
		b.connect()
		b.sent()
		p := message("202/?$rid=1", assigning)
		p.ID = 2 // the identifier of the registration
		b.receive(p)
		b.expect("PUBACK id=2")
		b.receive(&packet.Puback{ID: 2})
		b.want(fsm.Waiting, fsm.WantExchange)
	}},
	{"MQTT-2.3.1-6", "PUBACK, PUBREC and PUBCOMP repeat the identifier", func(b *bench) {
		b.connect()
		b.sent()
		for _, id := range []uint16{7, 0x1234, 65535} {
			b.receive(&packet.Publish{Topic: []byte("a"), QoS: packet.QoS1, ID: id}, &packet.Publish{Topic: []byte("a"), QoS: packet.QoS2, ID: id}, &packet.Pubrel{ID: id})
			sent := b.expect("PUBACK", "PUBREC", "PUBCOMP")
			if sent[0].(*packet.Puback).ID != id || sent[1].(*packet.Pubrec).ID != id || sent[2].(*packet.Pubcomp).ID != id {
				b.Errorf("answers %v to %d", sent, id)
			}
		}
	}},
	{"MQTT-3.1.0-1", "CONNECT is the first packet", func(b *bench) { b.open(); b.expect("CONNECT") }},
	{"MQTT-3.1.0-2", "CONNECT is sent once on a connection", func(b *bench) {
		b.open()
		b.sent()
		if err := b.m.Open(b.now, []byte(testToken)); !errors.Is(err, fsm.ErrOrder) {
			b.Errorf("second Open: %v", err)
		}
		b.expect()
	}},
	{"MQTT-3.1.2-6", "CleanSession is 1, and nothing is resent on the next connection", func(b *bench) {
		b.connect()
		b.m.Lost(b.now, io.EOF)
		b.sleepToDeadline()
		b.open()
		if p := b.expect("CONNECT")[0].(*packet.Connect); !p.CleanSession {
			b.Error("CleanSession is 0")
		}
		b.receive(&packet.Connack{})
		b.expect("SUBSCRIBE id=1")
	}},
	{"MQTT-3.1.2-23", "the device is never silent for longer than the keep-alive, whatever it receives", func(b *bench) {
		b.connect()
		b.answer(202, "1", "&retry-after=240", assigning)
		b.sent()
		last := b.now
		for b.now.Sub(start) < 240*time.Second {
			b.now = b.now.Add(5 * time.Second)
			b.receive(&packet.Publish{Topic: []byte("a")}) // this has no effect
			if sent := b.sent(); len(sent) > 0 {
				b.receive(&packet.Pingresp{})
				last = b.now
			}
			if b.now.Sub(last) > 60*time.Second {
				b.Fatalf("silent for %v", b.now.Sub(last))
			}
		}
	}},
	{"MQTT-3.1.4-5", "after a refusal nothing more is exchanged", func(b *bench) {
		b.open()
		b.sent()
		b.receive(&packet.Connack{ReturnCode: packet.NotAuthorized}, &packet.Publish{Topic: []byte("a"), QoS: packet.QoS1, ID: 1})
		b.expect()
		b.want(fsm.Closing, fsm.WantClose)
	}},
	{"MQTT-3.2.2-1", "session present is unexpected after a clean session; it is ignored, since the machine always subscribes again", func(b *bench) {
		b.open()
		b.receive(&packet.Connack{SessionPresent: true})
		b.expect("CONNECT", "SUBSCRIBE")
	}},
	{"MQTT-3.2.2-5", "a refusal ends the connection", func(b *bench) {
		b.open()
		b.receive(&packet.Connack{ReturnCode: packet.ServerUnavailable})
		b.want(fsm.Closing, fsm.WantClose)
	}},
	{"MQTT-3.2.2-6", "a server may close without a CONNACK", func(b *bench) {
		b.open()
		b.m.Lost(b.now, io.EOF)
		b.want(fsm.Idle, fsm.WantDial)
	}},
	{"MQTT-3.3.4-1", "QoS 0 is not acknowledged, QoS 1 with a PUBACK, QoS 2 with a PUBREC", func(b *bench) {
		b.connect()
		b.sent()
		b.receive(&packet.Publish{Topic: []byte("a")})
		b.expect()
		b.receive(&packet.Publish{Topic: []byte("a"), QoS: packet.QoS1, ID: 3})
		b.expect("PUBACK id=3")
		b.receive(&packet.Publish{Topic: []byte("a"), QoS: packet.QoS2, ID: 3})
		b.expect("PUBREC id=3")
	}},
	{"MQTT-3.8.4-6", "any granted QoS is accepted, and any delivered one", func(b *bench) {
		b.open()
		b.receive(&packet.Connack{}, &packet.Suback{ID: 1, ReturnCodes: []byte{0}})
		p := message("202/?$rid=1", assigning)
		p.QoS, p.ID = packet.QoS0, 0
		b.receive(p)
		b.want(fsm.Waiting, fsm.WantExchange)
	}},
	{"MQTT-3.12.4-1", "a PINGRESP is expected in time", func(b *bench) {
		b.connect()
		b.answer(202, "1", "&retry-after=240", assigning)
		b.sleepToDeadline()
		b.receive(&packet.Pingresp{})
		if d := b.m.Deadline().Sub(b.now); d != 60*time.Second {
			b.Errorf("next deadline after %v", d)
		}
	}},
	{"MQTT-3.14.4-1", "after a DISCONNECT the machine wants the connection closed", func(b *bench) {
		b.connect()
		b.sent()
		b.m.Stop(b.now)
		b.want(fsm.Closing, fsm.WantClose)
		b.expect("DISCONNECT")
	}},
	{"MQTT-3.14.4-2", "after a DISCONNECT nothing is sent, not even a PUBACK", func(b *bench) {
		b.connect()
		b.m.Stop(b.now)
		b.sent()
		b.receive(&packet.Publish{Topic: []byte("a"), QoS: packet.QoS1, ID: 1})
		b.sleep(time.Hour)
		b.expect()
	}},
	{"MQTT-4.3.2-1", "a request is sent with DUP 0; after a lost connection it is a new message", func(b *bench) {
		for range 2 {
			b.connect()
			if p := b.sent()[0].(*packet.Publish); p.Dup || p.QoS != packet.QoS1 || p.ID == 0 {
				b.Errorf("sent %v", p)
			}
			b.m.Lost(b.now, io.EOF)
			b.sleepToDeadline()
		}
	}},
	{"MQTT-4.3.2-2", "each delivery with QoS 1 is acknowledged, including a repeated one", func(b *bench) {
		b.connect()
		b.sent()
		for _, dup := range []bool{false, true, false} {
			b.receive(&packet.Publish{Topic: []byte("a"), QoS: packet.QoS1, ID: 1, Dup: dup})
			b.expect("PUBACK id=1")
		}
	}},
	{"MQTT-4.3.3-2", "each PUBREL is answered with a PUBCOMP, and a repeated delivery with QoS 2 is not processed twice", func(b *bench) {
		b.connect()
		b.sent()
		p := message("202/?$rid=1", assigning)
		p.QoS = packet.QoS2
		b.receive(p, p, &packet.Pubrel{ID: 7}, &packet.Pubrel{ID: 7})
		b.expect("PUBREC", "PUBREC", "PUBCOMP", "PUBCOMP")
		if b.m.Ignored() != 1 {
			b.Errorf("%d ignored, want the second delivery", b.m.Ignored())
		}
	}},
	{"MQTT-4.5.0-2", "an unexpected message is acknowledged", func(b *bench) {
		b.connect()
		b.sent()
		b.receive(&packet.Publish{Topic: []byte("never/subscribed"), QoS: packet.QoS1, ID: 1})
		b.expect("PUBACK id=1")
	}},
	{"MQTT-4.6.0-2", "PUBACKs are sent in the order of the messages", func(b *bench) {
		b.connect()
		b.sent()
		for _, id := range []uint16{7, 2, 5} {
			b.receive(&packet.Publish{Topic: []byte("a"), QoS: packet.QoS1, ID: id})
		}
		b.expect("PUBACK id=7", "PUBACK id=2", "PUBACK id=5")
	}},
	{"MQTT-4.6.0-3", "PUBRECs are sent in the order of the messages", func(b *bench) {
		b.connect()
		b.sent()
		for _, id := range []uint16{7, 2, 5} {
			b.receive(&packet.Publish{Topic: []byte("a"), QoS: packet.QoS2, ID: id})
		}
		b.expect("PUBREC id=7", "PUBREC id=2", "PUBREC id=5")
	}},
	{"MQTT-6.0.0-2", "packets may be split and joined in any way", func(b *bench) {
		want, _ := session(b.T, func(left int) int { return left })
		got, _ := session(b.T, func(int) int { return 1 })
		if !bytes.Equal(got, want) {
			b.Errorf("sent %x, want %x", got, want)
		}
	}},
}

func TestStatements(t *testing.T) {
	for _, s := range statements {
		t.Run(s.id+" "+s.says, func(t *testing.T) { s.play(newBench(t)) })
	}
}
