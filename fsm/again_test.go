package fsm_test

import (
	"io"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/packet"
)

// ends contains ways in which connections end.
var ends = map[string]func(b *bench){
	"lost":            func(b *bench) { b.m.Lost(b.now, io.EOF) },
	"no answer":       (*bench).silence,
	"violation":       func(b *bench) { b.receive(&packet.Pingreq{}) },
	"half a packet":   func(b *bench) { b.m.Receive(b.now, []byte{0x30, 100, 0}); b.m.Lost(b.now, io.EOF) },
	"a packet before": func(b *bench) { b.receive(message("200/?$rid=99", "")); b.m.Lost(b.now, io.EOF) },
}

// silence waits until the machine gives up the connection.
func (b *bench) silence() {
	b.Helper()
	for b.m.Want() == fsm.WantExchange {
		b.sleepToDeadline()
	}
}

// again closes the transport, if the machine wants that, and waits until the
// next dial is due.
func (b *bench) again() {
	b.Helper()
	if b.m.Want() == fsm.WantClose {
		b.m.Lost(b.now, nil)
	}
	b.sent()
	if at := b.m.Deadline(); at.After(b.now) {
		b.sleepToDeadline()
	}
}

func TestTheLimitHoldsOnEveryConnection(t *testing.T) {
	const limit = 140
	for name, end := range ends {
		for connections := range 3 {
			for _, size := range []int{limit, limit + 1} {
				b := newBench(t, func(c *fsm.Config) { c.Limit = limit })
				for range connections {
					b.connect()
					end(b)
					b.again()
				}
				b.connect()
				p := message("200/?$rid=99", "")
				p.Payload = []byte(strings.Repeat("x", size-len(appended(t, p))-1)) // one byte less, for a longer header
				in := appended(t, p)
				if len(in) != size {
					t.Fatalf("a packet of %d bytes, want %d", len(in), size)
				}
				b.m.Receive(b.now, in[:1])
				b.m.Receive(b.now, in[1:])
				if got, want := b.m.Want() == fsm.WantExchange, size == limit; got != want {
					t.Errorf("%s %d times, a packet of %d bytes with a limit of %d: taken %t", name, connections, size, limit, got)
				}
			}
		}
	}
}

