// Package cert creates certificates for a simulated service.
package cert

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// An Authority issues certificates. The key of an authority from [NewAuthority]
// is kept only in memory, so that trusting the authority is harmless once the
// program has ended.
type Authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// The certificates are valid for a year. They are backdated by an hour because
// clocks differ.
const (
	backdated = time.Hour
	lifetime  = 365 * 24 * time.Hour
)

// NewAuthority creates an authority with a self-signed certificate.
func NewAuthority(commonName string, now time.Time) (*Authority, error) {
	return newAuthority(commonName, now, lifetime)
}

func newAuthority(commonName string, now time.Time, lifetime time.Duration) (*Authority, error) {
	template := template(commonName, now)
	template.NotAfter = now.Add(lifetime)
	template.IsCA, template.BasicConstraintsValid, template.MaxPathLenZero = true, true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	made, err := issue(template, nil)
	if err != nil {
		return nil, err
	}
	return &Authority{made.Leaf, made.PrivateKey.(crypto.Signer)}, nil
}

// PEM returns the authority's certificate in PEM, for clients to trust.
func (a *Authority) PEM() []byte { return encode("CERTIFICATE", a.cert.Raw) }

// Pool returns a pool that contains only the authority.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// Server issues a certificate for a server on this machine: localhost,
// 127.0.0.1, ::1, and the given names and addresses, without duplicates. A name
// may be a wildcard.
func (a *Authority) Server(now time.Time, hosts ...string) (tls.Certificate, error) {
	template := template("localhost", now)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, host := range append([]string{"localhost", "127.0.0.1", "::1"}, hosts...) {
		if host == "" {
			continue
		}
		if addr, err := netip.ParseAddr(host); err == nil { // the address of an interface may have a zone
			ip := net.IP(addr.Unmap().AsSlice())
			if !slices.ContainsFunc(template.IPAddresses, ip.Equal) {
				template.IPAddresses = append(template.IPAddresses, ip)
			}
		} else if name := strings.ToLower(strings.TrimSuffix(host, ".")); !slices.Contains(template.DNSNames, name) {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	return issue(template, a)
}

// Client issues a certificate for a device. Its common name is the registration
// ID.
func (a *Authority) Client(commonName string, now time.Time) (tls.Certificate, error) {
	template := template(commonName, now)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	return issue(template, a)
}

// Encode returns a certificate with its chain, and its private key, in PEM, in
// the form that tls.X509KeyPair expects.
func Encode(c tls.Certificate) (chain, key []byte, err error) {
	for _, der := range c.Certificate {
		chain = append(chain, encode("CERTIFICATE", der)...)
	}
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		return nil, nil, fmt.Errorf("cert: %w", err)
	}
	return chain, encode("PRIVATE KEY", der), nil
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func template(commonName string, now time.Time) *x509.Certificate {
	return &x509.Certificate{
		Subject:   pkix.Name{CommonName: commonName},
		NotBefore: now.Add(-backdated),
		NotAfter:  now.Add(lifetime),
	}
}

// issue creates a key and a certificate for it, signed by the given authority,
// or self-signed if that is nil. The serial number is random.
func issue(template *x509.Certificate, by *Authority) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("cert: %w", err)
	}
	if by == nil {
		by = &Authority{template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.cert, key.Public(), by.key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("cert: %q: %w", template.Subject.CommonName, err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("cert: %q: %w", template.Subject.CommonName, err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}
