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
)

const scope = "0ne00000A1B"

// A desk is a server on both transports that records its events.
type desk struct {
	*testing.T
	ca       *cert.Authority
	server   *simulate.Server
	service  *dpstest.Service
	tls, web string // addresses
	client   *tls.Config
	stop     func() // stops the server and returns when both transports have stopped

	mu     sync.Mutex
	events []dpstest.Event
}

// newDesk starts a server. If change is not nil, it changes the options. limit
// changes the limits.
func newDesk(t *testing.T, change func(*simulate.Options), limit ...func(*simulate.Server)) *desk {
	t.Helper()
	d := &desk{T: t}
	var err error
	d.service, err = dpstest.New(dpstest.Config{IDScope: scope, Log: d.note, Enrollments: []dpstest.Enrollment{
		{Group: "all", X509: true, Outcome: dpstest.Outcome{AtOnce: true}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if d.ca, err = cert.NewAuthority("test CA", time.Now()); err != nil {
		t.Fatal(err)
	}
	own, err := d.ca.Server(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	device, err := d.ca.Client("dev", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	d.client = &tls.Config{RootCAs: d.ca.Pool(), Certificates: []tls.Certificate{device}}
	o := simulate.Options{
		Service: d.service, TLS: &tls.Config{Certificates: []tls.Certificate{own}}, MaxConns: 100, CAFile: "/tmp/ca file.pem", Log: d.note,
	}
	if change != nil {
		change(&o)
	}
	d.server = simulate.New(o)
	server := d.server
	for _, f := range limit {
		f(server)
	}
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

func (d *desk) note(e dpstest.Event) {
	if e.Conn == 0 {
		d.server.Do(func() {}) // the server must not be locked during events outside of the service
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	e.Packet = nil // it is only valid during the call
	d.events = append(d.events, e)
}

// lines returns the events so far, one per line.
func (d *desk) lines() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var s strings.Builder
	for _, e := range d.events {
		fmt.Fprintln(&s, e)
	}
	return s.String()
}

// find waits for an event and returns it.
func (d *desk) find(what string, is func(dpstest.Event) bool) dpstest.Event {
	d.Helper()
	for start := time.Now(); time.Since(start) < 10*time.Second; time.Sleep(5 * time.Millisecond) {
		d.mu.Lock()
		for _, e := range d.events {
			if is(e) {
				d.mu.Unlock()
				return e
			}
		}
		d.mu.Unlock()
	}
	d.Fatalf("want an event: %s, got\n%s", what, d.lines())
	return dpstest.Event{}
}

// diagnosed waits for a diagnosis and checks that its text contains the words.
func (d *desk) diagnosed(want dpstest.Diagnosis, words ...string) {
	d.Helper()
	e := d.find(string(want), func(e dpstest.Event) bool { return e.Kind == dpstest.EventDiagnosis && e.Diagnosis == want })
	for _, word := range words {
		if !strings.Contains(e.Text, word) {
			d.Errorf("want %q in %v", word, e)
		}
	}
}

// sound checks that there was no diagnosis.
func (d *desk) sound() {
	d.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.events {
		if e.Kind == dpstest.EventDiagnosis && e.Diagnosis != dpstest.NoDisconnect {
			d.Errorf("want no diagnosis, got %v", e)
		}
	}
}

// count returns how many times a diagnosis was made.
func (d *desk) count(which dpstest.Diagnosis) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.events {
		if e.Diagnosis == which {
			n++
		}
	}
	return n
}

// forget discards the events and returns the number of diagnoses among them.
func (d *desk) forget() (mistakes int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.events {
		if e.Kind == dpstest.EventDiagnosis {
			mistakes++
		}
	}
	d.events = nil
	return mistakes
}

// served checks that a well-behaved client is served. It tries several times,
// because a connection that has just ended may still occupy a place.
func (d *desk) served() {
	d.Helper()
	var err error
	for range 100 {
		var conn transport.Conn
		if conn, err = transport.DialTLS(d.Context(), d.tls, d.client); err == nil {
			err = exchange(conn)
			conn.Close()
			if err == nil {
				return
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	d.Error(err)
}

// reaches waits until a number of the server is the expected one.
func (d *desk) reaches(what string, want int, number func() int) {
	d.Helper()
	got := -1
	for range 1000 {
		if got = number(); got == want {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	d.Errorf("the server has %d %s, want %d", got, what, want)
}

// raw connects without TLS.
func (d *desk) raw(addr string) net.Conn {
	d.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		d.Fatal(err)
	}
	d.Cleanup(func() { conn.Close() })
	return conn
}

// dialAs connects with the certificate of a device.
func (d *desk) dialAs(id string, websocket bool) transport.Conn {
	d.Helper()
	device, err := d.ca.Client(id, time.Now())
	if err != nil {
		d.Fatal(err)
	}
	dev := d.client.Certificates
	defer func() { d.client.Certificates = dev }()
	d.client.Certificates = []tls.Certificate{device}
	return d.dial(websocket)
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

// exchange registers the device "dev", which has a certificate.
func exchange(conn net.Conn) error {
	return register(conn, certified("dev")+subscribe(0)+string(publishOf(0)))
}

// certified returns the CONNECT of a device that has a certificate.
func certified(id string) string {
	return encode(&packet.Connect{
		ClientID: []byte(id), Username: []byte(scope + "/registrations/" + id + "/api-version=2019-03-31"), CleanSession: true,
	})
}

// register sends packets and reads until the answer to the registration
// arrives.
func register(conn net.Conn, packets string) error {
	if _, err := io.WriteString(conn, packets); err != nil {
		return err
	}
	conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	var s packet.Splitter
	for in := make([]byte, 99); ; {
		n, err := conn.Read(in)
		s.Feed(in[:n])
		for {
			f, ferr := s.Next()
			if ferr != nil {
				break
			}
			if f.Type == packet.PUBLISH {
				if body := string(f.Body); !strings.Contains(body, `"assigned"`) {
					return errors.New(body)
				}
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
		t.Errorf("the connection is still open after %v", within)
	}
}
