package simulate_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/simulate"
)

// issue creates a certificate, signed by the given one, or self-signed if that
// is nil.
func issue(t *testing.T, name string, by *tls.Certificate, change func(*x509.Certificate)) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	change(template)
	if by == nil {
		by = &tls.Certificate{Leaf: template, PrivateKey: key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.Leaf, key.Public(), by.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	chain := [][]byte{der}
	if by.Certificate != nil {
		chain = append(chain, by.Certificate...)
	}
	return &tls.Certificate{Certificate: chain, PrivateKey: key, Leaf: leaf}
}

func authority(c *x509.Certificate) { c.IsCA = true }
func expired(c *x509.Certificate)   { c.NotAfter = time.Now().Add(-time.Minute) }
func device(c *x509.Certificate) {
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
}

// present connects with a certificate and returns what the service learns about
// it.
func present(t *testing.T, roots *x509.CertPool, c *tls.Certificate) *dpstest.Certificate {
	t.Helper()
	own := issue(t, "localhost", nil, func(*x509.Certificate) {})
	s := simulate.New(simulate.Options{TLS: &tls.Config{Certificates: []tls.Certificate{*own}}, ClientCAs: roots})
	cfg := &tls.Config{InsecureSkipVerify: true}
	if c != nil {
		// With Certificates, the client would not present a certificate of an
		// authority that the server does not name.
		cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c, nil }
	}
	client, server := net.Pipe()
	client.SetDeadline(time.Now().Add(10 * time.Second))
	server.SetDeadline(time.Now().Add(10 * time.Second))
	go tls.Client(client, cfg).Handshake()
	defer client.Close()
	got, err := s.Handshake(server)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func hashes(c *tls.Certificate) []string {
	short, long := sha1.Sum(c.Leaf.Raw), sha256.Sum256(c.Leaf.Raw)
	return []string{hex.EncodeToString(short[:]), hex.EncodeToString(long[:])}
}

// The service learns the name, the dates and the thumbprints of the
// certificate, its authorities, including the intermediate certificates that
// the client sent, and why the certificate is not trusted.
func TestCertificateReachesService(t *testing.T) {
	root := issue(t, "root", nil, authority)
	middle := issue(t, "middle", root, authority)
	good := issue(t, "dev", middle, device)
	alone := *good
	alone.Certificate = good.Certificate[:1]
	roots := x509.NewCertPool()
	roots.AddCert(root.Leaf)
	authorities := append(append(append(hashes(middle), "middle"), hashes(root)...), "root")
	old := issue(t, "dev", root, func(c *x509.Certificate) { device(c); expired(c) })
	early := issue(t, "dev", root, func(c *x509.Certificate) { device(c); c.NotBefore = time.Now().Add(time.Minute) })
	stranger := issue(t, "dev", nil, device)
	server := issue(t, "dev", root, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })
	outdated := issue(t, "outdated", root, func(c *x509.Certificate) { authority(c); expired(c) })
	late := issue(t, "dev", outdated, device)
	for name, c := range map[string]struct {
		roots       *x509.CertPool
		cert        *tls.Certificate
		untrusted   string
		authorities []string
	}{
		"chain":             {roots, good, "", authorities},
		"without the chain": {roots, &alone, "unknown authority", nil},
		"self-signed":       {roots, stranger, "unknown authority", nil},
		"expired":           {roots, old, "", append(hashes(root), "root")},
		"not valid yet":     {roots, early, "", append(hashes(root), "root")},
		"authority expired": {roots, late, "expired", nil},
		"for servers only":  {roots, server, "key usage", nil},
		"any is trusted":    {nil, stranger, "", nil},
		"any, even expired": {nil, old, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := present(t, c.roots, c.cert)
			if got == nil {
				t.Fatal("the service did not receive the certificate")
			}
			if !strings.Contains(got.Untrusted, c.untrusted) || c.untrusted == "" && got.Untrusted != "" {
				t.Errorf("want %q in Untrusted, got %q", c.untrusted, got.Untrusted)
			}
			want := &dpstest.Certificate{
				CommonName: "dev", NotBefore: c.cert.Leaf.NotBefore, NotAfter: c.cert.Leaf.NotAfter,
				Untrusted: got.Untrusted, Thumbprints: hashes(c.cert), Authorities: c.authorities,
			}
			sorted := cmpopts.SortSlices(func(a, b string) bool { return a < b })
			if diff := cmp.Diff(want, got, sorted); diff != "" {
				t.Error(diff)
			}
		})
	}
	if got := present(t, roots, nil); got != nil {
		t.Errorf("without a certificate: %v", got)
	}
}
