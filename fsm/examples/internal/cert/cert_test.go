package cert_test

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"

	"example.com/dps/fsm/examples/internal/cert"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// A server's certificate is valid for loopback and the given names, and only
// for servers. A device's certificate has its common name and is valid only for
// clients.
func TestCertificatesVerify(t *testing.T) {
	ca, err := cert.NewAuthority("test CA", now)
	if err != nil {
		t.Fatal(err)
	}
	server, err := ca.Server(now, "desk.example", "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	client, err := ca.Client("dev-1", now)
	if err != nil {
		t.Fatal(err)
	}
	verify := func(c tls.Certificate, name string, use x509.ExtKeyUsage, at time.Time) error {
		_, err := c.Leaf.Verify(x509.VerifyOptions{
			DNSName: name, Roots: ca.Pool(), CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{use},
		})
		return err
	}
	for _, name := range []string{"localhost", "127.0.0.1", "::1", "desk.example", "192.0.2.1"} {
		if err := verify(server, name, x509.ExtKeyUsageServerAuth, now); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := verify(client, "", x509.ExtKeyUsageClientAuth, now); err != nil || client.Leaf.Subject.CommonName != "dev-1" {
		t.Errorf("%v: %v", client.Leaf.Subject, err)
	}
	for name, err := range map[string]error{
		"another name":         verify(server, "elsewhere.example", x509.ExtKeyUsageServerAuth, now),
		"a server as a client": verify(server, "", x509.ExtKeyUsageClientAuth, now),
		"a client as a server": verify(client, "", x509.ExtKeyUsageServerAuth, now),
		"the day before":       verify(client, "", x509.ExtKeyUsageClientAuth, now.AddDate(0, 0, -1)),
		"in two years":         verify(client, "", x509.ExtKeyUsageClientAuth, now.AddDate(2, 0, 0)),
		"another authority": func() error {
			ca, _ = cert.NewAuthority("test CA", now)
			return verify(client, "", x509.ExtKeyUsageClientAuth, now)
		}(),
	} {
		if err == nil {
			t.Errorf("%s: the certificate was accepted", name)
		}
	}
}

// crypto/tls can read the result of Encode.
func TestEncode(t *testing.T) {
	ca, err := cert.NewAuthority("test CA", now)
	if err != nil {
		t.Fatal(err)
	}
	client, err := ca.Client("dev-1", now)
	if err != nil {
		t.Fatal(err)
	}
	chain, key, err := cert.Encode(client)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(chain, key)
	if err != nil || !pair.Leaf.Equal(client.Leaf) {
		t.Errorf("%v, %v", pair.Leaf, err)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(ca.PEM()) {
		t.Error("the authority's PEM does not contain a certificate")
	}
}
