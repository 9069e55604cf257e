package dpstest

import (
	"errors"
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

	// X509 says that devices show a certificate, whose common name is the registration
	// id, instead of a key.
	X509 bool `json:"x509,omitempty"`

	// Outcome is how the registration goes.
	Outcome Outcome `json:"outcome"`

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
func (s *enrollments) add(from *Enrollment) error {
	e := &enrollment{Enrollment: from, prefix: strings.ToLower(from.Prefix)}
	e.stale = slices.ContainsFunc(from.Faults, func(f Fault) bool { return f.Stale })
	errs := []error{e.checkName(s), e.checkKeys(), from.Outcome.check()}
	for i := range from.Faults {
		if err := from.Faults[i].check(); err != nil {
			errs = append(errs, fmt.Errorf("faults[%d]: %w", i, err))
		}
	}
	if from.Group != "" {
		s.groups = append(s.groups, e)
	} else {
		s.individuals[strings.ToLower(from.RegistrationID)] = e
	}
	return errors.Join(errs...)
}

func (e *enrollment) checkName(s *enrollments) error {
	switch {
	case (e.RegistrationID == "") == (e.Group == ""):
		return errors.New("expected either registrationId or group")
	case e.RegistrationID != "" && !validID(e.RegistrationID):
		return fmt.Errorf(`registrationId is %.140q, expected 1 to 128 letters, digits and "-._:", with a letter, a digit or "-" at the end`, e.RegistrationID)
	case e.RegistrationID != "" && e.Prefix != "":
		return errors.New("prefix is for groups")
	case s.individuals[strings.ToLower(e.RegistrationID)] != nil:
		return fmt.Errorf("registrationId %q is enrolled twice", e.RegistrationID)
	}
	for _, g := range s.groups {
		if e.Group != "" && g.Group == e.Group {
			return fmt.Errorf("group %q is enrolled twice", e.Group)
		}
	}
	return nil
}

func (e *enrollment) checkKeys() error {
	var errs []error
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
			errs = append(errs, fmt.Errorf("%s: %w", k.name, err))
		case len(key) < sastoken.MinKeyLen || len(key) > sastoken.MaxKeyLen:
			errs = append(errs, fmt.Errorf("%s has %d bytes, expected %d to %d", k.name, len(key), sastoken.MinKeyLen, sastoken.MaxKeyLen))
		}
		e.keys = append(e.keys, key)
	}
	if e.X509 == (e.PrimaryKey != "") || e.X509 && e.SecondaryKey != "" {
		errs = append(errs, errors.New("expected either primaryKey, perhaps with secondaryKey, or x509"))
	}
	return errors.Join(errs...)
}

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
