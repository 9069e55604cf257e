package dpstest

import "time"

// A Certificate is what TLS knows of the certificate that a client proved in
// the handshake.
type Certificate struct {
	CommonName string

	// NotBefore and NotAfter bound its validity; zero: without a bound.
	NotBefore, NotAfter time.Time

	// Untrusted says why the caller does not trust it; empty: it does.
	Untrusted string

	// Thumbprints are the SHA-1 and SHA-256 hashes of the certificate, in hex.
	Thumbprints []string

	// Authorities are the common names, and the thumbprints, of the authorities
	// that have signed the certificate, as far as the caller has verified the
	// chain.
	Authorities []string
}

// valid reports whether a time lies within the dates of the certificate.
func (cert *Certificate) valid(now time.Time) bool {
	return !now.Before(cert.NotBefore) && (cert.NotAfter.IsZero() || !now.After(cert.NotAfter))
}
