package fsm_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/packet"
	"github.com/google/go-cmp/cmp"
)

// A registration with one poll, packet by packet.
func TestRegistration(t *testing.T) {
	b := newBench(t)
	b.want(fsm.Idle, fsm.WantDial)
	if !b.m.Deadline().IsZero() {
		t.Errorf("first dial at %v, want immediately", b.m.Deadline())
	}
	b.open()
	b.want(fsm.Connecting, fsm.WantExchange)
	got := b.expect("CONNECT")[0]
	want := &packet.Connect{
		ProtocolName: []byte("MQTT"), ProtocolLevel: 4, CleanSession: true, KeepAlive: 60, ClientID: []byte("dev-1"),
		Username: []byte("0ne00000A1B/registrations/dev-1/api-version=2019-03-31"), Password: packet.Secret(testToken),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("CONNECT (-want +got):\n%s", diff)
	}
	b.receive(&packet.Connack{})
	b.want(fsm.Subscribing, fsm.WantExchange)
	b.expect(`SUBSCRIBE id=1 "$dps/registrations/res/#" (QoS 1)`)
	b.receive(&packet.Suback{ID: 1, ReturnCodes: []byte{1}})
	b.want(fsm.Registering, fsm.WantExchange)
	if p := b.expect(registerT)[0].(*packet.Publish); string(p.Payload) != `{"registrationId":"dev-1"}` {
		t.Errorf("registration has body %s", p.Payload)
	}
	b.receive(&packet.Puback{ID: 2})
	b.answer(202, "1", "&retry-after=3", assigning)
	b.want(fsm.Waiting, fsm.WantExchange)
	b.expect("PUBACK id=7")
	if b.m.OperationID() != "4.op" {
		t.Errorf("operation ID %q", b.m.OperationID())
	}
	if d := b.sleepToDeadline(); d != 3*time.Second {
		t.Errorf("waited %v, want 3 s", d)
	}
	b.want(fsm.Polling, fsm.WantExchange)
	if p := b.expect("PUBLISH id=3 qos=1 " + queryT + `2&operationId=4.op"`)[0].(*packet.Publish); len(p.Payload) > 0 {
		t.Errorf("query has body %q", p.Payload)
	}
	if _, err := b.m.Result(); err != fsm.ErrPending {
		t.Errorf("result %v, want ErrPending", err)
	}
	b.answer(200, "2", "", assigned)
	b.want(fsm.Closing, fsm.WantClose)
	b.expect("PUBACK id=7", "DISCONNECT")
	b.ends(nil)
}

// The loop in the package documentation, with a failed dial and with inputs in
// any order after the end, which do not change the result.
func TestDoneIsForEver(t *testing.T) {
	b := newBench(t)
	b.connect()
	b.sent()
	b.answer(200, "1", "", assigned)
	b.ends(nil)
	before, _ := b.m.Result()
	for range 3 {
		b.m.Receive(b.now, []byte("rubbish"))
		b.m.Lost(b.now, io.EOF)
		b.m.DialFailed(b.now, io.EOF)
		b.m.Dialing(b.now)
		b.want(fsm.Finished, fsm.WantDone)
		b.m.Abort(b.now, io.EOF)
		b.m.Stop(b.now)
		b.sleep(time.Hour)
		if err := b.m.Open(b.now, []byte(testToken)); !errors.Is(err, fsm.ErrOrder) {
			t.Errorf("Open after the end: %v", err)
		}
		b.expect()
		b.ends(nil)
	}
	after, _ := b.m.Result()
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("result changed:\n%s", diff)
	}
}

func TestWrongOrder(t *testing.T) {
	b := newBench(t)
	b.m.Receive(b.now, []byte{0x20, 2, 0, 0}) // before Open
	b.m.Advance(b.now.Add(-time.Hour))
	b.want(fsm.Idle, fsm.WantDial)
	b.open()
	if err := b.m.Open(b.now, []byte(testToken)); !errors.Is(err, fsm.ErrOrder) {
		t.Errorf("second Open: %v", err)
	}
	b.expect("CONNECT")
	b.m.Advance(start.Add(-time.Hour)) // the clock does not go back
	b.want(fsm.Connecting, fsm.WantExchange)
	if d := b.m.Deadline().Sub(start); d != 30*time.Second {
		t.Errorf("deadline after %v", d)
	}
	b.m.Receive(start.Add(-time.Hour), []byte{0x20, 2, 0, 0})
	b.want(fsm.Subscribing, fsm.WantExchange)
	if d := b.m.Deadline().Sub(start); d != 30*time.Second {
		t.Errorf("deadline %v after a CONNACK that was received an hour ago", d)
	}
}

