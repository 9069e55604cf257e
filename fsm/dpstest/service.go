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

	live       map[string]*Conn // accepted connections by registration ID, in lower case
	operations recent[uint64, *operation]
	devices    recent[string, *device]
	opened     uint64 // connections so far
	begun      uint64 // operations so far
	failures   uint64 // error answers so far
	minute     window // registrations
	sound      Fault  // the zero Fault, which disturbs nothing
}

// New returns a new service. If cfg is invalid, the error is a *[ConfigError]
// that lists every mistake. The service retains the slices of cfg, which must
// not be modified afterwards.
func New(cfg Config) (*Service, error) {
	s := &Service{live: map[string]*Conn{}}
	if err := s.SetConfig(cfg); err != nil {
		return nil, err
	}
	return s, nil
}

// SetConfig replaces the configuration. If cfg is invalid, SetConfig returns a
// *[ConfigError] and leaves the old configuration in effect. Open connections
// keep their enrollments, and operations continue.
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

// Reset discards all operations and the counts for faults and quotas, so that
// the next test starts in the same state as the first. Connections stay open.
func (s *Service) Reset() {
	s.made()
	s.operations.clear()
	s.devices.clear()
	s.minute = window{}
}

// Open returns a new connection, for a device whose transport is established.
// cert is the certificate that the device authenticated with in the TLS
// handshake, or nil. The Conn retains cert.
func (s *Service) Open(now time.Time, cert *Certificate) *Conn {
	s.made()
	s.opened++
	c := &Conn{service: s, number: s.opened, cert: cert, now: now, heard: now, in: packet.Splitter{Limit: maxPacket}}
	c.event(Event{Kind: EventOpened})
	return c
}

// made panics if s was not made by New.
func (s *Service) made() {
	if s == nil || s.live == nil {
		panic("dpstest: use of a Service that was not made by New")
	}
}

// A device holds the counters of one registration ID.
type device struct {
	steps   [len(stepNames)]uint32 // how often it took each step
	queries window

	current   *operation               // the most recent one
	until     [len(requests)]time.Time // requests before these times are early
	requested bool                     // a request with its identity has arrived
}

// notBefore returns a pointer to the time before which a request of a kind is
// early, or nil if the kind is unknown.
func (d *device) notBefore(op topic.Op) *time.Time {
	if i := indexOf(op); i >= 0 {
		return &d.until[i]
	}
	return nil
}

// device returns the counters of a registration ID, which is in lower case.
func (s *Service) device(id string) *device {
	d, ok := s.devices.get(id)
	if !ok {
		d = new(device)
		s.devices.put(id, d)
	}
	return d
}
