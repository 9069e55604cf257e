// Package transport dials and accepts connections that carry MQTT over TLS, or
// over WebSocket and TLS. Both are a [net.Conn] that stays usable after an
// expired read deadline, so that one loop can drive either.
package transport

import (
	"context"
	"crypto/tls"
	"net"

	"example.com/dps/fsm/registration"
)

// Path and Subprotocol are the path and the subprotocol that the service
// expects of a WebSocket.
const (
	Path        = registration.WebSocketPath
	Subprotocol = registration.WebSocketSubprotocol
)

// A Conn is a connection that provides the state of its TLS layer.
type Conn interface {
	net.Conn
	ConnectionState() tls.ConnectionState
}

// DialTLS connects to addr and completes the TLS handshake. It sends (SNI) and
// verifies the server name in cfg, or the host of addr if cfg has none.
func DialTLS(ctx context.Context, addr string, cfg *tls.Config) (Conn, error) {
	conn, err := (&tls.Dialer{Config: cfg}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return conn.(*tls.Conn), nil
}
