package main

import (
	"context"
	"errors"
	"net"
	"os"
	"time"

	"example.com/dps/fsm"
)

// writeTimeout is how long a peer may refuse to take what we send.
const writeTimeout = 10 * time.Second

// loop drives a registration to its end. There is no policy in it: how long to wait, when
// to dial again and when to give up is the machine's business.
//
// password makes a fresh SAS token for each connection, or nil for a device with a
// certificate. An error that no other attempt would get over ends the registration. When
// ctx ends, the machine is stopped and says goodbye.
func loop(ctx context.Context, m *fsm.Machine, dial func(context.Context) (net.Conn, error), password func() ([]byte, error)) {
	for m.Want() != fsm.WantDone {
		if !sleepUntil(ctx, m.Deadline()) {
			m.Stop(time.Now())
			return
		}
		conn, err := dial(ctx)
		switch {
		case err != nil && ctx.Err() != nil:
			m.Stop(time.Now())
		case hopeless(err):
			m.Abort(time.Now(), &fsm.StepError{State: fsm.Dialing, Err: err})
		case err != nil:
			m.DialFailed(time.Now(), err)
		default:
			err = exchange(ctx, m, conn, password)
			conn.Close()
			m.Lost(time.Now(), err)
		}
	}
}

// exchange drives the registration on one connection, until that is to be closed.
func exchange(ctx context.Context, m *fsm.Machine, conn net.Conn, password func() ([]byte, error)) error {
	// The end of ctx wakes up a read. What the loop did to the deadline meanwhile does
	// not matter, since it looks at ctx after that.
	defer context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Now()) })()

	secret, err := password()
	if err != nil {
		m.Abort(time.Now(), &fsm.StepError{State: fsm.Dialing, Err: err})
		return err
	}
	err = m.Open(time.Now(), secret)
	var in, out = make([]byte, 4<<10), []byte(nil)
	for err == nil {
		if out = m.AppendOutput(out[:0]); len(out) > 0 {
			conn.SetWriteDeadline(time.Now().Add(writeTimeout))
			if _, err = conn.Write(out); err != nil {
				break
			}
			clear(out) // the first one holds the password
		}
		if m.Want() != fsm.WantExchange {
			break
		}
		conn.SetReadDeadline(m.Deadline())
		if ctx.Err() != nil {
			m.Stop(time.Now())
			continue
		}
		n, rerr := conn.Read(in)
		m.Receive(time.Now(), in[:n]) // n == 0 just moves the clock
		if !errors.Is(rerr, os.ErrDeadlineExceeded) {
			err = rerr // an expired deadline is just time passing
		}
	}
	return err
}

// sleepUntil sleeps until t, not at all if t is zero. It returns false if ctx ended.
func sleepUntil(ctx context.Context, t time.Time) bool {
	if t.IsZero() {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(time.Until(t))
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
