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

	// Log, if not nil, is called with each event, in the order in which they happen. It
	// must not call the service.
	Log func(Event) `json:"-"`
}

// A Service is a Device Provisioning Service, shared by all devices.
type Service struct {
	cfg         Config
	enrollments enrollments

	live       map[string]*Conn // accepted connections by registration id, in lower case
	operations recent[uint64, *operation]
	devices    recent[string, *device]
	opened     uint64 // connections so far
	begun      uint64 // operations so far
	failures   uint64 // error answers so far
	minute     window // registrations
	sound      Fault  // none
}

// New returns a service. It reports every mistake in cfg in one error. The service
// keeps the slices of cfg: do not change them afterwards.
func New(cfg Config) (*Service, error) {
	s := &Service{live: map[string]*Conn{}}
	if err := s.SetConfig(cfg); err != nil {
		return nil, err
	}
	return s, nil
}

// SetConfig replaces the configuration, or reports every mistake in cfg in one error and
// leaves the old one in force. Open connections keep the enrollment that they have, and
// operations go on.
func (s *Service) SetConfig(cfg Config) error {
	setDefault(&cfg.RetryAfter, "3")
	setDefault(&cfg.AssignedHub, "hub.azure-devices.example")
	setDefault(&cfg.Remember, 1<<20)

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
	list := enrollments{individuals: map[string]*enrollment{}}
	for i := range cfg.Enrollments {
		if err := list.add(&cfg.Enrollments[i]); err != nil {
			report("enrollments[%d]: %w", i, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("dpstest: bad Config: %w", err)
	}
	s.cfg, s.enrollments = cfg, list
	s.operations.min, s.devices.min = cfg.Remember, cfg.Remember
	return nil
}

// Reset forgets all operations, and what was counted for faults and quotas, so that the
// next test begins as the first one did. Connections stay open.
func (s *Service) Reset() {
	s.operations.clear()
	s.devices.clear()
	s.minute = window{}
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Open begins a connection: a device's transport is up. cert is the certificate that the
// device proved in the TLS handshake, nil without one. The Conn keeps it.
func (s *Service) Open(now time.Time, cert *Certificate) *Conn {
	s.opened++
	c := &Conn{service: s, number: s.opened, cert: cert, now: now, heard: now, in: packet.Splitter{Limit: maxPacket}}
	c.event(Event{Kind: EventOpened})
	return c
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
