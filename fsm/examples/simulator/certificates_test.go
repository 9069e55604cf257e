package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certificate returns the server's certificate.
func certificate(t *testing.T, addr string) *x509.Certificate {
	t.Helper()
	conn, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0]
}

// The certificate is valid for the names in -name, the name of this machine,
// and the addresses that the simulator listens on.
func TestNames(t *testing.T) {
	s := start(t, "-name", "dps, *.test.example", "-name", "192.0.2.1")
	got := certificate(t, s.TLS)
	for _, name := range []string{"dps", "a.test.example", "192.0.2.1", "localhost", "127.0.0.1", "::1"} {
		if err := got.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if err := got.VerifyHostname(host); isHost(host) && err != nil {
		t.Error(err)
	}
	s = start(t, "-tls", "0.0.0.0:0")
	got = certificate(t, reachable(s.TLS))
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, addr := range addrs {
		if err := got.VerifyHostname(addr.(*net.IPNet).IP.String()); err != nil {
			t.Error(err)
		}
	}
}

// With -ca-dir, each start uses the same CA.
func TestKeptCA(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "ca")
	s := start(t, "-ca-dir", folder)
	first := s.client()
	first.mustRegister(t, "demo-key")
	s.stop()
	s = start(t, "-ca-dir", folder, "-ca-out", filepath.Join(t.TempDir(), "copy.pem"))
	first.addr = s.TLS
	first.mustRegister(t, "demo-key")
	s.client().mustRegister(t, "demo-key")
}

// The certificate of -cert is presented unchanged, with an RSA or an ECDSA key.
func TestOwnCertificate(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecdsaKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []interface{ Public() crypto.PublicKey }{rsaKey, ecdsaKey} {
		template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "own"}, DNSNames: []string{"own.example"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		keyDER, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		s := start(t, "-cert", writeFile(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))),
			"-cert-key", writeFile(t, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))))
		if got := certificate(t, s.TLS); got.Subject.CommonName != "own" || s.CA != "" {
			t.Errorf("%v, CA %q", got.Subject, s.CA)
		}
		s.out.wait(t, "the CA that signed")
	}
}

// Devices that are enrolled later get their certificates at that time. The
// certificates of other devices do not change.
func TestClientCertificatesOfLaterDevices(t *testing.T) {
	folder := t.TempDir()
	s := start(t, "-admin", "127.0.0.1:0", "-client-certs", folder)
	read := func(id string) (tls.Certificate, []byte) {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(folder, id+".pem"))
		if err != nil {
			t.Fatal(err)
		}
		pair, err := tls.LoadX509KeyPair(filepath.Join(folder, id+".pem"), filepath.Join(folder, id+".key"))
		if err != nil {
			t.Fatal(err)
		}
		return pair, text
	}
	_, before := read("demo-x509")
	s.do(t, "PUT", "/enrollments", `{"idScope":"0ne00000A1B","enrollments":[{"registrationId":"demo-x509","x509":true},{"registrationId":"a_b-c","x509":true}]}`)
	if _, after := read("demo-x509"); string(after) != string(before) {
		t.Error("the certificate of demo-x509 has changed")
	}
	pair, _ := read("a_b-c")
	if answer, err := s.client(pair).register(t, "a_b-c", ""); !strings.Contains(answer, "res/202") {
		t.Errorf("%q, %v", answer, err)
	}
}
