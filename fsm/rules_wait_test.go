package fsm_test

import (
	"errors"
	"io"
	"slices"
	"strconv"
	"testing"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/packet"
	"github.com/google/go-cmp/cmp"
)

// These tests are about the rules for long waits: those of a fleet above the
// quota of the service, and those without a connection.

func endless(c *fsm.Config) { c.Policy.Budget, c.Policy.MaxAttempts, c.Policy.KeepAlive = -1, -1, -1 }

// waits gives the same answer to n requests and returns the waits in seconds.
func waits(b *bench, n int, status int, properties, body string) (all []int) {
	b.connect()
	for rid := range n {
		began := b.now
		b.answer(status, strconv.Itoa(rid+1), properties, body)
		if b.m.Want() == fsm.WantClose {
			b.m.Lost(b.now, nil)
			b.sleepToDeadline()
			b.connect()
		} else {
			b.sleepToDeadline()
		}
		all = append(all, int(b.now.Sub(began).Round(time.Second).Seconds()))
	}
	return all
}

// The tests of package registration check how the waits after 429 grow. This
// test checks that a machine obeys them.
func TestS8_ThrottledWaitsGrowWithTheTime(t *testing.T) {
	for _, jitter := range []float64{0, 0.5, 1} {
		b := newBench(t, endless, func(c *fsm.Config) { c.Jitter = func() float64 { return jitter } })
		all := waits(b, 16, 429, "&retry-after=60", throttled)
		if all[0] < 60 || all[15] < 3600 || all[15] > 4*3600 || !slices.IsSorted(all) {
			t.Errorf("jitter %v: waits %v", jitter, all)
		}
	}
}

func TestS8_OtherWaitsDoNotGrowBeyondTheirMaximum(t *testing.T) {
	for _, test := range []struct {
		status int
		after  string
		jitter float64
		want   []int
	}{
		{503, "&retry-after=60", 0, []int{60, 60, 60, 60, 60, 60, 64, 100, 100, 100, 100}},
		{503, "", 0, []int{5, 5, 5, 8, 16, 32, 64, 100, 100, 100, 100}},
		{503, "", 1, []int{10, 10, 10, 16, 32, 64, 128, 200, 200, 200, 200}},
		{202, "&retry-after=60", 1, []int{72, 72, 72, 72, 72, 72, 72, 72, 72, 72, 72}},
	} {
		b := newBench(t, endless, func(c *fsm.Config) { c.Jitter = func() float64 { return test.jitter } })
		body := throttled
		if test.status == 202 {
			body = assigning
		}
		if diff := cmp.Diff(test.want, waits(b, len(test.want), test.status, test.after, body)); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", test, diff)
		}
	}
}

// An earlier retry-after does not count after the service has accepted a
// request, and a lost connection does not lead to a long wait.
func TestS8_ThrottledWaitsBeginAnew(t *testing.T) {
	b := newBench(t, endless)
	waits(b, 5, 429, "&retry-after=60", throttled)
	b.m.Lost(b.now, io.EOF)
	if d := b.sleepToDeadline(); d != 32*time.Second {
		t.Errorf("dials after %v, want 32 s", d)
	}
	b.connect()
	b.answer(202, "7", "", assigning)
	b.sleepToDeadline()
	b.answer(202, "8", "", assigning)
	b.sleepToDeadline()
	b.answer(429, "9", "", throttled)
	if d := b.sleepToDeadline(); d != time.Second {
		t.Errorf("waits %v after progress, want 1 s", d)
	}
}

// The machine disconnects for a wait of more than 4 minutes. This is not a
// failure, and the operation is kept.
func TestLongWaitsAreSpentDisconnected(t *testing.T) {
	b := newBench(t, func(c *fsm.Config) { c.Policy.Budget, c.Policy.MaxAttempts, c.Policy.NoResume = -1, 1, true })
	b.connect()
	b.sent()
	for i, rid := range []string{"1", "2", "3"} {
		b.answer(202, rid, "&retry-after=241", assigning)
		b.want(fsm.Closing, fsm.WantClose)
		b.expect("PUBACK", "DISCONNECT")
		b.m.Lost(b.now.Add(time.Second), errors.New("closed as asked"))
		b.now = b.now.Add(time.Second)
		b.want(fsm.Idle, fsm.WantDial)
		if d := b.sleepToDeadline(); d != 240*time.Second {
			t.Errorf("dials after another %v, want 240 s", d)
		}
		password := strconv.Itoa(i)
		if err := b.m.Open(b.now, []byte(password)); err != nil {
			t.Fatal(err)
		}
		if p := b.expect("CONNECT")[0].(*packet.Connect); string(p.Password) != password {
			t.Errorf("password %q, want a fresh one", []byte(p.Password))
		}
		b.receive(&packet.Connack{}, &packet.Suback{ID: 1, ReturnCodes: []byte{1}})
		b.want(fsm.Polling, fsm.WantExchange)
		b.expect("SUBSCRIBE", "PUBLISH")
	}
	b.answer(200, "4", "", assigned)
	b.ends(nil)
}

func TestWaitsAreSpentConnected(t *testing.T) {
	for stay, asked := range map[time.Duration]string{0: "240", -1: "300", 5 * time.Minute: "300"} {
		b := newBench(t, endless, func(c *fsm.Config) { c.Policy.StayConnected = stay })
		b.connect()
		b.answer(202, "1", "&retry-after="+asked, assigning)
		b.want(fsm.Waiting, fsm.WantExchange)
		b.answer(202, "1", "", assigning) // later input has no effect
		b.want(fsm.Waiting, fsm.WantExchange)
	}
	b := newBench(t, func(c *fsm.Config) { c.Policy.StayConnected = 1 })
	b.connect()
	b.sent()
	b.answer(503, "1", "&retry-after=2", "")
	b.want(fsm.Closing, fsm.WantClose)
	b.m.Stop(b.now)
	b.expect("PUBACK", "DISCONNECT") // once
	b.ends(fsm.ErrStopped)
}

// If the caller dials before the wait is over, the machine disconnects again
// after subscribing.
func TestALongWaitGoesOn(t *testing.T) {
	b := newBench(t, endless)
	b.connect()
	b.answer(429, "1", "&retry-after=300", throttled)
	b.m.Lost(b.now, nil)
	b.connect()
	b.want(fsm.Closing, fsm.WantClose)
	b.m.Lost(b.now, nil)
	if d := b.sleepToDeadline(); d != 300*time.Second {
		t.Errorf("dials after %v, want 300 s", d)
	}
	b.connect()
	b.want(fsm.Registering, fsm.WantExchange)
}

func TestGivingUpSaysWhenToTryAgain(t *testing.T) {
	for _, limit := range []fsm.Policy{{Budget: 2 * time.Minute}, {Budget: -1, MaxAttempts: 1}} {
		b := newBench(t, func(c *fsm.Config) { c.Policy = limit })
		b.connect()
		b.answer(429, "1", "&retry-after=200", throttled)
		b.m.Lost(b.now, nil)
		var gaveUp *fsm.GiveUpError
		if _, err := b.m.Result(); !errors.As(err, &gaveUp) || gaveUp.Wait != 200*time.Second {
			t.Errorf("%v: %v", err, gaveUp)
		}
	}
}
