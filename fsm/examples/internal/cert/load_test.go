package cert_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/dps/fsm/examples/internal/cert"
)

func load(t *testing.T, dir string, at time.Time) *cert.Authority {
	t.Helper()
	ca, err := cert.LoadAuthority(dir, "kept CA", at)
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

// An authority is created once, and its first certificate verifies the
// certificates that it issues later. Other users cannot read its key. The
// directory contains no other files.
func TestAuthorityIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there")
	first := load(t, dir, now)
	again := load(t, dir, now.AddDate(9, 0, 0))
	if diff := cmp.Diff(string(first.PEM()), string(again.PEM())); diff != "" {
		t.Error(diff)
	}
	server, err := again.Server(now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.Leaf.Verify(x509.VerifyOptions{Roots: first.Pool(), CurrentTime: now}); err != nil {
		t.Error(err)
	}
	got := map[string]fs.FileMode{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		got[e.Name()] = info.Mode()
	}
	if diff := cmp.Diff(map[string]fs.FileMode{"ca.pem": 0o644, "ca.key": 0o600}, got); diff != "" {
		t.Error(diff)
	}
	if text, err := os.ReadFile(filepath.Join(dir, cert.CAFile)); err != nil || !bytes.Equal(text, first.PEM()) {
		t.Errorf("%q, %v", text, err)
	}
}

// Programs that start at the same time get the same authority, both the first
// time and after the old authority has expired.
func TestAuthorityIsMadeOnce(t *testing.T) {
	dir := t.TempDir()
	var before string
	for _, at := range []time.Time{now, now.AddDate(11, 0, 0)} {
		const programs = 8
		var got [programs]string
		var all sync.WaitGroup
		for i := range programs {
			all.Add(1)
			go func() {
				defer all.Done()
				ca, err := cert.LoadAuthority(dir, "kept CA", at)
				if err != nil {
					t.Error(err)
					return
				}
				got[i] = string(ca.PEM())
			}()
		}
		all.Wait()
		if got[0] == before {
			t.Error("the authority has expired but was not replaced")
		}
		before = got[0]
		for _, other := range got {
			if other != got[0] {
				t.Fatal("two programs got different authorities")
			}
		}
	}
}

// If the files in the directory are not an authority, they are not changed, and
// the error describes them.
func TestForeignAuthority(t *testing.T) {
	ca := load(t, t.TempDir(), now)
	leaf, err := ca.Client("dev-1", now)
	if err != nil {
		t.Fatal(err)
	}
	leafPEM, leafKey, err := cert.Encode(leaf)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ cert, key, want string }{
		"not PEM":         {"hello", "world", "does not hold a certificate in PEM"},
		"no key":          {string(ca.PEM()), "", "exists without its key"},
		"no certificate":  {"", string(leafKey), "exists without its certificate"},
		"another's key":   {string(ca.PEM()), string(leafKey), "private key does not match"},
		"not a CA":        {string(leafPEM), string(leafKey), `"dev-1", which is not an authority`},
		"files mixed up":  {string(leafKey), string(ca.PEM()), `does not hold a certificate; it holds ["PRIVATE KEY"]`},
		"broken contents": {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", string(leafKey), "malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "ca.pem"), c.cert)
			write(t, filepath.Join(dir, "ca.key"), c.key)
			_, err := cert.LoadAuthority(dir, "kept CA", now)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("want an error with %q, got %v", c.want, err)
			}
			if text, _ := os.ReadFile(filepath.Join(dir, "ca.pem")); string(text) != c.cert {
				t.Error("the file was changed")
			}
		})
	}
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "x")
	if _, err := cert.LoadAuthority(file, "kept CA", now); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a file instead of a directory: %v", err)
	}
}

