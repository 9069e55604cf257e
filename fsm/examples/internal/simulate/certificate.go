package simulate

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"slices"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/transport"
)

// certificate returns what the service needs to know about the client's
// certificate, or nil if it did not present one. The handshake has proved that
// the client has the private key.
func (s *Server) certificate(conn transport.Conn, now time.Time) *dpstest.Certificate {
	certs := conn.ConnectionState().PeerCertificates
	if len(certs) == 0 {
		return nil
	}
	leaf := certs[0]
	c := &dpstest.Certificate{
		CommonName: leaf.Subject.CommonName, NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter, Thumbprints: thumbprints(leaf),
	}
	if s.clients == nil {
		return c
	}
	between := x509.NewCertPool()
	for _, ca := range certs[1:] {
		between.AddCert(ca)
	}
	if now.Before(leaf.NotBefore) {
		now = leaf.NotBefore // the service checks the dates of the leaf
	} else if now.After(leaf.NotAfter) {
		now = leaf.NotAfter
	}
	chains, err := leaf.Verify(x509.VerifyOptions{
		Roots: s.clients, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		c.Untrusted = clean(err.Error())
		return c
	}
	for _, chain := range chains {
		for _, ca := range chain[1:] {
			for _, name := range append(thumbprints(ca), ca.Subject.CommonName) {
				if name != "" && !slices.Contains(c.Authorities, name) {
					c.Authorities = append(c.Authorities, name)
				}
			}
		}
	}
	return c
}

// thumbprints returns the SHA-1 and SHA-256 hashes of a certificate, in hex.
func thumbprints(c *x509.Certificate) []string {
	short, long := sha1.Sum(c.Raw), sha256.Sum256(c.Raw)
	return []string{hex.EncodeToString(short[:]), hex.EncodeToString(long[:])}
}
