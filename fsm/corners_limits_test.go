package fsm_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/packet"
)

// These tests are about times, sizes and the caller's mistakes.

// The device is never silent for longer than KeepAlive, even while it waits for
// a PINGRESP (MQTT-3.1.2-23). The machine gives up the connection
// RequestTimeout after the first unanswered PINGREQ.
func TestNeverSilentForLongerThanKeepAlive(t *testing.T) {
	const keepAlive = 5 * time.Second
	b := newBench(t, func(c *fsm.Config) { c.Policy.KeepAlive = keepAlive })
	b.connect()
	b.answer(202, "1", "&retry-after=200", assigning)
	b.sent()
	last, pinged := b.now, time.Time{}
	for b.m.Want() == fsm.WantExchange {
		b.sleepToDeadline()
		if b.now.Sub(last) > keepAlive {
			t.Fatalf("silent for %v", b.now.Sub(last))
		}
		if sent := b.sent(); len(sent) > 0 {
			last = b.now
			if pinged.IsZero() {
				pinged = b.now
			}
		}
	}
	if d := b.now.Sub(pinged); d != 30*time.Second {
		t.Errorf("given up %v after the first PINGREQ, want 30 s", d)
	}
}

func TestAPingrespIsForAllPingreqs(t *testing.T) {
	b := newBench(t, func(c *fsm.Config) { c.Policy.KeepAlive = 5 * time.Second })
	b.connect()
	b.answer(202, "1", "&retry-after=200", assigning)
	for range 12 {
		for range 5 { // 25 s
			b.sleepToDeadline()
			b.want(fsm.Waiting, fsm.WantExchange)
		}
		b.receive(&packet.Pingresp{})
		if b.now.Sub(start) > 170*time.Second {
			break
		}
	}
}

// The bytes after the last answer belong to the caller only with KeepSession,
// and they are then a copy.
func TestUnreadBytesAreACopyOrNone(t *testing.T) {
	for _, keep := range []bool{false, true} {
		b := newBench(t, func(c *fsm.Config) { c.Policy.KeepSession = keep })
		b.connect()
		in, _ := message("200/?$rid=1", assigned).AppendBinary(nil)
		in = append(in, "behind"...)
		b.m.Receive(b.now, in)
		for i := range in {
			in[i] = 'x' // the caller reuses the buffer
		}
		want := map[bool]string{false: "", true: "behind"}[keep]
		for range 2 {
			if got := string(b.m.AppendUnread([]byte("before "))); got != "before "+want {
				t.Errorf("keep %t, %v: unread %q, want %q", keep, b.m.State(), got, want)
			}
			b.m.Receive(b.now, []byte("what is the caller's already"))
			b.m.Lost(b.now, nil)
		}
		b.ends(nil)
	}
}

// At the end of the registration, half a packet is dropped.
func TestUnreadBytesOfAStoppedMachineAreNone(t *testing.T) {
	for name, end := range map[string]func(*bench){
		"stopped":      func(b *bench) { b.m.Stop(b.now) },
		"out of time":  func(b *bench) { b.sleep(time.Hour) },
		"lost for all": func(b *bench) { b.m.Lost(b.now, io.EOF) },
	} {
		b := newBench(t, func(c *fsm.Config) { c.Policy.KeepSession, c.Policy.MaxAttempts = true, 1 })
		b.connect()
		b.m.Receive(b.now, []byte{0x30, 100, 0, 1})
		for end(b); ; {
			if got := b.m.AppendUnread(nil); len(got) > 0 {
				t.Errorf("%s, %v: unread %x", name, b.m.State(), got)
			}
			if b.m.Want() != fsm.WantClose {
				break
			}
			b.m.Lost(b.now, nil)
		}
	}
}

// A last attempt is made near the end of the budget, and long waits within the
// budget are allowed.
func TestTheBudgetIsUsed(t *testing.T) {
	b := newBench(t, func(c *fsm.Config) { c.Policy.MaxAttempts = -1 })
	for b.m.Want() == fsm.WantDial {
		b.sleep(max(0, b.m.Deadline().Sub(b.now)))
		b.m.DialFailed(b.now, io.EOF)
	}
	err := b.ends(fsm.ErrTimeout)
	if d := b.now.Sub(start); d < 5*time.Minute || d > 6*time.Minute || !strings.Contains(err.Error(), fmt.Sprint("out of time after ", d)) {
		t.Errorf("gives up after %v of 6 min: %v", d, err)
	}
	b = newBench(t)
	b.connect()
	b.answer(202, "1", "&retry-after=300", assigning)
	b.m.Lost(b.now, nil)
	b.want(fsm.Idle, fsm.WantDial)
	b.sleepToDeadline()
	b.connect()
	b.want(fsm.Polling, fsm.WantExchange)
}

