package dpstest

import (
	"fmt"
	"time"

	"example.com/dps/packet"
	"example.com/dps/topic"
)

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
	sound      Fault  // stands for no fault
}

// New returns a service, or a *[ConfigError] that has every mistake in cfg. The service
// keeps the slices of cfg: do not change them afterwards.
func New(cfg Config) (*Service, error) {
	s := &Service{live: map[string]*Conn{}}
	if err := s.SetConfig(cfg); err != nil {
		return nil, err
	}
	return s, nil
}

// SetConfig replaces the configuration. If cfg is wrong it returns a *[ConfigError] and
// leaves the old one in force. Open connections keep the enrollment that they have, and
// operations go on.
func (s *Service) SetConfig(cfg Config) error {
	s.made()
	var m mistakes
	cfg.check(&m)
	list := enrollments{individuals: map[string]*enrollment{}}
	for i := range cfg.Enrollments {
		list.add(&m, fmt.Sprintf("enrollments[%d]", i), &cfg.Enrollments[i])
	}
	if len(m) > 0 {
		return &ConfigError{m}
	}
	s.cfg, s.enrollments = cfg, list
	s.operations.min, s.devices.min = cfg.Remember, cfg.Remember
	return nil
}

// Reset forgets all operations, and what was counted for faults and quotas, so that the
// next test begins as the first one did. Connections stay open.
func (s *Service) Reset() {
	s.made()
	s.operations.clear()
	s.devices.clear()
	s.minute = window{}
}

// Open begins a connection: a device's transport is up. cert is the certificate that the
// device proved in the TLS handshake, nil without one. The Conn keeps it.
func (s *Service) Open(now time.Time, cert *Certificate) *Conn {
	s.made()
	s.opened++
	c := &Conn{service: s, number: s.opened, cert: cert, now: now, heard: now, in: packet.Splitter{Limit: maxPacket}}
	c.event(Event{Kind: EventOpened})
	return c
}

// made panics if s is not a service.
func (s *Service) made() {
	if s == nil || s.live == nil {
		panic("dpstest: use of a Service that was not made by New")
	}
}

// A device is what is counted for one registration id.
type device struct {
	steps   [len(stepNames)]uint32 // how often it came to each step
	queries window

	current   *operation               // the last one that was begun
	until     [len(requests)]time.Time // requests before that are early
	requested bool                     // a request with its identity has come
}

// notBefore returns when the next request of a kind may come, nil for a kind that is unknown.
func (d *device) notBefore(op topic.Op) *time.Time {
	if i := indexOf(op); i >= 0 {
		return &d.until[i]
	}
	return nil
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
