// Package simulate puts the simulated service of package dpstest on real listeners, for
// TLS and for WebSocket over TLS.
//
// A client can do with its own connection what it likes: send nothing, read nothing, send
// nonsense. It costs a goroutine and a few KiB until a time-out ends it, and holds
// nobody else up.
package simulate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/transport"
)

const (
	handshakeTimeout = 10 * time.Second // for TLS, and for the HTTP request of a WebSocket
	writeTimeout     = 10 * time.Second // for a client that does not read

	// maxSilence ends a connection whose client has turned off MQTT's keep-alive. It is
	// longer than any wait between two requests that the service asks for.
	maxSilence = 10 * time.Minute

	// look is how often a connection looks whether the service hung up because the same
	// device opened another one.
	look = time.Second
)

// MaxConns is how many connections are enough for a desk.
const MaxConns = 1000

// A Server serves one simulated service on any number of listeners.
type Server struct {
	service *dpstest.Service
	mu      sync.Mutex // held while the service is called
	tls     *tls.Config
	slots   chan struct{} // one is taken by each connection
	log     func(text string)
}

// Options are what a Server needs.
type Options struct {
	Service   *dpstest.Service
	TLS       *tls.Config
	ClientCAs *x509.CertPool
	MaxConns  int
	CAFile    string
	Log       func(dpstest.Event)
}

// The mistakes that the service cannot see.
const (
	TLSUntrusted         dpstest.Diagnosis = "tls-untrusted"
	TLSVersion           dpstest.Diagnosis = "tls-version"
	TLSHandshake         dpstest.Diagnosis = "tls-handshake"
	TLSMissing           dpstest.Diagnosis = "tls-missing"
	WebSocketMissing     dpstest.Diagnosis = "websocket-missing"
	WebSocketSubprotocol dpstest.Diagnosis = "websocket-subprotocol"
	TooManyConnections   dpstest.Diagnosis = "too-many-connections"
)

// Diagnoses returns them all.
func Diagnoses() []dpstest.Diagnosis {
	return []dpstest.Diagnosis{TLSUntrusted, TLSVersion, TLSHandshake, TLSMissing, WebSocketMissing, WebSocketSubprotocol, TooManyConnections}
}

// New returns a server.
func New(o Options) *Server {
	cfg := o.TLS.Clone()
	cfg.ClientAuth = tls.RequestClientCert
	if o.ClientCAs != nil {
		cfg.ClientAuth, cfg.ClientCAs = tls.VerifyClientCertIfGiven, o.ClientCAs
	}
	return &Server{service: o.Service, tls: cfg, slots: make(chan struct{}, o.MaxConns), log: func(text string) {
		if o.Log != nil {
			o.Log(dpstest.Event{Time: time.Now(), Kind: dpstest.EventDiagnosis, Diagnosis: TLSUntrusted, Text: text})
		}
	}}
}

// Do calls f while nothing else uses the service.
func (s *Server) Do(f func()) { s.locked(f) }

// ServeTLS serves MQTT over TLS until ctx ends, and closes the listener.
func (s *Server) ServeTLS(ctx context.Context, l net.Listener) error {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	var all sync.WaitGroup
	defer all.Wait()
	defer l.Close()
	for {
		conn, err := s.limit(l).Accept()
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil: // such as too many open files: it passes
			s.log(fmt.Sprintf("accept: %v", err))
			time.Sleep(100 * time.Millisecond)
			continue
		}
		all.Add(1)
		go func() {
			defer all.Done()
			defer conn.Close()
			secure, err := transport.AcceptTLS(ctx, conn, s.tls, handshakeTimeout)
			if err != nil {
				s.log(fmt.Sprintf("%v: no TLS handshake: %v", conn.RemoteAddr(), err))
				return
			}
			s.end(conn.RemoteAddr(), s.serve(ctx, secure))
		}()
	}
}

// ServeWebSocket serves MQTT over WebSocket over TLS until ctx ends, on any path, and
// closes the listener.
func (s *Server) ServeWebSocket(ctx context.Context, l net.Listener) error {
	var all sync.WaitGroup
	server := http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			all.Add(1)
			defer all.Done()
			conn, err := transport.AcceptWebSocket(w, r)
			if err != nil {
				s.log(fmt.Sprintf("%s: no WebSocket: %v", r.RemoteAddr, err))
				return
			}
			s.end(conn.RemoteAddr(), s.serve(ctx, conn))
		}),
		TLSConfig:         s.tls,
		TLSNextProto:      map[string]func(*http.Server, *tls.Conn, http.Handler){}, // no HTTP/2
		ReadHeaderTimeout: handshakeTimeout,
		IdleTimeout:       handshakeTimeout,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          log.New(lines(s.log), "", 0),
	}
	defer context.AfterFunc(ctx, func() { server.Close() })()
	err := server.ServeTLS(s.limit(l), "", "")
	all.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return err
}

var errSilence = errors.New("the client was silent for too long")

// serve is the loop of package fsm, seen from the other side. It returns why the
// connection ended; nil if the service hung up.
func (s *Server) serve(ctx context.Context, conn transport.Conn) error {
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	var link *dpstest.Conn
	s.locked(func() { link = s.service.Open(time.Now(), certificate(conn)) })
	defer s.locked(func() { link.Lost(time.Now()) })

	var in, out = make([]byte, 4<<10), []byte(nil)
	for heard := time.Now(); ; {
		var hungup bool
		var deadline time.Time
		s.locked(func() { out, hungup, deadline = link.AppendOutput(out[:0]), link.Hungup(), link.Deadline() })
		if len(out) > 0 {
			conn.SetWriteDeadline(time.Now().Add(writeTimeout))
			if _, err := conn.Write(out); err != nil {
				return err
			}
		}
		if hungup {
			return nil
		}
		if soon := time.Now().Add(look); deadline.IsZero() || soon.Before(deadline) {
			deadline = soon
		}
		conn.SetReadDeadline(deadline)
		n, err := conn.Read(in)
		s.locked(func() { link.Receive(time.Now(), in[:n]) })
		switch now := time.Now(); {
		case err != nil && !errors.Is(err, os.ErrDeadlineExceeded):
			return err
		case n > 0:
			heard = now
		case now.Sub(heard) > maxSilence:
			return errSilence
		}
	}
}

// end tells how a connection ended, if that is worth a line.
func (s *Server) end(who net.Addr, err error) {
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
		s.log(fmt.Sprintf("%v: connection lost: %v", who, err))
	}
}

// locked calls the service. Nothing that blocks may happen in f.
func (s *Server) locked(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// certificate returns what the service needs to know of the client's certificate, nil if
// it showed none.
func certificate(conn transport.Conn) *dpstest.Certificate {
	certs := conn.ConnectionState().PeerCertificates
	if len(certs) == 0 {
		return nil
	}
	return &dpstest.Certificate{CommonName: certs[0].Subject.CommonName, NotBefore: certs[0].NotBefore, NotAfter: certs[0].NotAfter}
}
