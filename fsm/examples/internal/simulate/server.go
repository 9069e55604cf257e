// Package simulate puts the simulated service of package dpstest on real listeners, for
// TLS and for WebSocket over TLS.
//
// A client can do with its own connection what it likes: send nothing, read nothing, send
// nonsense. It costs a goroutine or two and some 40 KiB until a time-out ends it, and
// holds nobody else up: see the constants of this package.
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
	handshakeLimit = 32 << 10 // bytes of a client in the handshake of TLS

	// maxSilence ends a connection whose client has turned off MQTT's keep-alive. It is
	// longer than any wait between two requests that the service asks for.
	maxSilence = 10 * time.Minute
)

// MaxConns is how many connections are enough for a desk.
const MaxConns = 2000

// Options say what a [Server] serves, and how.
type Options struct {
	Service *dpstest.Service

	// TLS has the certificate of the server. The server sets for itself what it asks of
	// clients: TLS 1.2 at least, and a certificate, if they have one.
	TLS *tls.Config

	// ClientCAs are the authorities of client certificates. The certificate of a client
	// that none of them has signed is Untrusted; nil: any certificate will do.
	ClientCAs *x509.CertPool

	// MaxConns is the number of connections at once; the next one is closed at once.
	// MaxConns of this package if 0.
	MaxConns int

	// CAFile is the file with the authority of the server's certificate. Its name helps
	// those whose client does not trust it.
	CAFile string

	// Log, if not nil, is called with what happens on the way to the service: an
	// EventDiagnosis or EventClosed without a number of a connection. Calls may come at
	// the same time, and while the service is in use.
	Log func(dpstest.Event)
}

// A Server serves one simulated service on any number of listeners.
type Server struct {
	tls     *tls.Config
	clients *x509.CertPool
	slots   chan struct{} // one is taken by each connection
	caFile  string
	log     func(dpstest.Event)

	handshakeTimeout time.Duration // for TLS, and for the HTTP request of a WebSocket
	writeTimeout     time.Duration // for a client that does not read
	maxHeld          int           // see there

	mu       sync.Mutex // held while the service is called, never while something can block
	service  *dpstest.Service
	sessions map[*session]struct{}
	held     int // bytes of half packets, of all sessions
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
	s.slots = make(chan struct{}, o.MaxConns)
	s.tls.MinVersion = max(s.tls.MinVersion, tls.VersionTLS12)
	s.tls.ClientAuth = tls.RequestClientCert // the service judges, so that each mistake is named
	s.tls.NextProtos = nil                   // no HTTP/2, and a client that offers other names is not refused
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

// ServeWebSocket serves MQTT over WebSocket over TLS until ctx ends, on any path, and
// closes the listener.
func (s *Server) ServeWebSocket(ctx context.Context, l net.Listener) error {
	return s.accept(ctx, l, s.webSocket)
}

// accept calls serve for each connection, and waits in the end until all of them have ended.
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
		case err != nil: // such as too many open files: it passes
			s.event(dpstest.Event{Kind: dpstest.EventClosed, Text: fmt.Sprintf("accept: %v", err)})
			time.Sleep(100 * time.Millisecond)
			continue
		}
		c := s.enter(accepted)
		if c == nil {
			continue
		}
		all.Add(1)
		go func() {
			defer all.Done()
			defer c.Close()
			serve(ctx, c)
		}()
	}
}

// enter takes a slot for a connection. It closes the connection and returns nil if there
// is none: to let it wait instead would let those that are connected lock the others out
// silently.
func (s *Server) enter(accepted net.Conn) *conn {
	select {
	case s.slots <- struct{}{}:
		return newConn(accepted, s)
	default:
		s.diagnose(accepted.RemoteAddr(), TooManyConnections, "closed at once: there are %d connections already", cap(s.slots))
		accepted.Close()
		return nil
	}
}
