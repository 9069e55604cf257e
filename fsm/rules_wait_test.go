package fsm_test

import (
	"errors"
	"io"
	"strconv"
	"testing"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/packet"
	"github.com/google/go-cmp/cmp"
)

// The rules about long waits: those of a fleet above the service's quota, and those
// that are not spent connected.

func endless(c *fsm.Config) { c.Policy.Budget, c.Policy.MaxAttempts, c.Policy.KeepAlive = -1, -1, -1 }

// waits answers each request in the same way, n times, and returns the waits in seconds.
func waits(b *bench, n int, status int, properties, body string) (all []int) {
	b.connect()
	for rid := range n {
		began := b.now
		b.answer(status, strconv.Itoa(rid+1), properties, body)
		if b.m.Want() == fsm.Close {
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

func TestS8_ThrottledWaitsGrowWithTheTime(t *testing.T) {
	const never, half, full = 0, 0.5, 1
	for _, test := range []struct {
		status int
		after  string
		jitter float64
		want   []int
	}{
		{429, "&retry-after=60", never, []int{60, 60, 80, 133, 222, 370, 617, 1029, 1715, 2858, 4763, 7200, 7200}},
		{429, "&retry-after=60", half, []int{90, 90, 180, 360, 720, 1440, 2880, 5760, 10800, 10800, 10800, 10800, 10800}},
		{429, "&retry-after=60", full, []int{120, 160, 373, 871, 2033, 4743, 11066, 14400, 14400, 14400, 14400, 14400, 14400}},
		{429, "", never, []int{1, 2, 4, 8, 16, 32, 64, 100, 151, 252, 420, 701, 1168}},
		{503, "&retry-after=60", never, []int{60, 60, 60, 60, 60, 60, 64, 100, 100, 100, 100}},
		{503, "", full, []int{2, 4, 8, 16, 32, 64, 128, 200, 200, 200, 200}},
		{202, "&retry-after=60", full, []int{72, 72, 72, 72, 72, 72, 72, 72, 72, 72, 72}},
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

// What the service said last time does not count once it has taken a request, nor does
// a connection that is lost make the wait long.
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
	b.answer(429, "8", "", throttled)
	if d := b.sleepToDeadline(); d != time.Second {
		t.Errorf("waits %v after progress, want 1 s", d)
	}
}

// A wait of more than 4 minutes is spent disconnected. That is no failure, and no
// reason to forget the operation.
func TestLongWaitsAreSpentDisconnected(t *testing.T) {
	b := newBench(t, func(c *fsm.Config) { c.Policy.Budget, c.Policy.MaxAttempts, c.Policy.NoResume = -1, 1, true })
	b.connect()
	b.sent()
	for i, rid := range []string{"1", "2", "3"} {
		b.answer(202, rid, "&retry-after=241", assigning)
		b.want(fsm.Closing, fsm.Close)
		b.expect("PUBACK", "DISCONNECT")
		b.m.Lost(b.now.Add(time.Second), errors.New("closed as asked"))
		b.now = b.now.Add(time.Second)
		b.want(fsm.Idle, fsm.Dial)
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
		b.want(fsm.Polling, fsm.Exchange)
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
		b.want(fsm.Waiting, fsm.Exchange)
		b.answer(202, "1", "", assigning) // and nothing that comes makes a difference
		b.want(fsm.Waiting, fsm.Exchange)
	}
	b := newBench(t, func(c *fsm.Config) { c.Policy.StayConnected = 1 })
	b.connect()
	b.sent()
	b.answer(503, "1", "&retry-after=2", "")
	b.want(fsm.Closing, fsm.Close)
	b.m.Stop(b.now)
	b.expect("PUBACK", "DISCONNECT") // once
	b.ends(fsm.ErrStopped)
}

// Who dials before the wait is over is sent away again, once subscribed.
func TestALongWaitGoesOn(t *testing.T) {
	b := newBench(t, endless)
	b.connect()
	b.answer(429, "1", "&retry-after=300", throttled)
	b.m.Lost(b.now, nil)
	b.connect()
	b.want(fsm.Closing, fsm.Close)
	b.m.Lost(b.now, nil)
	if d := b.sleepToDeadline(); d != 300*time.Second {
		t.Errorf("dials after %v, want 300 s", d)
	}
	b.connect()
	b.want(fsm.Registering, fsm.Exchange)
}

func TestGivingUpSaysWhenToTryAgain(t *testing.T) {
	for _, limit := range []fsm.Policy{{Budget: 2 * time.Minute}, {Budget: -1, MaxAttempts: 1}} {
		b := newBench(t, func(c *fsm.Config) { c.Policy = limit })
		b.connect()
		b.answer(429, "1", "&retry-after=200", throttled)
		b.m.Lost(b.now, nil)
		var gaveUp *fsm.GiveUpError
		if _, err := b.m.Result(); !errors.As(err, &gaveUp) || gaveUp.Due.Sub(start) != 200*time.Second {
			t.Errorf("%v: due %v", err, gaveUp)
		}
	}
}
