package simulate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/transport"
)

const (
	// chunk is how many bytes the service gets at once: the smallest packets in it, which
	// have two bytes, use up the burst of a meter and not more.
	chunk = 2 * burst / perPacket

	// crumb is how many it gets at once of a client that has used so much that the longest
	// pause does not make up for it.
	crumb = 8

	// maxHeld is how many bytes all half packets together may have; above that, those
	// that began first, and have more than smallPacket, are given up.
	maxHeld     = 16 << 20
	smallPacket = 4 << 10
)

// A session is a connection that has reached the service. The server's mutex guards it.
type session struct {
	conn  transport.Conn
	under *conn
	link  *dpstest.Conn

	packets packets
	held    int       // bytes of a half packet, as far as the server has counted them
	since   time.Time // when it began
	heard   time.Time // when the last bytes came
	lost    bool      // it was closed to make room
}

var errSilence = errors.New("the client was silent for too long")

// serve is the loop of package fsm, seen from the other side. n bytes have come already
// and are in buf; opened is when the connection began.
func (s *Server) serve(ctx context.Context, conn transport.Conn, under *conn, opened time.Time, buf []byte, n int) {
	defer under.Close()
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	now := time.Now()
	cert := s.certificate(conn, now)
	x := &session{conn: conn, under: under, heard: now}
	s.Do(func() {
		x.link = s.service.Open(opened, cert)
		s.sessions[x] = struct{}{}
	})
	err := s.exchange(x, buf, n)
	s.Do(func() {
		if now := time.Now(); ctx.Err() == nil {
			if d, text := s.mistake(x, err, now); d != "" {
				x.link.Reject(now, d, clean(text))
			}
		}
		x.link.Lost(time.Now())
		delete(s.sessions, x)
		s.held -= x.held
	})
}

// exchange returns why the connection ended; nil if the service hung up.
func (s *Server) exchange(x *session, buf []byte, n int) error {
	var out []byte
	for {
		var hungup bool
		var victim *session
		now := time.Now()
		if s.Do(func() { out, hungup, victim = s.step(x, now, buf[:n], out[:0]) }); victim != nil {
			victim.under.Close()
		}
		if len(out) > 0 {
			x.conn.SetWriteDeadline(time.Now().Add(s.writeTimeout))
			if _, err := x.conn.Write(out); err != nil {
				x.under.Close() // without the last words of TLS, which would wait as well
				return fmt.Errorf("write: %w", err)
			}
			if cap(out) > 2<<10 {
				out = nil
			}
		}
		if hungup {
			return nil
		}
		if err := x.under.pause(); err != nil {
			return err
		}
		var err error
		n, err = x.conn.Read(buf[:x.under.portion()])
		switch now := time.Now(); {
		case n > 0:
			x.heard = now
		case err != nil && !errors.Is(err, os.ErrDeadlineExceeded):
			return err
		case now.Sub(x.heard) > maxSilence:
			return errSilence
		}
	}
}

// step hands in what came to the service, and sets the deadline of the next read: within
// the lock, so that wake is not overruled. It returns what is to be sent, whether the
// service hangs up then, and a session to be given up, if any.
func (s *Server) step(x *session, now time.Time, in, out []byte) (_ []byte, hungup bool, victim *session) {
	ended, connect := x.packets.scan(in)
	x.under.meter.charge(now, perRead+ended*perPacket)
	if ended > 0 || x.held == 0 {
		x.since = now
	}
	if !x.lost {
		s.held += x.packets.held - x.held
		x.held = x.packets.held
	}
	x.link.Receive(now, in)
	if connect {
		s.wake(x, now)
	}
	if s.held > s.maxHeld {
		victim = s.oldest()
	}
	deadline := x.link.Deadline()
	if silence := x.heard.Add(maxSilence + time.Second); deadline.IsZero() || silence.Before(deadline) {
		deadline = silence
	}
	hungup = x.link.Hungup()
	if !hungup {
		x.conn.SetReadDeadline(deadline)
	}
	return x.link.AppendOutput(out), hungup, victim
}

// wake makes the sessions that the service has hung up, since their device connected
// again, look at it.
func (s *Server) wake(except *session, now time.Time) {
	for x := range s.sessions {
		if x != except && x.link.Hungup() {
			x.conn.SetReadDeadline(now)
		}
	}
}

// oldest takes out the session whose half packet began first, if there is a large one.
func (s *Server) oldest() *session {
	var victim *session
	for x := range s.sessions {
		if x.held > smallPacket && (victim == nil || x.since.Before(victim.since)) {
			victim = x
		}
	}
	if victim != nil {
		s.held -= victim.held
		victim.held, victim.lost = 0, true
	}
	return victim
}

// mistake names the mistake for which a session ended with an error, if it is one.
func (s *Server) mistake(x *session, err error, now time.Time) (d dpstest.Diagnosis, text string) {
	switch {
	case x.lost:
		return HalfPacket, fmt.Sprintf("closed, since memory is short: a large packet has not come whole for %v", now.Sub(x.since).Round(time.Millisecond))
	case err == nil:
		return "", ""
	case errors.Is(err, errSilence):
		return dpstest.Silent, fmt.Sprintf("nothing arrived for %v, without a keep alive in the CONNECT", maxSilence)
	case isTimeout(err):
		return dpstest.NotReading, fmt.Sprintf("the client did not read for %v", s.writeTimeout)
	case isFrameError(err):
		return WebSocketFrame, err.Error()
	}
	return "", ""
}

// isTimeout reports whether a write timed out.
func isTimeout(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
}
