package simulate_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/simulate"
)

// Clients that misbehave do not affect other clients.
func TestMisbehavingClients(t *testing.T) {
	for _, websocket := range []bool{false, true} {
		t.Run(fmt.Sprintf("websocket=%t", websocket), func(t *testing.T) {
			d := newDesk(t, nil)
			addr := d.tls
			if websocket {
				addr = d.web
			}
			silent, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer silent.Close()
			plain, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(plain, "\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00")
			closed(t, plain, 5*time.Second)

			for name, bytes := range map[string]string{
				"reserved type":      "\x00\x00",
				"huge packet":        "\x10\xff\xff\xff\x7f",
				"padded length":      "\x10\x80\x80\x80\x80\x00",
				"not CONNECT first":  "\xc0\x00",
				"HTTP in the tunnel": "GET / HTTP/1.1\r\n\r\n",
				"MQTT 5":             "\x10\x0d\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x00",
			} {
				conn := d.dial(websocket)
				io.WriteString(conn, bytes)
				conn.SetReadDeadline(time.Now().Add(5 * time.Second))
				if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("%s: the connection is still open", name)
				}
			}
			half := d.dial(websocket)
			io.WriteString(half, "\x10\x0c\x00")
			d.dial(websocket) // and send nothing
			d.dial(websocket).Close()
			if err := exchange(d.dial(websocket)); err != nil {
				t.Errorf("a well-behaved client failed: %v\n%s", err, d.lines())
			}
		})
	}
}

// A client that sends and never reads does not delay other clients.
func TestClientThatNeverReads(t *testing.T) {
	d := newDesk(t, nil)
	conn := d.dial(false)
	if err := exchange(conn); err != nil {
		t.Fatal(err)
	}
	ping := []byte(strings.Repeat("\xc0\x00", 1<<15))
	conn.SetWriteDeadline(time.Now().Add(time.Second))
	for {
		if _, err := conn.Write(ping); err != nil {
			break // the server has stopped reading, too
		}
	}
	if err := exchange(d.dial(true)); err != nil {
		t.Error(err)
	}
}

// A device that connects again closes its first connection.
func TestSecondConnectionClosesFirst(t *testing.T) {
	d := newDesk(t, nil)
	for _, websocket := range []bool{false, true} {
		first := d.dial(websocket)
		if err := exchange(first); err != nil {
			t.Fatal(err)
		}
		if err := exchange(d.dial(!websocket)); err != nil {
			t.Fatal(err)
		}
		closed(t, first, 5*time.Second) // there is no other reason for the end
	}
}

// Clients that have connected and behave keep their places, and further
// connections are closed immediately. When one ends, there is room again.
func TestConnectionLimit(t *testing.T) {
	d := newDesk(t, func(o *simulate.Options) { o.MaxConns = 2 })
	a, b := d.dialAs("a", false), d.dialAs("b", true)
	for conn, id := range map[net.Conn]string{a: "a", b: "b"} {
		if err := register(conn, certified(id)+subscribe(0)+string(publishOf(0))); err != nil {
			t.Fatal(err)
		}
	}
	for _, addr := range []string{d.tls, d.web} {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		closed(t, conn, 5*time.Second)
	}
	a.Close()
	b.Close()
	d.diagnosed(simulate.TooManyConnections, "closed immediately: there are already 2 connections")
	d.served()
}

// A newcomer takes the place of the oldest connection whose client has not
// connected, wherever that client has stopped. There is no other diagnosis.
func TestNewcomersFindRoom(t *testing.T) {
	for name, open := range map[string]func(d *desk) net.Conn{
		"TCP":       func(d *desk) net.Conn { return d.raw(d.tls) },
		"TLS":       func(d *desk) net.Conn { return d.dial(false) },
		"WebSocket": func(d *desk) net.Conn { return d.dial(true) },
		"half CONNECT": func(d *desk) net.Conn {
			conn := d.dial(false)
			io.WriteString(conn, "\x10\x80\x01half")
			d.find("connection", func(e dpstest.Event) bool { return e.Kind == dpstest.EventOpened })
			return conn
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, func(o *simulate.Options) { o.MaxConns = 2 })
			first := open(d)
			d.reaches("connections", 1, d.server.Connections)
			second := d.dial(false)
			third := d.dial(false)
			closed(t, first, 5*time.Second)
			d.diagnosed(simulate.TooManyConnections, "closed to make room for another connection: there are already 2")
			for _, conn := range []net.Conn{third, second} {
				if err := exchange(conn); err != nil {
					t.Error(err)
				}
			}
			if lines := d.lines(); d.forget() != 1 {
				t.Errorf("want one diagnosis, of the first connection, got\n%s", lines)
			}
		})
	}
}

// A newcomer takes the place of a client that floods, although it is the
// youngest and all are connected.
func TestFloodsMakeRoom(t *testing.T) {
	d := newDesk(t, func(o *simulate.Options) { o.MaxConns = 2 })
	var conns []net.Conn
	for _, id := range []string{"a", "b"} {
		conn := d.dialAs(id, false)
		if err := register(conn, certified(id)+subscribe(0)+string(publishOf(0))); err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	go write(conns[1], "", strings.Repeat("\xc0\x00", 8<<10))
	d.diagnosed(simulate.Flood)
	if err := exchange(d.dial(false)); err != nil {
		t.Error(err)
	}
	closed(t, conns[1], 5*time.Second)
	if err := register(conns[0], string(publishOf(0))); err != nil {
		t.Error(err)
	}
}

// The end of the context closes every connection, and both servers return.
func TestStop(t *testing.T) {
	d := newDesk(t, nil)
	a, b := d.dial(false), d.dial(true)
	if err := errors.Join(exchange(a), exchange(b)); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	d.stop()
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("the end took %v", took)
	}
	closed(t, a, time.Second)
	closed(t, b, time.Second)
}
