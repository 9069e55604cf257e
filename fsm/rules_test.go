package fsm_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/packet"
)

// Each rule of the service, S1 to S19, has a test with its number. The package
// documentation describes the rules.

// polling plays a registration up to an open query with $rid 2.
func (b *bench) polling() {
	b.Helper()
	b.connect()
	b.answer(202, "1", "&retry-after=3", assigning)
	b.sleepToDeadline()
	b.want(fsm.Polling, fsm.WantExchange)
	b.sent()
}

func TestS1_EveryStateHasADeadline(t *testing.T) {
	stages := []func(b *bench){
		func(b *bench) { b.open() },
		func(b *bench) { b.open(); b.receive(&packet.Connack{}) },
		func(b *bench) { b.connect() },
		func(b *bench) { b.polling() },
	}
	for _, stage := range stages {
		b := newBench(t)
		stage(b)
		state := b.m.State()
		if d := b.sleepToDeadline(); d != 30*time.Second {
			t.Errorf("%v: deadline after %v, want 30 s", state, d)
		}
		b.want(fsm.Closing, fsm.WantClose)
		b.m.Lost(b.now, nil)
		b.want(fsm.Idle, fsm.WantDial)
		if d := b.m.Deadline().Sub(b.now); d != time.Second {
			t.Errorf("%v: next dial after %v, want 1 s", state, d)
		}
	}
}

func TestS2_SubackCodes(t *testing.T) {
	for _, code := range []byte{0, 1, 2} {
		b := newBench(t)
		b.open()
		b.receive(&packet.Connack{}, &packet.Suback{ID: 1, ReturnCodes: []byte{code}})
		b.want(fsm.Registering, fsm.WantExchange)
	}
	for _, bad := range []packet.Suback{{ID: 2, ReturnCodes: []byte{1}}, {ID: 1, ReturnCodes: []byte{1, 1}}} {
		b := newBench(t)
		b.open()
		b.receive(&packet.Connack{}, &bad)
		b.want(fsm.Closing, fsm.WantClose)
		b.expect() // and no DISCONNECT after a protocol violation
	}
}

func TestS3_AnswerAndPubackInAnyOrder(t *testing.T) {
	for _, before := range []bool{true, false} {
		b := newBench(t)
		b.connect()
		puback := &packet.Puback{ID: 2}
		answer := message("202/?$rid=1&retry-after=3", assigning)
		if before {
			b.receive(puback, answer)
		} else {
			b.receive(answer, puback)
		}
		b.want(fsm.Waiting, fsm.WantExchange)
	}
	b := newBench(t, func(c *fsm.Config) { c.Policy.AtMostOnce = true })
	b.connect()
	b.expect(`PUBLISH qos=0 topic="$dps/registrations/PUT/`)
}

func TestS4_AnswersAreCorrelated(t *testing.T) {
	for rid, counts := range map[string]bool{
		"$rid=1": true, "$RID=1": true, "$rid=": true, "a=b&$rid=1": true, "$rid=%31": true,
		"$rid=2": false, "$rid=11": false, "$rid=1%": false, "$rid=%3": false, "rid=1": false, "": false,
	} {
		b := newBench(t)
		b.connect()
		b.receive(message("202/?"+rid, assigning))
		if got := b.m.State() == fsm.Waiting; got != counts {
			t.Errorf("answer with %q counts: %v, want %v", rid, got, counts)
		}
		if b.m.Ignored() == 0 != counts {
			t.Errorf("answer with %q: %d ignored", rid, b.m.Ignored())
		}
		b.expect("PUBLISH", "PUBACK") // it is acknowledged nevertheless
	}
	b := newBench(t, func(c *fsm.Config) { c.RequestIDPrefix = "a b/" })
	b.connect()
	if p := b.sent()[0]; !strings.Contains(p.String(), "$rid=a%20b%2F1") {
		t.Errorf("registration is %v", p)
	}
	b.answer(200, "a%20b%2F1", "", assigned)
	b.ends(nil)
}

