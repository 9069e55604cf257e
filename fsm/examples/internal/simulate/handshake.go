package simulate

import (
	"context"
	"crypto/tls"
	"errors"
	"os"
	"strings"
	"time"
)

// secure completes the TLS handshake and reads the first bytes after it into
// buf, because a client may not reject the server's certificate until then. It
// returns the number of these bytes, which is 0 if the client was silent for so
// long that the service must handle it. If the connection cannot be used,
// secure reports why and returns nil.
func (s *Server) secure(ctx context.Context, c *conn, buf []byte) (secure *tls.Conn, n int) {
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	c.SetDeadline(time.Now().Add(s.handshakeTimeout))
	secure = tls.Server(c, s.tls)
	if err := secure.Handshake(); err != nil {
		if ctx.Err() == nil {
			s.failed(c, err)
		}
		return nil, 0
	}
	c.secured.Store(true)
	n, err := secure.Read(buf)
	switch {
	case n > 0, errors.Is(err, os.ErrDeadlineExceeded):
		secure.SetDeadline(time.Time{})
		return secure, n
	case ctx.Err() == nil:
		s.untrusted(c, "after the handshake, before it sent anything", remoteAlert(err))
	}
	return nil, 0
}

// hasName reports whether a certificate of the server is valid for a name.
func (s *Server) hasName(name string) bool {
	for _, c := range s.tls.Certificates {
		if c.Leaf == nil || c.Leaf.VerifyHostname(name) == nil {
			return true
		}
	}
	return len(s.tls.Certificates) == 0
}

// names returns the names and addresses that the server's certificate is valid
// for.
func (s *Server) names() string {
	var all []string
	for _, c := range s.tls.Certificates {
		if c.Leaf != nil {
			all = append(all, c.Leaf.DNSNames...)
			for _, ip := range c.Leaf.IPAddresses {
				all = append(all, ip.String())
			}
		}
	}
	return strings.Join(all, ", ")
}

// mqtt serves MQTT over TLS.
func (s *Server) mqtt(ctx context.Context, c *conn) {
	buf := make([]byte, chunk)
	start := time.Now()
	secure, n := s.secure(ctx, c, buf)
	switch {
	case secure == nil:
	case isHTTP(buf[:n]):
		s.diagnose(c.RemoteAddr(), WebSocketMissing, "the client sent an HTTP request over TLS to the MQTT port; WebSocket has another port")
	default:
		if n > 0 {
			start = time.Now()
		}
		s.serve(ctx, secure, c, start, buf, n)
	}
}
