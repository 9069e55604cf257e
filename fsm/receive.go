package fsm

import (
	"errors"
	"fmt"
	"time"

	"example.com/dps/packet"
	"example.com/dps/topic"
)

// receive works off the packets that have come.
func (m *Machine) receive() {
	for m.state.open() {
		f, err := m.in.Next()
		if err == packet.ErrShort {
			return
		}
		if err == nil {
			err = m.packet(f)
		}
		if err != nil {
			m.connected = false // no DISCONNECT to a peer that breaks the rules
			m.fail(fmt.Errorf("%w: %w", ErrProtocol, err))
		}
	}
}

// packet works off one packet. An error is a protocol violation, which ends the
// connection (MQTT-4.8.0-1).
func (m *Machine) packet(f packet.Frame) error {
	if m.state == Connecting && f.Type != packet.CONNACK {
		return fmt.Errorf("%v before the CONNACK [MQTT-3.2.0-1]", f.Type)
	}
	switch f.Type {
	case packet.PUBLISH:
		return m.publish(f)
	case packet.CONNACK:
		return m.connack(f)
	case packet.SUBACK:
		return m.suback(f)
	case packet.PINGRESP:
		m.pinged = time.Time{}
		return m.note(f)
	case packet.PUBACK, packet.PUBREC, packet.PUBCOMP:
		// An acknowledgement means nothing here: the answer to a request is the
		// message that follows, and that may even come before.
		return m.note(f)
	case packet.PUBREL:
		return m.pubrel(f)
	}
	return fmt.Errorf("%v from a server [section 2.2.1]", f.Type)
}

// note decodes a packet of which only the coming counts.
func (m *Machine) note(f packet.Frame) error {
	if m.tracing() {
		p, err := packet.Decode(f)
		if err == nil {
			m.trace(Event{Kind: Received, Packet: p})
		}
		return err
	}
	if f.Type == packet.PINGRESP {
		var p packet.Pingresp
		return p.Decode(f)
	}
	f.Type = packet.PUBACK // the same layout
	var p packet.Puback
	return p.Decode(f)
}

func (m *Machine) connack(f packet.Frame) error {
	var p packet.Connack
	if err := p.Decode(f); err != nil {
		return err
	}
	if m.tracing() {
		m.trace(Event{Kind: Received, Packet: &packet.Connack{SessionPresent: p.SessionPresent, ReturnCode: p.ReturnCode}})
	}
	switch {
	case m.state != Connecting:
		return errors.New("second CONNACK [MQTT-4.8.0-1]")
	case p.ReturnCode == packet.Accepted:
		m.connected = true
		if m.subscribeID == 0 {
			m.subscribe()
		}
		m.await(Subscribing)
	case p.ReturnCode == packet.ServerUnavailable || p.ReturnCode == packet.UnacceptableProtocolVersion || m.eager:
		m.fail(&ConnectError{p.ReturnCode}) // the server's condition, not the device's
	default:
		m.finish(&ConnectError{p.ReturnCode})
	}
	return nil
}

func (m *Machine) suback(f packet.Frame) error {
	var p packet.Suback
	if err := p.Decode(f); err != nil {
		return err
	}
	if m.tracing() {
		m.trace(Event{Kind: Received, Packet: p.Clone()})
	}
	switch {
	case p.ID != m.subscribeID:
		return fmt.Errorf("SUBACK %d without such a SUBSCRIBE [MQTT-2.3.1-7]", p.ID)
	case len(p.ReturnCodes) != 1:
		return fmt.Errorf("SUBACK with %d return codes for one filter [MQTT-3.8.4-5]", len(p.ReturnCodes))
	case p.ReturnCodes[0] == packet.SubackFailure:
		m.finish(ErrSubscribe)
	default:
		m.subscribeID = 0
		if m.state == Subscribing {
			m.proceed("the wait goes on")
		}
	}
	return nil
}

// pubrel ends a delivery with QoS 2. The message was taken when it came; if it comes
// twice, its $rid gives it away.
func (m *Machine) pubrel(f packet.Frame) error {
	var p packet.Pubrel
	if err := p.Decode(f); err != nil {
		return err
	}
	ack := packet.Pubcomp(p)
	m.out, _ = ack.AppendBinary(m.room())
	m.sent()
	if m.tracing() {
		m.trace(Event{Kind: Received, Packet: &packet.Pubrel{ID: p.ID}})
		m.trace(Event{Kind: Sent, Packet: &packet.Pubcomp{ID: p.ID}})
	}
	return nil
}

// publish acknowledges a message and looks whether it is the answer.
func (m *Machine) publish(f packet.Frame) error {
	var p packet.Publish
	if err := p.Decode(f); err != nil {
		return err
	}
	if m.tracing() {
		m.trace(Event{Kind: Received, Packet: p.Clone()})
	}
	m.acknowledge(&p)
	r, err := topic.ParseResponse(p.Topic)
	switch {
	case err != nil:
		m.ignore("no topic of an answer")
	case !m.asked:
		m.ignore("no request is open")
	case !m.isOurs(r.RequestID):
		m.ignore("its $rid is not that of the open request")
	default:
		m.answer(r, p.Payload)
	}
	return nil
}

// isOurs reports whether an answer with this $rid is one to the last request. The service
// may leave it empty, but not out.
func (m *Machine) isOurs(requestID []byte) bool {
	var room [96]byte
	return string(requestID) == string(m.appendRequestID(room[:0])) || requestID != nil && len(requestID) == 0
}

func (m *Machine) acknowledge(p *packet.Publish) {
	switch p.QoS {
	case packet.QoS1:
		ack := packet.Puback{ID: p.ID}
		m.out, _ = ack.AppendBinary(m.room())
		if m.tracing() {
			m.trace(Event{Kind: Sent, Packet: &packet.Puback{ID: p.ID}})
		}
	case packet.QoS2:
		ack := packet.Pubrec{ID: p.ID}
		m.out, _ = ack.AppendBinary(m.room())
		if m.tracing() {
			m.trace(Event{Kind: Sent, Packet: &packet.Pubrec{ID: p.ID}})
		}
	default:
		return
	}
	m.sent()
}

func (m *Machine) ignore(why string) {
	m.ignored++
	m.trace(Event{Kind: Ignored, Note: why})
}
