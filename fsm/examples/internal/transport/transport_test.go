package transport_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/dps/fsm/examples/internal/cert"
	"example.com/dps/fsm/examples/internal/transport"
)

// desk returns TLS configurations for a server and its clients.
func desk(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	ca, err := cert.NewAuthority("test CA", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	c, err := ca.Server(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{c}}, &tls.Config{RootCAs: ca.Pool()}
}

// serve starts a server that answers each request with handler. It returns the
// address of the server and the TLS configuration of its clients.
func serve(t *testing.T, handler http.HandlerFunc) (addr string, client *tls.Config) {
	t.Helper()
	cfg, client := desk(t)
	s := httptest.NewUnstartedServer(handler)
	s.TLS = cfg
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String(), client
}

// raw returns a handler that accepts a WebSocket and calls f with it.
func raw(f func(ctx context.Context, ws *websocket.Conn)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{transport.Subprotocol}})
		if err == nil {
			f(r.Context(), ws)
			ws.CloseNow()
		}
	}
}

func dial(t *testing.T, addr string, cfg *tls.Config) transport.Conn {
	t.Helper()
	conn, err := transport.DialWebSocket(t.Context(), addr, transport.Path, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// After an expired read deadline, the next read returns the bytes received
// since then, regardless of the boundaries of messages and frames.
func TestReadGoesOnAfterDeadline(t *testing.T) {
	send := make(chan string)
	addr, cfg := serve(t, raw(func(ctx context.Context, ws *websocket.Conn) {
		for text := range send {
			ws.Write(ctx, websocket.MessageBinary, []byte(text))
		}
	}))
	defer close(send)
	conn := dial(t, addr, cfg)
	for _, text := range []string{"one", "two"} {
		for range 3 {
			conn.SetReadDeadline(time.Now().Add(time.Millisecond))
			if n, err := conn.Read(make([]byte, 9)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("read %d bytes, %v", n, err)
			}
		}
		send <- text[:1]
		send <- text[1:]
		got := make([]byte, len(text))
		conn.SetReadDeadline(time.Time{})
		if _, err := io.ReadFull(conn, got); err != nil || string(got) != text {
			t.Fatalf("read %q, %v", got, err)
		}
	}
}

// A message may be larger than any packet. It is not buffered until it is
// complete.
func TestLargeMessageIsStreamed(t *testing.T) {
	const size = 1 << 20
	addr, cfg := serve(t, raw(func(ctx context.Context, ws *websocket.Conn) {
		ws.Write(ctx, websocket.MessageBinary, make([]byte, size))
		ws.Close(websocket.StatusNormalClosure, "")
	}))
	conn := dial(t, addr, cfg)
	if got, err := io.Copy(io.Discard, conn); got != size || err != nil {
		t.Errorf("read %d bytes, %v; want %d and no error", got, err, size)
	}
}

// A text frame ends the connection with the close code for unsupported data.
func TestTextFrameClosesMQTT_6_0_0_1(t *testing.T) {
	code := make(chan websocket.StatusCode, 1)
	addr, cfg := serve(t, raw(func(ctx context.Context, ws *websocket.Conn) {
		ws.Write(ctx, websocket.MessageText, []byte("x"))
		_, _, err := ws.Read(ctx)
		code <- websocket.CloseStatus(err)
	}))
	conn := dial(t, addr, cfg)
	if _, err := conn.Read(make([]byte, 9)); err == nil || !strings.Contains(err.Error(), "text frame") {
		t.Errorf("read: %v", err)
	}
	conn.Close()
	if got := <-code; got != websocket.StatusUnsupportedData {
		t.Errorf("closed with %v", got)
	}
}

// A peer that never answers the closing handshake cannot block Close.
func TestCloseIsBounded(t *testing.T) {
	done := make(chan struct{})
	addr, cfg := serve(t, raw(func(context.Context, *websocket.Conn) { <-done }))
	defer close(done)
	conn := dial(t, addr, cfg)
	start := time.Now()
	conn.Close()
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("Close took %v", took)
	}
}

// If the peer does not read, a write fails at its deadline.
func TestWriteDeadline(t *testing.T) {
	done := make(chan struct{})
	addr, cfg := serve(t, raw(func(context.Context, *websocket.Conn) { <-done }))
	defer close(done)
	conn := dial(t, addr, cfg)
	conn.SetDeadline(time.Now().Add(100 * time.Millisecond))
	start, err := time.Now(), error(nil)
	for err == nil {
		_, err = conn.Write(make([]byte, 1<<20))
	}
	if took := time.Since(start); took > 3*time.Second || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after %v: %v", took, err)
	}
}

