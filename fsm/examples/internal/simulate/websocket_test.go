package simulate_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/simulate"
	"example.com/dps/fsm/examples/internal/transport"
)

// If an HTTP request does not open a WebSocket for MQTT, the server answers it,
// closes the connection, and reports a diagnosis.
func TestWrongRequest(t *testing.T) {
	d := newDesk(t, nil)
	const (
		upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n"
		key     = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
	)
	for _, c := range []struct {
		request, status string
		want            dpstest.Diagnosis
		words           string
	}{
		{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "426", simulate.WebSocketRequest, "Upgrade"},
		{"POST / HTTP/1.1\r\nHost: x\r\n" + upgrade + key + "\r\n", "405", simulate.WebSocketRequest, "POST"},
		{"GET / HTTP/1.1\r\nHost: x\r\n" + upgrade + "\r\n", "400", simulate.WebSocketRequest, "version"},
		{"GET / HTTP/1.1\r\nHost: x\r\n" + upgrade + key + "\r\n", "101", simulate.WebSocketSubprotocol, "Sec-WebSocket-Protocol: mqtt"},
		{"GET / HTTP/1.1\r\nHost: x\r\n" + upgrade + key + "Sec-WebSocket-Protocol: amqp, x\r\n\r\n", "101", simulate.WebSocketSubprotocol, `"amqp, x"`},
		{"GET / SPDY/9\r\n\r\n", "400", simulate.WebSocketRequest, "SPDY/9"},
		{"\x20\x02\x00\x00\r\n\r\n", "400", simulate.WebSocketRequest, "did not send an HTTP request"},
		{"GET / HTTP/1.1\r\nX: " + strings.Repeat("x", 20<<10), "", simulate.WebSocketRequest, "8 KiB"},
		{"GET / HTTP/1.1\r\n" + strings.Repeat("x:\r\n", 100), "", simulate.WebSocketRequest, "64 lines"},
	} {
		conn, err := transport.DialTLS(t.Context(), d.web, d.client)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, c.request)
		conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		answer := make([]byte, 16)
		io.ReadFull(conn, answer)
		if c.status != "" && c.status != "101" {
			if rest, err := io.ReadAll(conn); err != nil || !strings.Contains(string(rest), "Connection: close\r\n") {
				t.Errorf("%.60q: want Connection: close, got %q, %v", c.request, rest, err)
			}
		}
		if c.status != "" && !strings.HasPrefix(string(answer), "HTTP/1.1 "+c.status+" ") {
			t.Errorf("%.60q: want status %s, got %.60q", c.request, c.status, answer)
		}
		conn.Close()
		d.diagnosed(c.want, c.words)
		if n := d.forget(); n != 1 {
			t.Errorf("%.60q: want one diagnosis, got %d", c.request, n)
		}
	}
}

// The subprotocol may be in capitals, and may be one of several.
func TestSubprotocolInCapitals(t *testing.T) {
	d := newDesk(t, nil)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: d.client}}
	ws, _, err := websocket.Dial(t.Context(), "wss://"+d.web, &websocket.DialOptions{HTTPClient: client, Subprotocols: []string{"amqp", "MQTT"}})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
	if err := exchange(websocket.NetConn(t.Context(), ws, websocket.MessageBinary)); err != nil {
		t.Error(err)
	}
	d.sound()
}

// A text frame, and a frame that violates the WebSocket protocol, are
// diagnosed.
func TestWrongFrame(t *testing.T) {
	d := newDesk(t, nil)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: d.client}}
	ws, _, err := websocket.Dial(t.Context(), "wss://"+d.web, &websocket.DialOptions{HTTPClient: client, Subprotocols: []string{"mqtt"}})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
	ws.Write(t.Context(), websocket.MessageText, []byte("\x10"))
	d.diagnosed(simulate.WebSocketFrame, "text frame")
	d.forget()

	for frame, words := range map[string]string{
		"\x82\x01\x10":                     "unmasked",
		"\x10\x0c\x00\x04MQTT":             "rsv bits", // MQTT without a frame
		"\x83\x80\x00\x00\x00\x00":         "unknown opcode",
		"\x80\x80\x00\x00\x00\x00":         "continuation frame",
		"\x88\x82\x00\x00\x00\x00\x00\x01": "invalid status code",
	} {
		io.WriteString(d.upgraded(), frame)
		e := d.find(words, func(e dpstest.Event) bool { return e.Diagnosis == simulate.WebSocketFrame })
		if !strings.Contains(e.Text, words) || e.Conn == 0 {
			t.Errorf("%q: want %q, got %v", frame, words, e)
		}
		d.find("end", func(e dpstest.Event) bool { return e.Kind == dpstest.EventClosed })
		if n := d.forget(); n != 1 {
			t.Errorf("%q: want one diagnosis, got %d", frame, n)
		}
	}
}

// A close frame ends the connection without a diagnosis, whatever its code is.
func TestCloseFrame(t *testing.T) {
	d := newDesk(t, nil)
	for _, frame := range []string{"\x88\x80\x00\x00\x00\x00", "\x88\x82\x00\x00\x00\x00\x03\xe9", "\x88\x82\x00\x00\x00\x00\x0b\xb8"} {
		io.WriteString(d.upgraded(), frame)
		e := d.find("end", func(e dpstest.Event) bool { return e.Kind == dpstest.EventClosed })
		if want := "closed by the client; not registered; registrations: 0, queries: 0, mistakes: none"; e.Text != want {
			t.Errorf("%q: want %q, got %q", frame, want, e.Text)
		}
		if n := d.forget(); n != 0 {
			t.Errorf("%q: want no diagnosis, got %d", frame, n)
		}
	}
}

// upgraded returns a TLS connection on which a WebSocket has been opened.
func (d *desk) upgraded() net.Conn {
	d.Helper()
	conn, err := transport.DialTLS(d.Context(), d.web, d.client)
	if err != nil {
		d.Fatal(err)
	}
	d.Cleanup(func() { conn.(*tls.Conn).NetConn().Close() })
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n")
	if _, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil {
		d.Fatal(err)
	}
	return conn
}
