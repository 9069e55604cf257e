package dpstest

import "time"

// A Certificate describes the certificate that a client authenticated with in
// the TLS handshake.
type Certificate struct {
	CommonName string

	// NotBefore and NotAfter bound the validity period. A zero time means that
	// the period has no such bound.
	NotBefore, NotAfter time.Time

	// Untrusted states why the caller does not trust the certificate. It is
	// empty if the caller trusts it.
	Untrusted string

	// Thumbprints lists the SHA-1 and SHA-256 hashes of the certificate, in
	// hex.
	Thumbprints []string

	// Authorities lists the common names and the thumbprints of the authorities
	// that have signed the certificate, as far as the caller has verified the
	// chain.
	Authorities []string
}

// valid reports whether a time is within the validity period of the
// certificate.
func (cert *Certificate) valid(now time.Time) bool {
	return !now.Before(cert.NotBefore) && (cert.NotAfter.IsZero() || !now.After(cert.NotAfter))
}
