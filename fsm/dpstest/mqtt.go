package dpstest

import (
	"errors"
	"fmt"
	"slices"

	"example.com/dps/packet"
	"example.com/dps/topic"
)

// packet works off one packet. An error is a protocol violation.
func (c *Conn) packet(f packet.Frame) error {
	if c.refused {
		return nil
	}
	if c.connected == (f.Type == packet.CONNECT) {
		return fmt.Errorf("dpstest: %v as the first or CONNECT as a later packet [MQTT-3.1.0-1, MQTT-3.1.0-2]", f.Type)
	}
	p, err := packet.Decode(f)
	if errors.Is(err, packet.ErrProtocolLevel) { // MQTT-3.1.2-2
		c.send(&packet.Connack{ReturnCode: packet.UnacceptableProtocolVersion}, 0)
		c.diagnose(ProtocolLevel, "%v; the service speaks MQTT 3.1.1, which is level 4", err)
		c.hangUp("since the client does not speak MQTT 3.1.1")
		return nil
	}
	if err != nil {
		return err
	}
	c.about(EventReceived, p, "")
	switch p := p.(type) {
	case *packet.Connect:
		c.connect(p)
	case *packet.Subscribe:
		c.subscribe(p)
	case *packet.Unsubscribe:
		c.unsubscribe(p)
	case *packet.Publish:
		return c.publish(p)
	case *packet.Pubrel:
		c.unreleased = slices.DeleteFunc(c.unreleased, func(id uint16) bool { return id == p.ID })
		c.send(&packet.Pubcomp{ID: p.ID}, 0)
	case *packet.Pubrec:
		c.send(&packet.Pubrel{ID: p.ID}, 0)
	case *packet.Puback, *packet.Pubcomp:
	case *packet.Pingreq:
		c.deliver(c.fault(OnPing), []packet.Packet{&packet.Pingresp{}})
	case *packet.Disconnect:
		c.hangUp("by the client with a DISCONNECT")
	default:
		return fmt.Errorf("dpstest: %v from a client [section 2.2.1]", f.Type)
	}
	return nil
}

// subscribe grants the one filter that there is, with QoS 1 at most.
func (c *Conn) subscribe(p *packet.Subscribe) {
	fault := c.fault(OnSubscribe)
	codes := make([]byte, len(p.Subscriptions))
	for i, s := range p.Subscriptions {
		switch {
		case string(s.Filter) != topic.ResponseFilter:
			codes[i] = packet.SubackFailure
		case fault.ReturnCode != 0:
			codes[i] = fault.ReturnCode
		default:
			codes[i] = byte(min(s.QoS, packet.QoS1))
			c.subscribed, c.granted = true, min(s.QoS, packet.QoS1)
		}
	}
	c.deliver(fault, []packet.Packet{&packet.Suback{ID: p.ID, ReturnCodes: codes}})
}

func (c *Conn) unsubscribe(p *packet.Unsubscribe) {
	for _, filter := range p.Filters {
		if string(filter) == topic.ResponseFilter {
			c.subscribed = false
		}
	}
	c.deliver(c.fault(OnUnsubscribe), []packet.Packet{&packet.Unsuback{ID: p.ID}})
}

// publish acknowledges a request and works it off, once.
func (c *Conn) publish(p *packet.Publish) error {
	r, err := topic.ParseRequest(p.Topic)
	if err != nil {
		return err
	}
	if n := len(r.RequestID); n > topic.MaxIDLen {
		return fmt.Errorf("dpstest: $rid has %d bytes, the limit is %d", n, topic.MaxIDLen)
	}
	var ack packet.Packet
	switch p.QoS {
	case packet.QoS1:
		ack = &packet.Puback{ID: p.ID}
	case packet.QoS2:
		ack = &packet.Pubrec{ID: p.ID}
		if slices.Contains(c.unreleased, p.ID) { // MQTT-4.3.3-2
			c.send(ack, 0)
			return nil
		}
		if len(c.unreleased) == maxUnreleased {
			return fmt.Errorf("dpstest: %d messages with QoS 2 wait for their PUBREL [MQTT-4.8.0-2]", maxUnreleased)
		}
		c.unreleased = append(c.unreleased, p.ID)
	}
	c.requests++
	c.request(r, p.Payload, ack)
	return nil
}

// nextID returns an identifier for a message of the service.
func (c *Conn) nextID() uint16 {
	c.packetID = max(1, c.packetID+1) // 0 after 65,535
	return c.packetID
}
