package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/dps/fsm/examples/internal/transport"
	"example.com/dps/packet"
	"example.com/dps/sastoken"
	"example.com/dps/topic"
)

// A screen is a writer whose text can be read at any time.
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

// wait waits until the text contains each string of want, in this order, and
// returns the text.
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
	t.Fatalf("want %q in\n%s", want, text)
	return ""
}

// A session is a simulator that runs in this process.
type session struct {
	ready
	readyFile string
	out       *screen
	roots     *x509.CertPool
	reload    chan os.Signal
	stop      func() int // returns the exit code
}

// start starts a simulator on free ports, and waits until it is ready.
func start(t *testing.T, args ...string) *session {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir()) // for the CA file
	file := filepath.Join(t.TempDir(), "sub", "ready.json")
	s := &session{readyFile: file, out: new(screen), reload: make(chan os.Signal)}
	ctx, cancel := context.WithCancel(context.Background())
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, append([]string{"-tls", "127.0.0.1:0", "-websocket", "127.0.0.1:0", "-ready-file", file}, args...), s.out, s.out, s.reload)
	}()
	s.stop = sync.OnceValue(func() int { cancel(); return <-code })
	t.Cleanup(func() { s.stop() })
	s.ready, s.roots = waitReady(t, file, s.out)
	return s
}

// waitReady waits for the file of -ready-file.
func waitReady(t *testing.T, file string, out *screen) (r ready, roots *x509.CertPool) {
	t.Helper()
	for range 1000 {
		if text, err := os.ReadFile(file); err == nil {
			if err := json.Unmarshal(text, &r); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			return r, readPool(t, r.CA)
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("the simulator was not ready after ten seconds: %v", out)
	return r, nil
}

func readPool(t *testing.T, file string) *x509.CertPool {
	t.Helper()
	pool := x509.NewCertPool()
	if file == "" {
		return pool
	}
	pem, err := os.ReadFile(file)
	if err != nil || !pool.AppendCertsFromPEM(pem) {
		t.Fatal(err)
	}
	return pool
}

// A client is a device that registers without mistakes.
type client struct {
	addr  string // for TLS
	roots *x509.CertPool
	certs []tls.Certificate
	rude  bool // leaves without a DISCONNECT
}

func (s *session) client(certs ...tls.Certificate) client {
	return client{s.TLS, s.roots, certs, false}
}

const (
	testScope = "0ne00000A1B"
	testKey   = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" // the key of the demo's devices
)

// password returns a token for a device with the demo's key.
func password(t *testing.T, id string) string {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(testKey)
	if err != nil {
		t.Fatal(err)
	}
	token, err := sastoken.Sign(key, sastoken.Resource(testScope, id), sastoken.KeyName, time.Now().Add(time.Hour)).AppendPassword(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(token)
}

// register returns the topic and the body of the answer to a registration. The
// answer is empty if the service closes the connection.
func (c client) register(t *testing.T, id, password string) (string, error) {
	t.Helper()
	cfg := &tls.Config{RootCAs: c.roots}
	if len(c.certs) > 0 { // no matter which authorities the server names
		cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &c.certs[0], nil }
	}
	conn, err := transport.DialTLS(t.Context(), c.addr, cfg)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	name, err := topic.Request{Op: topic.Register, RequestID: []byte("1")}.AppendText(nil)
	if err != nil {
		t.Fatal(err)
	}
	p := packet.Connect{ClientID: []byte(id), Username: []byte(testScope + "/registrations/" + id + "/api-version=2019-03-31"), CleanSession: true, KeepAlive: 60}
	if password != "" {
		p.Password = []byte(password)
	}
	var s packet.Splitter
	for _, step := range []struct {
		send packet.Packet
		want packet.Type
	}{
		{&p, packet.CONNACK},
		{&packet.Subscribe{ID: 1, Subscriptions: []packet.Subscription{{Filter: []byte(topic.ResponseFilter)}}}, packet.SUBACK},
		{&packet.Publish{Topic: name, Payload: []byte(`{"registrationId":"` + id + `"}`)}, packet.PUBLISH},
	} {
		answer, err := exchange(conn, &s, step.send)
		if err != nil {
			return "", err
		}
		if answer.Type != step.want {
			return "", fmt.Errorf("%v after %v", answer.Type, step.send.Type())
		}
		if answer.Type == packet.PUBLISH && !c.rude {
			conn.Write([]byte("\xe0\x00"))
		}
		if answer.Type == packet.PUBLISH {
			return string(answer.Body), nil
		}
	}
	return "", nil
}

// exchange sends a packet and returns the next packet that arrives.
func exchange(conn io.ReadWriter, s *packet.Splitter, p packet.Packet) (packet.Frame, error) {
	out, err := p.AppendBinary(nil)
	if err != nil {
		return packet.Frame{}, err
	}
	if _, err := conn.Write(out); err != nil {
		return packet.Frame{}, err
	}
	for in := make([]byte, 4096); ; {
		if f, err := s.Next(); err == nil {
			f.Body = []byte(string(f.Body))
			return f, nil
		}
		n, err := conn.Read(in)
		if s.Feed(in[:n]); err != nil && n == 0 {
			return packet.Frame{}, err
		}
	}
}

// mustRegister registers a device with the demo's key.
func (c client) mustRegister(t *testing.T, id string) {
	t.Helper()
	answer, err := c.register(t, id, password(t, id))
	if err != nil || !strings.Contains(answer, "res/20") {
		t.Fatalf("%s: %q, %v", id, answer, err)
	}
}

// writeFile writes a file in a temporary directory and returns its name.
func writeFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "f.json")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// devices returns the name of a file with an enrollment for each name. Each
// device has the demo's key and is assigned in the answer to its registration.
func devices(t *testing.T, names ...string) string {
	t.Helper()
	var all []string
	for _, name := range names {
		all = append(all, fmt.Sprintf(`{"registrationId": %q, "primaryKey": %q, "outcome": {"atOnce": true}}`, name, testKey))
	}
	return writeFile(t, fmt.Sprintf(`{"idScope": %q, "enrollments": [%s]}`, testScope, strings.Join(all, ",\n")))
}
