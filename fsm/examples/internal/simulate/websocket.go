package simulate

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/coder/websocket"

	"example.com/dps/fsm/examples/internal/transport"
)

// The limits of the HTTP request of a WebSocket. The number of lines is limited
// too, because short header fields use much more memory than they have bytes.
const (
	maxHead  = 8 << 10
	maxLines = 64
)

// webSocket serves MQTT over WebSocket over TLS.
func (s *Server) webSocket(ctx context.Context, c *conn) {
	buf := make([]byte, chunk)
	secure, n := s.secure(ctx, c, buf)
	switch {
	case secure == nil:
		return
	case isConnect(buf[:n]):
		s.diagnose(c.RemoteAddr(), WebSocketMissing, "the client sent an MQTT CONNECT over TLS to the WebSocket port; MQTT over TLS has another port")
		return
	}
	socket := s.upgrade(ctx, c, secure, buf[:n])
	if socket == nil {
		return
	}
	s.serve(ctx, socket, c, time.Now(), buf, 0)
}

// upgrade reads the HTTP request, the first bytes of which have already been
// received, and answers it. If the request does not open a WebSocket, upgrade
// reports why and returns nil.
func (s *Server) upgrade(ctx context.Context, c *conn, secure *tls.Conn, first []byte) transport.Conn {
	defer context.AfterFunc(ctx, func() { c.Close() })()
	secure.SetDeadline(time.Now().Add(s.handshakeTimeout))
	head, rest, err := readHead(secure, first)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = fmt.Errorf("it was not complete after %v", s.handshakeTimeout)
	}
	if err != nil {
		if ctx.Err() == nil {
			s.diagnose(c.RemoteAddr(), WebSocketRequest, "the client did not send an HTTP request that opens a WebSocket: %v; it began with %.60q", err, first)
		}
		return nil
	}
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
	if err != nil {
		s.diagnose(c.RemoteAddr(), WebSocketRequest, "the client did not send an HTTP request that opens a WebSocket: %v", err)
		io.WriteString(secure, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
		secure.Close()
		return nil
	}
	state := secure.ConnectionState()
	r.TLS, r.RemoteAddr = &state, c.RemoteAddr().String()
	w := &response{conn: &framed{Conn: secure, under: c}, rest: rest}
	if asked := strings.Join(r.Header.Values("Sec-WebSocket-Protocol"), ", "); !asksForMQTT(asked) {
		w.switching = func() { // before AcceptWebSocket waits for the client to close
			s.diagnose(c.RemoteAddr(), WebSocketSubprotocol, "the client requests the subprotocol %.60q; MQTT needs Sec-WebSocket-Protocol: mqtt", asked)
		}
	}
	socket, err := transport.AcceptWebSocket(w, r)
	if err == nil {
		secure.SetDeadline(time.Time{})
		return socket
	}
	if w.code != http.StatusSwitchingProtocols {
		s.diagnose(c.RemoteAddr(), WebSocketRequest, "the HTTP request does not open a WebSocket: %v", err)
	}
	secure.Close()
	return nil
}

// asksForMQTT reports whether a list of subprotocols contains that of MQTT.
func asksForMQTT(list string) bool {
	return slices.ContainsFunc(strings.Split(list, ","), func(name string) bool {
		return strings.EqualFold(strings.TrimSpace(name), transport.Subprotocol)
	})
}

// readHead reads up to the empty line after the header. It also returns the
// bytes read after that.
func readHead(r io.Reader, first []byte) (head, rest []byte, err error) {
	head = append(make([]byte, 0, 1<<10), first...)
	for buf := make([]byte, chunk); ; {
		if end := bytes.Index(head, []byte("\r\n\r\n")); end >= 0 {
			return head[:end+4], head[end+4:], nil
		}
		switch {
		case len(head) > maxHead:
			return nil, nil, fmt.Errorf("its header has more than %d KiB", maxHead>>10)
		case bytes.Count(head, []byte("\n")) > maxLines:
			return nil, nil, fmt.Errorf("its header has more than %d lines", maxLines)
		case err != nil:
			return nil, nil, err
		}
		var n int
		n, err = r.Read(buf)
		head = append(head, buf[:n]...)
	}
}

// A response is an http.ResponseWriter and http.Hijacker. It announces that the
// connection will be closed, unless the protocol is switched.
type response struct {
	conn      net.Conn
	rest      []byte // what the client sent after the header
	header    http.Header
	code      int
	switching func() // if not nil, called before the protocol is switched
}

// Header returns the header fields to be sent.
func (w *response) Header() http.Header {
	if w.header == nil {
		w.header = http.Header{}
	}
	return w.header
}

// WriteHeader sends the status and the header fields.
func (w *response) WriteHeader(code int) {
	if w.code != 0 {
		return
	}
	switch w.code = code; {
	case code != http.StatusSwitchingProtocols:
		w.Header().Set("Connection", "close")
	case w.switching != nil:
		w.switching()
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", code, http.StatusText(code))
	w.Header().Write(&b)
	b.WriteString("\r\n")
	w.conn.Write(b.Bytes())
}

// Write sends part of the body.
func (w *response) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.conn.Write(p)
}

// Hijack hands over the connection, with small buffers.
func (w *response) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	r := bufio.NewReaderSize(bytes.NewReader(w.rest), max(1<<10, len(w.rest)))
	r.Peek(len(w.rest)) // so that the bytes count as buffered
	return w.conn, bufio.NewReadWriter(r, bufio.NewWriterSize(w.conn, 1<<10)), nil
}

// framed is a connection that carries frames, and charges the client for each.
type framed struct {
	*tls.Conn
	under  *conn
	frames frames
}

// Read reads data from the client, after the delay that its meter demands.
func (f *framed) Read(p []byte) (int, error) {
	if err := f.under.pause(); err != nil {
		return 0, err
	}
	n, err := f.Conn.Read(p[:min(len(p), chunk)]) // which can be many frames
	f.under.meter.charge(time.Now(), f.frames.scan(p[:n])*perPacket)
	return n, err
}

// isFrameError reports whether the client violated the WebSocket protocol. A
// close frame is not a violation, whatever its code is.
func isFrameError(err error) bool {
	var op *net.OpError
	if errors.As(err, &op) || websocket.CloseStatus(err) >= 0 {
		return false
	}
	return strings.Contains(err.Error(), "received ") || strings.Contains(err.Error(), "text frame")
}
