package fsm

import (
	"errors"
	"strconv"
	"time"

	"example.com/dps/fsm/registration"
	"example.com/dps/packet"
)

// A Machine registers one device, once: it is an MQTT session around a
// [registration.Registration]. It is made by [New]. The package documentation says how
// to drive it.
type Machine struct {
	reg *registration.Registration

	// From Config.
	trace          func(Event)
	keepAlive      time.Duration // 0: off
	requestTimeout time.Duration
	dialTimeout    time.Duration
	attestation    Attestation
	atMostOnce     bool
	keepSession    bool
	pipeline       bool // until that fails

	phase     phase
	pipelined bool      // all was sent at once on this transport, and no answer has come yet
	now       time.Time // the latest time seen
	deadline  time.Time // of the phase; zero: it has none

	in  packet.Splitter
	out []byte

	packetID    uint16    // the last one used
	subscribeID uint16    // of the SUBSCRIBE that is open; 0: none is
	lastSent    time.Time // when the last packet was appended to out
	pinged      time.Time // when the first open PINGREQ was; zero: none is open
}

// New returns a machine in state Idle that registers the device of cfg. It reports every
// mistake in cfg in one error, which matches ErrInvalid. What cfg points to is copied.
func New(cfg Config) (*Machine, error) {
	cfg.Policy.setDefaults()
	regConfig, p := cfg.registration(), &cfg.Policy
	if err := errors.Join(regConfig.Check(), cfg.check()); err != nil {
		return nil, &configError{err}
	}
	m := &Machine{
		trace: cfg.Trace, keepAlive: max(p.KeepAlive, 0), requestTimeout: p.RequestTimeout, dialTimeout: p.DialTimeout,
		in: packet.Splitter{Limit: cfg.Limit}, attestation: cfg.Attestation, atMostOnce: p.AtMostOnce, pipeline: p.Pipeline, keepSession: p.KeepSession,
	}
	if cfg.Trace != nil {
		regConfig.Trace = m.forward
	}
	var err error
	m.reg, err = registration.New(regConfig)
	return m, err
}

// Inputs. Each one carries the time, and ends with what is due by then.

// Dialing reports that a dial has begun. The machine gives it up after
// Policy.DialTimeout: it then wants it closed. A caller whose dials end by themselves need
// not call Dialing.
func (m *Machine) Dialing(now time.Time) {
	m.tick(now)
	if m.phase == down && m.reg.Want() == WantDial {
		m.enter(dialing, m.now.Add(m.dialTimeout))
	}
	m.fire()
}

// DialFailed reports that a dial failed. cause may be nil. While a transport is open,
// DialFailed has no effect.
func (m *Machine) DialFailed(now time.Time, cause error) {
	m.tick(now)
	switch m.phase {
	case down, dialing:
		m.enter(down, time.Time{})
		m.reg.DialFailed(m.now, cause)
	case abandoned:
		m.enter(down, time.Time{})
	}
	m.fire()
}

// Open reports that a transport is up: a TLS or WebSocket handshake has finished. The
// password is a fresh SAS token for SymmetricKey, and nil for X509. It is kept in the
// output until that is taken, and nowhere else.
//
// After an error, close the transport. [ErrOrder] reports that no transport is wanted.
// [ErrPassword] is a mistake of the caller, which ends the registration. Lost may be
// called all the same, so that each dial is followed by one DialFailed or one Lost.
func (m *Machine) Open(now time.Time, password []byte) error {
	m.tick(now)
	m.fire()
	if m.reg.Want() != WantDial || m.phase != down && m.phase != dialing {
		return &classified{ErrOrder.Error() + ", not while " + m.State().String(), []error{ErrOrder}}
	}
	err := m.connect(password)
	if err != nil {
		m.enter(down, time.Time{})
		m.reg.Abort(m.now, err)
	}
	m.fire()
	return err
}

// Receive passes on bytes that were received. They are copied where need be; p may be
// empty. Without a transport they are dropped.
func (m *Machine) Receive(now time.Time, p []byte) {
	m.tick(now)
	if m.phase.open() {
		m.in.Feed(p)
		m.receive()
	}
	m.fire()
}

// Advance reports that time has passed. Call it at the Deadline; earlier or repeated
// calls have no effect.
func (m *Machine) Advance(now time.Time) {
	m.tick(now)
	m.fire()
}

