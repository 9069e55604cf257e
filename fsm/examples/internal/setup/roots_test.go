package setup_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"example.com/dps/fsm/examples/internal/cert"
	"example.com/dps/fsm/examples/internal/setup"
)

// system is the only authority that the system trusts.
var system *cert.Authority

// TestMain sets the system's roots before any test reads them.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "roots")
	if err == nil {
		system, err = cert.NewAuthority("system", time.Now())
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "system.pem"), system.PEM(), 0o600)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Setenv("SSL_CERT_FILE", filepath.Join(dir, "system.pem"))
	os.Setenv("SSL_CERT_DIR", filepath.Join(dir, "none"))
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// The roots in a file are trusted in addition to those of the system.
func TestRoots(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		t.Skip("the environment cannot set the system's roots here")
	}
	own, err := cert.NewAuthority("own", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "own.pem")
	if err := os.WriteFile(file, own.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	issued := func(ca *cert.Authority) tls.Certificate {
		c, err := ca.Server(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	bySystem, byOwn := issued(system), issued(own)
	for _, c := range []struct {
		file        string
		system, own bool
	}{{"", true, false}, {file, true, true}} {
		roots, err := setup.Roots(c.file)
		if err != nil {
			t.Fatal(err)
		}
		trusts := func(c tls.Certificate) bool {
			_, err := c.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: "localhost"})
			return err == nil
		}
		if trusts(bySystem) != c.system || trusts(byOwn) != c.own {
			t.Errorf("-ca %q: got trust in the system's roots %t, in the file's %t; want %t, %t", c.file, trusts(bySystem), trusts(byOwn), c.system, c.own)
		}
	}
}
