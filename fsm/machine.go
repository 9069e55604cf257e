package fsm

import (
	"errors"
	"strconv"
	"time"

	"example.com/dps/fsm/registration"
	"example.com/dps/packet"
)

// A Machine registers one device once. It is an MQTT session around a
// [registration.Registration]. Use [New] to create a Machine. The package
// documentation describes how to drive it.
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
	pipeline       bool // set until a pipelined connection fails

	phase     phase
	pipelined bool      // everything was sent together on this transport, and no answer has arrived yet
	now       time.Time // the latest time seen
	deadline  time.Time // of the phase; zero if it has none

	in  packet.Splitter
	out []byte

	packetID    uint16    // the last one used
	subscribeID uint16    // of the unacknowledged SUBSCRIBE; 0 if there is none
	lastSent    time.Time // when the last packet was appended to out
	pinged      time.Time // when the first unanswered PINGREQ was sent; zero if there is none
}

// New returns a machine in state Idle that registers the device described by
// cfg. If cfg is invalid, New returns one error that reports every mistake and
// matches ErrInvalid. New copies the data that cfg points to.
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

// The following methods are the inputs. Each input carries the current time and
// finally does everything that is due at that time.

// Dialing reports that a dial has begun. If the dial takes longer than
// Policy.DialTimeout, the machine counts it as failed, and WantClose asks the
// caller to abandon it. Callers whose dials have their own timeout need not
// call Dialing.
func (m *Machine) Dialing(now time.Time) {
	m.tick(now)
	if m.phase == down && m.reg.Want() == WantDial {
		m.enter(dialing, m.now.Add(m.dialTimeout))
	}
	m.fire()
}

// DialFailed reports that a dial failed. The cause may be nil. While a
// transport is open, DialFailed has no effect.
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

// Open reports that a transport is open: its TLS or WebSocket handshake has
// finished. The password is a fresh SAS token for SymmetricKey, and nil for
// X509. The machine stores the password only in its output, until the output is
// taken.
//
// If Open returns an error, close the transport. [ErrOrder] reports that the
// machine does not want a transport. [ErrPassword] reports a mistake of the
// caller, and ends the registration. Calling Lost after an error is allowed, so
// that each dial can be followed by one DialFailed or one Lost.
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

// Receive passes received bytes to the machine, which copies them if necessary
// and does not retain p; p may be empty. Without a transport, the bytes are
// dropped.
func (m *Machine) Receive(now time.Time, p []byte) {
	m.tick(now)
	if m.phase.open() {
		m.in.Feed(p)
		m.receive()
	}
	m.fire()
}

// Advance reports that time has passed. Call it at the Deadline. Earlier and
// repeated calls have no effect.
func (m *Machine) Advance(now time.Time) {
	m.tick(now)
	m.fire()
}

// Lost reports that the transport is gone, including when the caller closed it
// because of WantClose. The cause may be nil. Lost has no effect if there is
// neither a transport nor a dial to abandon.
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

// Abort ends the registration. Call it when the registration cannot succeed,
// for example because the host does not exist or its certificate is not
// trusted. Result then returns cause as its error, or ErrStopped if cause is
// nil. Send the output and close the transport if Want asks for that. After the
// end of the registration, Abort has no effect.
func (m *Machine) Abort(now time.Time, cause error) {
	m.tick(now)
	m.reg.Abort(m.now, cause)
	m.fire()
}

// Stop ends the registration with [ErrStopped]. It is equivalent to Abort with
// a nil cause.
func (m *Machine) Stop(now time.Time) { m.Abort(now, nil) }

// The following methods are the outputs. All but AppendOutput only read the
// state of the machine, and their results change only with inputs.

// Want returns what the caller should do next.
func (m *Machine) Want() Want {
	switch {
	case m.phase.open():
		return WantExchange
	case m.phase == closing || m.phase == abandoned:
		return WantClose
	}
	return m.reg.Want()
}

// AppendOutput appends the bytes to send to b and returns the extended buffer.
// It returns each byte once, and the machine keeps no copy.
func (m *Machine) AppendOutput(b []byte) []byte {
	b = append(b, m.out...)
	clear(m.out) // it may have held a password
	if m.out = m.out[:0]; cap(m.out) > maxIdleOutput {
		m.out = nil
	}
	return b
}

// AppendUnread appends to b the bytes that were received after the last answer,
// and returns the extended buffer. With Policy.KeepSession, these bytes are the
// beginning of the caller's input. Without it, there are none.
func (m *Machine) AppendUnread(b []byte) []byte {
	if m.phase != down {
		return b
	}
	return m.in.AppendRest(b)
}

// Deadline returns the time at which the caller must act unless something
// happens earlier. At that time,
// call Advance or another input, or dial if Want returns WantDial. The zero
// time has always passed: act immediately. If Want returns WantDone, the
// Deadline has no meaning.
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

// Result returns the assignment, or [ErrPending] until the registration ends.
// After that, every call returns an equal result, whose memory belongs to the
// caller. The other possible errors are a [*ServiceError], a [*ConnectError],
// [ErrSubscribe], [ErrPassword], a [*GiveUpError], [ErrStopped] and the cause
// passed to Abort.
func (m *Machine) Result() (Assignment, error) { return m.reg.Result() }

// State returns the current state.
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

// OperationID returns the ID of the operation in progress, for
// Config.OperationID of a later run. It is empty if the service has not named
// an operation yet, and after the operation has ended.
func (m *Machine) OperationID() string { return m.reg.OperationID() }

// Ignored returns the number of received messages that were not the awaited
// answer: messages on other topics, and stale or repeated answers.
func (m *Machine) Ignored() int { return m.reg.Ignored() }

// String returns a description of the machine on one line, for logs.
func (m *Machine) String() string {
	return "fsm.Machine(" + strconv.Quote(m.reg.ClientID()) + ", " + m.State().String() + ")"
}

// GoString returns the same as String, so that formatting a *Machine with %#v
// does not print the output, which may contain a password.
func (m *Machine) GoString() string { return m.String() }

// A configError reports the mistakes in a Config.
type configError struct{ err error }

func (e *configError) Error() string        { return "fsm: bad Config: " + e.err.Error() }
func (e *configError) Unwrap() error        { return e.err }
func (e *configError) Is(target error) bool { return target == ErrInvalid }