// Lost reports that the transport is gone, also if it was closed because of WantClose.
// cause may be nil. Without a transport, Lost has no effect.
func (m *Machine) Lost(now time.Time, cause error) {
	m.tick(now)
	switch {
	case m.phase.open():
		err := ErrLost
		if cause != nil {
			err = &detail{ErrLost, cause}
		}
		m.fail(down, err)
	case m.phase == closing || m.phase == abandoned:
		m.enter(down, time.Time{})
		m.drop()
		m.reg.Lost(m.now, nil)
	}
	m.fire()
}

// Abort ends the registration because the caller knows that it is hopeless: the host
// does not exist, or its certificate is not trusted. The error of Result is then cause,
// or ErrStopped if that is nil. Send the output and close the transport if Want asks for
// it. After the end, Abort has no effect.
func (m *Machine) Abort(now time.Time, cause error) {
	m.tick(now)
	m.reg.Abort(m.now, cause)
	m.fire()
}

// Stop ends the registration with [ErrStopped]; otherwise it is like Abort.
func (m *Machine) Stop(now time.Time) { m.Abort(now, nil) }

// Outputs. All but AppendOutput are pure reads, and change with inputs only.

// Want returns what to do next.
func (m *Machine) Want() Want {
	switch {
	case m.phase.open():
		return WantExchange
	case m.phase == closing || m.phase == abandoned:
		return WantClose
	}
	return m.reg.Want()
}

// AppendOutput appends what is to be sent to b, and forgets it.
func (m *Machine) AppendOutput(b []byte) []byte {
	b = append(b, m.out...)
	clear(m.out) // it may have held a password
	if m.out = m.out[:0]; cap(m.out) > maxIdleOutput {
		m.out = nil
	}
	return b
}

// AppendUnread appends the bytes that were received behind the last answer to b. With
// Policy.KeepSession they are the beginning of what the caller goes on with; without it
// there are none.
func (m *Machine) AppendUnread(b []byte) []byte {
	if m.phase != down {
		return b
	}
	return m.in.AppendRest(b)
}

// Deadline returns the time until which there is nothing to do: then call Advance (or
// another input), or dial in WantDial. The zero time has always passed: act at once. In
// WantDone the Deadline has no meaning.
func (m *Machine) Deadline() time.Time {
	switch {
	case m.phase == closing || m.phase == abandoned:
		return time.Time{}
	case m.reg.Want() == WantDial && m.phase != down: // the link is being set up
		return earliest(m.deadline, m.reg.End(), m.keepAliveDeadline())
	}
	return earliest(m.deadline, m.reg.Deadline(), m.keepAliveDeadline())
}

// earliest returns the earliest of the times that are not zero.
func earliest(times ...time.Time) (first time.Time) {
	for _, t := range times {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}

// Result returns the assignment, or [ErrPending] until the end. After the end it is the
// same for ever; what it points to is the caller's. The other errors are a
// [*ServiceError], a [*ConnectError], [ErrSubscribe], [ErrPassword], a [*GiveUpError],
// [ErrStopped], and what Abort was given.
func (m *Machine) Result() (Assignment, error) { return m.reg.Result() }

// State returns the state.
func (m *Machine) State() State {
	want := m.reg.Want()
	switch {
	case m.phase == down, m.phase == ready:
		return m.reg.State()
	case m.phase == abandoned, m.phase == closing, want == WantClose, want == WantDone:
		return Closing
	case m.phase == dialing:
		return Dialing
	case m.phase == connecting:
		return Connecting
	}
	return Subscribing
}

// OperationID returns the id of the operation that is under way, to be put into
// Config.OperationID in a later run. It is empty if the service has not named one, and
// after the operation has ended.
func (m *Machine) OperationID() string { return m.reg.OperationID() }

// Ignored returns the number of messages that were not the awaited answer: foreign
// topics, stale and repeated answers.
func (m *Machine) Ignored() int { return m.reg.Ignored() }

// String returns one line for logs.
func (m *Machine) String() string {
	return "fsm.Machine(" + strconv.Quote(m.reg.ClientID()) + ", " + m.State().String() + ")"
}

// GoString returns String, so that %#v of a *Machine does not show the output, which may
// hold a password.
func (m *Machine) GoString() string { return m.String() }

// A configError is a Config with mistakes.
type configError struct{ err error }

func (e *configError) Error() string        { return "fsm: bad Config: " + e.err.Error() }
func (e *configError) Unwrap() error        { return e.err }
func (e *configError) Is(target error) bool { return target == ErrInvalid }
