package dpstest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/packet"
)

// encode returns the encoding of a sequence of packets.
func encode(t *testing.T, all ...packet.Packet) (b []byte) {
	for _, p := range all {
		var err error
		if b, err = p.AppendBinary(b); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// A client that sends but does not read is disconnected once 64 KiB of output
// wait, whether its packets arrive one by one or many at a time, and the reason
// is reported.
func TestUnreadOutputIsBounded(t *testing.T) {
	for _, batch := range []int{1, 10_000} {
		o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{})}})
		p := newPeer(t, o.Service)
		p.say(connect(), subscribe(0))
		pings := bytes.Repeat(encode(t, &packet.Pingreq{}), batch)
		answers := 0
		for i := 0; !p.c.Hungup() && i < 100_000; i++ {
			p.c.Receive(p.now, pings)
		}
		for _, line := range o.all {
			if strings.HasSuffix(line, "sent: PINGRESP") {
				answers++
			}
		}
		if n := 2 * answers; n < 64<<10 || n > 65<<10 || !strings.HasPrefix(o.named[0], "not-reading ") {
			t.Errorf("%d bytes, %q", n, o.named)
		}
		if out := p.c.AppendOutput(nil); len(out) > 0 {
			t.Errorf("%d bytes of output are kept", len(out))
		}
	}
}

// The same is true for delayed answers, each of which takes more memory than
// its bytes.
func TestDelayedOutputIsBounded(t *testing.T) {
	p := newPeer(t, newService(t, device(dpstest.Outcome{}, dpstest.Fault{At: dpstest.OnPing, Delay: 10})))
	p.say(connect())
	n := 0
	for ; !p.c.Hungup() && n < 10_000; n++ {
		p.say(&packet.Pingreq{})
	}
	if n != 257 { // each takes 2 bytes and an overhead of 256
		t.Errorf("%d answers wait, want 257", n)
	}
}

// An answer may have any size and may be repeated: a client is not disconnected
// if it sends the next packet before it has read the whole answer.
func TestLargeAnswers(t *testing.T) {
	payload := json.RawMessage(`"` + strings.Repeat("x", 100_000) + `"`)
	for name, f := range map[string]dpstest.Fault{"once": {Reversed: true}, "repeated": {Repeat: 20}, "late": {Delay: 5}, "late and repeated": {Delay: 5, Repeat: 20}} {
		f.At = dpstest.OnRegister
		p := newPeer(t, newService(t, device(dpstest.Outcome{AtOnce: true, Payload: payload}, f)))
		p.say(connect(), subscribe(0))
		p.c.Receive(start, encode(t, publish(registerT, 0, 0, ""), &packet.Pingreq{}, &packet.Pingreq{}))
		n := len(p.heard()) + len(p.say(&packet.Pingreq{})) // while delayed answers wait
		p.c.Advance(start.Add(5 * time.Second))
		if n += len(p.heard()); p.c.Hungup() || n != 4+f.Repeat {
			t.Errorf("%s: %d packets, hung up %t", name, n, p.c.Hungup())
		}
	}
}

// After a large answer has been read, the limit is 64 KiB again.
func TestLargeAnswersAreForgotten(t *testing.T) {
	p := newPeer(t, newService(t, device(dpstest.Outcome{AtOnce: true, Payload: json.RawMessage(`"` + strings.Repeat("x", 200_000) + `"`)})))
	p.say(connect(), subscribe(0), publish(registerT, 0, 0, ""))
	ping := encode(t, &packet.Pingreq{})
	n := 0
	for ; !p.c.Hungup() && n < 100_000; n++ {
		p.c.Receive(start, ping)
	}
	if n > 33_000 {
		t.Errorf("%d bytes wait, want at most 66,000", 2*n)
	}
}

