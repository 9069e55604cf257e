package simulate_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/cert"
	"example.com/dps/fsm/examples/internal/simulate"
	"example.com/dps/fsm/examples/internal/transport"
	"example.com/dps/packet"
	"example.com/dps/topic"
)

const scope = "0ne00000A1B"

// A desk is a server on both transports, with a log.
type desk struct {
	*testing.T
	tls, web string // addresses
	client   *tls.Config
	stop     func() // returns when the server has

	mu  sync.Mutex
	log strings.Builder
}

func newDesk(t *testing.T, maxConns int) *desk {
	t.Helper()
	service, err := dpstest.New(dpstest.Config{IDScope: scope, Enrollments: []dpstest.Enrollment{
		{Group: "all", X509: true, Outcome: dpstest.Outcome{AtOnce: true}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	ca, err := cert.NewAuthority("test CA", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	own, err := ca.Server(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	device, err := ca.Client("dev", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{T: t, client: &tls.Config{RootCAs: ca.Pool(), Certificates: []tls.Certificate{device}}}
	server := simulate.New(simulate.Options{Service: service, TLS: &tls.Config{Certificates: []tls.Certificate{own}}, MaxConns: maxConns, Log: func(e dpstest.Event) { d.print(e.Text) }})
	ctx, cancel := context.WithCancel(context.Background())
	errs := make(chan error, 2)
	for addr, serve := range map[*string]func(context.Context, net.Listener) error{&d.tls: server.ServeTLS, &d.web: server.ServeWebSocket} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		*addr = l.Addr().String()
		go func() { errs <- serve(ctx, l) }()
	}
	d.stop = sync.OnceFunc(func() {
		cancel()
		if err := errors.Join(<-errs, <-errs); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(d.stop)
	return d
}

func (d *desk) print(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	fmt.Fprintln(&d.log, text)
}

// dial connects over a transport.
func (d *desk) dial(websocket bool) transport.Conn {
	d.Helper()
	var conn transport.Conn
	var err error
	if websocket {
		conn, err = transport.DialWebSocket(d.Context(), d.web, "/any/path", d.client)
	} else {
		conn, err = transport.DialTLS(d.Context(), d.tls, d.client)
	}
	if err != nil {
		d.Fatal(err)
	}
	d.Cleanup(func() { conn.Close() })
	return conn
}

// exchange sends packets and reads until the answer to the registration comes.
func exchange(conn net.Conn) error {
	name, err := topic.Request{Op: topic.Register, RequestID: []byte("1")}.AppendText(nil)
	if err != nil {
		return err
	}
	var out []byte
	for _, p := range []packet.Packet{
		&packet.Connect{ClientID: []byte("dev"), Username: []byte(scope + "/registrations/dev/api-version=2019-03-31"), CleanSession: true},
		&packet.Subscribe{ID: 1, Subscriptions: []packet.Subscription{{Filter: []byte(topic.ResponseFilter)}}},
		&packet.Publish{Topic: name},
	} {
		if out, err = p.AppendBinary(out); err != nil {
			return err
		}
	}
	if _, err := conn.Write(out); err != nil {
		return err
	}
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	var s packet.Splitter
	for in := make([]byte, 99); ; {
		n, err := conn.Read(in)
		s.Feed(in[:n])
		for {
			f, ferr := s.Next()
			if ferr != nil {
				break
			}
			if f.Type == packet.PUBLISH && strings.Contains(string(f.Body), `"assigned"`) {
				return nil
			}
		}
		if err != nil {
			return err
		}
	}
}

// closed waits until the server closes the connection.
func closed(t *testing.T, conn net.Conn, within time.Duration) {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(within))
	if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("still open after %v", within)
	}
}

// Whatever clients do, the next one is served.
func TestMisbehavingClients(t *testing.T) {
	for _, websocket := range []bool{false, true} {
		t.Run(fmt.Sprintf("websocket=%t", websocket), func(t *testing.T) {
			d := newDesk(t, 100)
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
			closed(t, plain, time.Second)

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
				conn.SetReadDeadline(time.Now().Add(2 * time.Second))
				if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("%s: still open", name)
				}
			}
			half := d.dial(websocket)
			io.WriteString(half, "\x10\x0c\x00")
			d.dial(websocket) // and says nothing
			d.dial(websocket).Close()
			if err := exchange(d.dial(websocket)); err != nil {
				t.Errorf("a good client: %v\n%s", err, d.log.String())
			}
		})
	}
}

// A client that sends and never reads is closed, and nobody waits for it.
func TestClientThatNeverReads(t *testing.T) {
	d := newDesk(t, 100)
	conn := d.dial(false)
	if err := exchange(conn); err != nil {
		t.Fatal(err)
	}
	ping := []byte(strings.Repeat("\xc0\x00", 1<<15))
	conn.SetWriteDeadline(time.Now().Add(time.Second))
	for {
		if _, err := conn.Write(ping); err != nil {
			break // the server has stopped reading too
		}
	}
	if err := exchange(d.dial(true)); err != nil {
		t.Error(err)
	}
}

// A device that connects again closes its first connection.
func TestSecondConnectionClosesFirst(t *testing.T) {
	d := newDesk(t, 100)
	for _, websocket := range []bool{false, true} {
		first := d.dial(websocket)
		if err := exchange(first); err != nil {
			t.Fatal(err)
		}
		if err := exchange(d.dial(!websocket)); err != nil {
			t.Fatal(err)
		}
		closed(t, first, 3*time.Second)
	}
}

// Above the limit connections are closed at once; when one ends there is room again.
func TestConnectionLimit(t *testing.T) {
	d := newDesk(t, 2)
	a, b := d.dial(false), d.dial(true)
	for _, addr := range []string{d.tls, d.web} {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		closed(t, conn, 2*time.Second)
	}
	a.Close()
	b.Close()
	var err error
	for range 50 {
		var conn transport.Conn
		if conn, err = transport.DialTLS(t.Context(), d.tls, d.client); err == nil {
			if err = exchange(conn); err == nil {
				break
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err != nil {
		t.Error(err)
	}
	if d.mu.Lock(); !strings.Contains(d.log.String(), "there are 2 connections already") {
		t.Error(d.log.String())
	}
	d.mu.Unlock()
}

// The end of the context closes every connection, and both servers return.
func TestStop(t *testing.T) {
	d := newDesk(t, 100)
	a, b := d.dial(false), d.dial(true)
	if err := errors.Join(exchange(a), exchange(b)); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	d.stop()
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("took %v", took)
	}
	closed(t, a, time.Second)
	closed(t, b, time.Second)
}
