package simulate_test

import (
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/simulate"
	"example.com/dps/fsm/examples/internal/transport"
)

// If a client does not read, its connection is closed when a write times out.
func TestWriteTimeout(t *testing.T) {
	d := newDesk(t, nil, func(s *simulate.Server) { s.SetLimits(time.Minute, 50*time.Millisecond, 1<<20) })
	client, server := net.Pipe() // an unbuffered pipe
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.server.ServeConn(server)
	}()
	cfg := d.client.Clone()
	cfg.ServerName = "localhost"
	conn := tls.Client(client, cfg)
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	if err := exchange(conn); err != nil {
		t.Fatal(err)
	}
	io.WriteString(conn, "\xc0\x00")
	d.diagnosed(dpstest.NotReading, "did not read for 50ms")
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Error("the connection is still served")
	}
}

// A handshake that is not completed in time ends the connection with a
// diagnosis, wherever it stops. The service handles a client that is silent
// after the TLS handshake.
func TestHandshakeTimeout(t *testing.T) {
	d := newDesk(t, nil, func(s *simulate.Server) { s.SetLimits(200*time.Millisecond, time.Minute, 1<<20) })
	for _, addr := range []string{d.tls, d.web} {
		for bytes, words := range map[string]string{"": "sent nothing for 200ms", "\x16\x03\x01": "was not complete after 200ms"} {
			conn := d.raw(addr)
			io.WriteString(conn, bytes)
			d.diagnosed(simulate.TLSHandshake, words)
			closed(t, conn, 5*time.Second)
			d.forget()
		}
	}
	for _, request := range []string{"", "GET / HTTP/1.1\r\n"} {
		conn, err := transport.DialTLS(t.Context(), d.web, d.client)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, request)
		d.diagnosed(simulate.WebSocketRequest, "not complete after 200ms")
		closed(t, conn, 5*time.Second)
		d.forget()
	}
	conn := d.dial(false)
	d.find("connection", func(e dpstest.Event) bool { return e.Kind == dpstest.EventOpened })
	if err := exchange(conn); err != nil {
		t.Error(err)
	}
}

// When incomplete packets use too much memory, the connection whose large
// incomplete packet began first is closed. The other connections continue, even
// one whose small incomplete packet began earlier.
func TestHalfPackets(t *testing.T) {
	for _, websocket := range []bool{false, true} {
		d := newDesk(t, nil, func(s *simulate.Server) { s.SetLimits(time.Minute, time.Minute, 64<<10) })
		large, small := string(publishOf(40<<10)), string(publishOf(3<<10))
		begin := func(id, half string) net.Conn {
			conn := d.dialAs(id, websocket)
			if err := register(conn, certified(id)+subscribe(0)+string(publishOf(0))); err != nil {
				t.Fatal(err)
			}
			io.WriteString(conn, half)
			return conn
		}
		const few, many = 2 << 10, 36 << 10
		a := begin("a", small[:few])
		b := begin("b", large[:many])
		d.reaches("bytes of half packets", few+many, d.server.Held)
		c := begin("c", large[:many])
		d.diagnosed(simulate.HalfPacket, "a large packet")
		closed(t, b, 5*time.Second)
		d.reaches("bytes of half packets", few+many, d.server.Held)
		for conn, rest := range map[net.Conn]string{a: small[few:], c: large[many:]} {
			if err := register(conn, rest); err != nil {
				t.Error(err)
			}
		}
		d.reaches("bytes of half packets", 0, d.server.Held)
		if n := d.count(simulate.HalfPacket); n != 1 {
			t.Errorf("want one connection to be closed, got %d", n)
		}
	}
}

// A connection that ends with half a packet gives its share back.
func TestHalfPacketEnds(t *testing.T) {
	d := newDesk(t, nil)
	for _, websocket := range []bool{false, true} {
		conn := d.dial(websocket)
		io.WriteString(conn, "\x10\x80\x10"+strings.Repeat("x", 1000))
		d.reaches("bytes of half packets", 1003, d.server.Held)
		conn.Close()
		d.reaches("bytes of half packets", 0, d.server.Held)
	}
}

// A client that floods gets one diagnosis. A client that registers does not get
// it.
func TestFlood(t *testing.T) {
	d := newDesk(t, nil)
	d.served()
	d.sound()
	for _, websocket := range []bool{false, true} {
		conn := d.dial(websocket)
		if err := exchange(conn); err != nil {
			t.Fatal(err)
		}
		go io.Copy(io.Discard, conn)
		io.WriteString(conn, strings.Repeat("\xc0\x00", 5000))
		d.diagnosed(simulate.Flood, "is slowed down")
		io.WriteString(conn, strings.Repeat("\xc0\x00", 5000))
		conn.Close()
		d.served()
		if n := d.count(simulate.Flood); n != 1 {
			t.Errorf("want one diagnosis of a flood, got %d", n)
		}
		d.forget()
	}
}

// While Do calls its function, nothing else uses the service.
func TestDo(t *testing.T) {
	d := newDesk(t, nil)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 20 {
			d.served()
		}
	}()
	for used := 0; ; { // the race detector checks its uses
		select {
		case <-done:
			if used < 20 {
				t.Errorf("want at least 20 calls, got %d", used)
			}
			return
		default:
			d.server.Do(func() {
				d.service.Reset()
				used++
			})
		}
	}
}
