package fsm

import (
	"example.com/dps/packet"
	"example.com/dps/topic"
)

const (
	// maxIdleOutput is the size in bytes of the output buffer that a machine
	// keeps while it waits. It suffices for a PINGREQ, an acknowledgment and
	// most requests.
	maxIdleOutput = 144

	// maxOutput is the limit in bytes of the output that the caller has not
	// taken.
	maxOutput = 1 << 20
)

// room returns the output buffer, and allocates it with room for most packets
// if there is none.
func (m *Machine) room() []byte {
	if m.out == nil {
		m.out = make([]byte, 0, maxIdleOutput)
	}
	return m.out
}

// send replaces the output by out, which is the old output with a packet
// appended by AppendBinary. All output goes through send. The error is always
// nil, since all parts of our packets have been checked.
func (m *Machine) send(out []byte, _ error) {
	begin := len(m.out)
	if cap(out) != cap(m.out) {
		clear(m.out) // the old buffer may contain a password
	}
	m.out, m.lastSent = out, m.now
	f, _, _ := packet.Cut(out[begin:], len(out))
	m.tracePacket(EventSent, f)
}

// subscribe sends the SUBSCRIBE that every connection needs: the service keeps
// no subscriptions of earlier connections, whatever the CONNACK reports (S18).
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
		return // before the arrays below, which TinyGo allocates on the heap
	}
	var room, body [256]byte
	name, payload, _ := m.reg.AppendRequest(room[:0], body[:0])
	p := packet.Publish{Topic: name, Payload: payload}
	if !m.atMostOnce { // S3
		p.QoS, p.ID = packet.QoS1, m.nextID()
	}
	m.send(p.AppendBinary(m.room()))
}

// nextID returns the next packet identifier.
func (m *Machine) nextID() uint16 {
	m.packetID = max(1, m.packetID+1) // 0 after 65,535
	return m.packetID
}
