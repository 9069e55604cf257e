package main

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/fsm/dpstest"
)

// Ctrl-C ends a registration, and the service receives a DISCONNECT.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	together := &group{t: t}
	defer together.wait()
	for _, transport := range []string{"tls", "websocket"} {
		together.run(transport, func(t *testing.T) {
			d := newDesk(t, dpstest.Enrollment{RegistrationID: "dev", PrimaryKey: testKey, Outcome: dpstest.Outcome{RetryAfter: "100"}})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := make(chan outcome, 1)
			go func() {
				done <- tryIn(ctx, nil, d.flags(transport, "-registration-id", "dev", "-key", testKey, "-timeout", "10m")...)
			}()
			if !eventually(func() bool { return d.count("PUT/") == 1 }) {
				t.Error("the service received no registration")
			}
			cancel()
			got := within(t, done)
			if got.code != 3 || !strings.Contains(got.stdout, "→ DISCONNECT") || !strings.Contains(got.stderr, "stopped") {
				t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
			}
			if !eventually(func() bool { return d.count("DISCONNECT") == 1 }) {
				t.Error("the service received no DISCONNECT")
			}
		})
	}
}

// Ctrl-C ends a backoff of any length, and it ends a dial.
func TestInterruptWithoutConnection(t *testing.T) {
	t.Parallel()
	for name, wait := range map[string]func(ctx context.Context) error{
		"backoff": func(context.Context) error { return io.EOF },
		"dial":    func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			dials := 0
			m := newMachine(t, fsm.Policy{Budget: -1, MinBackoff: time.Hour, MaxBackoff: time.Hour}, func(e fsm.Event) {
				if e.Kind == fsm.EventRetry {
					cancel() // the backoff has begun
				}
			})
			done := make(chan bool, 1)
			go func() {
				loop(ctx, m, func(ctx context.Context) (net.Conn, error) {
					if dials++; name == "dial" {
						cancel()
					}
					return nil, wait(ctx)
				}, nil)
				done <- true
			}()
			within(t, done)
			if _, err := m.Result(); !errors.Is(err, fsm.ErrStopped) || dials != 1 {
				t.Errorf("%v after %d dials", err, dials)
			}
		})
	}
}

// A peer that does not read cannot block the device, because each write has a
// deadline.
func TestWritesHaveDeadlines(t *testing.T) {
	t.Parallel()
	m := newMachine(t, fsm.Policy{MaxAttempts: 1}, nil)
	ours, theirs := net.Pipe()
	defer theirs.Close()
	conn := &impatient{Conn: ours}
	loop(t.Context(), m, func(context.Context) (net.Conn, error) { return conn, nil },
		func() ([]byte, error) { return []byte("password"), nil })
	if conn.writes != 1 || conn.within <= 0 || conn.within > time.Minute {
		t.Errorf("%d writes, within %v", conn.writes, conn.within)
	}
	if _, err := m.Result(); !errors.Is(err, fsm.ErrLost) || !errors.Is(err, io.ErrShortWrite) {
		t.Error(err)
	}
}

// An impatient connection fails each write and records how long the write would
// have waited.
type impatient struct {
	net.Conn
	deadline time.Time
	within   time.Duration // 0 if there was no deadline
	writes   int
}

func (c *impatient) SetWriteDeadline(at time.Time) error {
	c.deadline = at
	return nil
}

func (c *impatient) Write([]byte) (int, error) {
	if c.writes++; !c.deadline.IsZero() {
		c.within = time.Until(c.deadline)
	}
	return 0, io.ErrShortWrite
}

func newMachine(t *testing.T, p fsm.Policy, trace func(fsm.Event)) *fsm.Machine {
	t.Helper()
	m, err := fsm.New(fsm.Config{IDScope: rogueScope, RegistrationID: "dev", Policy: p, Trace: trace})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// within returns the next value of c. It fails the test after a minute without
// one.
func within[T any](t *testing.T, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(time.Minute):
		t.Fatal("the registration did not end within a minute")
	}
	return v
}
