package simulate

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"example.com/dps/fsm/dpstest"
)

// SetLimits reduces limits so that a test can reach them.
func (s *Server) SetLimits(handshake, write time.Duration, maxHeld int) {
	s.handshakeTimeout, s.writeTimeout, s.maxHeld = handshake, write, maxHeld
}

// Held returns the number of bytes of all incomplete packets.
func (s *Server) Held() (n int) {
	s.Do(func() { n = s.held })
	return n
}

// Handshake performs a TLS handshake and returns what the service learns about
// the certificate of the client.
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

// ServeConn serves MQTT over TLS on one connection.
func (s *Server) ServeConn(accepted net.Conn) {
	c := newConn(accepted, s, func() {})
	s.enter(c)
	s.mqtt(context.Background(), c)
}

// Connections returns the number of connections.
func (s *Server) Connections() int {
	s.room.mu.Lock()
	defer s.room.mu.Unlock()
	return len(s.room.conns)
}
