package fsm

import (
	"errors"
	"strconv"
	"time"

	"example.com/dps/packet"
)

// Everything that changes the phase of a session is in this file and uses
// enter.

// A phase is a phase of an MQTT session.
type phase byte

const (
	down        phase = iota // no transport
	dialing                  // a dial is in progress
	abandoned                // the caller should abandon the dial
	connecting               // waiting for the CONNACK
	subscribing              // waiting for the SUBACK
	ready                    // the registration has its link
	closing                  // the caller should close the transport
)

// open reports whether there is a transport to exchange bytes on.
func (p phase) open() bool { return connecting <= p && p <= ready }

// accepted reports whether the server has accepted the connection.
func (p phase) accepted() bool { return p == subscribing || p == ready }

// enter changes the phase and replaces its deadline.
func (m *Machine) enter(p phase, deadline time.Time) { m.phase, m.deadline = p, deadline }

// await enters a phase that waits for an answer.
func (m *Machine) await(p phase) { m.enter(p, m.now.Add(m.requestTimeout)) }

// tick moves the clock, which never goes back.
func (m *Machine) tick(now time.Time) {
	if now.After(m.now) {
		m.now = now
	}
}

// reached reports whether a deadline has passed. The zero time means no
// deadline.
func (m *Machine) reached(deadline time.Time) bool {
	return !deadline.IsZero() && !m.now.Before(deadline)
}

// fire does everything that is due. Every input ends with a call of fire.
func (m *Machine) fire() {
	if m.reached(m.deadline) { // S1
		if m.phase == dialing {
			m.enter(abandoned, time.Time{})
			m.reg.DialFailed(m.now, ErrNoAnswer)
		} else {
			m.fail(closing, ErrNoAnswer)
		}
	}
	m.reg.Advance(m.now)
	m.follow()
	m.ping()
}

// follow does what the registration wants.
func (m *Machine) follow() {
	want := m.reg.Want()
	switch {
	case m.phase == dialing && want == WantDone:
		m.enter(abandoned, time.Time{})
	case !m.phase.open():
	case want == WantExchange:
		m.publish()
	case want != WantDial:
		m.leave()
	}
	if len(m.out) > maxOutput && m.phase.open() {
		m.fail(closing, detailed(ErrBacklog, strconv.Itoa(len(m.out))+" bytes, the limit is "+strconv.Itoa(maxOutput)))
	}
}

// leave ends the session. It sends a DISCONNECT, if the server has accepted the
// connection, and asks the caller to close the transport. With KeepSession, it
// leaves both to the caller after an assignment.
func (m *Machine) leave() {
	if m.keepSession && m.assigned() { // S17
		m.enter(down, time.Time{})
		m.reg.Lost(m.now, nil)
		return
	}
	if m.phase.accepted() {
		var bye packet.Disconnect
		m.send(bye.AppendBinary(m.room()))
	} else {
		m.dropOutput()
	}
	m.pipeline = m.pipeline && !m.pipelined
	m.enter(closing, time.Time{})
}

// assigned reports whether the registration has succeeded.
func (m *Machine) assigned() bool {
	_, err := m.reg.Result()
	return err == nil
}

// fail ends the session after a failure, without sending anything. It changes
// the phase to next before it reports the failure to the registration.
func (m *Machine) fail(next phase, cause error) {
	err := &StepError{State: m.State(), Err: cause}
	m.pipeline = m.pipeline && !m.pipelined
	m.drop()
	m.enter(next, time.Time{})
	if m.reg.Want() == WantDial {
		m.reg.DialFailed(m.now, err)
	} else {
		m.reg.Lost(m.now, err)
	}
}

// drop discards everything that belongs to a transport.
func (m *Machine) drop() {
	m.dropOutput()
	m.in.Reset()
	m.packetID, m.subscribeID, m.pinged = 0, 0, time.Time{}
}

func (m *Machine) dropOutput() {
	clear(m.out) // it may contain a password
	m.out = nil
}

// connect begins a session.
func (m *Machine) connect(password []byte) error {
	if symmetric := m.attestation == SymmetricKey; symmetric != (len(password) > 0) {
		return detailed(ErrPassword, strconv.Itoa(len(password))+" bytes for attestation by "+m.attestation.String())
	}
	p := packet.Connect{ // each connection has its own password (S16)
		CleanSession: true, // the service keeps no sessions
		KeepAlive:    uint16(m.keepAlive / time.Second),
		ClientID:     []byte(m.reg.ClientID()),
		Username:     []byte(m.reg.Username()),
	}
	if len(password) > 0 {
		p.Password = password
	}
	out, err := p.AppendBinary(make([]byte, 0, 64+len(p.ClientID)+len(p.Username)+len(password)))
	if err != nil {
		return &detail{ErrPassword, err}
	}
	m.await(connecting)
	m.send(out, nil)
	if m.pipelined = m.pipeline; m.pipelined {
		m.subscribe()
		m.reg.Ready(m.now)
	}
	return nil
}

// ping sends a PINGREQ after a long silence of the device (MQTT-3.1.2-23). If
// no PINGRESP arrives in time, it ends the connection (S15).
func (m *Machine) ping() {
	if !m.reached(m.keepAliveDeadline()) {
		return
	}
	if m.reached(m.pongDeadline()) {
		m.fail(closing, detailed(ErrNoAnswer, "no PINGRESP"))
		return
	}
	if m.pinged.IsZero() {
		m.pinged = m.now
	}
	var ping packet.Pingreq
	m.send(ping.AppendBinary(m.room()))
}