// A client that does not release its messages with QoS 2 is disconnected.
func TestUnreleasedMessagesAreBounded(t *testing.T) {
	p := newPeer(t, newService(t, device(dpstest.Outcome{})))
	p.say(connect())
	n := uint16(0)
	for ; !p.c.Hungup() && n < 1000; n++ {
		p.say(publish("POST/x/?$rid=1", 2, n+1, ""))
	}
	if n != 65 {
		t.Errorf("%d messages, want 65", n)
	}
}

// Bytes that arrive after the end of a connection are not kept.
func TestBytesAfterTheEndAreNotKept(t *testing.T) {
	p := newPeer(t, newService(t))
	p.say(&packet.Pingreq{})
	before := heap()
	for range 100 {
		p.c.Receive(start, bytes.Repeat([]byte("x"), 100_000))
	}
	if grown := int64(heap()) - int64(before); grown > 1<<20 {
		t.Errorf("the memory in use grew by %d bytes", grown)
	}
	p.expect(p.heard(), true)
}

// heap returns the memory in use.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A connection keeps only a small part of a CONNECT, however long its fields
// are.
func TestConnectLeavesLittle(t *testing.T) {
	const n = 200
	long := strings.Repeat("x", 30_000)
	s := newService(t, device(dpstest.Outcome{}))
	hellos := map[string][]byte{
		"client ID": encode(t, connect(func(c *packet.Connect) {
			c.ClientID, c.Username = []byte(long), []byte(scope+"/registrations/"+long+"/api-version=2019-03-31")
		})),
		"api-version": encode(t, connect(func(c *packet.Connect) { c.Username = []byte(scope + "/registrations/dev-1/api-version=" + long) })),
		"user name":   encode(t, connect(func(c *packet.Connect) { c.Username = append(c.Username, "&"+long...) })),
		"password":    encode(t, connect(func(c *packet.Connect) { c.Password = []byte(long) })),
	}
	for name, hello := range hellos {
		before := heap()
		var all []*dpstest.Conn
		for range n {
			c := s.Open(start, nil)
			c.Receive(start, hello)
			all = append(all, c)
		}
		if grown := int64(heap()) - int64(before); grown > n*8<<10 {
			t.Errorf("%s: a connection takes %d bytes", name, grown/n)
		}
		for _, c := range all {
			c.Lost(start)
		}
	}
}

// A flood of registrations does not take more memory than those that are
// remembered.
func TestRegistrationsAreForgotten(t *testing.T) {
	s, err := dpstest.New(dpstest.Config{IDScope: scope, RegistrationsPerMinute: -1, Remember: 1000, Enrollments: []dpstest.Enrollment{{Group: "g", X509: true}}})
	if err != nil {
		t.Fatal(err)
	}
	flood := func(from, to int) {
		for i := from; i < to; i++ {
			id := fmt.Sprintf("device-%d", i)
			c := s.Open(start, certificate(id))
			c.Receive(start, encode(t, connect(func(c *packet.Connect) {
				c.ClientID, c.Username, c.Password = []byte(id), []byte(scope+"/registrations/"+id+"/api-version=2019-03-31"), nil
			}), publish(registerT, 0, 0, "")))
			c.Lost(start)
		}
	}
	flood(0, 4_000)
	before := heap()
	flood(4_000, 12_000)
	if grown := int64(heap()) - int64(before); grown > 1<<19 {
		t.Errorf("8,000 more registrations take %d more bytes", grown)
	}
	c := s.Open(start, certificate("device-11999"))
	c.Receive(start, encode(t, connect(func(c *packet.Connect) {
		c.ClientID, c.Username = []byte("device-11999"), []byte(scope+"/registrations/device-11999/api-version=2019-03-31")
	}), subscribe(0), publish(fmt.Sprintf("GET/iotdps-get-operationstatus/?$rid=1&operationId=4.%016x.00000000-0000-4000-8000-%012x", 12_000, 12_000), 0, 0, "")))
	if out := c.AppendOutput(nil); !bytes.Contains(out, []byte(`"status":"assigned"`)) {
		t.Errorf("a query for the last operation is answered with %q", out)
	}
}
