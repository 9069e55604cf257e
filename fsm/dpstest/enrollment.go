package dpstest

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"example.com/dps/sastoken"
)

// An Enrollment lets one device (RegistrationID) or a group of devices (Group)
// register, either with a symmetric key or with an X.509 certificate. In JSON:
//
//	{"registrationId": "dev-1", "primaryKey": "c3lt…", "outcome": {"polls": 2}}
//	{"group": "line-4", "prefix": "sn-", "primaryKey": "Z3Jv…"}
//	{"registrationId": "dev-x509-01", "x509": true}
//	{"group": "lab", "x509": true, "outcome": {"status": "disabled"}}
type Enrollment struct {
	// RegistrationID names the device of an individual enrollment, and Group
	// names a group of devices. Exactly one of them must be set. An individual
	// enrollment takes precedence over all groups.
	RegistrationID string `json:"registrationId,omitempty"`
	Group          string `json:"group,omitempty"`

	// Prefix limits a group to registration IDs that begin with it, regardless
	// of case.
	Prefix string `json:"prefix,omitempty"`

	// PrimaryKey and SecondaryKey are the keys of the device, or the keys of
	// the group, from which each device derives its own. A device may use
	// either key; SecondaryKey is optional. A key has 16 to 64 bytes.
	PrimaryKey   Key `json:"primaryKey,omitempty"`
	SecondaryKey Key `json:"secondaryKey,omitempty"`

	// X509 means that the devices present a certificate, whose common name is
	// the registration ID, instead of having a key.
	X509 bool `json:"x509,omitempty"`

	// Thumbprints lists the SHA-1 or SHA-256 hashes, in hex, of the
	// certificates that the device of an individual enrollment may present. If
	// empty, it may present any certificate. Colons and case are ignored. A
	// certificate that is listed here need not be signed by a trusted
	// authority.
	Thumbprints []string `json:"thumbprints,omitempty"`

	// Authority is the common name or the thumbprint of an authority that must
	// have signed the certificate. If empty, any authority may have signed it.
	Authority string `json:"authority,omitempty"`

	// Outcome determines how the registration ends.
	Outcome Outcome `json:"outcome,omitempty"`

	// Faults disturb the registration. In a group, they are counted for each
	// device.
	Faults []Fault `json:"faults,omitempty"`
}

// A Key is a symmetric key in base64. Package fmt prints it as "***".
type Key string

// Format prints "***" for every verb.
func (Key) Format(f fmt.State, _ rune) { fmt.Fprint(f, "***") }

// An enrollment is an Enrollment that has been checked.
type enrollment struct {
	*Enrollment
	prefix string   // in lower case
	keys   [][]byte // decoded
	stale  bool     // a fault sends the previous answer again
}

// enrollments holds the enrollments of a Config.
type enrollments struct {
	individuals map[string]*enrollment // by registration ID, in lower case
	groups      []*enrollment
}

// add checks an enrollment and adds it.
func (s *enrollments) add(m *mistakes, path string, from *Enrollment) {
	e := &enrollment{Enrollment: from, prefix: strings.ToLower(from.Prefix)}
	e.stale = slices.ContainsFunc(from.Faults, func(f Fault) bool { return f.Stale })
	e.checkName(m, path, s)
	e.checkKeys(m, path)
	e.checkCertificates(m, path)
	from.Outcome.check(m, path+".outcome")
	checkFaults(m, path, from.Faults)
	if from.Group != "" {
		s.groups = append(s.groups, e)
	} else {
		s.individuals[strings.ToLower(from.RegistrationID)] = e
	}
}

func (e *enrollment) checkName(m *mistakes, path string, s *enrollments) {
	switch {
	case e.RegistrationID == "" && e.Group == "":
		m.add(path, "expected either registrationId or group, got neither")
	case e.RegistrationID != "" && e.Group != "":
		m.add(path, "expected either registrationId or group, got both")
	case e.Group != "":
		if slices.ContainsFunc(s.groups, func(g *enrollment) bool { return g.Group == e.Group }) {
			m.add(path+".group", "%q is enrolled twice", e.Group)
		}
	case !validID(e.RegistrationID):
		m.add(path+".registrationId", `it is %.140q, expected 1 to 128 letters, digits and "-._:", with a letter, a digit or "-" at the end`, e.RegistrationID)
	case e.Prefix != "":
		m.add(path+".prefix", "it is only for groups")
	case s.individuals[strings.ToLower(e.RegistrationID)] != nil:
		m.add(path+".registrationId", "%q is enrolled twice", e.RegistrationID)
	}
}

func (e *enrollment) checkKeys(m *mistakes, path string) {
	for _, k := range []struct {
		name string
		key  Key
	}{{"primaryKey", e.PrimaryKey}, {"secondaryKey", e.SecondaryKey}} {
		if k.key == "" {
			continue
		}
		key, err := sastoken.DecodeKey(string(k.key))
		switch {
		case err != nil:
			m.add(path+"."+k.name, "%v", err)
		case len(key) < sastoken.MinKeyLen || len(key) > sastoken.MaxKeyLen:
			m.add(path+"."+k.name, "it has %d bytes, expected %d to %d", len(key), sastoken.MinKeyLen, sastoken.MaxKeyLen)
		}
		e.keys = append(e.keys, key)
	}
	if e.X509 == (e.PrimaryKey != "") || e.X509 && e.SecondaryKey != "" {
		m.add(path, "expected either primaryKey, optionally with secondaryKey, or x509")
	}
}

func (e *enrollment) checkCertificates(m *mistakes, path string) {
	for i, t := range e.Thumbprints {
		if n, err := hex.DecodeString(thumbprint(t)); err != nil || len(n) != 20 && len(n) != 32 {
			m.add(fmt.Sprintf("%s.thumbprints[%d]", path, i), "it is %.80q, expected the SHA-1 or the SHA-256 of a certificate in hex", t)
		}
	}
	if len(e.Thumbprints) > 0 && (e.Group != "" || !e.X509) {
		m.add(path+".thumbprints", "they are only for individual enrollments with x509")
	}
	if e.Authority != "" && !e.X509 {
		m.add(path+".authority", "it is only for enrollments with x509")
	}
}

// thumbprint returns a hash in hex in the form in which hashes are compared.
func thumbprint(s string) string { return strings.ToLower(strings.ReplaceAll(s, ":", "")) }

// validID reports whether the service accepts a registration ID: 1 to 128
// letters, digits and "-._:", the last of which is a letter, a digit or "-".
func validID(id string) bool {
	for i, c := range []byte(id) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-':
		case (c == '.' || c == '_' || c == ':') && i < len(id)-1:
		default:
			return false
		}
	}
	return 1 <= len(id) && len(id) <= 128
}
