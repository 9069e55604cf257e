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
	// chunk is the maximum number of bytes passed to the service at a time: if
	// they are packets of the smallest size, two bytes, they use up the burst
	// of a meter, but not more.
	chunk = 2 * burst / perPacket

	// crumb is that number for a client that has used so much that the longest
	// pause does not pay it off.
	crumb = 8

	// maxHeld is the maximum number of bytes of all incomplete packets
	// together. Above it, the sessions whose incomplete packets have more than
	// smallPacket bytes are closed, the oldest packet first.
	maxHeld     = 16 << 20
	smallPacket = 4 << 10
)

// A session is a connection that has reached the service. The server's mutex
// guards it.
type session struct {
	conn  transport.Conn
	under *conn
	link  *dpstest.Conn

	packets packets
	held    int       // bytes of an incomplete packet that are counted in Server.held
	since   time.Time // when the incomplete packet began
	heard   time.Time // when the last bytes were received
	lost    bool      // it was closed to make room
}

var errSilence = errors.New("the client was silent for too long")

// serve is the server's counterpart of the loop in package fsm. The first n
// bytes of buf have already been received; opened is when the connection began.
func (s *Server) serve(ctx context.Context, conn transport.Conn, under *conn, opened time.Time, buf []byte, n int) {
	defer under.Close()
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	now := time.Now()
	cert := s.certificate(conn, now)
	x := &session{conn: conn, under: under, heard: now}
	s.Do(func() {
		if ctx.Err() == nil {
			x.link = s.service.Open(opened, cert)
			under.session, s.sessions[x] = x, struct{}{}
		}
	})
	if x.link == nil {
		return // it had to leave, or the server stops
	}
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

// exchange serves a session until it ends. It returns nil if the service hung
// up.
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
				x.under.Close() // without the closing message of TLS, which would block as well
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

// step passes received bytes to the service and sets the deadline of the next
// read. The caller holds the lock, so that step does not undo the effect of
// wake. It returns the output, whether the service hangs up after it, and a
// session to close, if any.
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
		x.under.connected.Store(!x.link.Hungup())
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

// wake interrupts the reads of sessions that the service has hung up because
// their device connected again.
func (s *Server) wake(except *session, now time.Time) {
	for x := range s.sessions {
		if x != except && x.link.Hungup() {
			x.conn.SetReadDeadline(now)
		}
	}
}

// oldest returns the session whose incomplete packet began first, of those with
// more than smallPacket bytes, or nil. It no longer counts the packet.
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

// mistake returns the mistake because of which a session ended, if it is one.
func (s *Server) mistake(x *session, err error, now time.Time) (d dpstest.Diagnosis, text string) {
	switch {
	case x.lost:
		return HalfPacket, fmt.Sprintf("closed because memory is scarce: a large packet has been incomplete for %v", now.Sub(x.since).Round(time.Millisecond))
	case err == nil:
		return "", ""
	case errors.Is(err, errSilence):
		return dpstest.Silent, fmt.Sprintf("nothing arrived for %v, and the CONNECT turns the keep-alive off", maxSilence)
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
