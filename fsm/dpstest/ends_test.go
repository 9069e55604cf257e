package dpstest_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/packet"
)

// A clock that is set back does not change the time of a connection.
func TestTimeDoesNotGoBack(t *testing.T) {
	var times []time.Duration
	s, err := dpstest.New(dpstest.Config{IDScope: scope, Log: func(e dpstest.Event) { times = append(times, e.Time.Sub(start)) }})
	if err != nil {
		t.Fatal(err)
	}
	c := s.Open(start, nil)
	c.Advance(start.Add(20 * time.Second))
	c.Lost(start.Add(10 * time.Second))
	s.Open(start, nil).Lost(start.Add(30 * time.Second))
	if len(times) != 4 || times[1] != 20*time.Second || times[3] != 30*time.Second {
		t.Errorf("%v", times)
	}
}

// A connection that is refused does not replace one that is open.
func TestRefusedConnectionReplacesNone(t *testing.T) {
	s := newService(t, device(dpstest.Outcome{}))
	first, second, third := newPeer(t, s), newPeer(t, s), newPeer(t, s)
	first.say(connect())
	second.expect(second.say(connect(func(c *packet.Connect) { c.Username = []byte("x") })), true, "CONNACK bad user name")
	first.expect(first.say(&packet.Pingreq{}), false, "PINGRESP")
	third.say(connect())
	first.expect(nil, true)
	third.expect(third.say(&packet.Pingreq{}), false, "PINGRESP")
}

// Nothing is processed after the packet that ends a connection, and nothing is
// sent after Lost.
func TestNothingBehindTheEnd(t *testing.T) {
	o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{})}})
	p := newPeer(t, o.Service)
	p.say(connect())
	p.c.Receive(start, bytes.Repeat(encode(t, &packet.Pingreq{}), 50_000))
	if last := o.all[len(o.all)-1]; !p.c.Hungup() || !strings.Contains(last, ": closed: closed because the client does not read its answers; ") {
		t.Errorf("%q", last)
	}
	p = newPeer(t, o.Service)
	p.c.Receive(start, encode(t, connect(), &packet.Pingreq{}))
	p.c.Lost(start)
	p.expect(p.heard(), true)
}

// Nothing happens after the end of a connection, however much time passes,
// except that bytes that arrive are reported.
func TestAfterTheEnd(t *testing.T) {
	o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{})}})
	p := newPeer(t, o.Service)
	p.say(connect())
	p.c.Lost(start)
	if want := "the connection ended without a DISCONNECT: send one before closing it [section 3.14]"; len(o.texts) != 1 || o.texts[0] != want {
		t.Errorf("%q", o.texts)
	}
	n := len(o.all)
	p.c.Advance(start.Add(time.Hour))
	if len(o.all) != n || !p.c.Deadline().IsZero() {
		t.Errorf("%q, deadline %v", o.all[n:], p.c.Deadline())
	}
	p.c.Receive(start, []byte{0})
	if len(o.all) != n+1 || !strings.Contains(o.all[n], ": dropped: 1 bytes were received after Lost") {
		t.Errorf("%q", o.all[n:])
	}
}

// A piece without bytes makes no difference.
func TestEmptyPieces(t *testing.T) {
	o := observe(t, dpstest.Config{})
	c := o.Open(start, nil)
	for _, piece := range []string{"\xc0", "", "\x00"} {
		c.Receive(start, []byte(piece))
	}
	o.Open(start, nil).Lost(start)
	c = o.Open(start, nil)
	c.Receive(start, []byte("\x10"))
	c.Receive(start, nil)
	c.Lost(start)
	want := []string{"expected a CONNECT: the first packet is PINGREQ [MQTT-3.1.0-1]", "the connection ended in the middle of a packet, after 1 bytes of it"}
	if len(o.texts) != 2 || o.texts[0] != want[0] || !strings.HasPrefix(o.texts[1], want[1]) {
		t.Errorf("%q", o.texts)
	}
}

