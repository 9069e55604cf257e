package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/cert"
	"example.com/dps/fsm/examples/internal/demo"
	"example.com/dps/fsm/examples/internal/transport"
	"example.com/dps/fsm/registration"
	"example.com/dps/packet"
)

// serverConfig returns the TLS configuration of a server whose certificate is
// signed by d's authority.
func (d *desk) serverConfig(t *testing.T) *tls.Config {
	t.Helper()
	own, err := d.ca.Server(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{own}}
}

// The device never uses a version of TLS before 1.2, on either transport.
func TestNoOldTLS(t *testing.T) {
	t.Parallel()
	d := newDesk(t, dpstest.Outcome{})
	cfg := d.serverConfig(t)
	cfg.MinVersion, cfg.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	var finished atomic.Int32
	addr := listenTCP(t, func(conn net.Conn) {
		if tls.Server(conn, cfg).Handshake() == nil {
			finished.Add(1)
		}
	})
	for _, kind := range transports {
		got := try(t.Context(), d.flags(kind, "-host", addr, "-timeout", "1s")...)
		if got.code != 3 || !strings.Contains(got.stderr, "protocol version") || finished.Load() != 0 {
			t.Errorf("%s: exit code %d\n%s", kind, got.code, got.stderr)
		}
	}
	conn, err := transport.DialTLS(t.Context(), addr, &tls.Config{RootCAs: d.ca.Pool(), MinVersion: tls.VersionTLS10})
	if err != nil {
		t.Fatal("the test cannot fail: ", err)
	}
	conn.Close()
}

// An untrusted certificate ends the registration immediately, even after other
// failures, and its owner receives no application data.
func TestUntrustedServerGetsNothing(t *testing.T) {
	t.Parallel()
	strangers, err := cert.NewAuthority("strangers", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, dpstest.Outcome{})
	untrusted := (&desk{ca: strangers}).serverConfig(t)
	for _, kind := range transports {
		t.Run(kind, func(t *testing.T) {
			var conns atomic.Int32
			var mu sync.Mutex
			var heard bytes.Buffer
			addr := listenTCP(t, func(conn net.Conn) {
				if conns.Add(1) == 1 {
					return // hang up: the device tries again
				}
				text, _ := io.ReadAll(tls.Server(conn, untrusted))
				mu.Lock()
				defer mu.Unlock()
				heard.Write(text)
			})
			got := try(t.Context(), d.flags(kind, "-host", addr, "-timeout", "20s")...)
			if got.code != 3 || !strings.Contains(got.stderr, "unknown authority") || conns.Load() != 2 {
				t.Errorf("exit code %d after %d connections\n%s%s", got.code, conns.Load(), got.stdout, got.stderr)
			}
			mu.Lock()
			defer mu.Unlock()
			if heard.Len() > 0 {
				t.Errorf("the server received %q", heard.Bytes())
			}
		})
	}
}

// Each connection has its own password, because that of an earlier connection
// may have expired.
func TestFreshPasswords(t *testing.T) {
	t.Parallel()
	d := newDesk(t, dpstest.Outcome{})
	cfg := d.serverConfig(t)
	passwords := make(chan string, 10)
	addr := listenTCP(t, func(conn net.Conn) { // hangs up after CONNECT
		secure, in := tls.Server(conn, cfg), make([]byte, 4<<10)
		var s packet.Splitter
		for {
			n, err := secure.Read(in)
			s.Feed(in[:n])
			if f, ferr := s.Next(); ferr == nil {
				if p, err := packet.Decode(f); err == nil {
					passwords <- string(p.(*packet.Connect).Password)
				}
				return
			}
			if err != nil {
				return
			}
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan outcome, 1)
	go func() { done <- try(ctx, d.flags("tls", "-host", addr)...) }()
	first, second := <-passwords, <-passwords // a backoff exceeds a second, the resolution of expiry times
	cancel()
	<-done
	const prefix = "SharedAccessSignature "
	if first == second || !strings.HasPrefix(first, prefix) || !strings.HasPrefix(second, prefix) {
		t.Errorf("%q, then %q", first, second)
	}
}

// Ctrl-C ends a backoff of any length.
func TestInterruptDuringBackoff(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := registration.New(registration.Config{
		IDScope: demo.IDScope, RegistrationID: demo.RegistrationID,
		Policy: registration.Policy{Budget: -1, MinBackoff: time.Hour, MaxBackoff: time.Hour},
		Trace: func(e registration.Event) {
			if e.Kind == registration.EventRetry {
				cancel() // the backoff has begun
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	closed := listen(t)
	closed.Close()
	links, done := 0, make(chan bool)
	go func() {
		defer close(done)
		drive(ctx, r, func() (*mqtt.ClientOptions, error) {
			links++
			return clientOptions(r, "tls://"+closed.Addr().String(), &tls.Config{}, "password"), nil
		})
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("the registration did not end within a minute")
	}
	if _, err := r.Result(); !errors.Is(err, registration.ErrStopped) || links != 1 {
		t.Errorf("%v after %d attempts", err, links)
	}
}

// A peer that does not read cannot block the device, because each write has a
// timeout.
func TestWriteTimeout(t *testing.T) {
	r, err := registration.New(registration.Config{IDScope: demo.IDScope, RegistrationID: demo.RegistrationID})
	if err != nil {
		t.Fatal(err)
	}
	if o := clientOptions(r, "tls://h:1", &tls.Config{}, "password"); o.WriteTimeout <= 0 || o.WriteTimeout > time.Minute {
		t.Errorf("%v", o.WriteTimeout)
	}
}
