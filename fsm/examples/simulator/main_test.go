package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/dps/fsm/examples/internal/cert"
	"example.com/dps/fsm/examples/internal/transport"
	"example.com/dps/packet"
)

// A screen is an output that can be read while it is written.
type screen struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// wait waits until the text holds each of these, in this order, and returns it.
func (s *screen) wait(t *testing.T, want ...string) string {
	t.Helper()
	var text string
	for range 500 {
		text = s.String()
		rest, found := text, true
		for _, w := range want {
			if _, rest, found = strings.Cut(rest, w); !found {
				break
			}
		}
		if found {
			return text
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("no %q in\n%s", want, text)
	return ""
}

// A session is a simulator that runs.
type session struct {
	tls, web string // addresses
	out      *screen
	roots    *x509.CertPool
	stop     func() int // returns the exit code
}

func start(t *testing.T, args ...string) *session {
	t.Helper()
	ca := filepath.Join(t.TempDir(), "sub", "ca.pem")
	s := &session{out: new(screen), roots: x509.NewCertPool()}
	ctx, cancel := context.WithCancel(context.Background())
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, append([]string{"-tls", "127.0.0.1:0", "-websocket", "127.0.0.1:0", "-ca-out", ca}, args...), s.out, s.out)
	}()
	s.stop = sync.OnceValue(func() int { cancel(); return <-code })
	t.Cleanup(func() { s.stop() })
	text := s.out.wait(t, "ID scope", "\n\n")
	if _, err := fmt.Sscanf(text[strings.Index(text, "TLS  "):], "TLS %s\n WebSocket wss://%s", &s.tls, &s.web); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	s.web = strings.TrimSuffix(s.web, transport.Path)
	pem, err := os.ReadFile(ca)
	if err != nil || !s.roots.AppendCertsFromPEM(pem) {
		t.Fatal(err)
	}
	return s
}

// connect sends a CONNECT over TLS and returns what comes back.
func (s *session) connect(t *testing.T, id string, certs ...tls.Certificate) ([]byte, error) {
	t.Helper()
	cfg := &tls.Config{RootCAs: s.roots}
	if len(certs) > 0 { // whatever authorities the server names
		cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &certs[0], nil }
	}
	conn, err := transport.DialTLS(t.Context(), s.tls, cfg)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	p := packet.Connect{ClientID: []byte(id), Username: []byte("0ne00000A1B/registrations/" + id + "/api-version=2019-03-31"), CleanSession: true}
	out, err := p.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(out); err != nil {
		return nil, err
	}
	conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	in := make([]byte, 4)
	_, err = io.ReadFull(conn, in)
	return in, err
}

var accepted = "\x20\x02\x00\x00"

// It prints how to connect with the demo's keys, serves, tells what devices do, and stops.
func TestDemo(t *testing.T) {
	certs := t.TempDir()
	s := start(t, "-client-certs", certs)
	s.out.wait(t, "demo-key", "AAECAwQF", "demo-x509", "go run ./register", "Client certificates are in")
	if got, err := s.connect(t, "demo-key"); string(got) != accepted {
		t.Errorf("% x, %v", got, err)
	}
	s.out.wait(t, `demo-key: CONNECT as "demo-key"`)
	conn, err := transport.DialWebSocket(t.Context(), s.web, "/", &tls.Config{RootCAs: s.roots})
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(conn, "\x00\x00") // and nothing of it can harm a terminal
	s.out.wait(t, "(unknown): closed")

	pair, err := tls.LoadX509KeyPair(filepath.Join(certs, "demo-x509.pem"), filepath.Join(certs, "demo-x509.key"))
	if err != nil || pair.Leaf.Subject.CommonName != "demo-x509" {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(certs, "demo-x509.key")); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("the private key is readable: %v, %v", info.Mode(), err)
	}
	if got, err := s.connect(t, "demo-x509", pair); string(got) != accepted {
		t.Errorf("% x, %v", got, err)
	}
	if code := s.stop(); code != exitStopped {
		t.Errorf("exit code %d", code)
	}
	s.out.wait(t, "stopped")
}