// The deadline is the time of the next event: a delayed answer, or the end of a
// silent connection.
func TestDeadlines(t *testing.T) {
	for _, test := range []struct {
		keepAlive uint16
		delay     float64
		want      time.Duration
	}{{60, 5, 5 * time.Second}, {60, 100, 90 * time.Second}, {1, 100, 1500 * time.Millisecond}, {0, 100, 100 * time.Second}} {
		p := newPeer(t, newService(t, device(dpstest.Outcome{}, dpstest.Fault{At: dpstest.OnPing, Delay: test.delay})))
		p.say(connect(func(c *packet.Connect) { c.KeepAlive = test.keepAlive }), &packet.Pingreq{})
		if got := p.c.Deadline().Sub(start); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}

// A packet identifier can be used again after it was released [MQTT-4.3.3-2].
func TestReleasedIdentifiers(t *testing.T) {
	p := newDevice(t, endless(t, func(*dpstest.Config) {}), "dev-1")
	five, six := publish(registerT, 2, 5, ""), publish(registerT, 2, 6, "")
	p.expect(p.say(five, six, five), false, "PUBREC id=5", "PUBLISH", "PUBREC id=6", "PUBLISH", "PUBREC id=5")
	p.expect(p.say(&packet.Pubrel{ID: 5}, six, five), false, "PUBCOMP id=5", "PUBREC id=6", "PUBREC id=5", "PUBLISH")
}

// A single raw byte is reported in an event.
func TestRawByteInEvents(t *testing.T) {
	o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{}, dpstest.Fault{At: dpstest.OnPing, Silence: true, Raw: "d0"})}})
	p := newPeer(t, o.Service)
	p.say(connect())
	p.c.Receive(start, encode(t, &packet.Pingreq{}))
	if last := o.all[len(o.all)-1]; last != "#1 dev-1: sent: d0" {
		t.Errorf("%q", last)
	}
}

// A payload of one byte is shown in an event.
func TestPayloadsInEvents(t *testing.T) {
	o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{})}})
	p := newDevice(t, o.Service, "dev-1")
	n := len(o.all)
	p.status(registerT, "x")
	if want := `#1 dev-1: received: PUBLISH qos=0 topic="$dps/registrations/PUT/iotdps-register/?$rid=r1" payload=1 bytes x`; o.all[n] != want {
		t.Errorf("%q, want %q", o.all[n], want)
	}
}

// A packet of 97 KiB is accepted, and a packet with one more byte is not.
func TestLargestPacket(t *testing.T) {
	for n, hungup := range map[int]bool{97 << 10: false, 97<<10 + 1: true} {
		p := newPeer(t, newService(t, device(dpstest.Outcome{})))
		p.say(connect())
		rest := n - len(encode(t, publish(registerT, 0, 0, strings.Repeat(" ", 90_000)))) + 90_000
		all := encode(t, publish(registerT, 0, 0, strings.Repeat(" ", rest)))
		if p.c.Receive(start, all); len(all) != n || p.c.Hungup() != hungup {
			t.Errorf("%d bytes, want %d: hung up %t", len(all), n, p.c.Hungup())
		}
	}
}

func TestEventKindNames(t *testing.T) {
	var names []string
	for k := dpstest.EventOpened; k <= dpstest.EventClosed; k++ {
		names = append(names, k.String())
	}
	if got := strings.Join(names, " "); got != "opened received sent dropped fault diagnosis closed" {
		t.Error(got)
	}
}

// 64 KiB of output may wait, in addition to the output caused by one packet.
func TestHowMuchMayWait(t *testing.T) {
	p := newPeer(t, newService(t, device(dpstest.Outcome{})))
	p.say(connect())
	ping := encode(t, &packet.Pingreq{})
	n := 0
	for ; !p.c.Hungup() && n < 100_000; n++ {
		p.c.Receive(start, ping)
	}
	if want := (64<<10+2)/2 + 2; n != want { // the last one finds that too much output waits
		t.Errorf("%d packets, want %d", n, want)
	}
}
