package simulate

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"example.com/dps/fsm/dpstest"
)

// SetLimits makes limits smaller, so that a test reaches them.
func (s *Server) SetLimits(handshake, write time.Duration, maxHeld int) {
	s.handshakeTimeout, s.writeTimeout, s.maxHeld = handshake, write, maxHeld
}

// Held returns how many bytes of half packets there are.
func (s *Server) Held() (n int) {
	s.Do(func() { n = s.held })
	return n
}

// Handshake is what a connection does first, up to the certificate that the
// service learns.
func (s *Server) Handshake(accepted net.Conn) (*dpstest.Certificate, error) {
	c := newConn(accepted, s, func() {})
	s.enter(c)
	defer c.Close()
	secure := tls.Server(c, s.tls)
	if err := secure.Handshake(); err != nil {
		return nil, err
	}
	return s.certificate(secure, time.Now()), nil
}

// ServeConn serves one connection of MQTT over TLS.
func (s *Server) ServeConn(accepted net.Conn) {
	c := newConn(accepted, s, func() {})
	s.enter(c)
	s.mqtt(context.Background(), c)
}

// Connections returns how many connections there are.
func (s *Server) Connections() int {
	s.room.mu.Lock()
	defer s.room.mu.Unlock()
	return len(s.room.conns)
}
