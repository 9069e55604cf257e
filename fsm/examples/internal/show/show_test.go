package show_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/dps/fsm"
	"example.com/dps/fsm/examples/internal/show"
	"example.com/dps/packet"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// Each event is a line with the time, a body is laid out below it, and no password shows.
func TestEvents(t *testing.T) {
	var out strings.Builder
	p := show.New(&out, start)
	at := func(d time.Duration) time.Time { return start.Add(d) }
	p.Step(at(0), "dial %s", "host:8883")
	p.Event(fsm.Event{Time: at(10 * time.Millisecond), Kind: fsm.EventSent, Packet: &packet.Connect{
		ClientID: []byte("dev"), Username: []byte("user"), Password: []byte("secret")}})
	p.Event(fsm.Event{Time: at(time.Second), Kind: fsm.EventReceived, Packet: &packet.Publish{Topic: []byte("a/b"), Payload: []byte(`{"x":1}`)}})
	p.Event(fsm.Event{Time: at(time.Second), Kind: fsm.EventIgnored, Note: "another request's $rid"})
	p.Event(fsm.Event{Time: at(time.Second), Kind: fsm.EventWait, Until: at(3050 * time.Millisecond), Note: "the service asked for 2s"})
	p.Event(fsm.Event{Time: at(time.Minute), Kind: fsm.EventRetry, Until: at(61 * time.Second), Err: errors.New("fsm: polling: connection lost")})
	p.Hint("check\nthis")
	p.Event(fsm.Event{Time: at(time.Hour), Kind: fsm.EventEnd})
	want := `   0.00s   dial host:8883
   0.01s → CONNECT client="dev" user="user" password=*** clean=false keepalive=0s
   1.00s ← PUBLISH qos=0 topic="a/b" payload=7 bytes
           {"x":1}
   1.00s   ignored: another request's $rid
   1.00s   wait 2.05 s: the service asked for 2s
  60.00s   fsm: polling: connection lost; again in 1 s
           check
           this
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

// Nothing that a peer sends reaches the terminal as a command, and no body floods it.
func TestBodies(t *testing.T) {
	long := strings.Repeat("x", 5000)
	for _, c := range []struct{ body, want string }{
		{`{"a":1}`, `{"a":1}`},
		{`{"a":"` + long[:100] + `"}`, "{\n  \"a\": \"" + long[:100] + "\"\n}"},
		{long, long[:4096] + "… (904 bytes more)"},
		{"no JSON, but long enough to be laid out if it were: " + long[:100], "no JSON, but long enough to be laid out if it were: " + long[:100]},
		{"\x1b[2J\a\u009b1m\xff", "\ufffd[2J\ufffd\ufffd1m\ufffd"},
	} {
		if diff := cmp.Diff(c.want, show.Clean(show.Body([]byte(c.body)))); diff != "" {
			t.Error(diff)
		}
	}
}