// keepAliveDeadline returns the time at which ping has something to do. The
// zero time means never.
func (m *Machine) keepAliveDeadline() time.Time {
	if !m.phase.accepted() || m.keepAlive == 0 {
		return time.Time{}
	}
	return earliest(m.lastSent.Add(m.keepAlive), m.pongDeadline())
}

// pongDeadline returns the time at which a PINGRESP is overdue. The zero time
// means never.
func (m *Machine) pongDeadline() time.Time {
	if m.pinged.IsZero() {
		return time.Time{}
	}
	return m.pinged.Add(m.requestTimeout)
}

// receive processes the received packets.
func (m *Machine) receive() {
	for m.phase.open() {
		f, err := m.in.Next()
		if err == packet.ErrShort {
			if m.in.Buffered() == 0 {
				m.in.Reset() // a machine that waits keeps no buffer
			}
			return
		}
		if err == nil {
			m.tracePacket(EventReceived, f)
			err = m.packet(f)
		}
		if err != nil { // a violation ends the connection (MQTT-4.8.0-1)
			m.fail(closing, &detail{ErrProtocol, err})
		}
		m.follow()
	}
	var unread []byte
	if m.phase == down { // with KeepSession, copy the rest out of the buffer passed to Receive
		unread = m.in.AppendRest(nil)
	}
	m.in.Reset()
	m.in.Feed(unread)
}

// packet processes one packet. An error is a protocol violation.
func (m *Machine) packet(f packet.Frame) error {
	if m.phase == connecting && f.Type != packet.CONNACK {
		return errors.New(f.Type.String() + " before the CONNACK [MQTT-3.2.0-1]")
	}
	switch f.Type {
	case packet.CONNACK:
		return m.connack(f)
	case packet.SUBACK:
		return m.suback(f)
	case packet.PUBLISH:
		return m.message(f)
	case packet.PUBREL:
		return m.pubrel(f)
	case packet.PINGRESP:
		m.pinged = time.Time{}
		var p packet.Pingresp
		return p.Decode(f)

	// Acknowledgments have no effect: the answer to a request is a separate
	// message, which may even arrive before the acknowledgment (S3).
	case packet.PUBACK:
		var p packet.Puback
		return p.Decode(f)
	case packet.PUBREC:
		var p packet.Pubrec
		return p.Decode(f)
	case packet.PUBCOMP:
		var p packet.Pubcomp
		return p.Decode(f)
	}
	return errors.New(f.Type.String() + " from a server [section 2.2.1]")
}

func (m *Machine) connack(f packet.Frame) error {
	var p packet.Connack
	if err := p.Decode(f); err != nil {
		return err
	}
	switch {
	case m.phase != connecting:
		return errors.New("second CONNACK [MQTT-4.8.0-1]")
	case p.ReturnCode != packet.Accepted && (transient(p.ReturnCode) || m.pipelined):
		m.fail(closing, &ConnectError{p.ReturnCode})
	case p.ReturnCode != packet.Accepted:
		m.reg.Abort(m.now, &ConnectError{p.ReturnCode})
	case m.pipelined:
		m.enter(ready, time.Time{})
	default:
		m.await(subscribing)
		m.subscribe()
	}
	return nil
}

func (m *Machine) suback(f packet.Frame) error {
	var p packet.Suback
	if err := p.Decode(f); err != nil {
		return err
	}
	switch {
	case p.ID != m.subscribeID:
		return errors.New("SUBACK " + strconv.Itoa(int(p.ID)) + " without a matching SUBSCRIBE [MQTT-2.3.1-7]")
	case len(p.ReturnCodes) != 1:
		return errors.New("SUBACK with " + strconv.Itoa(len(p.ReturnCodes)) + " return codes for one filter [MQTT-3.8.4-5]")
	case p.ReturnCodes[0] == packet.SubackFailure: // S2
		m.reg.Abort(m.now, ErrSubscribe)
	default:
		m.subscribeID = 0
		m.enter(ready, time.Time{})
		m.reg.Ready(m.now) // with Pipeline, this is the second call, without effect
	}
	return nil
}

// pubrel ends a delivery with QoS 2. The message was processed when it was
// received. A second delivery is recognized by its $rid.
func (m *Machine) pubrel(f packet.Frame) error {
	var p packet.Pubrel
	if err := p.Decode(f); err != nil {
		return err
	}
	ack := packet.Pubcomp(p)
	m.send(ack.AppendBinary(m.room()))
	return nil
}

// message acknowledges a message and passes it to the registration.
func (m *Machine) message(f packet.Frame) error {
	var p packet.Publish
	if err := p.Decode(f); err != nil {
		return err
	}
	switch p.QoS {
	case packet.QoS1:
		ack := packet.Puback{ID: p.ID}
		m.send(ack.AppendBinary(m.room()))
	case packet.QoS2:
		ack := packet.Pubrec{ID: p.ID}
		m.send(ack.AppendBinary(m.room()))
	}
	if m.reg.Message(m.now, p.Topic, p.Payload) {
		m.pipelined = false
	}
	return nil
}
