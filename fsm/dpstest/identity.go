package dpstest

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/dps/sastoken"
)

// skew is how long a token is accepted after its expiry.
func (c *Conn) skew() time.Duration { return max(0, seconds(c.service.cfg.Choices.TokenSkew)) }

// explainIdentity reports what is wrong with the identity of a device when it
// connects. all lists the enrollments that the device could belong to.
func (c *Conn) explainIdentity(all []*enrollment) {
	if !validID(c.registrationID) {
		return // already diagnosed
	}
	if len(all) == 0 {
		c.explainStranger()
		return
	}
	e := c.enrollment
	if !e.X509 {
		c.explainToken(all)
		return
	}
	d, _ := c.attestCertificate(e)
	c.explainCertificate(e, d)
	c.explainDates()
}

// explainStranger reports why no enrollment matches. Perhaps there are groups
// that match, but their devices have certificates instead of keys, or keys
// instead of certificates.
func (c *Conn) explainStranger() {
	s := c.service
	switch {
	case len(c.groups(true)) > 0:
		c.diagnose(CertificateMissing, "the registration ID %q matches the group %.80q, whose devices present a certificate, but the client presented none", c.registrationID, c.groups(true)[0].Group)
	case len(c.groups(false)) > 0:
		c.diagnose(NotEnrolled, "the registration ID %q matches the group %.80q, whose devices have a key, but the client presented a certificate", c.registrationID, c.groups(false)[0].Group)
	default:
		c.diagnose(NotEnrolled, "no enrollment matches the registration ID %q; individual enrollments: %d, enrollment groups: %d", c.registrationID, len(s.enrollments.individuals), len(s.enrollments.groups))
	}
}

func (c *Conn) explainCertificate(e *enrollment, d Diagnosis) {
	switch d {
	case CertificateMissing:
		c.diagnose(d, "the enrollment expects a certificate, but the client presented none in the TLS handshake")
	case CertificateName:
		c.diagnose(d, "the common name of the certificate is %.140q, but the registration ID is %q: they must be the same", c.cert.CommonName, c.registrationID)
	case CertificateUntrusted:
		c.diagnose(d, "the certificate is not trusted: %.300s", c.cert.Untrusted)
	case CertificateNotEnrolled:
		if len(e.Thumbprints) > 0 && !overlap(e.Thumbprints, c.cert.Thumbprints) {
			c.diagnose(d, "the thumbprints of the certificate are %.80q, but the enrollment has %.80q", c.cert.Thumbprints, e.Thumbprints)
			return
		}
		c.diagnose(d, "the certificate is signed by %.80q, but the enrollment names the authority %.80q: send the whole chain, up to but not including the authority", c.cert.Authorities, e.Authority)
	}
}

// explainDates reports, once, that the certificate is not valid now.
func (c *Conn) explainDates() {
	if c.cert != nil && !c.cert.valid(c.now) {
		c.diagnoseOnce(CertificateExpired, "the certificate is valid from %s to %s, and it is now %s", date(c.cert.NotBefore), date(c.cert.NotAfter), date(c.now))
	}
}

// date formats a time for a diagnosis.
func date(t time.Time) string {
	if t.IsZero() {
		return "any time"
	}
	return t.UTC().Format(time.RFC3339)
}

// explainExpiry reports, once, that the token has expired.
func (c *Conn) explainExpiry() {
	expiry := c.token.Expiry()
	if c.now.Before(expiry) {
		return
	}
	hint := ""
	switch {
	case expiry.Year() < 2000:
		hint = "; se is the Unix time of the expiry in seconds, not the lifetime of the token"
	case !c.token.Expired(c.now, c.skew()):
		hint = "; the service accepts it for " + c.skew().String() + " after its expiry"
	}
	c.diagnoseOnce(TokenExpired, "se is %d, so the token expired at %s, and it is now %s%s", expiry.Unix(), date(expiry), date(c.now), hint)
}

// explainToken reports what is wrong with a token. all lists the enrollments
// that it could be for.
func (c *Conn) explainToken(all []*enrollment) {
	switch {
	case len(c.password) == 0:
		c.diagnose(NoPassword, "there is no password: expected a SAS token, %q", "SharedAccessSignature sr=…&sig=…&se=…")
		return
	case c.tokenErr != nil:
		c.explainForm(all)
		return
	}
	c.explainExpiry()
	if c.plus {
		c.diagnose(TokenPlus, "the signature has a '+', which is read as a space: percent-encode it as %%2B, '/' as %%2F and '=' as %%3D")
	}
	if !c.token.IsFor(c.service.cfg.IDScope, c.registrationID) {
		c.explainResource()
	}
	if !slices.ContainsFunc(all, c.signedWith) {
		c.explainSignature(all)
	}
}

