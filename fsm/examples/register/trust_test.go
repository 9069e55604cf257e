package main

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/dps/fsm/examples/internal/cert"
	"example.com/dps/fsm/examples/internal/transport"
)

// The device never uses a version of TLS before 1.2, on either transport.
func TestNoOldTLS(t *testing.T) {
	t.Parallel()
	cfg, caFile := serverConfig(t)
	cfg.MinVersion, cfg.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	addr := listenTLS(t, cfg, func(net.Conn) { t.Error("the server finished a handshake") })
	for _, kind := range []string{"tls", "websocket"} {
		got := try(t, "-host", addr, "-ca", caFile, "-transport", kind, "-id-scope", rogueScope, "-registration-id", "dev", "-key", testKey, "-timeout", "1s")
		if got.code != 3 || !strings.Contains(got.stderr, "another version of TLS") {
			t.Errorf("%s: exit code %d\n%s", kind, got.code, got.stderr)
		}
	}
	lenient := listenTLS(t, cfg, func(net.Conn) {}) // another client can connect, so this test can fail
	conn, err := transport.DialTLS(t.Context(), lenient, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10})
	if err != nil {
		t.Fatal(err)
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
	untrusted, err := strangers.Server(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	_, caFile := serverConfig(t)
	for _, kind := range []string{"tls", "websocket"} {
		t.Run(kind, func(t *testing.T) {
			var conns atomic.Int32
			var mu sync.Mutex
			var heard bytes.Buffer
			addr := listenTCP(t, func(conn net.Conn) {
				if conns.Add(1) == 1 {
					return // hang up: the device tries again
				}
				secure := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{untrusted}})
				text, _ := io.ReadAll(secure)
				mu.Lock()
				defer mu.Unlock()
				heard.Write(text)
			})
			got := try(t, "-host", addr, "-ca", caFile, "-transport", kind, "-id-scope", rogueScope, "-registration-id", "dev", "-key", testKey, "-timeout", "20s")
			if got.code != 3 || !strings.Contains(got.stderr, "unknown authority") || !strings.Contains(got.stderr, "with -ca") || conns.Load() != 2 {
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
	together := &group{t: t}
	defer together.wait()
	for _, websocket := range []bool{false, true} {
		together.run(fmt.Sprintf("websocket=%t", websocket), func(t *testing.T) {
			r := &rogue{hangUp: []int{2, 3}} // backoffs exceed a second, the resolution of expiry times
			got := try(t, append(r.start(t, websocket), "-registration-id", "dev", "-key", testKey, "-timeout", "60s")...)
			r.mu.Lock()
			defer r.mu.Unlock()
			different := map[string]bool{}
			for _, password := range r.passwords {
				different[password] = strings.HasPrefix(password, "SharedAccessSignature ")
			}
			if got.code != 0 || len(r.passwords) != 3 || len(different) != 3 || different[""] {
				t.Errorf("exit code %d, %d passwords in %d connections\n%s", got.code, len(different), len(r.passwords), got.stderr)
			}
		})
	}
}
