package dpstest

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"example.com/dps/sastoken"
)

// An Enrollment lets one device (RegistrationID) or a group of devices (Group) register,
// either with a symmetric key or with an X.509 certificate. In JSON:
//
//	{"registrationId": "dev-1", "primaryKey": "c3lt…", "outcome": {"polls": 2}}
//	{"group": "line-4", "prefix": "sn-", "primaryKey": "Z3Jv…"}
//	{"registrationId": "dev-x509-01", "x509": true}
//	{"group": "lab", "x509": true, "outcome": {"status": "disabled"}}
type Enrollment struct {
	// RegistrationID names the device of an individual enrollment, Group a group of
	// devices: exactly one of the two. An individual enrollment comes before all groups.
	RegistrationID string `json:"registrationId,omitempty"`
	Group          string `json:"group,omitempty"`

	// Prefix confines a group to registration ids that begin with it, in any case.
	Prefix string `json:"prefix,omitempty"`

	// PrimaryKey and SecondaryKey are the keys of the device, or those of the group, from
	// which each device derives its own. A device may use either; the second may be
	// absent. 16 to 64 bytes.
	PrimaryKey   Key `json:"primaryKey,omitempty"`
	SecondaryKey Key `json:"secondaryKey,omitempty"`

	// X509 means that the devices show a certificate, whose common name is the registration
	// id, instead of having a key.
	X509 bool `json:"x509,omitempty"`

	// Thumbprints are the SHA-1 or SHA-256 hashes, in hex, of the certificates that the
	// device of an individual enrollment may show; empty: any. Colons and case do not
	// matter. A certificate that is named here need not be signed by any authority.
	Thumbprints []string `json:"thumbprints,omitempty"`

	// Authority is the common name, or the thumbprint, of an authority that must have
	// signed the certificate; empty: any.
	Authority string `json:"authority,omitempty"`

	// Outcome is how the registration goes.
	Outcome Outcome `json:"outcome,omitempty"`

	// Faults spoil it. In a group they are counted for each device.
	Faults []Fault `json:"faults,omitempty"`
}

// A Key is a symmetric key in base64. Package fmt prints it as "***".
type Key string

// Format prints "***" whatever the verb.
func (Key) Format(f fmt.State, _ rune) { fmt.Fprint(f, "***") }

// An enrollment is an Enrollment that has been checked.
type enrollment struct {
	*Enrollment
	prefix string   // in lower case
	keys   [][]byte // decoded
	stale  bool     // a fault sends the last answer once more
}

// enrollments are those of a Config.
type enrollments struct {
	individuals map[string]*enrollment // by registration id, in lower case
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
		m.add(path, "expected either registrationId or group, found neither")
	case e.RegistrationID != "" && e.Group != "":
		m.add(path, "expected either registrationId or group, found both")
	case e.Group != "":
		if slices.ContainsFunc(s.groups, func(g *enrollment) bool { return g.Group == e.Group }) {
			m.add(path+".group", "%q is enrolled twice", e.Group)
		}
	case !validID(e.RegistrationID):
		m.add(path+".registrationId", `it is %.140q, expected 1 to 128 letters, digits and "-._:", with a letter, a digit or "-" at the end`, e.RegistrationID)
	case e.Prefix != "":
		m.add(path+".prefix", "it is for groups")
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
		m.add(path, "expected either primaryKey, perhaps with secondaryKey, or x509")
	}
}

func (e *enrollment) checkCertificates(m *mistakes, path string) {
	for i, t := range e.Thumbprints {
		if n, err := hex.DecodeString(thumbprint(t)); err != nil || len(n) != 20 && len(n) != 32 {
			m.add(fmt.Sprintf("%s.thumbprints[%d]", path, i), "it is %.80q, expected the SHA-1 or the SHA-256 of a certificate in hex", t)
		}
	}
	if len(e.Thumbprints) > 0 && (e.Group != "" || !e.X509) {
		m.add(path+".thumbprints", "they are for individual enrollments with x509")
	}
	if e.Authority != "" && !e.X509 {
		m.add(path+".authority", "it is for enrollments with x509")
	}
}

// thumbprint returns a hash in hex as it is compared.
func thumbprint(s string) string { return strings.ToLower(strings.ReplaceAll(s, ":", "")) }

// validID reports whether the service takes a registration id: of 1 to 128 letters,
// digits and "-._:", of which the last is a letter, a digit or "-".
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
