package dpstest

import (
	"strings"

	"example.com/dps/sastoken"
)

// A failure is an error answer: the first three digits of its code are the
// status.
type failure struct {
	code    int
	message string
}

var (
	unauthorized       = &failure{401000, "Unauthorized"}
	noCertificate      = &failure{401002, "Unauthorized"}
	invalidCertificate = &failure{401002, "Invalid certificate."}
	notFound           = &failure{404201, "Enrollment not found."}
)

// identify finds the enrollment of the device and the reason to refuse its
// requests, if any. It does not check dates; authorize does. The enrollment is
// the first whose key or certificate matches. If none matches, it is the first
// candidate, so that the faults of that enrollment apply.
func (c *Conn) identify() {
	c.plus = hasPlus(c.password) && !c.service.cfg.Choices.LiteralPlus
	all := c.candidates()
	c.refusal = notFound
	for i, e := range all {
		f := c.attest(e)
		if f == nil {
			c.enrollment, c.refusal = e, nil
			break
		}
		if i == 0 {
			c.enrollment, c.refusal = e, f
		}
	}
	if c.service.cfg.Log != nil {
		c.explainIdentity(all)
	}
}

// candidates returns the enrollments that the registration ID could belong to.
func (c *Conn) candidates() []*enrollment {
	if e := c.service.enrollments.individuals[c.key]; e != nil {
		return []*enrollment{e}
	}
	return c.groups(c.cert != nil)
}

// groups returns the groups that accept the registration ID: those whose
// devices have certificates if x509 is set, otherwise those whose devices have
// keys.
func (c *Conn) groups(x509 bool) (all []*enrollment) {
	for _, g := range c.service.enrollments.groups {
		if strings.HasPrefix(c.key, g.prefix) && g.X509 == x509 {
			all = append(all, g)
		}
	}
	return all
}

// attest checks the certificate or the token against an enrollment.
func (c *Conn) attest(e *enrollment) *failure {
	if e.X509 {
		_, f := c.attestCertificate(e)
		return f
	}
	if c.plus || !c.token.IsFor(c.service.cfg.IDScope, c.registrationID) || !c.signedWith(e) {
		return unauthorized
	}
	return nil
}

// signedWith reports whether the token was signed with a key of an enrollment.
func (c *Conn) signedWith(e *enrollment) bool {
	for _, key := range e.keys {
		if e.Group != "" {
			key = sastoken.DeriveKey(key, c.registrationID)
		}
		if c.token.Verify(key) == nil {
			return true
		}
	}
	return false
}

// attestCertificate checks the certificate against an enrollment, apart from
// its dates.
func (c *Conn) attestCertificate(e *enrollment) (Diagnosis, *failure) {
	switch {
	case c.cert == nil:
		return CertificateMissing, noCertificate
	case !strings.EqualFold(c.cert.CommonName, c.registrationID):
		return CertificateName, invalidCertificate
	case len(e.Thumbprints) > 0 && !overlap(e.Thumbprints, c.cert.Thumbprints):
		return CertificateNotEnrolled, noCertificate
	case len(e.Thumbprints) == 0 && c.cert.Untrusted != "":
		return CertificateUntrusted, noCertificate
	case e.Authority != "" && !overlap([]string{e.Authority}, c.cert.Authorities):
		return CertificateNotEnrolled, noCertificate
	}
	return "", nil
}

// overlap reports whether two lists of thumbprints or names have an element in
// common.
func overlap(a, b []string) bool {
	for _, x := range a {
		for _, y := range b {
			if thumbprint(x) == thumbprint(y) {
				return true
			}
		}
	}
	return false
}

// authorize returns the reason to refuse a request, or nil if there is none.
func (c *Conn) authorize() *failure {
	switch {
	case !c.versionOK:
		return &failure{400004, "Unsupported API version " + c.version + "."}
	case !validID(c.registrationID):
		return &failure{400004, "Invalid RegistrationId"}
	case c.refusal != nil:
		return c.refusal
	case c.enrollment.X509 && !c.cert.valid(c.now):
		c.explainDates()
		return invalidCertificate
	case !c.enrollment.X509 && c.token.Expired(c.now, c.skew()):
		c.explainExpiry()
		return unauthorized
	}
	return nil
}
