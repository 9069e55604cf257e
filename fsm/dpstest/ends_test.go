package dpstest_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/packet"
)

// A clock that goes back does not change the time of a connection.
func TestTimeDoesNotGoBack(t *testing.T) {
	var times []time.Duration
	s, err := dpstest.New(dpstest.Config{IDScope: scope, Log: func(e dpstest.Event) { times = append(times, e.Time.Sub(start)) }})
	if err != nil {
		t.Fatal(err)
	}
	c := s.Open(start, nil)
	c.Advance(start.Add(20 * time.Second))
	c.Lost(start.Add(10 * time.Second))
	if len(times) != 2 || times[1] != 20*time.Second {
		t.Errorf("%v", times)
	}
}

// A connection that is refused does not take the place of one that is open.
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

// Nothing is processed behind the packet at which a connection ends, and nothing is sent
// after Lost.
func TestNothingBehindTheEnd(t *testing.T) {
	o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{})}})
	p := newPeer(t, o.Service)
	p.say(connect())
	p.c.Receive(start, bytes.Repeat(encode(t, &packet.Pingreq{}), 50_000))
	if last := o.all[len(o.all)-1]; !p.c.Hungup() || !strings.Contains(last, ": closed: closed since the client does not read its answers; ") {
		t.Errorf("%q", last)
	}
	p = newPeer(t, o.Service)
	p.c.Receive(start, encode(t, connect(), &packet.Pingreq{}))
	p.c.Lost(start)
	p.expect(p.heard(), true)
}
