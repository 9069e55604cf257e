package dpstest

import (
	"strings"
	"time"

	"example.com/dps/sastoken"
)

// skew is how long a token is taken after its expiry: clocks differ, and hub services
// have been seen to tolerate some five minutes.
const skew = 5 * time.Minute

// A failure is an error answer: its first three digits are the status.
type failure struct {
	code    int
	message string
	why     string // for the log: more than a service tells a stranger
}

// identify finds the device's enrollment and the reason to refuse its requests, if any,
// apart from the expiry of the token. The first enrollment whose key or certificate fits
// counts, or else the first that could, so that its faults apply.
func (c *Conn) identify() {
	var first *failure
	for _, e := range c.candidates() {
		f := c.attest(e)
		if f == nil {
			c.enrollment, c.refusal = e, nil
			return
		}
		if first == nil {
			first, c.enrollment = f, e
		}
	}
	if c.refusal = first; first == nil {
		c.refusal = &failure{404201, "Enrollment not found.", "no such enrollment"}
	}
}

// candidates returns the enrollments that the registration id could belong to.
func (c *Conn) candidates() []*enrollment {
	if e := c.service.enrollments.individuals[c.key]; e != nil {
		return []*enrollment{e}
	}
	var all []*enrollment
	for _, g := range c.service.enrollments.groups {
		if strings.HasPrefix(c.key, g.prefix) && g.X509 == (c.cert != nil) {
			all = append(all, g)
		}
	}
	return all
}

// attest checks the certificate or the token against an enrollment.
func (c *Conn) attest(e *enrollment) *failure {
	if e.X509 {
		switch {
		case c.cert == nil:
			return &failure{401002, "Unauthorized", "no client certificate"}
		case !strings.EqualFold(c.cert.CommonName, c.registrationID):
			return &failure{401002, "Invalid certificate.", "the certificate's common name is not the registration id"}
		}
		return nil
	}
	unauthorized := func(why string) *failure { return &failure{401000, "Unauthorized", why} }
	if c.tokenErr != nil {
		return unauthorized(c.tokenErr.Error())
	}
	if !c.token.IsFor(c.service.cfg.IDScope, c.registrationID) {
		return unauthorized("the token is for another resource: " + c.token.Resource())
	}
	var err error
	for _, key := range e.keys {
		if e.Group != "" {
			key = sastoken.DeriveKey(key, c.registrationID)
		}
		if err = c.token.Verify(key); err == nil {
			return nil
		}
	}
	return unauthorized(err.Error())
}

// authorize returns why a request is to be refused, nil if it is not.
func (c *Conn) authorize() *failure {
	switch {
	case !isVersion(c.version):
		return &failure{400004, "Unsupported API version " + c.version + ".", "api-version"}
	case !validID(c.registrationID):
		return &failure{400004, "Invalid RegistrationId", "registration id"}
	case c.refusal != nil:
		return c.refusal
	case !c.enrollment.X509 && c.token.Expired(c.now, skew):
		return &failure{401000, "Unauthorized", "the token expired at " + timestamp(c.token.Expiry())}
	}
	return nil
}

// isVersion reports whether v looks like 2019-03-31 or 2026-11-02-preview.
func isVersion(v string) bool {
	v = strings.TrimSuffix(v, "-preview")
	_, err := time.Parse(time.DateOnly, v)
	return err == nil
}
