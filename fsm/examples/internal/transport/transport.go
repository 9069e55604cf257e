// Package transport dials and accepts connections that carry MQTT: TLS, and WebSocket
// over TLS. Both come out as a [net.Conn] whose expired read deadline is just time
// passing, so that one loop drives either.
package transport

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"example.com/dps/fsm/registration"
)

// Path and Subprotocol are what the service expects of a WebSocket.
const (
	Path        = registration.WebSocketPath
	Subprotocol = registration.WebSocketSubprotocol
)

// A Conn is a connection with what TLS knows about its peer.
type Conn interface {
	net.Conn
	ConnectionState() tls.ConnectionState
}

// DialTLS connects to addr and finishes the TLS handshake. The server's name, which is
// sent (SNI) and verified, is the host of addr unless cfg has another.
func DialTLS(ctx context.Context, addr string, cfg *tls.Config) (Conn, error) {
	conn, err := (&tls.Dialer{Config: cfg}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return conn.(*tls.Conn), nil
}

// AcceptTLS finishes the TLS handshake on a connection that was accepted, within the
// time given. It leaves closing conn after an error to the caller.
func AcceptTLS(ctx context.Context, conn net.Conn, cfg *tls.Config, within time.Duration) (Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	secure := tls.Server(conn, cfg)
	return secure, secure.HandshakeContext(ctx)
}
