package fsm

import (
	"fmt"
	"time"

	"example.com/dps/packet"
)

// A Machine registers one device, once. It is made by [New]. The package
// documentation tells how to drive it.
type Machine struct {
	cfg Config

	// Small fields stand together, so that many waiting machines take less memory.
	state     State
	started   bool   // start is set
	careful   bool   // all was sent at once, and that failed: not again
	restarted bool   // a 404 has already led back to the registration
	garbled   uint8  // answers in a row that were unreadable
	requests  uint32 // sent so far

	now      time.Time // the largest time seen
	start    time.Time // time of the first input
	deadline time.Time // of the state; in Idle when to dial

	in  packet.Splitter
	out []byte

	connection

	// The registration.
	operationID string    // empty: register
	due         time.Time // when the next request may be sent
	attempts    int       // failed in a row
	throttled   time.Time // when the first 429 among them came; zero: none has
	ignored     int
	last        error // the last failure that led to another attempt

	result *Assignment
	err    error // ErrPending until the end; nil if there is a result
}

// A connection is what a Machine forgets when its transport is gone.
type connection struct {
	connected   bool      // a CONNACK accepted it, so that it is ended with a DISCONNECT
	eager       bool      // all was sent at once, and no answer has come yet
	resuming    bool      // no answer on it has confirmed the operation id
	asked       bool      // a request is open
	packetID    uint16    // the last one used
	subscribeID uint16    // of the SUBSCRIBE that is open; 0: none is
	lastSent    time.Time // when the last packet was put into out
	pinged      time.Time // when the open PINGREQ was; zero: none is open
}

// New returns a machine in state Idle that registers the device of cfg. It reports
// every mistake in cfg in one error.
func New(cfg Config) (*Machine, error) {
	if cfg.APIVersion == "" {
		cfg.APIVersion = DefaultAPIVersion
	}
	cfg.Policy.setDefaults()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	return &Machine{cfg: cfg, operationID: cfg.OperationID, err: ErrPending}, nil
}

// Open says that a transport is up: a TLS or WebSocket handshake is finished. The
// password is a fresh SAS token for SymmetricKey, and nil for X509; Open keeps it in
// the output until that is taken.
//
// After an error ([ErrOrder], [ErrPassword]) the machine is as it was: close the
// transport and call Lost, as after a dial that failed.
func (m *Machine) Open(now time.Time, password []byte) error {
	m.tick(now)
	defer m.fire()
	if m.expire(); m.state != Idle {
		return fmt.Errorf("%w, not %v", ErrOrder, m.state)
	}
	if symmetric := m.cfg.Attestation == SymmetricKey; symmetric != (len(password) > 0) {
		return fmt.Errorf("%w: %d bytes for attestation by %v", ErrPassword, len(password), m.cfg.Attestation)
	}
	return m.connect(password)
}

// Receive says that bytes came from the transport. They are copied where need be; p
// may be empty. Without a transport they are dropped.
func (m *Machine) Receive(now time.Time, p []byte) {
	m.tick(now)
	if m.state.open() {
		m.in.Feed(p)
		m.receive()
		if m.state == Finished { // with KeepSession: p is the caller's again
			unread := m.in.AppendRest(nil)
			m.in.Reset()
			m.in.Feed(unread)
		}
	}
	m.fire()
}

// Advance says that time passed. It is to be called at the Deadline; earlier or
// repeated calls do nothing.
func (m *Machine) Advance(now time.Time) {
	m.tick(now)
	m.fire()
}

// Lost says that the transport is gone, or that a dial or an Open failed. cause may
// be nil.
func (m *Machine) Lost(now time.Time, cause error) {
	m.tick(now)
	m.connected = false
	why := ErrLost
	if m.state == Idle {
		why = ErrDial
	}
	if cause != nil {
		why = fmt.Errorf("%w: %w", why, cause)
	}
	if m.state.open() || m.state == Idle {
		m.fail(why)
	}
	if m.state == Closing {
		m.closed()
	}
	m.fire()
}

// Stop ends the registration with [ErrStopped], unless its result is there already.
// Send the output and close the transport if Want asks for it.
func (m *Machine) Stop(now time.Time) {
	m.tick(now)
	m.finish(ErrStopped)
	m.fire()
}

// Want returns what to do next. It changes with inputs only.
func (m *Machine) Want() Want {
	switch m.state {
	case Idle:
		return Dial
	case Closing:
		return Close
	case Finished:
		return Done
	}
	return Exchange
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

// maxIdleOutput is the room in bytes that a machine keeps for its output while it
// waits: enough for a keep-alive, an acknowledgement and most requests.
const maxIdleOutput = 192

// AppendUnread appends the bytes that were received behind the last answer to b. With
// Policy.KeepSession they are the beginning of what the caller goes on with.
func (m *Machine) AppendUnread(b []byte) []byte { return m.in.AppendRest(b) }

// Deadline returns when to call Advance (or another input) at the latest; in
// Want Dial, when to dial. It is zero for "at once" in Want Dial and Close, and for
// "never" in Want Done. It changes with inputs only.
func (m *Machine) Deadline() time.Time {
	return earlier(earlier(m.deadline, m.end()), m.keepAliveDeadline())
}

// earlier returns a, zero or not, unless b is earlier and not zero.
func earlier(a, b time.Time) time.Time {
	if !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Result returns the assignment, or [ErrPending] until the end. After the end it is
// the same for ever. The other errors are a [*ServiceError], a [*ConnectError],
// [ErrSubscribe], a [*StepError] with [ErrBody], a [*GiveUpError] and [ErrStopped].
func (m *Machine) Result() (Assignment, error) {
	if m.result == nil {
		return Assignment{}, m.err
	}
	return *m.result, nil
}

// String returns one line for logs.
func (m *Machine) String() string {
	return fmt.Sprintf("fsm.Machine(%q, %v)", m.cfg.RegistrationID, m.state)
}

// GoString returns the same: the output may hold a password.
func (m *Machine) GoString() string { return m.String() }

// State returns the state.
func (m *Machine) State() State { return m.state }

// OperationID returns the id of the operation that is under way, to be put into
// Config.OperationID in a later run; empty if the service has not named one.
func (m *Machine) OperationID() string { return m.operationID }

// Ignored returns the number of messages that came and were no answer to the open
// request: foreign topics, stale and repeated answers.
func (m *Machine) Ignored() int { return m.ignored }
