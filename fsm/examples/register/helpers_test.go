package main

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/dps/fsm/examples/internal/cert"
)

const testKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

// outcome is the result of a run of the program.
type outcome struct {
	code           int
	stdout, stderr string
}

// try runs the program with an empty environment.
func try(t *testing.T, args ...string) outcome {
	t.Helper()
	return tryIn(t.Context(), nil, args...)
}

func tryIn(ctx context.Context, env map[string]string, args ...string) outcome {
	var stdout, stderr strings.Builder
	code := run(ctx, args, func(name string) string { return env[name] }, &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

// file writes a file and returns its name.
func file(t *testing.T, name string, content []byte) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// A group runs subtests at the same time, because they mostly wait. (t.Parallel
// runs only as many as there are processors.)
type group struct {
	t   *testing.T
	all sync.WaitGroup
}

func (g *group) run(name string, f func(t *testing.T)) {
	g.all.Add(1)
	go func() {
		defer g.all.Done()
		g.t.Run(name, f)
	}()
}

func (g *group) wait() { g.all.Wait() }

// listenTCP listens on a free port until the test ends and calls serve for each
// connection. It returns the address.
func listenTCP(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
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

// listenTLS is like listenTCP, but calls serve after the TLS handshake.
func listenTLS(t *testing.T, cfg *tls.Config, serve func(net.Conn)) string {
	t.Helper()
	return listenTCP(t, func(conn net.Conn) {
		if secure := tls.Server(conn, cfg); secure.Handshake() == nil {
			serve(secure)
		}
	})
}

// authority returns a new certificate authority and the name of a file with its
// certificate.
func authority(t *testing.T) (*cert.Authority, string) {
	t.Helper()
	ca, err := cert.NewAuthority("test CA", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return ca, file(t, "ca.pem", ca.PEM())
}

// serverConfig returns the TLS configuration of a server, and the name of a
// file with the certificate of its authority.
func serverConfig(t *testing.T) (cfg *tls.Config, caFile string) {
	t.Helper()
	ca, caFile := authority(t)
	own, err := ca.Server(time.Now(), deskName)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{own}}, caFile
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
