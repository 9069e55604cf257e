package fsm_test

import (
	"io"
	"testing"

	"example.com/dps/fsm"
	"example.com/dps/packet"
)

// roundTrips plays a service that answers everything it has received once per
// round trip. It returns the number of round trips until the first answer to a
// request.
func roundTrips(b *bench) int {
	b.open()
	for n := 1; n < 10; n++ {
		var answers []packet.Packet
		for _, p := range b.sent() {
			switch p := p.(type) {
			case *packet.Connect:
				answers = append(answers, &packet.Connack{})
			case *packet.Subscribe:
				answers = append(answers, &packet.Suback{ID: p.ID, ReturnCodes: []byte{1}})
			case *packet.Publish:
				answers = append(answers, &packet.Puback{ID: p.ID}, message("202/?$rid=", assigning))
			}
		}
		b.receive(answers...)
		if b.m.State() == fsm.Waiting {
			return n
		}
	}
	b.Fatalf("no answer; state %v", b.m.State())
	return 0
}

func pipelined(c *fsm.Config) { c.Policy.Pipeline = true }

// Section 3.1.4 of MQTT 3.1.1 allows a client to send before the CONNACK.
func TestPipelineSavesTwoRoundTrips(t *testing.T) {
	if n := roundTrips(newBench(t)); n != 3 {
		t.Errorf("the careful order takes %d round trips, want 3", n)
	}
	if n := roundTrips(newBench(t, pipelined)); n != 1 {
		t.Errorf("the pipelined order takes %d round trips, want 1", n)
	}
}

func TestPipelineFallsBack(t *testing.T) {
	failures := map[string]func(b *bench){
		"lost":       func(b *bench) { b.m.Lost(b.now, io.EOF) },
		"no answer":  func(b *bench) { b.sleepToDeadline() },
		"refused":    func(b *bench) { b.receive(&packet.Connack{ReturnCode: packet.NotAuthorized}) },
		"violation":  func(b *bench) { b.receive(&packet.Pingreq{}) },
		"lost later": func(b *bench) { b.receive(&packet.Connack{}); b.m.Lost(b.now, io.EOF) },
		"only SUBACK": func(b *bench) {
			b.receive(&packet.Connack{}, &packet.Suback{ID: 1, ReturnCodes: []byte{1}})
			b.sleepToDeadline()
		},
	}
	for name, fail := range failures {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, pipelined)
			b.open()
			b.expect("CONNECT", "SUBSCRIBE", "PUBLISH")
			fail(b)
			if b.m.Want() == fsm.WantClose {
				b.m.Lost(b.now, nil)
			}
			for range 2 {
				b.sleepToDeadline()
				b.open()
				b.expect("CONNECT")
				b.m.Lost(b.now, io.EOF)
			}
		})
	}
}

// Answers may arrive before the SUBACK.
func TestPipelineTakesAnswersInAnyOrder(t *testing.T) {
	b := newBench(t, pipelined)
	b.open()
	b.receive(&packet.Connack{}, message("202/?$rid=1", assigning))
	b.want(fsm.Waiting, fsm.WantExchange)
	b.receive(&packet.Suback{ID: 1, ReturnCodes: []byte{1}})
	b.want(fsm.Waiting, fsm.WantExchange)
	b.sleepToDeadline()
	b.answer(200, "2", "", assigned)
	b.ends(nil)
}

// A connection that is closed for a long wait has not failed, so the next one
// is pipelined.
func TestPipelineGoesOnAfterALongWait(t *testing.T) {
	b := newBench(t, pipelined)
	b.open()
	b.receive(&packet.Connack{}, &packet.Suback{ID: 1, ReturnCodes: []byte{1}}, message("202/?$rid=1&retry-after=299", assigning))
	b.want(fsm.Closing, fsm.WantClose)
	b.m.Lost(b.now, nil)
	b.sleepToDeadline()
	b.sent()
	b.open()
	b.expect("CONNECT", "SUBSCRIBE", "PUBLISH")
}

// A SUBSCRIBE is acknowledged once, even if it was sent with the CONNECT.
func TestPipelineTakesOneSuback(t *testing.T) {
	b := newBench(t, pipelined, func(c *fsm.Config) { c.Policy.MaxAttempts = 1 })
	b.open()
	suback := &packet.Suback{ID: 1, ReturnCodes: []byte{1}}
	b.receive(&packet.Connack{}, suback)
	b.want(fsm.Registering, fsm.WantExchange)
	b.receive(suback)
	b.ends(fsm.ErrProtocol)
}

// A wait that has begun is kept: only the SUBSCRIBE is sent with the CONNECT.
func TestPipelineKeepsTheWait(t *testing.T) {
	b := newBench(t, pipelined)
	b.open()
	b.receive(&packet.Connack{}, &packet.Suback{ID: 1, ReturnCodes: []byte{1}}, message("202/?$rid=1&retry-after=20", assigning))
	b.m.Lost(b.now, io.EOF)
	b.sent()
	b.open()
	b.expect("CONNECT", "SUBSCRIBE")
	b.receive(&packet.Connack{}, &packet.Suback{ID: 1, ReturnCodes: []byte{1}})
	b.want(fsm.Waiting, fsm.WantExchange)
	b.sleepToDeadline()
	b.want(fsm.Polling, fsm.WantExchange)
	b.expect("PUBLISH")
}
