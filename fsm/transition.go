package fsm

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"example.com/dps/packet"
	"example.com/dps/topic"
)

// Everything that changes the state of a machine is in this file, and goes through
// enter.

// enter changes the state and replaces its deadline.
func (m *Machine) enter(s State, deadline time.Time) {
	m.state, m.deadline = s, deadline
}

// tick moves the clock.
func (m *Machine) tick(now time.Time) {
	if !m.started {
		m.started, m.start = true, now
	}
	if now.After(m.now) {
		m.now = now
	}
}

// end returns when the budget is used up; zero: never.
func (m *Machine) end() time.Time {
	if m.cfg.Policy.Budget < 0 {
		return time.Time{}
	}
	return m.start.Add(m.cfg.Policy.Budget)
}

// reached reports whether a deadline has come.
func (m *Machine) reached(deadline time.Time) bool {
	return !deadline.IsZero() && !m.now.Before(deadline)
}

// fire does what is due. Every input ends with it.
func (m *Machine) fire() {
	m.expire()
	if m.state.open() && m.reached(m.deadline) {
		if m.state == Waiting {
			m.proceed("")
		} else {
			m.fail(ErrNoAnswer)
		}
	}
	m.keepAlive()
}

// expire ends a registration whose budget is used up.
func (m *Machine) expire() {
	if m.reached(m.end()) {
		m.giveUp(ErrTimeout)
	}
}

// keepAlive sends a PINGREQ after a long silence of ours (MQTT-3.1.2-23), and gives
// the connection up when none of the server's answers it.
func (m *Machine) keepAlive() {
	switch {
	case !m.reached(m.keepAliveDeadline()):
	case !m.pinged.IsZero():
		m.fail(fmt.Errorf("%w: no PINGRESP", ErrNoAnswer))
	default:
		m.pinged = m.now
		var ping packet.Pingreq
		m.out, _ = ping.AppendBinary(m.room())
		m.sent()
		m.trace(Event{Kind: Sent, Packet: &packet.Pingreq{}})
	}
}

// keepAliveDeadline returns when keepAlive has something to do; zero: never.
func (m *Machine) keepAliveDeadline() time.Time {
	switch {
	case !m.state.open() || !m.connected:
		return time.Time{}
	case !m.pinged.IsZero():
		return m.pinged.Add(m.cfg.Policy.RequestTimeout)
	case m.cfg.Policy.KeepAlive > 0:
		return m.lastSent.Add(m.cfg.Policy.KeepAlive)
	}
	return time.Time{}
}

// sent notes that a packet was put into the output.
func (m *Machine) sent() { m.lastSent = m.now }

// await enters a state that waits for an answer.
func (m *Machine) await(s State) {
	m.enter(s, m.now.Add(m.cfg.Policy.RequestTimeout))
}

// step is the state in which the answer to a request is awaited.
func (m *Machine) step() State {
	if m.operationID == "" {
		return Registering
	}
	return Polling
}

// connect begins a connection.
func (m *Machine) connect(password []byte) error {
	p := packet.Connect{
		CleanSession: true, // the service keeps no sessions
		KeepAlive:    uint16(max(m.cfg.Policy.KeepAlive, 0) / time.Second),
		ClientID:     []byte(m.cfg.RegistrationID),
		Username:     []byte(m.cfg.username()),
	}
	if len(password) > 0 {
		p.Password = password
	}
	size := 64 + len(p.ClientID) + len(p.Username) + len(password)
	out, err := p.AppendBinary(slices.Grow(m.out, size))
	if err != nil {
		return fmt.Errorf("fsm: CONNECT: %w", err)
	}
	m.out = out
	m.in.Limit = m.cfg.Limit
	m.eager = m.cfg.Policy.Pipeline && !m.careful
	m.resuming = true
	m.await(Connecting)
	if m.tracing() {
		m.trace(Event{Kind: Sent, Packet: p.Clone()})
	}
	if m.eager {
		m.subscribe()
		if !m.now.Before(m.due) {
			m.request()
		}
	}
	return nil
}

// subscribe sends the SUBSCRIBE that every connection needs: the service keeps no
// subscription of an earlier one, whatever the CONNACK says.
func (m *Machine) subscribe() {
	m.packetID++
	m.subscribeID = m.packetID
	p := packet.Subscribe{ID: m.packetID, Subscriptions: []packet.Subscription{
		{Filter: []byte(topic.ResponseFilter), QoS: packet.QoS1},
	}}
	m.out, _ = p.AppendBinary(m.room())
	m.sent()
	if m.tracing() {
		m.trace(Event{Kind: Sent, Packet: p.Clone()})
	}
}

// proceed awaits the answer to the open request, or sends the next one, or waits
// until that is due.
func (m *Machine) proceed(note string) {
	switch {
	case m.now.Before(m.due): // and no request is open
		m.wait()
		m.trace(Event{Kind: Wait, Until: m.due, Note: note})
		return
	case !m.asked:
		m.request()
	}
	m.await(m.step())
}

// wait waits until m.due, connected unless that would be for long.
func (m *Machine) wait() {
	if most := m.cfg.Policy.StayConnected; most > 0 && m.due.Sub(m.now) > most {
		m.disconnect()
		return
	}
	m.enter(Waiting, m.due)
}

