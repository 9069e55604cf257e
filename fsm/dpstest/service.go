package dpstest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"example.com/dps/packet"
)

// Config says what a [Service] knows. IDScope is needed; the zero value of everything
// else is a good choice. It can be read from JSON, under the names in the tags.
type Config struct {
	// IDScope names the service in user names and tokens, such as "0ne00000A1B".
	IDScope string `json:"idScope"`

	// Enrollments are the devices and groups of devices that may register.
	Enrollments []Enrollment `json:"enrollments,omitempty"`

	// RetryAfter is what an Outcome without one of its own asks for. "3" if empty, as
	// the real service does.
	RetryAfter RetryAfter `json:"retryAfter,omitempty"`

	// AssignedHub is the hub of an Outcome without one of its own.
	// "hub.azure-devices.example" if empty.
	AssignedHub string `json:"assignedHub,omitempty"`

	// RegistrationsPerMinute and PollsPer10s are quotas: registrations of all devices
	// together, and queries of each device. 0: none. The real service has 1000 and 5.
	RegistrationsPerMinute int `json:"registrationsPerMinute,omitempty"`
	PollsPer10s            int `json:"pollsPer10s,omitempty"`

	// Remember is the number of operations, and of devices whose quota or faults are to
	// be counted, that are kept at least; twice as many at most, and the oldest are
	// forgotten first. 1,048,576 if 0, for which an operation takes some 200 bytes.
	Remember int `json:"remember,omitempty"`

	// Log, if not nil, is called with what happens. It must not call the service.
	Log func(Event) `json:"-"`
}

// A Service is a Device Provisioning Service, shared by all devices.
type Service struct {
	cfg         Config
	individuals map[string]*enrollment // by registration id, in lower case
	groups      []*enrollment

	live       map[string]*Conn // accepted connections by registration id, in lower case
	operations recent[uint64, *operation]
	devices    recent[string, *device]
	begun      uint64 // operations so far
	failures   uint64 // error answers so far
	minute     window // registrations
	sound      Fault  // none
}

// New returns a service. It reports every mistake in cfg in one error. The service
// keeps the slices of cfg: do not change them afterwards.
func New(cfg Config) (*Service, error) {
	setDefault(&cfg.RetryAfter, "3")
	setDefault(&cfg.AssignedHub, "hub.azure-devices.example")
	setDefault(&cfg.Remember, 1<<20)
	s := &Service{cfg: cfg, individuals: map[string]*enrollment{}, live: map[string]*Conn{}}
	s.operations.min, s.devices.min = cfg.Remember, cfg.Remember

	var errs []error
	report := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if cfg.IDScope == "" || len(cfg.IDScope) > 64 || strings.ContainsAny(cfg.IDScope, "/#+") {
		report("idScope is %.80q, expected something like %q", cfg.IDScope, "0ne00000A1B")
	}
	if err := cfg.RetryAfter.check(); err != nil {
		report("retryAfter: %w", err)
	}
	for name, n := range map[string]int{
		"registrationsPerMinute": cfg.RegistrationsPerMinute, "pollsPer10s": cfg.PollsPer10s, "remember": cfg.Remember,
	} {
		if n < 0 {
			report("%s is %d, expected a positive number", name, n)
		}
	}
	for i := range cfg.Enrollments {
		if err := s.enroll(&cfg.Enrollments[i]); err != nil {
			report("enrollments[%d]: %w", i, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("dpstest: bad Config: %w", err)
	}
	return s, nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Open begins a connection: a device's transport is up. clientCN is the common name of
// the certificate that the device proved in the TLS handshake, "" without one. That the
// certificate can be trusted is the caller's business.
func (s *Service) Open(now time.Time, clientCN string) *Conn {
	return &Conn{service: s, now: now, heard: now, clientCN: clientCN, in: packet.Splitter{Limit: maxPacket}}
}

// A device is what is counted for one registration id.
type device struct {
	steps   [len(stepNames)]uint32 // how often it came to each step
	queries window
}

// device returns the counters of a registration id in lower case.
func (s *Service) device(id string) *device {
	d, ok := s.devices.get(id)
	if !ok {
		d = new(device)
		s.devices.put(id, d)
	}
	return d
}