// The longer the retry-after is, the longer the wait is.
func TestWaitsGrowWithWhatIsAskedFor(t *testing.T) {
	for _, answer := range []struct {
		status int
		body   string
	}{{202, assigning}, {503, ""}, {429, throttled}} {
		last := time.Duration(0)
		for _, asked := range []string{"-99999999999999999999", "-1", "0", "0.5", "1", "2", "2.5", "3", "7", "7.0", "7.01", "250", "300", "301",
			"2147483647", "2147483648", "99999999999999999999", strings.Repeat("9", 300)} {
			b := newBench(t, endless, func(c *fsm.Config) { c.Policy.StayConnected = -1 })
			b.connect()
			b.answer(answer.status, "1", "&retry-after="+asked, answer.body)
			d := b.sleepToDeadline()
			if d < last {
				t.Errorf("%d with %.30s: waits %v, less than %v", answer.status, asked, d, last)
			}
			last = d
		}
		if last < 300*time.Second {
			t.Errorf("%d: the longest wait is %v", answer.status, last)
		}
	}
}

// Waits do not grow after an outage as they do after throttling.
func TestAnOutageIsNotMeasuredAsThrottling(t *testing.T) {
	b := newBench(t, endless)
	b.connect()
	b.answer(429, "1", "&retry-after=5", throttled)
	b.m.Lost(b.now, io.EOF)
	for b.now.Sub(start) < 6*time.Hour {
		b.sleep(max(0, b.m.Deadline().Sub(b.now)))
		b.m.DialFailed(b.now, io.EOF)
	}
	b.sleep(b.m.Deadline().Sub(b.now))
	b.connect()
	b.answer(429, "2", "&retry-after=5", throttled)
	if d := b.m.Deadline().Sub(b.now); d < 5*time.Second || d > 5*time.Minute {
		t.Errorf("waits %v", d)
	}
}

// Durations near the maximum do not overflow.
func TestLongestDurations(t *testing.T) {
	const longest = time.Duration(math.MaxInt64)
	for _, status := range []int{0, 202, 412, 429, 503} {
		for _, jitter := range []float64{0, 0.5, 1, math.Inf(1)} {
			b := newBench(t, func(c *fsm.Config) {
				c.Jitter = func() float64 { return jitter }
				c.Policy = fsm.Policy{
					Budget: -1, MaxAttempts: -1, KeepAlive: -1, StayConnected: -1, RetryAfter: longest, MinRetryAfter: longest / 2, MaxRetryAfter: longest,
					MinBackoff: longest / 2, MaxBackoff: longest, MaxThrottled: longest, RequestTimeout: 1 << 50, DialTimeout: longest,
				}
			})
			b.connect()
			if status == 0 {
				b.m.Lost(b.now, nil)
			} else {
				b.answer(status, "1", "&retry-after=99999999999999", map[int]string{202: assigning}[status])
			}
			if d := b.m.Deadline().Sub(b.now); d < time.Hour {
				t.Errorf("%d with jitter %v: waits %v", status, jitter, d)
			}
		}
	}
	b := newBench(t, func(c *fsm.Config) {
		c.Policy = fsm.Policy{Budget: longest, RequestTimeout: longest, DialTimeout: longest, KeepAlive: -1}
	})
	b.m.Dialing(b.now)
	b.want(fsm.Dialing, fsm.WantDial)
	b.connect()
	b.want(fsm.Registering, fsm.WantExchange)
}

// A password that cannot be right is a mistake of the caller and ends the
// registration.
func TestAWrongPasswordIsTheEnd(t *testing.T) {
	for _, test := range []struct {
		how  fsm.Attestation
		size int
	}{{fsm.SymmetricKey, 0}, {fsm.X509, 1}, {fsm.SymmetricKey, 65536}, {fsm.SymmetricKey, 200_000}, {fsm.X509, 65536}} {
		for _, announced := range []bool{false, true} {
			b := newBench(t, func(c *fsm.Config) { c.Attestation = test.how })
			if announced {
				b.m.Dialing(b.now)
			}
			err := b.m.Open(b.now, bytes.Repeat([]byte{'p'}, test.size))
			b.want(fsm.Finished, fsm.WantDone)
			b.expect()
			_, result := b.m.Result()
			if err == nil || result != err || !errors.Is(err, fsm.ErrPassword) || !errors.Is(err, fsm.ErrInvalid) || !strings.HasPrefix(err.Error(), "fsm: ") {
				t.Errorf("%v, %d bytes: Open returns %v, Result %v", test.how, test.size, err, result)
			}
			if strings.Contains(err.Error(), "pp") {
				t.Errorf("the password shows: %.200v", err)
			}
			b.m.Lost(b.now, nil) // this is allowed
			if _, again := b.m.Result(); again != result {
				t.Errorf("the result changes to %v", again)
			}
		}
	}
}