// request sends a registration, or a query if there is an operation to ask about.
func (m *Machine) request() {
	r := topic.Request{Op: topic.Register}
	p := packet.Publish{}
	if m.step() == Polling {
		r = topic.Request{Op: topic.QueryStatus, OperationID: []byte(m.operationID)}
	} else {
		p.Payload = m.cfg.appendRegistration(nil)
	}
	m.requests++
	var idRoom [96]byte
	r.RequestID = m.appendRequestID(idRoom[:0])
	if !m.cfg.Policy.AtMostOnce {
		m.packetID = max(1, m.packetID+1) // 0 after 65,535
		p.QoS, p.ID = packet.QoS1, m.packetID
	}
	var room [512]byte
	p.Topic, _ = r.AppendText(room[:0]) // its parts were bounded when they came
	m.out, _ = p.AppendBinary(m.room())
	m.asked = true
	m.sent()
	if m.tracing() {
		m.trace(Event{Kind: Sent, Packet: p.Clone()})
	}
}

// appendRequestID appends the $rid of the last request.
func (m *Machine) appendRequestID(b []byte) []byte {
	return strconv.AppendUint(append(b, m.cfg.RequestIDPrefix...), uint64(m.requests), 10)
}

// room returns the output, with room for most packets if it has none yet.
func (m *Machine) room() []byte {
	if m.out == nil {
		m.out = make([]byte, 0, maxIdleOutput)
	}
	return m.out
}

// later repeats the step on the same connection after a failure. floor is the
// wait that the service asked for.
func (m *Machine) later(err error, floor time.Duration) {
	m.retry(err, floor)
	if m.state.open() {
		m.wait()
		m.trace(Event{Kind: Retry, Until: m.due, Err: err})
	}
}

// fail ends the connection, or the attempt to get one, after a failure.
func (m *Machine) fail(cause error) {
	err := &StepError{m.state, cause}
	m.careful = m.careful || m.eager
	m.retry(err, 0)
	switch {
	case m.err != ErrPending:
		return
	case m.state == Idle:
		m.enter(Idle, m.due)
	default:
		if m.cfg.Policy.NoResume {
			m.operationID = ""
		}
		m.hangUp()
	}
	m.trace(Event{Kind: Retry, Until: m.due, Err: err})
}

// retry counts a failure and sets m.due for the next attempt, not before the wait
// that is already on. It ends the registration if there must not be another one.
func (m *Machine) retry(err error, floor time.Duration) {
	m.attempts++
	m.last = err
	wait := max(min(floor, m.cfg.Policy.MaxRetryAfter), m.cfg.Policy.backoff(m.attempts))
	if due := m.now.Add(m.jitter(wait, jitterRetry)); due.After(m.due) {
		m.due = due
	}
	switch most := m.cfg.Policy.MaxAttempts; {
	case most > 0 && m.attempts >= most:
		m.giveUp(ErrAttempts)
	case m.late():
		m.giveUp(ErrTimeout)
	}
}

// late reports whether the next attempt would come after the end of the budget.
func (m *Machine) late() bool {
	end := m.end()
	return !end.IsZero() && !m.due.Before(end)
}

// throttle puts the next attempt off in proportion to the time for which the service has
// been answering 429: with jitter that time doubles from one attempt to the next.
func (m *Machine) throttle() {
	if m.throttled.IsZero() {
		m.throttled = m.now
	}
	wait := min(m.now.Sub(m.throttled)*2/3, m.cfg.Policy.MaxThrottled)
	m.due = m.now.Add(m.jitter(wait, jitterRetry))
}

// hangUp asks for the transport to be closed without another word.
func (m *Machine) hangUp() {
	m.forget()
	m.enter(Closing, time.Time{})
}

// forget drops all that belongs to a connection.
func (m *Machine) forget() {
	clear(m.out) // it may hold a password
	m.out, m.in, m.connection = nil, packet.Splitter{}, connection{}
}

// closed follows the Lost that Closing asks for.
func (m *Machine) closed() {
	m.forget()
	if m.err != ErrPending {
		m.enter(Finished, time.Time{})
		return
	}
	m.enter(Idle, m.due)
}

func (m *Machine) giveUp(reason error) {
	m.finish(&GiveUpError{reason, m.state, m.now.Sub(m.start), m.attempts, m.last, m.due})
}

// finish ends the registration, once. err is nil if m.result has been set.
func (m *Machine) finish(err error) {
	if m.err != ErrPending {
		return
	}
	m.err = err
	switch {
	case m.state == Idle || err == nil && m.cfg.Policy.KeepSession:
		m.enter(Finished, time.Time{})
	case !m.state.open():
	case !m.connected:
		m.hangUp()
	default:
		m.disconnect()
	}
	m.trace(Event{Kind: End, Err: err})
}

// disconnect takes leave and asks for the transport to be closed.
func (m *Machine) disconnect() {
	var bye packet.Disconnect
	m.out, _ = bye.AppendBinary(m.out)
	m.trace(Event{Kind: Sent, Packet: &packet.Disconnect{}})
	m.enter(Closing, time.Time{})
}
