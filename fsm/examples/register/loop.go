package main

import (
	"context"
	"errors"
	"net"
	"os"
	"time"

	"example.com/dps/fsm"
)

// writeTimeout limits each write to a peer that does not read.
const writeTimeout = 10 * time.Second

// loop drives a registration to its end. It has no policy of its own: the
// machine decides how long to wait, when to dial again and when to give up.
//
// The password function returns a fresh SAS token for each connection, or nil
// for a device with a certificate. An error that another attempt cannot resolve
// ends the registration. When ctx ends, loop stops the machine, which sends a
// DISCONNECT.
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

// exchange drives the registration on one connection, until the connection must
// be closed.
func exchange(ctx context.Context, m *fsm.Machine, conn net.Conn, password func() ([]byte, error)) error {
	// The end of ctx interrupts a read. If the loop sets another deadline at
	// the same time, no harm is done, since the loop checks ctx after that.
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
			clear(out) // the first output contains the password
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
		m.Receive(time.Now(), in[:n]) // if n is 0, the machine only learns the time
		if !errors.Is(rerr, os.ErrDeadlineExceeded) {
			err = rerr // an expired deadline is not an error
		}
	}
	return err
}

// sleepUntil sleeps until t. If t is zero, it does not sleep. It reports
// whether ctx is still active.
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