// write writes a file unless the text is empty.
func write(t *testing.T, name, text string) {
	t.Helper()
	if text == "" {
		return
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// LoadPair reads ECDSA and RSA pairs with each encoding of the key. For other
// files, the error names the reason.
func TestLoadPair(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ecDER, err := x509.MarshalECPrivateKey(ecKey)
	if err != nil {
		t.Fatal(err)
	}
	rsaCert, ecCert := selfSigned(t, rsaKey), selfSigned(t, ecKey)
	for name, c := range map[string]struct{ cert, key, want string }{
		"ECDSA":            {ecCert, pkcs8(t, ecKey), ""},
		"ECDSA in SEC 1":   {ecCert, block("EC PARAMETERS", nil) + block("EC PRIVATE KEY", ecDER), ""},
		"RSA":              {rsaCert, pkcs8(t, rsaKey), ""},
		"RSA in PKCS 1":    {rsaCert, block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey)), ""},
		"both in one file": {rsaCert + pkcs8(t, rsaKey), pkcs8(t, rsaKey) + rsaCert, ""},
		"Ed25519":          {selfSigned(t, edKey), pkcs8(t, edKey), "expected ECDSA or RSA"},
		"encrypted":        {ecCert, block("ENCRYPTED PRIVATE KEY", []byte{1}), "encrypted"},
		"encrypted, old":   {ecCert, "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END EC PRIVATE KEY-----\n", "encrypted"},
		"another's key":    {ecCert, pkcs8(t, rsaKey), "does not match"},
		"mixed up":         {pkcs8(t, ecKey), ecCert, `does not hold a certificate; it holds ["PRIVATE KEY"]`},
		"only a chain":     {ecCert, ecCert, `does not hold a private key; it holds ["CERTIFICATE"]`},
		"DER":              {"\x30\x82\x01\x0a", pkcs8(t, ecKey), "does not hold a certificate in PEM"},
		"missing":          {ecCert, "", "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			certName, keyName := filepath.Join(dir, "server.pem"), filepath.Join(dir, "server.key")
			write(t, certName, c.cert)
			write(t, keyName, c.key)
			pair, err := cert.LoadPair(certName, keyName)
			if c.want == "" {
				if err != nil || pair.Leaf == nil || pair.Leaf.Subject.CommonName != "desk.example" {
					t.Errorf("%v, %v", pair.Leaf, err)
				}
			} else if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("want an error with %q, got %v", c.want, err)
			}
		})
	}
}

// An existing authority with an RSA key can issue certificates, too.
func TestOwnAuthority(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "ca.pem"), selfSigned(t, key))
	write(t, filepath.Join(dir, "ca.key"), pkcs8(t, key))
	ca := load(t, dir, now)
	server, err := ca.Server(now, "desk.example")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.Leaf.Verify(x509.VerifyOptions{DNSName: "desk.example", Roots: ca.Pool(), CurrentTime: now}); err != nil {
		t.Error(err)
	}
}

// A server's certificate contains each name and address once, without zones and
// trailing dots.
func TestServerNames(t *testing.T) {
	ca, err := cert.NewAuthority("test CA", now)
	if err != nil {
		t.Fatal(err)
	}
	c, err := ca.Server(now, "localhost", "Desk.Example.", "127.0.0.1", "::ffff:192.0.2.1", "fe80::1%eth0", "desk.example", "")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, ip := range c.Leaf.IPAddresses {
		got = append(got, ip.String())
	}
	if diff := cmp.Diff([]string{"127.0.0.1", "::1", "192.0.2.1", "fe80::1"}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"localhost", "desk.example"}, c.Leaf.DNSNames); diff != "" {
		t.Error(diff)
	}
}

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func pkcs8(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return block("PRIVATE KEY", der)
}

// selfSigned returns the certificate of an authority, in PEM.
func selfSigned(t *testing.T, key crypto.Signer) string {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "desk.example"}, NotBefore: now, NotAfter: now.AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return block("CERTIFICATE", der)
}

// If a crashed program has left its lock, the error names the file. An
// authority that already exists is read without the lock.
func TestLockLeftBehind(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for 5 s")
	}
	t.Parallel()
	dir, kept := t.TempDir(), t.TempDir()
	load(t, kept, now)
	for _, d := range []string{dir, kept} {
		write(t, filepath.Join(d, "ca.lock"), "x")
	}
	load(t, kept, now)
	if _, err := cert.LoadAuthority(dir, "kept CA", now); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "ca.lock")) {
		t.Error(err)
	}
}
