package main

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/cert"
	"example.com/dps/fsm/examples/internal/demo"
	"example.com/dps/fsm/examples/internal/simulate"
)

const otherKey = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="

// outcome is the result of a run of the program.
type outcome struct {
	code           int
	stdout, stderr string
	took           time.Duration
}

// try runs the program with an empty environment.
func try(ctx context.Context, args ...string) outcome { return tryIn(ctx, nil, args...) }

func tryIn(ctx context.Context, env map[string]string, args ...string) outcome {
	var stdout, stderr strings.Builder
	start := time.Now()
	code := run(ctx, args, func(name string) string { return env[name] }, &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String(), time.Since(start)}
}

// A desk is a simulated service for one test.
type desk struct {
	ca       *cert.Authority
	caFile   string
	tls, web string // addresses

	mu  sync.Mutex
	log []string // packets that the service received
}

// deskName is a name in the server's certificate that does not resolve.
const deskName = "dps.invalid"

// newDesk starts a service that knows the demo's device, with a scripted
// outcome and faults.
func newDesk(t *testing.T, outcome dpstest.Outcome, faults ...dpstest.Fault) *desk {
	t.Helper()
	d := new(desk)
	service, err := dpstest.New(dpstest.Config{
		IDScope: demo.IDScope, RetryAfter: "1", AssignedHub: "hub.example",
		Enrollments: []dpstest.Enrollment{{RegistrationID: demo.RegistrationID, PrimaryKey: demo.Key, Outcome: outcome, Faults: faults}},
		Log: func(e dpstest.Event) {
			d.mu.Lock()
			defer d.mu.Unlock()
			if e.Kind == dpstest.EventReceived {
				d.log = append(d.log, e.Text)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if d.ca, err = cert.NewAuthority("test CA", time.Now()); err != nil {
		t.Fatal(err)
	}
	d.caFile = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(d.caFile, d.ca.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	own, err := d.ca.Server(time.Now(), deskName)
	if err != nil {
		t.Fatal(err)
	}
	server := simulate.New(simulate.Options{Service: service, TLS: &tls.Config{Certificates: []tls.Certificate{own}}, MaxConns: 20})
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	for addr, serve := range map[*string]func(context.Context, net.Listener) error{&d.tls: server.ServeTLS, &d.web: server.ServeWebSocket} {
		l := listen(t)
		*addr = l.Addr().String()
		go serve(ctx, l)
	}
	return d
}

// flags returns the flags that register the demo's device over a transport.
func (d *desk) flags(transport string, more ...string) []string {
	addr := d.tls
	if transport == "websocket" {
		addr = d.web
	}
	return append([]string{"-host", addr, "-ca", d.caFile, "-transport", transport,
		"-id-scope", demo.IDScope, "-registration-id", demo.RegistrationID, "-key", demo.Key}, more...)
}

// count returns how many of the received packets contain the word.
func (d *desk) count(word string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(d.log), func(line string) bool { return !strings.Contains(line, word) }))
}

// lines returns the received packets, one per line.
func (d *desk) lines() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.log, "\n")
}

// eventually reports whether what returns true within some 30 seconds.
func eventually(what func() bool) bool {
	for range 3000 {
		if what() {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return what()
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// listenTCP listens on a free port until the test ends and calls serve for each
// connection. It returns the address.
func listenTCP(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l := listen(t)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				serve(conn)
			}()
		}
	}()
	return l.Addr().String()
}

// together runs subtests at the same time, because they mostly wait.
func together(t *testing.T, tests map[string]func(t *testing.T)) {
	var all sync.WaitGroup
	defer all.Wait()
	for name, f := range tests {
		all.Add(1)
		go func() {
			defer all.Done()
			t.Run(name, f)
		}()
	}
}

var transports = []string{"tls", "websocket"}