func TestS5_RepeatedAnswersAreIgnored(t *testing.T) {
	b := newBench(t)
	b.polling()
	for range 3 {
		b.answer(202, "1", "&retry-after=3", assigning)
	}
	b.want(fsm.Polling, fsm.WantExchange)
	b.expect("PUBACK", "PUBACK", "PUBACK")
	b.answer(200, "2", "", assigned)
	b.answer(200, "2", "", assigned)
	b.expect("PUBACK", "DISCONNECT")
	b.ends(nil)
}

func TestS6_TheBodyDecides(t *testing.T) {
	for _, status := range []int{200, 202, 500} {
		b := newBench(t)
		b.connect()
		b.answer(status, "1", "", assigning)
		b.want(fsm.Waiting, fsm.WantExchange)
		b.sleepToDeadline()
		b.answer(status, "2", "", assigned)
		b.ends(nil)
	}
}

func TestS7_WaitsForRetryAfter(t *testing.T) {
	for properties, want := range map[string]time.Duration{
		"": 3 * time.Second, "&retry-after=7": 7 * time.Second, "&retry-after=0": 2 * time.Second,
		"&retry-after=1": 2 * time.Second, "&retry-after=-5": 2 * time.Second, "&retry-after=abc": 3 * time.Second,
		"&retry-after=1.5": 2 * time.Second, "&retry-after=2.5": 3 * time.Second, "&retry-after=": 3 * time.Second, "&retry-after=120": 120 * time.Second,
		"&retry-after=99999": 300 * time.Second, "&retry-after=99999999999999999999": 300 * time.Second,
		"&Retry-After=5": 5 * time.Second, "&retry-after=5&retry-after=9": 5 * time.Second,
	} {
		for _, jitter := range []func() float64{nil, func() float64 { return 0.5 }, func() float64 { return 7 }} {
			b := newBench(t, func(c *fsm.Config) {
				c.Policy.Budget, c.Policy.KeepAlive, c.Policy.StayConnected, c.Jitter = time.Hour, -1, -1, jitter
			})
			b.connect()
			b.answer(202, "1", properties, assigning)
			want := want
			if jitter != nil {
				want += time.Duration(0.2 * min(jitter(), 1) * float64(want))
			}
			if d := b.sleepToDeadline(); d != want {
				t.Errorf("%q: waits %v, want %v", properties, d, want)
			}
			b.want(fsm.Polling, fsm.WantExchange)
		}
	}
}

func TestS14_CloseAfterTheRegistrationIsExplained(t *testing.T) {
	b := newBench(t, func(c *fsm.Config) { c.Policy.MaxAttempts = 1 })
	b.connect()
	b.m.Lost(b.now, io.EOF)
	err := b.ends(fsm.ErrAttempts)
	var step *fsm.StepError
	if !errors.As(err, &step) || step.State != fsm.Registering || !errors.Is(err, io.EOF) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("%v", err)
	}
}

func TestS15_KeepAlive(t *testing.T) {
	b := newBench(t)
	b.connect()
	b.sent()
	b.sleep(10 * time.Second)
	b.answer(202, "1", "&retry-after=200", assigning) // sending its PUBACK postpones the PINGREQ
	b.expect("PUBACK")
	for range 3 {
		if d := b.sleepToDeadline(); d != 60*time.Second {
			t.Errorf("PINGREQ after %v, want 60 s", d)
		}
		b.expect("PINGREQ")
		b.receive(&packet.Pingresp{})
	}
	b.sleepToDeadline()
	b.want(fsm.Polling, fsm.WantExchange)
	b.expect("PUBLISH")

	b = newBench(t, func(c *fsm.Config) { c.Policy.KeepAlive = 10 * time.Second })
	b.connect()
	b.answer(202, "1", "&retry-after=100", assigning)
	b.sent()
	for range 3 { // even while the machine waits for the PINGRESP
		if d := b.sleepToDeadline(); d != 10*time.Second {
			t.Errorf("PINGREQ after %v, want 10 s", d)
		}
		b.expect("PINGREQ")
	}
	if d := b.sleepToDeadline(); d != 10*time.Second {
		t.Errorf("waited another %v for the PINGRESP, want 30 s together", d)
	}
	b.want(fsm.Closing, fsm.WantClose)

	b = newBench(t, func(c *fsm.Config) { c.Policy.KeepAlive = -time.Second })
	b.open()
	if p := b.sent()[0].(*packet.Connect); p.KeepAlive != 0 {
		t.Errorf("CONNECT has keep-alive %d, want 0", p.KeepAlive)
	}
	b.receive(&packet.Connack{}, &packet.Suback{ID: 1, ReturnCodes: []byte{0}})
	b.answer(202, "1", "&retry-after=200", assigning)
	if d := b.sleepToDeadline(); d != 200*time.Second {
		t.Errorf("woke after %v, want 200 s", d)
	}
}