// explainResource reports that the token is for another resource.
func (c *Conn) explainResource() {
	sr := c.token.Resource()
	right := c.service.cfg.IDScope + "/registrations/" + c.registrationID
	decoded := unescape(sr)
	hint := ""
	switch {
	case strings.EqualFold(decoded, right):
		hint = ", which differs in case"
	case unescape(decoded) == right:
		hint = ", which is percent-encoded twice"
	case strings.Contains(decoded, "/devices/") || strings.Contains(decoded, ".azure-devices"):
		hint = ", which is a device at an IoT hub"
	}
	c.diagnose(TokenResource, "the sr of the token is %.200q%s: expected %q", sr, hint, sastoken.Resource(c.service.cfg.IDScope, c.registrationID))
}

// explainForm reports why a password is not a SAS token. It does not quote any
// part of it.
func (c *Conn) explainForm(all []*enrollment) {
	sig, se := part(c.password, "sig="), part(c.password, "se=")
	if n, err := strconv.ParseInt(string(se), 10, 64); err == nil && n > 253402300799 { // the year 9999
		unit := "milliseconds"
		if n > 1e15 {
			unit = "a unit smaller than milliseconds"
		}
		c.diagnose(TokenExpiryUnit, "se is %d, which looks like a time in %s: expected Unix time in seconds, 10 digits", n, unit)
		return
	}
	hint := ""
	switch _, err := hex.DecodeString(string(sig)); {
	case c.isKey(all):
		hint = "the password is the key itself: sign a token with it; "
	case len(sig) == 64 && err == nil:
		hint = "the signature is in hex, expected base64; "
	case bytes.Contains(sig, []byte("%25")):
		hint = "the signature is percent-encoded twice; "
	case bytes.ContainsAny(sig, "-_"):
		hint = "the signature is in URL-safe base64, with '-' and '_', expected standard base64; "
	case bytes.HasPrefix(c.password, []byte("sr=")):
		hint = `it begins with sr=, without "SharedAccessSignature "; `
	case bytes.ContainsAny(c.password, "\r\n"):
		hint = "it contains a line break; "
	case bytes.ContainsAny(c.password[:1], `"'`):
		hint = "it begins with a quotation mark; "
	case bytes.Contains(c.password, []byte("SharedAccessKey=")):
		hint = "it is a connection string: sign a token with the key; "
	case bytes.IndexByte(se, '.') >= 0 || bytes.IndexByte(se, ':') >= 0:
		hint = "se is a fraction or a date, expected Unix time in whole seconds; "
	case len(unescape(string(sig))) == 28:
		hint = "the signature has the length of SHA-1, expected HMAC-SHA256; "
	case len(unescape(string(sig))) == 88:
		hint = "the signature has the length of SHA-512, expected HMAC-SHA256; "
	case len(unescape(string(sig))) == 43:
		hint = "the '=' at the end of the signature is missing; "
	}
	c.diagnose(TokenForm, "the password is not a SAS token: %s%v", hint, c.tokenErr)
}

// isKey reports whether the password is a key of one of the enrollments.
func (c *Conn) isKey(all []*enrollment) bool {
	for _, e := range all {
		for _, key := range []Key{e.PrimaryKey, e.SecondaryKey} {
			if string(c.password) == string(key) {
				return true
			}
		}
	}
	return false
}

// part returns the value of a field of a password, without decoding it.
func part(password []byte, name string) []byte {
	for _, field := range bytes.FieldsFunc(password, func(r rune) bool { return r == '&' || r == ' ' }) {
		if value, ok := bytes.CutPrefix(field, []byte(name)); ok {
			return value
		}
	}
	return nil
}

// hasPlus reports whether the signature of a token contains a '+' that is not
// percent-encoded.
func hasPlus(password []byte) bool { return bytes.IndexByte(part(password, "sig="), '+') >= 0 }

// unescape decodes percent-encoded text. It keeps a '%' that is not followed by
// two hex digits.
func unescape(s string) string {
	var out []byte
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if b, err := hex.DecodeString(s[i+1 : i+3]); err == nil {
				out, i = append(out, b[0]), i+2
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}
