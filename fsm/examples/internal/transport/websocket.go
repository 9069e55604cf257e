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

// A StatusError says that a server answered the WebSocket handshake with another HTTP
// status than 101.
type StatusError struct {
	Status string // such as "404 Not Found"
	Code   int
	err    error
}

// Error returns one line.
func (e *StatusError) Error() string { return "WebSocket refused: " + httpStatus(e.Code) }

// Unwrap returns the error of the WebSocket library.
func (e *StatusError) Unwrap() error { return e.err }

// DialWebSocket connects to wss://addr/path, without a proxy, and finishes the handshakes
// of TLS and WebSocket.
func DialWebSocket(ctx context.Context, addr, path string, cfg *tls.Config) (Conn, error) {
	return DialWebSocketVia(ctx, nil, addr, path, cfg)
}

// DialWebSocketVia does the same through a proxy, unless that is nil. A failure of the
// proxy is a [*ProxyError], and one of a server that does not speak HTTP a [*NoHTTPError].
func DialWebSocketVia(ctx context.Context, proxy *url.URL, addr, path string, cfg *tls.Config) (Conn, error) {
	hop := newHop(proxy, cfg)
	defer hop.client.CloseIdleConnections() // there is one if the server refused
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
	case ws.Subprotocol() == "": // MQTT-6.0.0-4; a wrong one is refused in Dial
		ws.CloseNow()
		return nil, fmt.Errorf("WebSocket refused: the server did not select the subprotocol %q", Subprotocol)
	}
	var state tls.ConnectionState
	if resp.TLS != nil {
		state = *resp.TLS
	}
	return newSocket(ws, state, textAddr(addr)), nil
}

// AcceptWebSocket answers a WebSocket handshake. If it fails, the client has its answer.
//
// Any path will do, since clients differ about it, and any origin: no cookie decides
// here who may register.
func AcceptWebSocket(w http.ResponseWriter, r *http.Request) (Conn, error) {
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols:       []string{Subprotocol}, // "MQTT" is accepted too, and echoed
		InsecureSkipVerify: true,
	})
	if err != nil {
		return nil, err
	}
	if ws.Subprotocol() == "" { // MQTT-6.0.0-3
		ws.Close(websocket.StatusPolicyViolation, "the subprotocol must be mqtt")
		return nil, fmt.Errorf("WebSocket without the subprotocol %q", Subprotocol)
	}
	var state tls.ConnectionState
	if r.TLS != nil {
		state = *r.TLS
	}
	return newSocket(ws, state, textAddr(r.RemoteAddr)), nil
}

// A socket makes a stream of a WebSocket: neither a message nor a frame is an MQTT
// packet (MQTT-6.0.0-2).
//
// A WebSocket whose read has timed out is dead. So a goroutine reads, for ever, and
// hands the bytes on through a pipe, whose reads may time out as often as they like.
// It takes no more than it can hand on: the peer can fill 4 KiB, not our memory.
type socket struct {
	net.Conn // our end of the pipe: reads and their deadline

	ws     *websocket.Conn
	state  tls.ConnectionState
	remote net.Addr
	cancel context.CancelFunc // ends the reading, and the WebSocket with it

	mu            sync.Mutex
	writeDeadline time.Time
	err           error // why the reading ended
	code          websocket.StatusCode
}

func newSocket(ws *websocket.Conn, state tls.ConnectionState, remote net.Addr) *socket {
	ours, theirs := net.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	s := &socket{Conn: ours, ws: ws, state: state, remote: remote, cancel: cancel, code: websocket.StatusNormalClosure}
	ws.SetReadLimit(-1) // nothing is held until a message is whole
	go s.pump(ctx, theirs)
	return s
}

// pump moves what comes into the pipe. After the first error it reads on and drops
// what it reads, since the WebSocket's closing handshake depends on a reader.
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
		// After an error of the pipe the rest of the message goes nowhere, and then
		// the next messages do.
		if _, err = io.CopyBuffer(pipe, r, buf); err != nil {
			io.CopyBuffer(io.Discard, r, buf)
		}
	}
}

// ended notes the first reason for which the reading ended.
func (s *socket) ended(err error, code websocket.StatusCode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err, s.code = err, code
	}
}

// Read reads what has come, across the borders of frames.
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

// Write sends p as one message of binary data (MQTT-6.0.0-1).
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

// Close shakes hands about the end. A peer that does not answer is left to the library,
// which gives up after some seconds.
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

// SetWriteDeadline bounds later writes. A write that times out closes the WebSocket.
func (s *socket) SetWriteDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writeDeadline = t
	return nil
}

// SetDeadline sets both deadlines.
func (s *socket) SetDeadline(t time.Time) error {
	return errors.Join(s.SetWriteDeadline(t), s.SetReadDeadline(t))
}

// ConnectionState returns what TLS knows about the peer.
func (s *socket) ConnectionState() tls.ConnectionState { return s.state }

// RemoteAddr returns the peer's address.
func (s *socket) RemoteAddr() net.Addr { return s.remote }

// A textAddr is the address of a WebSocket's peer.
type textAddr string

func (textAddr) Network() string  { return "tcp" }
func (a textAddr) String() string { return string(a) }
