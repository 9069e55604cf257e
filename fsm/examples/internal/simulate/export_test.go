package simulate

import (
	"crypto/tls"
	"net"
	"time"

	"example.com/dps/fsm/dpstest"
)

// Handshake is what a connection does first, up to the certificate that the service learns.
func (s *Server) Handshake(accepted net.Conn) (*dpstest.Certificate, error) {
	c := newConn(accepted, s)
	s.slots <- struct{}{}
	defer c.Close()
	secure := tls.Server(c, s.tls)
	if err := secure.Handshake(); err != nil {
		return nil, err
	}
	return s.certificate(secure, time.Now()), nil
}
