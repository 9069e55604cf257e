// Package simulate serves the simulated service of package dpstest on real
// listeners, over TLS and over WebSocket over TLS.
//
// A client that sends nothing, reads nothing, or sends invalid data does not
// affect other clients. Its connection uses one or two goroutines and about 40
// KiB until a timeout ends it: see the constants of this package. If there are
// MaxConns connections, a new one takes the place of a client that floods the
// server or has not connected yet. Only clients that have connected and behave
// can lock others out.
package simulate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"example.com/dps/fsm/dpstest"
)

const (
	handshakeLimit = 32 << 10 // bytes that a client may send in the TLS handshake

	// maxSilence is how long a connection may be silent if its client has
	// turned off the keep-alive of MQTT. It is longer than any wait between
	// requests that the service asks for.
	maxSilence = 10 * time.Minute
)

// MaxConns is the default maximum number of connections.
const MaxConns = 2000

// Options configures a [Server].
type Options struct {
	Service *dpstest.Service

	// TLS holds the certificate of the server. The server itself sets what it
	// requires from clients: at least TLS 1.2, and a certificate if they have
	// one.
	TLS *tls.Config

	// ClientCAs are the authorities of client certificates. A client
	// certificate that is not signed by one of them is Untrusted. If nil, every
	// certificate is trusted.
	ClientCAs *x509.CertPool

	// MaxConns is the maximum number of connections at the same time. A further
	// connection takes the place of the oldest one of a client that sends too
	// much, or else of the oldest one without an accepted CONNECT. If there is
	// neither, the new connection is closed immediately. If 0, it is the
	// constant MaxConns.
	MaxConns int

	// CAFile is the name of the file with the authority of the server's
	// certificate. It is shown if a client does not trust the certificate.
	CAFile string

	// Log, if not nil, is called with events that happen before a connection
	// reaches the service: an EventDiagnosis or EventClosed without a
	// connection number. Calls may be concurrent, and may happen while the
	// service is in use.
	Log func(dpstest.Event)
}

// A Server serves one simulated service on any number of listeners.
type Server struct {
	tls     *tls.Config
	clients *x509.CertPool
	room    room
	caFile  string
	log     func(dpstest.Event)

	handshakeTimeout time.Duration // for TLS, and for the HTTP request of a WebSocket
	writeTimeout     time.Duration // for a client that does not read
	maxHeld          int           // see the constant maxHeld

	mu       sync.Mutex // held while the service is called, but never while blocking
	service  *dpstest.Service
	sessions map[*session]struct{}
	held     int // bytes of incomplete packets, of all sessions
}

// New returns a server.
func New(o Options) *Server {
	s := &Server{
		service: o.Service, tls: o.TLS.Clone(), clients: o.ClientCAs, caFile: o.CAFile, log: o.Log,
		handshakeTimeout: 10 * time.Second, writeTimeout: 10 * time.Second, maxHeld: maxHeld, sessions: map[*session]struct{}{},
	}
	if o.MaxConns == 0 {
		o.MaxConns = MaxConns
	}
	s.room = room{max: o.MaxConns, conns: map[*conn]struct{}{}}
	s.tls.MinVersion = max(s.tls.MinVersion, tls.VersionTLS12)
	s.tls.ClientAuth = tls.RequestClientCert // the service checks it, so that each mistake is diagnosed
	s.tls.NextProtos = nil                   // no HTTP/2; clients that offer other protocols are not refused
	s.tls.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		hello.Conn.(*conn).note(hello, s.tls)
		return nil, nil
	}
	return s
}

// Do calls f while nothing else uses the service. f must not block.
func (s *Server) Do(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// ServeTLS serves MQTT over TLS until ctx ends, and closes the listener.
func (s *Server) ServeTLS(ctx context.Context, l net.Listener) error {
	return s.accept(ctx, l, s.mqtt)
}

// ServeWebSocket serves MQTT over WebSocket over TLS until ctx ends, on any
// path, and closes the listener.
func (s *Server) ServeWebSocket(ctx context.Context, l net.Listener) error {
	return s.accept(ctx, l, s.webSocket)
}

// accept calls serve for each connection. It returns when all of these calls
// have returned.
func (s *Server) accept(ctx context.Context, l net.Listener, serve func(context.Context, *conn)) error {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	var all sync.WaitGroup
	defer all.Wait()
	defer l.Close()
	for {
		accepted, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				accepted.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil: // such as too many open files, which is temporary
			s.event(dpstest.Event{Kind: dpstest.EventClosed, Text: fmt.Sprintf("accept: %v", err)})
			time.Sleep(100 * time.Millisecond)
			continue
		}
		life, cancel := context.WithCancel(ctx)
		c := newConn(accepted, s, cancel)
		s.enter(c)
		all.Add(1)
		go func() {
			defer all.Done()
			defer c.Close()
			defer cancel()
			serve(life, c)
		}()
	}
}

// enter lets a connection into the room, and closes the one that must leave for
// it, if any.
func (s *Server) enter(c *conn) {
	loser := s.room.enter(c)
	if loser == nil {
		return
	}
	text := fmt.Sprintf("closed to make room for another connection: there are already %d", s.room.max)
	if loser == c {
		text = fmt.Sprintf("closed immediately: there are already %d connections", s.room.max)
	}
	var x *session
	if s.Do(func() {
		if x = loser.session; x != nil {
			x.link.Reject(time.Now(), TooManyConnections, text)
		}
		loser.cancel() // so that nothing else is reported about it
	}); x == nil {
		s.diagnose(loser.RemoteAddr(), TooManyConnections, "%s", text)
	}
	loser.Close()
}
