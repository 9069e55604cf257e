package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// closeTimeout is how long Close waits for the closing handshake.
const closeTimeout = time.Second

// A StatusError reports that a server answered the WebSocket handshake with an
// HTTP status other than 101.
type StatusError struct {
	Status string // such as "404 Not Found"
	Code   int
	err    error
}

// Error returns a description on one line.
func (e *StatusError) Error() string { return "WebSocket refused: " + httpStatus(e.Code) }

// Unwrap returns the error of the WebSocket library.
func (e *StatusError) Unwrap() error { return e.err }

// DialWebSocket connects to wss://addr/path without a proxy and completes the
// TLS and WebSocket handshakes.
func DialWebSocket(ctx context.Context, addr, path string, cfg *tls.Config) (Conn, error) {
	return DialWebSocketVia(ctx, nil, addr, path, cfg)
}

// DialWebSocketVia is like [DialWebSocket], but connects through the proxy
// unless it is nil. If the proxy fails, the error is a [*ProxyError]. If the
// server does not speak HTTP, the error is a [*NoHTTPError].
func DialWebSocketVia(ctx context.Context, proxy *url.URL, addr, path string, cfg *tls.Config) (Conn, error) {
	hop := newHop(proxy, cfg)
	defer hop.client.CloseIdleConnections() // the server's refusal leaves one
	target := url.URL{Scheme: "wss", Host: addr, Path: path}
	ws, resp, err := websocket.Dial(hop.trace(ctx), target.String(), &websocket.DialOptions{
		HTTPClient:   &hop.client,
		Subprotocols: []string{Subprotocol},
	})
	switch {
	case err != nil && resp != nil && resp.StatusCode != http.StatusSwitchingProtocols:
		return nil, &StatusError{resp.Status, resp.StatusCode, err}
	case err != nil && resp == nil:
		return nil, hop.explain(err)
	case err != nil:
		return nil, err
	case ws.Subprotocol() == "": // MQTT-6.0.0-4; Dial rejects a wrong one
		ws.CloseNow()
		return nil, fmt.Errorf("WebSocket refused: the server did not select the subprotocol %q", Subprotocol)
	}
	var state tls.ConnectionState
	if resp.TLS != nil {
		state = *resp.TLS
	}
	return newSocket(ws, state, textAddr(addr)), nil
}

// AcceptWebSocket answers a WebSocket handshake. Even if it fails, it has
// answered the client.
//
// It accepts any path, since clients use different ones, and any origin, since
// no cookie authorizes a device.
func AcceptWebSocket(w http.ResponseWriter, r *http.Request) (Conn, error) {
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols:       []string{Subprotocol}, // "MQTT" is accepted, too, and echoed
		InsecureSkipVerify: true,
	})
	if err != nil {
		return nil, err
	}
	if ws.Subprotocol() == "" { // MQTT-6.0.0-3
		ws.Close(websocket.StatusPolicyViolation, "the subprotocol must be mqtt")
		return nil, fmt.Errorf("the client did not offer the WebSocket subprotocol %q", Subprotocol)
	}
	var state tls.ConnectionState
	if r.TLS != nil {
		state = *r.TLS
	}
	return newSocket(ws, state, textAddr(r.RemoteAddr)), nil
}

// A socket is a WebSocket as a stream of bytes: an MQTT packet need not begin
// or end where a message or a frame does (MQTT-6.0.0-2).
//
// A WebSocket cannot be used after a read has timed out. Therefore, a goroutine
// reads without a deadline and passes the bytes through a pipe, whose reads may
// time out any number of times. The goroutine reads only what it can pass on,
// so that a peer can fill no more than 4 KiB of memory.
type socket struct {
	net.Conn // our end of the pipe, for reads and their deadline

	ws     *websocket.Conn
	state  tls.ConnectionState
	remote net.Addr
	cancel context.CancelFunc // stops the goroutine, and closes the WebSocket

	mu            sync.Mutex
	writeDeadline time.Time
	err           error // why the goroutine stopped reading
	code          websocket.StatusCode
}

func newSocket(ws *websocket.Conn, state tls.ConnectionState, remote net.Addr) *socket {
	ours, theirs := net.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	s := &socket{Conn: ours, ws: ws, state: state, remote: remote, cancel: cancel, code: websocket.StatusNormalClosure}
	ws.SetReadLimit(-1) // messages are not buffered, so they may have any size
	go s.pump(ctx, theirs)
	return s
}

// pump copies the received bytes to the pipe. After the first error, it
// continues to read and discards the bytes, since the closing handshake of the
// WebSocket needs a reader.
func (s *socket) pump(ctx context.Context, pipe net.Conn) {
	defer s.cancel()
	defer pipe.Close()
	buf := make([]byte, 4<<10)
	for {
		kind, r, err := s.ws.Reader(ctx)
		switch {
		case err != nil:
			s.ended(err, websocket.StatusNormalClosure)
			return
		case kind != websocket.MessageBinary:
			s.ended(errors.New("text frame on a WebSocket [MQTT-6.0.0-1]"), websocket.StatusUnsupportedData)
			pipe.Close()
		}
		// After an error of the pipe, discard the remainder of this message and
		// of all later messages.
		if _, err = io.CopyBuffer(pipe, r, buf); err != nil {
			io.CopyBuffer(io.Discard, r, buf)
		}
	}
}

// ended records the first reason why reading ended.
func (s *socket) ended(err error, code websocket.StatusCode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err, s.code = err, code
	}
}

// Read reads the received bytes regardless of the boundaries of frames.
func (s *socket) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	if err != io.EOF {
		return n, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if websocket.CloseStatus(s.err) == websocket.StatusNormalClosure || errors.Is(s.err, io.EOF) {
		return n, io.EOF
	}
	return n, s.err
}

// Write sends p as one binary message (MQTT-6.0.0-1).
func (s *socket) Write(p []byte) (int, error) {
	s.mu.Lock()
	deadline := s.writeDeadline
	s.mu.Unlock()
	ctx := context.Background()
	if !deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline)
		defer cancel()
	}
	if err := s.ws.Write(ctx, websocket.MessageBinary, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Close performs the closing handshake. If the peer does not answer within a
// second, Close returns, and the WebSocket library gives up some seconds later.
func (s *socket) Close() error {
	s.Conn.Close()
	s.mu.Lock()
	code := s.code
	s.mu.Unlock()
	closed := make(chan error, 1)
	go func() { closed <- s.ws.Close(code, "") }()
	select {
	case err := <-closed:
		return err
	case <-time.After(closeTimeout):
		s.cancel()
		return os.ErrDeadlineExceeded
	}
}

// SetWriteDeadline sets the deadline of later writes. A write that times out
// closes the WebSocket.
func (s *socket) SetWriteDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writeDeadline = t
	return nil
}

// SetDeadline sets the read and write deadlines.
func (s *socket) SetDeadline(t time.Time) error {
	return errors.Join(s.SetWriteDeadline(t), s.SetReadDeadline(t))
}

// ConnectionState returns the state of the TLS connection.
func (s *socket) ConnectionState() tls.ConnectionState { return s.state }

// RemoteAddr returns the peer's address.
func (s *socket) RemoteAddr() net.Addr { return s.remote }

// A textAddr is the address of a WebSocket's peer.
type textAddr string

func (textAddr) Network() string  { return "tcp" }
func (a textAddr) String() string { return string(a) }