func TestS15_WhatIsSentPutsThePingOff(t *testing.T) {
	b := newBench(t, func(c *fsm.Config) { c.Policy.KeepAlive = 10 * time.Second })
	b.open()
	for _, p := range []packet.Packet{&packet.Connack{}, &packet.Suback{ID: 1, ReturnCodes: []byte{1}}, message("202/?$rid=1", assigning)} {
		b.now = b.now.Add(5 * time.Second)
		b.receive(p)
		if b.m.State() == fsm.Waiting {
			b.sleepToDeadline()
		}
		if d := b.m.Deadline().Sub(b.now); d != 10*time.Second {
			t.Errorf("%v: PINGREQ after %v, want 10 s", b.m.State(), d)
		}
	}
}

func TestS16_EachConnectionHasItsPassword(t *testing.T) {
	b := newBench(t)
	for _, password := range []string{"one", "two"} {
		if err := b.m.Open(b.now, []byte(password)); err != nil {
			t.Fatal(err)
		}
		if p := b.sent()[0].(*packet.Connect); string(p.Password) != password {
			t.Errorf("password %q, want %q", []byte(p.Password), password)
		}
		b.m.Lost(b.now, nil)
	}
}

func TestS17_KeepSession(t *testing.T) {
	b := newBench(t, func(c *fsm.Config) { c.Policy.KeepSession = true })
	b.connect()
	b.sent()
	in, _ := message("200/?$rid=1", assigned).AppendBinary(nil)
	rest := []byte{0x40, 2, 0, 2, 0x30, 9} // a PUBACK and the beginning of a message
	b.m.Receive(b.now, append(in, rest...))
	b.m.Lost(b.now, nil) // this has no effect anymore
	b.expect("PUBACK")
	b.want(fsm.Finished, fsm.WantDone)
	b.ends(nil)
	if got := b.m.AppendUnread(nil); !bytes.Equal(got, rest) {
		t.Errorf("unread %x, want %x", got, rest)
	}

	b = newBench(t, func(c *fsm.Config) { c.Policy.KeepSession = true })
	b.connect()
	b.sent()
	b.answer(401, "1", "", "") // the caller does not continue with this session
	b.want(fsm.Closing, fsm.WantClose)
	b.expect("PUBACK", "DISCONNECT")
}

func TestS18_EachConnectionSubscribes(t *testing.T) {
	b := newBench(t)
	for range 3 {
		b.open()
		b.expect("CONNECT")
		b.receive(&packet.Connack{SessionPresent: true})
		b.expect("SUBSCRIBE")
		b.m.Lost(b.now, nil)
	}
}

func TestS19_StatusWithoutRegardToCase(t *testing.T) {
	b := newBench(t)
	b.connect()
	b.answer(202, "1", "", strings.Replace(assigning, "assigning", "AsSigning", 1))
	b.want(fsm.Waiting, fsm.WantExchange)
	b.sleepToDeadline()
	b.answer(200, "2", "", strings.Replace(assigned, `"assigned"`, `"ASSIGNED"`, 1))
	b.ends(nil)
}
