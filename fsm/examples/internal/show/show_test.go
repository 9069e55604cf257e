package show_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"example.com/dps/fsm"
	"example.com/dps/fsm/examples/internal/show"
	"example.com/dps/packet"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// Each event is printed as a line with the time, followed by the indented body
// of the message, and no password is shown.
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

// Bytes that a peer sends do not reach the terminal as commands, and a long
// body is truncated.
func TestBodies(t *testing.T) {
	long := strings.Repeat("x", 5000)
	for _, c := range []struct{ body, want string }{
		{`{"a":1}`, `{"a":1}`},
		{`{"a":"` + long[:100] + `"}`, "{\n  \"a\": \"" + long[:100] + "\"\n}"},
		{long, long[:4096] + "… (904 more bytes)"},
		{"not JSON, but long enough to be indented if it were: " + long[:100], "not JSON, but long enough to be indented if it were: " + long[:100]},
		{"\x1b[2J\a\u009b1m\xff", "\ufffd[2J\ufffd\ufffd1m\ufffd"},
	} {
		if diff := cmp.Diff(c.want, show.Clean(show.Body([]byte(c.body)))); diff != "" {
			t.Error(diff)
		}
	}
}

// Seconds returns at most two decimals for any duration.
func TestSeconds(t *testing.T) {
	for ms := time.Duration(0); ms < 20_000; ms++ {
		hundredths := (ms + 5) / 10
		want := fmt.Sprintf("%d.%02d", hundredths/100, hundredths%100)
		want = strings.TrimSuffix(strings.TrimRight(want, "0"), ".") + " s"
		if got := show.Seconds(ms * time.Millisecond); got != want {
			t.Errorf("%d ms: want %s, got %s", ms, want, got)
		}
	}
	for d, want := range map[time.Duration]string{-time.Second: "0 s", 100 * time.Second: "100 s", 3*time.Second + 469999999: "3.47 s", 5*time.Hour + 20*time.Millisecond: "18000.02 s"} {
		if got := show.Seconds(d); got != want {
			t.Errorf("%v: want %s, got %s", d, want, got)
		}
	}
}

// The error of a registration reports both how long it took and what the limit
// was.
func TestErrors(t *testing.T) {
	const limit = 6 * time.Second
	lost := &fsm.StepError{State: fsm.Polling, Err: fsm.ErrLost}
	for _, c := range []struct {
		err  error
		want string
	}{
		{fsm.ErrStopped, "registration: stopped"},
		{&fsm.ConnectError{ReturnCode: 5}, "fsm: connection refused by the service: not authorized (CONNACK 5)"},
		{&fsm.GiveUpError{Reason: fsm.ErrTimeout, State: fsm.Registering, Elapsed: 15 * time.Millisecond, Wait: 30 * time.Second},
			"gave up after 0.02 s while registering: the next attempt would come in 30 s, after the limit of 6 s"},
		{&fsm.GiveUpError{Reason: fsm.ErrTimeout, State: fsm.Idle, Elapsed: 4600 * time.Millisecond, Wait: 3470 * time.Millisecond, Attempts: 4, Last: lost},
			"gave up after 4.6 s: the next attempt would come in 3.47 s, after the limit of 6 s; failures: 4, the last one: polling: connection lost"},
		{&fsm.GiveUpError{Reason: fsm.ErrTimeout, State: fsm.Polling, Elapsed: limit}, "gave up after 6 s while polling: the limit is 6 s"},
		{&fsm.GiveUpError{Reason: fsm.ErrAttempts, State: fsm.Idle, Elapsed: time.Second, Wait: time.Second, Attempts: 10, Last: lost},
			"gave up after 1 s: too many failures; failures: 10, the last one: polling: connection lost"},
	} {
		if diff := cmp.Diff(c.want, show.Error(c.err, limit)); diff != "" {
			t.Error(diff)
		}
	}
}

// Clean keeps printable characters and newlines. It replaces control
// characters, bidirectional overrides, other format characters, and unassigned
// characters.
func TestClean(t *testing.T) {
	for _, r := range "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\u200b\u2060\ufeff\u00ad\x1b\r\t\x00\u009b\u2028\u2029\U000e0041" {
		if got := show.Clean("a" + string(r) + "b"); got != "a\ufffdb" {
			t.Errorf("%U: %q", r, got)
		}
	}
	// An unassigned rune is replaced, too.
	harmful := []*unicode.RangeTable{unicode.C, unicode.Zl, unicode.Zp} // C: control, format, private use, surrogates
	for r := rune(0); r < 0x20000; r++ {
		want := string(r) // U+FFFD for a surrogate
		if unicode.In(r, harmful...) && r != '\n' {
			want = "\ufffd"
		}
		if got := show.Clean(string(r)); got != want && (got != "\ufffd" || r < 0x7f) {
			t.Errorf("%U: %q", r, got)
		}
	}
	const text = "Ünïcödé 日本語 — \"quoted\"\nsecond line: עברית"
	if diff := cmp.Diff(text, show.Clean(text)); diff != "" {
		t.Error(diff)
	}
}