// A peer cannot fill the memory of a caller that does not take the output.
func TestOutputIsBounded(t *testing.T) {
	flood, _ := (&packet.Publish{Topic: []byte("a"), QoS: packet.QoS1, ID: 1}).AppendBinary(nil)
	if len(flood) != 7 {
		t.Fatal(len(flood))
	}
	all := bytes.Repeat(flood, 8_000_000/len(flood))
	for _, piece := range []int{len(all), 1 << 16, 1000} {
		longest := 0
		b := newBench(t, func(c *fsm.Config) { c.Policy.MaxAttempts = 1 })
		sent := 0
		b.m.Open(b.now, []byte(testToken))
		b.receive(&packet.Connack{}, &packet.Suback{ID: 1, ReturnCodes: []byte{1}})
		held := len(b.m.AppendOutput(nil)) // the flood begins with nothing to send
		for rest := all; len(rest) > 0 && b.m.Want() == fsm.WantExchange; rest = rest[min(piece, len(rest)):] {
			b.m.Receive(b.now, rest[:min(piece, len(rest))])
			sent += min(piece, len(rest))
			longest = max(longest, sent/7*4)
		}
		text := "output was not taken: 1048580 bytes, the limit is 1048576"
		if err := b.ends(fsm.ErrAttempts); !errors.Is(err, fsm.ErrBacklog) || held == 0 || !strings.HasSuffix(err.Error(), text) {
			t.Errorf("in pieces of %d: %v", piece, err)
		}
		if piece < len(all) && (longest < 1<<20 || longest > 1<<20+4*piece) {
			t.Errorf("in pieces of %d: ended with %d bytes of output", piece, longest)
		}
		b.expect()
	}
}

// The limit is 1 MiB: an output of that size is kept and sent in full.
func TestOutputUpToTheBoundIsSent(t *testing.T) {
	if testing.Short() {
		t.Skip("these are too many packets for the race detector")
	}
	for n, want := range map[int]fsm.Want{1 << 18: fsm.WantExchange, 1<<18 + 1: fsm.WantClose} {
		b := newBench(t)
		b.connect()
		b.sent()
		flood, _ := (&packet.Publish{Topic: []byte("a"), QoS: packet.QoS1, ID: 1}).AppendBinary(nil)
		b.m.Receive(b.now, bytes.Repeat(flood, n))
		if got := len(b.m.AppendOutput(nil)); b.m.Want() != want || want == fsm.WantExchange && got != 4*n {
			t.Errorf("%d PUBACKs: %v, %d bytes", n, b.m.Want(), got)
		}
	}
	b := newBench(t)
	b.connect()
	b.sent()
	flood, _ := (&packet.Publish{Topic: []byte("a"), QoS: packet.QoS1, ID: 1}).AppendBinary(nil)
	b.m.Receive(b.now, bytes.Repeat(flood, 1<<18))
	b.m.Stop(b.now)
	if got := len(b.m.AppendOutput(nil)); got != 1<<20+2 {
		t.Errorf("%d bytes with the DISCONNECT, want 1 MiB and 2", got)
	}
	b.ends(fsm.ErrStopped)
}

// A flood does not end the connection of a caller that takes the output.
func TestAFloodThatIsAnsweredIsHarmless(t *testing.T) {
	b := newBench(t)
	b.connect()
	flood, _ := (&packet.Publish{Topic: []byte("a"), QoS: packet.QoS2, ID: 1}).AppendBinary(nil)
	flood = bytes.Repeat(flood, 10_000)
	out := make([]byte, 0, 1<<16)
	for range 30 { // together more than the limit
		b.m.Receive(b.now, flood)
		out = b.m.AppendOutput(out[:0])
	}
	b.want(fsm.Registering, fsm.WantExchange)
}
