package dpstest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.com/dps/packet"
	"example.com/dps/topic"
)

// packet processes one packet. An error is a protocol violation.
func (c *Conn) packet(f packet.Frame) error {
	if c.refused {
		return nil
	}
	switch {
	case !c.connected && f.Type != packet.CONNECT:
		return fmt.Errorf("the first packet is %v [MQTT-3.1.0-1]", f.Type)
	case c.connected && f.Type == packet.CONNECT:
		return errors.New("a second CONNECT on the connection [MQTT-3.1.0-2]")
	}
	p, err := packet.Decode(f)
	if c.otherProtocol(f, err) {
		if errors.Is(err, packet.ErrProtocolLevel) { // MQTT-3.1.2-2
			c.send(&packet.Connack{ReturnCode: packet.UnacceptableProtocolVersion}, 0)
		}
		return errNamed
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
		c.acknowledged(p.ID)
		c.send(&packet.Pubrel{ID: p.ID}, 0)
	case *packet.Puback:
		c.acknowledged(p.ID)
	case *packet.Pubcomp:
	case *packet.Pingreq:
		c.deliver(c.fault(OnPing), []packet.Packet{&packet.Pingresp{}})
	case *packet.Disconnect:
		c.leave()
		c.hangUp("by the client with a DISCONNECT")
	default:
		return fmt.Errorf("%v is a packet that only a server sends [section 2.2.1]", f.Type)
	}
	return nil
}

// subscribe grants the only filter that the service has, with at most QoS 1.
func (c *Conn) subscribe(p *packet.Subscribe) {
	fault := c.fault(OnSubscribe)
	codes := make([]byte, len(p.Subscriptions))
	var refused []string // the first few
	n := 0
	for i, s := range p.Subscriptions {
		switch {
		case string(s.Filter) != topic.ResponseFilter:
			codes[i] = packet.SubackFailure
			if n++; n <= 3 {
				refused = append(refused, fmt.Sprintf("%.80q", s.Filter))
			}
		case fault.ReturnCode != 0:
			codes[i] = fault.ReturnCode
			c.end("refused with a SUBACK")
		default:
			codes[i] = byte(min(s.QoS, packet.QoS1))
			c.subscribed, c.granted = true, min(s.QoS, packet.QoS1)
		}
	}
	if n > 0 {
		c.filter = refused[0]
		c.diagnose(Filter, "%d of %d topic filters are refused with 0x80, among them %s: the service grants only %q", n, len(codes), strings.Join(refused, ", "), topic.ResponseFilter)
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

// publish acknowledges a request and processes it exactly once.
func (c *Conn) publish(p *packet.Publish) error {
	r, err := topic.ParseRequest(p.Topic)
	other := err != nil
	if other {
		c.explainTopic(p.Topic, err)
		if c.service.cfg.Choices.OtherTopic == "close" {
			return errNamed
		}
	}
	if n := len(r.RequestID); n > topic.MaxIDLen {
		return fmt.Errorf("$rid has %d bytes, the limit is %d", n, topic.MaxIDLen)
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
			return fmt.Errorf("%d messages with QoS 2 wait for their PUBREL [MQTT-4.8.0-2]", maxUnreleased)
		}
		c.unreleased = append(c.unreleased, p.ID)
	}
	if other {
		if ack != nil {
			c.send(ack, 0)
		}
		return nil
	}
	c.checkRequest(p, &r)
	c.requests++
	c.open = true
	c.request(r, p.Payload, ack)
	return nil
}

// nextID returns a packet identifier for a message of the service.
func (c *Conn) nextID() uint16 {
	c.packetID = max(1, c.packetID+1) // the sum wraps to 0 after 65,535
	return c.packetID
}
