package fsm

import (
	"example.com/dps/packet"
	"example.com/dps/topic"
)

const (
	// maxIdleOutput is the room in bytes that a machine keeps for its output while it
	// waits: enough for a keep-alive, an acknowledgement and most requests.
	maxIdleOutput = 144

	// maxOutput bounds the output in bytes that the caller does not take.
	maxOutput = 1 << 20
)

// room returns the output, with room for most packets if it has none yet.
func (m *Machine) room() []byte {
	if m.out == nil {
		m.out = make([]byte, 0, maxIdleOutput)
	}
	return m.out
}

// send takes the output with a packet appended to it, as AppendBinary returns it. All
// output goes through it. There is no error, since all parts of our packets have been
// checked.
func (m *Machine) send(out []byte, _ error) {
	begin := len(m.out)
	if cap(out) != cap(m.out) {
		clear(m.out) // it was outgrown, and may have held a password
	}
	m.out, m.lastSent = out, m.now
	f, _, _ := packet.Cut(out[begin:], len(out))
	m.tracePacket(EventSent, f)
}

// subscribe sends the SUBSCRIBE that every connection needs: the service keeps no
// subscription of an earlier one, whatever the CONNACK says (S18).
func (m *Machine) subscribe() {
	m.subscribeID = m.nextID()
	p := packet.Subscribe{ID: m.subscribeID, Subscriptions: []packet.Subscription{
		{Filter: []byte(topic.ResponseFilter), QoS: packet.QoS1},
	}}
	m.send(p.AppendBinary(m.room()))
}

// publish sends the request that is due, if there is one.
func (m *Machine) publish() {
	if !m.reg.HasRequest() {
		return // without room, which TinyGo takes from the heap
	}
	var room, body [256]byte
	name, payload, _ := m.reg.AppendRequest(room[:0], body[:0])
	p := packet.Publish{Topic: name, Payload: payload}
	if !m.atMostOnce { // S3
		p.QoS, p.ID = packet.QoS1, m.nextID()
	}
	m.send(p.AppendBinary(m.room()))
}

// nextID returns a packet identifier.
func (m *Machine) nextID() uint16 {
	m.packetID = max(1, m.packetID+1) // 0 after 65,535
	return m.packetID
}