// The stream ends when the peer closes TCP, with or without a close frame.
func TestEndOfStream(t *testing.T) {
	for name, f := range map[string]func(context.Context, *websocket.Conn){
		"close frame": func(_ context.Context, ws *websocket.Conn) { ws.Close(websocket.StatusNormalClosure, "") },
		"TCP":         func(context.Context, *websocket.Conn) {},
	} {
		t.Run(name, func(t *testing.T) {
			addr, cfg := serve(t, raw(f))
			conn := dial(t, addr, cfg)
			if n, err := conn.Read(make([]byte, 9)); n != 0 || err != io.EOF {
				t.Errorf("read %d bytes, %v; want EOF", n, err)
			}
			if _, err := conn.Write([]byte("x")); err == nil {
				// The operating system may accept the first write.
				time.Sleep(20 * time.Millisecond)
				_, err = conn.Write([]byte("x"))
				if err == nil {
					t.Error("writes to a closed connection succeed")
				}
			}
		})
	}
}

// The client rejects a server that does not offer a WebSocket for MQTT,
// redirects, or has an untrusted certificate.
func TestDialRefuses(t *testing.T) {
	var status *transport.StatusError
	var unverified *tls.CertificateVerificationError
	plain := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }
	moved := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://127.0.0.1:1/", http.StatusFound)
	}
	mute := func(w http.ResponseWriter, r *http.Request) { websocket.Accept(w, r, nil) }
	accept := raw(func(context.Context, *websocket.Conn) {})
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		forget  bool // whether the client lacks the roots
		ok      func(error) bool
	}{
		"no WebSocket":   {plain, false, func(err error) bool { return errors.As(err, &status) && status.Code == http.StatusTeapot }},
		"redirect":       {moved, false, func(err error) bool { return errors.As(err, &status) && status.Code == http.StatusFound }},
		"no subprotocol": {mute, false, func(err error) bool { return err != nil && strings.Contains(err.Error(), `"mqtt"`) }},
		"unknown CA":     {accept, true, func(err error) bool { return errors.As(err, &unverified) }},
	} {
		t.Run(name, func(t *testing.T) {
			addr, cfg := serve(t, c.handler)
			if c.forget {
				cfg.RootCAs = nil
			}
			conn, err := transport.DialWebSocket(t.Context(), addr, transport.Path, cfg)
			if conn != nil || !c.ok(err) {
				t.Errorf("got %v, %v", conn, err)
			}
		})
	}
}

// The server accepts any path, any origin, and the subprotocol in capitals.
// Without a subprotocol, it closes the connection.
func TestAcceptIsTolerant(t *testing.T) {
	addr, cfg := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if conn, err := transport.AcceptWebSocket(w, r); err == nil {
			io.WriteString(conn, "hello")
			conn.Close()
		}
	})
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: cfg}}
	for _, c := range []struct {
		path, proto, origin, want string
	}{
		{"/$iothub/websocket", "mqtt", "", "hello"},
		{"/", "MQTT", "https://elsewhere.example", "hello"},
		{"", "mqtt", "", "hello"},
		{"/any?x=y", "mqtt", "", "hello"},
		{"/", "", "", ""},
		{"/", "amqp", "", ""},
	} {
		options := &websocket.DialOptions{HTTPClient: client, HTTPHeader: http.Header{}}
		if c.proto != "" {
			options.Subprotocols = []string{c.proto}
		}
		if c.origin != "" {
			options.HTTPHeader.Set("Origin", c.origin)
		}
		ws, _, err := websocket.Dial(t.Context(), "wss://"+addr+c.path, options)
		if err != nil {
			t.Fatalf("%+v: %v", c, err)
		}
		_, got, err := ws.Read(t.Context())
		if string(got) != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%+v: read %q, %v", c, got, err)
		}
		if c.want != "" && ws.Subprotocol() != c.proto {
			t.Errorf("%+v: subprotocol %q", c, ws.Subprotocol())
		}
		ws.CloseNow()
	}
}

// TLS verifies the server name and requires version 1.2.
func TestTLS(t *testing.T) {
	server, client := desk(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	errs := make(chan error, 1)
	accept := func() {
		conn, err := l.Accept()
		if err == nil {
			err = tls.Server(conn, server).Handshake()
			conn.Close()
		}
		errs <- err
	}
	go accept()
	conn, err := transport.DialTLS(t.Context(), l.Addr().String(), client)
	if err != nil || conn.ConnectionState().Version < tls.VersionTLS12 {
		t.Fatal(conn, err)
	}
	conn.Close()
	if err := <-errs; err != nil {
		t.Error(err)
	}

	go accept()
	other := client.Clone()
	other.ServerName = "elsewhere.example"
	if _, err = transport.DialTLS(t.Context(), l.Addr().String(), other); err == nil {
		t.Error("the client accepted a server with another name")
	}
	<-errs
}