func TestPassword(t *testing.T) {
	for _, test := range []struct {
		how      fsm.Attestation
		password string
		ok       bool
	}{
		{fsm.SymmetricKey, testToken, true},
		{fsm.SymmetricKey, "", false},
		{fsm.X509, "", true},
		{fsm.X509, testToken, false},
		{fsm.SymmetricKey, "x", true},
		{fsm.X509, "x", false},
		{fsm.SymmetricKey, strings.Repeat("x", 65536), false},
	} {
		b := newBench(t, func(c *fsm.Config) { c.Attestation = test.how })
		err := b.m.Open(b.now, []byte(test.password))
		if (err == nil) != test.ok {
			t.Errorf("%v with a password of %d bytes: %v", test.how, len(test.password), err)
		}
		if !test.ok {
			if !errors.Is(err, fsm.ErrPassword) {
				t.Errorf("error %v, want ErrPassword", err)
			}
			b.expect()
			b.ends(fsm.ErrPassword)
			continue
		}
		if p := b.expect("CONNECT")[0].(*packet.Connect); (p.Password != nil) != (test.password != "") {
			t.Errorf("%v: CONNECT has password %q", test.how, []byte(p.Password))
		}
	}
}

func TestPasswordOfTheWrongKind(t *testing.T) {
	b := newBench(t)
	want := "fsm: wrong kind of password: 0 bytes for attestation by symmetric key"
	if err := b.m.Open(b.now, nil); !errors.Is(err, fsm.ErrPassword) || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestMachinePrintsAsOneLine(t *testing.T) {
	b := newBench(t)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(verb, b.m); got != `fsm.Machine("dev-1", idle)` {
			t.Errorf("%s gives %s", verb, got)
		}
	}
}

// Even an input at the wrong time does everything that is due.
func TestEveryInputMovesTheClock(t *testing.T) {
	b := newBench(t)
	b.connect()
	if err := b.m.Open(b.now.Add(31*time.Second), []byte(testToken)); !errors.Is(err, fsm.ErrOrder) {
		t.Error(err)
	}
	b.want(fsm.Closing, fsm.WantClose)
	b.m.Lost(b.now.Add(time.Hour), nil)
	b.ends(fsm.ErrTimeout)

	var stopped time.Time
	b = newBench(t, func(c *fsm.Config) { c.Trace = func(e fsm.Event) { stopped = e.Time } })
	b.connect()
	b.now = b.now.Add(time.Minute)
	if b.m.Stop(b.now); !stopped.Equal(b.now) {
		t.Errorf("stopped at %v, want %v", stopped, b.now)
	}
}

// After the transport is gone, no DISCONNECT is sent, not even in the trace.
func TestNothingIsSaidToATransportThatIsGone(t *testing.T) {
	var sent []packet.Packet
	b := newBench(t, func(c *fsm.Config) {
		c.Policy.MaxAttempts = 1
		c.Trace = func(e fsm.Event) {
			if e.Kind == fsm.EventSent {
				sent = append(sent, e.Packet)
			}
		}
	})
	b.connect()
	b.m.Lost(b.now, nil)
	b.ends(fsm.ErrAttempts)
	if last := sent[len(sent)-1]; last.Type() != packet.PUBLISH {
		t.Errorf("sent %v at last", last)
	}
}

func TestStop(t *testing.T) {
	b := newBench(t)
	b.m.Stop(b.now)
	b.ends(fsm.ErrStopped)

	b = newBench(t)
	b.open()
	b.m.Stop(b.now)
	b.want(fsm.Closing, fsm.WantClose)
	b.expect() // not connected, so there is nothing to send
	b.ends(fsm.ErrStopped)

	b = newBench(t)
	b.connect()
	b.sent()
	b.m.Stop(b.now)
	b.expect("DISCONNECT")
	b.ends(fsm.ErrStopped)

	b = newBench(t)
	b.connect()
	b.answer(401, "1", "", "") // this came first
	b.m.Stop(b.now)
	b.sleep(time.Hour)
	b.m.Lost(b.now, nil)
	if e := b.refusal(); e.Status != 401 {
		t.Errorf("%+v", e)
	}
}

func TestConnectRefused(t *testing.T) {
	for code := packet.UnacceptableProtocolVersion; code <= packet.NotAuthorized; code++ {
		b := newBench(t)
		b.open()
		b.sent()
		b.receive(&packet.Connack{ReturnCode: code})
		b.want(fsm.Closing, fsm.WantClose)
		b.expect()
		if code == packet.UnacceptableProtocolVersion || code == packet.ServerUnavailable {
			b.m.Lost(b.now, nil)
			b.want(fsm.Idle, fsm.WantDial)
			if d := b.m.Deadline().Sub(b.now); d != time.Second {
				t.Errorf("code %d: dials after %v", code, d)
			}
			continue
		}
		var refused *fsm.ConnectError
		b.m.Lost(b.now, nil)
		if _, err := b.m.Result(); !errors.As(err, &refused) || refused.ReturnCode != code {
			t.Errorf("code %d: %v", code, err)
		}
	}
}

func TestSubscribeRefused(t *testing.T) {
	b := newBench(t)
	b.open()
	b.receive(&packet.Connack{}, &packet.Suback{ID: 1, ReturnCodes: []byte{packet.SubackFailure}})
	b.expect("CONNECT", "SUBSCRIBE", "DISCONNECT")
	b.ends(fsm.ErrSubscribe)
}

// The same applies to a DialFailed that has no other effect, since a transport
// is open.
func TestDialFailedMovesTheClock(t *testing.T) {
	b := newBench(t)
	b.connect()
	b.m.DialFailed(b.now.Add(30*time.Second), io.EOF)
	b.want(fsm.Closing, fsm.WantClose)
}
