package dpstest

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/dps/packet"
	"example.com/dps/topic"
)

// A '%' that is not followed by two hex digits is kept.
func TestUnescape(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "a": "a", "%": "%", "%2": "%2", "%2f": "/", "a%41b": "aAb", "%2Fx%2f": "/x/", "%zz": "%zz", "%4z%41": "%4zA", "%%41": "%A", "a%4": "a%4",
	} {
		if got := unescape(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// Operations are found by their IDs, however many there have been.
func TestOperationIDs(t *testing.T) {
	s, err := New(Config{IDScope: "scope"})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []uint64{1, 1 << 60, math.MaxUint64} {
		op := &operation{id: operationID(n)}
		s.operations.put(n, op)
		if got := s.operation(op.id); got != op {
			t.Errorf("%q is not found", op.id)
		}
	}
}

// Without a Log, nothing is kept for the diagnoses, and without a Stale fault,
// the last answer is not kept.
func TestNothingIsNotedWithoutLog(t *testing.T) {
	s, err := New(Config{IDScope: "scope", Enrollments: []Enrollment{{RegistrationID: "x", X509: true}}})
	if err != nil {
		t.Fatal(err)
	}
	c := s.Open(time.Time{}, nil)
	for _, p := range []packet.Packet{
		&packet.Connect{CleanSession: true, ClientID: []byte("x"), Username: []byte("scope/registrations/x/api-version=2019-03-31")},
		&packet.Subscribe{ID: 1, Subscriptions: []packet.Subscription{{Filter: []byte(topic.ResponseFilter), QoS: 1}}},
		&packet.Publish{QoS: 1, ID: 1, Retain: true, Topic: []byte("$dps/registrations/PUT/iotdps-register/?$rid=1")},
	} {
		b, err := p.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		c.Receive(time.Time{}, b)
	}
	if c.Hungup() || c.requests != 1 || c.packetID != 1 || len(c.mistakes)+len(c.rids)+len(c.unacked) > 0 || c.last != nil {
		t.Errorf("%+v", c)
	}
}

// A retry-after that is a number of seconds has a duration.
func TestRetryAfterTimes(t *testing.T) {
	longest := topic.MaxRetryAfter / time.Second
	for text, want := range map[RetryAfter]time.Duration{
		"": -1, NoRetryAfter: -1, "soon": -1, "-1": -1, "1.5": -1, "a": -1, "18446744073709551616": -1, "18446744073709551615": -1,
		"0": 0, "7": 7 * time.Second, "10": 10 * time.Second, RetryAfter(strconv.FormatInt(int64(longest), 10)): topic.MaxRetryAfter, RetryAfter(strconv.FormatInt(int64(longest+1), 10)): -1,
	} {
		got, ok := text.duration()
		if ok != (want >= 0) || ok && got != want {
			t.Errorf("%q: %v, %t", text, got, ok)
		}
	}
}

// A connection that has ended does not keep any data.
func TestEndKeepsNothing(t *testing.T) {
	s, err := New(Config{IDScope: "scope", Log: func(Event) {}, Enrollments: []Enrollment{{RegistrationID: "x", X509: true, Faults: []Fault{{At: OnRegister, Stale: true}, {At: OnPing, Delay: 9}}}}})
	if err != nil {
		t.Fatal(err)
	}
	c := s.Open(time.Time{}, &Certificate{CommonName: "x"})
	var b []byte
	for _, p := range []packet.Packet{
		&packet.Connect{CleanSession: true, ClientID: []byte("x"), Username: []byte("scope/registrations/x/api-version=2019-03-31")},
		&packet.Subscribe{ID: 1, Subscriptions: []packet.Subscription{{Filter: []byte(topic.ResponseFilter), QoS: 1}}},
		&packet.Publish{QoS: 2, ID: 1, Retain: true, Topic: []byte("$dps/registrations/PUT/iotdps-register/?$rid=1")},
		&packet.Pingreq{}, &packet.Pingreq{},
	} {
		if b, err = p.AppendBinary(b); err != nil {
			t.Fatal(err)
		}
	}
	c.Receive(time.Time{}, b[:len(b)-1])
	empty := func() []bool {
		return []bool{c.in.Buffered() == 0, c.later == nil, c.held == 0, c.unreleased == nil, c.last == nil, c.rids == nil, c.unacked == nil, c.mistakes == nil,
			c.current == nil, c.out == nil, s.live["x"] == nil}
	}
	before := empty()
	c.Lost(time.Time{})
	for i, now := range empty() {
		if before[i] || !now {
			t.Errorf("field %d: empty before the end: %t, after it: %t", i, before[i], now)
		}
	}
}

// hasPlus finds a '+' in the signature, wherever the signature is in the
// password.
func TestHasPlus(t *testing.T) {
	for password, want := range map[string]bool{"": false, "sig=": false, "sig=+": true, "x sig=a+&se=1": true, "sr=+&sig=a&se=+": false, "sr=x sig=b+ y": true} {
		if got := hasPlus([]byte(password)); got != want {
			t.Errorf("%q: %t", password, got)
		}
	}
}

// 65,536 operations and devices are remembered by default.
func TestRemember(t *testing.T) {
	for choice, want := range map[int]int{0: 65_536, 7: 7} {
		s, err := New(Config{IDScope: "scope", Remember: choice})
		if err != nil {
			t.Fatal(err)
		}
		if s.operations.min != want || s.devices.min != want {
			t.Errorf("%d: %d and %d", choice, s.operations.min, s.devices.min)
		}
	}
}

// An answer that a topic cannot contain is not sent in reversed order either.
func TestUnsendableReversed(t *testing.T) {
	s, err := New(Config{IDScope: "scope"})
	if err != nil {
		t.Fatal(err)
	}
	c := s.Open(time.Time{}, nil)
	if got := c.messages(&Fault{Reversed: true}, answer{status: 99}, []byte("1")); got != nil || !c.Hungup() {
		t.Errorf("%v", got)
	}
}

// Delayed output no longer counts once it has been sent.
func TestSentIsNotHeld(t *testing.T) {
	s, err := New(Config{IDScope: "scope"})
	if err != nil {
		t.Fatal(err)
	}
	c := s.Open(time.Time{}, nil)
	for range 3 {
		c.send(&packet.Pingresp{}, time.Second)
	}
	before := c.held
	c.Advance(time.Time{}.Add(time.Second))
	if before != 3*(2+overhead) || c.held != 0 || len(c.later) != 0 || len(c.out) != 6 {
		t.Errorf("%d, then %d, %d and %d", before, c.held, len(c.later), len(c.out))
	}
}

// clear removes all entries, old and young.
func TestRecentIsCleared(t *testing.T) {
	r := recent[int, int]{min: 2}
	for i := range 3 {
		r.put(i, i)
	}
	r.clear()
	for i := range 3 {
		if _, ok := r.get(i); ok {
			t.Errorf("entry %d is still there", i)
		}
	}
}

// A connection ends once, even if two answers in a row cannot be sent.
func TestTheEndComesOnce(t *testing.T) {
	closed := 0
	s, err := New(Config{IDScope: "scope", Log: func(e Event) {
		if e.Kind == EventClosed {
			closed++
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	c := s.Open(time.Time{}, nil)
	for range 2 {
		c.send(&packet.Publish{QoS: 3, Topic: []byte("t")}, 0)
	}
	if closed != 1 {
		t.Errorf("it ended %d times", closed)
	}
}

// A Link cuts data into pieces of the size in its field Chunk.
func TestChunks(t *testing.T) {
	for chunk, want := range map[int]string{0: "abcdefg", 1: "a b c d e f g", 3: "abc def g", 7: "abcdefg", 9: "abcdefg"} {
		r := run{Link: Link{Chunk: chunk}}
		n := r.post([]byte("abcdefg"), true)
		var got []string
		for _, p := range r.flight {
			got = append(got, string(p.bytes))
		}
		if strings.Join(got, " ") != want || n != 7 {
			t.Errorf("%d: %q, %d bytes", chunk, got, n)
		}
	}
}