// A file of enrolments is served, and its keys are not shown.
func TestEnrollmentsFile(t *testing.T) {
	const key = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IQ=="
	file := filepath.Join(t.TempDir(), "e.json")
	os.WriteFile(file, []byte(`{"idScope":"0ne00000A1B","enrollments":[
		{"registrationId":"dev-1","primaryKey":"`+key+`","outcome":{"polls":2,"retryAfter":1}},
		{"group":"g","prefix":"sn-","x509":true,"outcome":{"status":"disabled"}}]}`), 0o600)
	s := start(t, "-enrollments", file)
	text := s.out.wait(t, "dev-1", "sn-*", "disabled", "certificate")
	if strings.Contains(text, key) || strings.Contains(text, "demo") {
		t.Error(text)
	}
}

// With -client-ca only certificates of these authorities get through the handshake.
func TestClientCA(t *testing.T) {
	file := filepath.Join(t.TempDir(), "clients.pem")
	ours, err := cert.NewAuthority("ours", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := cert.NewAuthority("theirs", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(file, ours.PEM(), 0o600)
	s := start(t, "-client-ca", file)
	for _, c := range []struct {
		by *cert.Authority
		ok bool
	}{{ours, true}, {theirs, false}} {
		pair, err := c.by.Client("demo-x509", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.connect(t, "demo-x509", pair); (string(got) == accepted) != c.ok {
			t.Errorf("% x, %v", got, err)
		}
	}
	if got, err := s.connect(t, "demo-key"); string(got) != accepted {
		t.Errorf("without a certificate: % x, %v", got, err)
	}
}

// What is wrong with the command line or a file is said at once.
func TestUsage(t *testing.T) {
	file := func(text string) string {
		name := filepath.Join(t.TempDir(), "f.json")
		os.WriteFile(name, []byte(text), 0o600)
		return name
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	ca := []string{"-ca-out", filepath.Join(t.TempDir(), "ca.pem")}
	for _, c := range []struct {
		args []string
		code int
		want []string
	}{
		{[]string{"x"}, exitUsage, []string{`unexpected argument "x"`}},
		{[]string{"-bogus"}, exitUsage, []string{"-bogus"}},
		{[]string{"-tls", "8883", "-connections", "0", "-ca-out", ""}, exitUsage, []string{`-tls is "8883"`, "-connections is 0", "-ca-out is empty"}},
		{[]string{"-enrollments", "/does/not/exist"}, exitUsage, []string{"/does/not/exist"}},
		{[]string{"-enrollments", file("{\n\"idScope\":\n 1}")}, exitUsage, []string{"line 3"}},
		{[]string{"-enrollments", file(`{"idScope":"s","enrolments":[]}`)}, exitUsage, []string{`unknown field "enrolments"`}},
		{[]string{"-enrollments", file(`{"idScope":"s"} x`)}, exitUsage, []string{"behind the JSON"}},
		{[]string{"-enrollments", file(`{"enrollments":[{"registrationId":"a"}]}`)}, exitUsage, []string{"idScope", "enrollments[0]"}},
		{[]string{"-client-ca", file("x")}, exitUsage, []string{"no certificate in PEM"}},
		{[]string{"-ca-out", "/proc/nowhere/ca.pem"}, exitUsage, []string{"-ca-out"}},
		{append(ca, "-tls", taken.Addr().String()), exitNetwork, []string{"-tls: ", "in use"}},
		{append(ca, "-tls", "127.0.0.1:0", "-websocket", taken.Addr().String()), exitNetwork, []string{"-websocket: ", "in use"}},
	} {
		var out, errs strings.Builder
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		code := run(ctx, c.args, &out, &errs)
		cancel()
		for _, want := range c.want {
			if !strings.Contains(errs.String(), want) {
				t.Errorf("%q: no %q in %s", c.args, want, errs.String())
			}
		}
		if code != c.code || out.Len() > 0 {
			t.Errorf("%q: exit code %d, %s", c.args, code, out.String())
		}
	}
	var out strings.Builder
	if code := run(t.Context(), []string{"-h"}, &out, io.Discard); code != 0 || !strings.Contains(out.String(), "Exit code") {
		t.Errorf("-h: exit code %d, %s", code, out.String())
	}
}