func appended(t *testing.T, p packet.Packet) []byte {
	t.Helper()
	b, err := p.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Once a pipelined connection has failed, all later connections use the careful
// order, however they end.
func TestPipelineIsNotTriedAgain(t *testing.T) {
	careful := map[string]func(b *bench){
		"lost at once": func(b *bench) { b.m.Lost(b.now, io.EOF) },
		"no CONNACK":   func(b *bench) { b.sleepToDeadline() },
		"unavailable":  func(b *bench) { b.receive(&packet.Connack{ReturnCode: packet.ServerUnavailable}) },
		"lost while subscribing": func(b *bench) {
			b.receive(&packet.Connack{})
			b.m.Lost(b.now, io.EOF)
		},
		"lost when ready": func(b *bench) {
			b.receive(&packet.Connack{}, &packet.Suback{ID: 1, ReturnCodes: []byte{1}})
			b.m.Lost(b.now, io.EOF)
		},
		"left for a long wait": func(b *bench) {
			b.receive(&packet.Connack{}, &packet.Suback{ID: 1, ReturnCodes: []byte{1}}, message("429/?$rid=&retry-after=290", ""))
			b.want(fsm.Closing, fsm.WantClose)
		},
		"lost after an answer": func(b *bench) {
			b.receive(&packet.Connack{}, &packet.Suback{ID: 1, ReturnCodes: []byte{1}}, message("202/?$rid=&retry-after=3", assigning))
			b.m.Lost(b.now, io.EOF)
		},
	}
	for first, fail := range ends {
		for name, end := range careful {
			b := newBench(t, pipelined, func(c *fsm.Config) { c.Policy.Budget = -1 })
			b.open()
			b.expect("CONNECT", "SUBSCRIBE", "PUBLISH")
			fail(b)
			for i := range 3 {
				b.again()
				b.open()
				if sent := b.sent(); len(sent) != 1 {
					t.Fatalf("%s, then %s %d times: sent %v, want a CONNECT alone", first, name, i, sent)
				}
				end(b)
			}
		}
	}
}

// A PINGREQ that was not answered does not affect the next connection.
func TestAnOpenPingDiesWithItsConnection(t *testing.T) {
	b := newBench(t, func(c *fsm.Config) { c.Policy.KeepAlive, c.Policy.RequestTimeout = 10*time.Second, 25*time.Second })
	b.connect()
	b.sent()
	b.sleep(10 * time.Second)
	b.expect("PINGREQ")
	b.m.Lost(b.now, io.EOF)
	b.sleepToDeadline()
	b.connect()
	b.sent()
	b.sleep(9 * time.Second)
	b.expect()
	b.sleep(15 * time.Second) // long after the PINGRESP was due
	b.want(fsm.Registering, fsm.WantExchange)
	b.expect("PINGREQ")
}

// A message that is new to the machine may nevertheless have DUP and RETAIN
// set: the broker may have sent it before without success, and the standard
// does not allow a receiver to rely on DUP (section 3.3.1.1).
func TestAFirstDeliveryMayHaveDupAndRetain(t *testing.T) {
	for _, q := range []packet.QoS{packet.QoS0, packet.QoS1, packet.QoS2} {
		for _, dup := range []bool{false, true} {
			for _, retain := range []bool{false, true} {
				if q == packet.QoS0 && dup {
					continue // which does not exist
				}
				b := newBench(t)
				b.connect()
				b.sent()
				p := message("202/?$rid=1", assigning)
				p.QoS, p.Dup, p.Retain = q, dup, retain
				if q == packet.QoS0 {
					p.ID = 0
				}
				b.receive(p)
				b.want(fsm.Waiting, fsm.WantExchange)
				b.expect(map[packet.QoS][]string{packet.QoS1: {"PUBACK id=7"}, packet.QoS2: {"PUBREC id=7"}}[q]...)
			}
		}
	}
}

// The wall clock may be set while a machine waits. This does not affect the
// monotonic reading, which every deadline keeps.
func TestDeadlinesKeepTheMonotonicReading(t *testing.T) {
	b := newBench(t)
	if b.now = time.Now(); !strings.Contains(b.now.String(), " m=") {
		t.Skip("this system has no monotonic clock")
	}
	check := func(state fsm.State) {
		t.Helper()
		if at := b.m.Deadline(); b.m.State() != state || !strings.Contains(at.String(), " m=") {
			t.Errorf("%v, want %v: deadline %v", b.m.State(), state, at)
		}
	}
	b.m.Dialing(b.now)
	check(fsm.Dialing)
	b.open()
	check(fsm.Connecting)
	b.receive(&packet.Connack{})
	check(fsm.Subscribing)
	b.receive(&packet.Suback{ID: 1, ReturnCodes: []byte{1}})
	check(fsm.Registering)
	b.answer(202, "1", "&retry-after=200", assigning)
	check(fsm.Waiting) // until the keep-alive
	b.sleepToDeadline()
	check(fsm.Waiting) // until the PINGRESP is overdue
	b.m.Lost(b.now, io.EOF)
	check(fsm.Idle)
}

// A connection that is closed for a long wait is closed on purpose, which is
// not a failure.
func TestAPlannedDisconnectIsNotAFailure(t *testing.T) {
	for _, cause := range []error{nil, io.EOF} {
		b := newBench(t, func(c *fsm.Config) { c.Policy.Budget, c.Policy.MaxAttempts = -1, 4 })
		for i := range 4 {
			b.connect()
			b.receive(message("503/?$rid=&retry-after=250", ""))
			b.want(fsm.Closing, fsm.WantClose)
			if i < 3 {
				b.m.Lost(b.now, cause)
				b.sent()
				b.want(fsm.Idle, fsm.WantDial)
				b.sleepToDeadline()
			}
		}
		if e, ok := b.ends(fsm.ErrAttempts).(*fsm.GiveUpError); !ok || e.Attempts != 4 {
			t.Errorf("%v: %v, want to give up after 4 failures", cause, e)
		}
	}
}
