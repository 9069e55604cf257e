package peers

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"example.com/dps/packet"
	"github.com/eclipse/paho.mqtt.golang/packets"
)

// Paho is github.com/eclipse/paho.mqtt.golang/packets. Like a server, it also
// calls Validate for a CONNECT.
type Paho struct{}

// Name returns "paho".
func (Paho) Name() string { return "paho" }

// Decode reads the first packet of b.
//
// ReadPacket returns a packet together with an error if it has read the whole
// packet but cannot decode it. It returns no packet if it has not read the
// whole packet: only then does an end of the input mean that it waits for more
// bytes.
func (Paho) Decode(b []byte) Outcome {
	if size, whole := announced(b); !whole && size > len(b)+1<<20 && 0 < b[0]>>4 && b[0]>>4 < 15 {
		return incomplete() // the result of ReadPacket, without allocating up to 256 MiB
	}
	r := bytes.NewReader(b)
	cp, err := packets.ReadPacket(r)
	switch {
	case cp == nil && (err == io.EOF || err == io.ErrUnexpectedEOF):
		return incomplete()
	case err != nil:
		return refused(err)
	}
	if c, ok := cp.(*packets.ConnectPacket); ok {
		// A client identifier that must be rejected is answered; the packet is
		// well-formed.
		if code := c.Validate(); code != packets.Accepted && code != packets.ErrRefusedIDRejected {
			return refused(fmt.Errorf("connect code %#x", code))
		}
	}
	return accepted(fromPaho(cp), len(b)-r.Len())
}

func fromPaho(cp packets.ControlPacket) packet.Packet {
	switch p := cp.(type) {
	case *packets.ConnectPacket:
		return fromPahoConnect(p)
	case *packets.ConnackPacket:
		return &packet.Connack{SessionPresent: p.SessionPresent, ReturnCode: packet.ReturnCode(p.ReturnCode)}
	case *packets.PublishPacket:
		return &packet.Publish{Dup: p.Dup, QoS: packet.QoS(p.Qos), Retain: p.Retain, ID: p.MessageID,
			Topic: []byte(p.TopicName), Payload: p.Payload}
	case *packets.PubackPacket:
		return &packet.Puback{ID: p.MessageID}
	case *packets.PubrecPacket:
		return &packet.Pubrec{ID: p.MessageID}
	case *packets.PubrelPacket:
		return &packet.Pubrel{ID: p.MessageID}
	case *packets.PubcompPacket:
		return &packet.Pubcomp{ID: p.MessageID}
	case *packets.SubscribePacket:
		q := &packet.Subscribe{ID: p.MessageID}
		for i, filter := range p.Topics {
			q.Subscriptions = append(q.Subscriptions, packet.Subscription{Filter: []byte(filter), QoS: packet.QoS(p.Qoss[i])})
		}
		return q
	case *packets.SubackPacket:
		return &packet.Suback{ID: p.MessageID, ReturnCodes: p.ReturnCodes}
	case *packets.UnsubscribePacket:
		q := &packet.Unsubscribe{ID: p.MessageID}
		for _, filter := range p.Topics {
			q.Filters = append(q.Filters, []byte(filter))
		}
		return q
	case *packets.UnsubackPacket:
		return &packet.Unsuback{ID: p.MessageID}
	case *packets.PingreqPacket:
		return &packet.Pingreq{}
	case *packets.PingrespPacket:
		return &packet.Pingresp{}
	case *packets.DisconnectPacket:
		return &packet.Disconnect{}
	}
	panic(fmt.Sprintf("a packet of type %T", cp))
}

func fromPahoConnect(p *packets.ConnectPacket) *packet.Connect {
	q := &packet.Connect{ProtocolName: []byte(p.ProtocolName), ProtocolLevel: p.ProtocolVersion,
		CleanSession: p.CleanSession, KeepAlive: p.Keepalive, ClientID: []byte(p.ClientIdentifier)}
	if p.WillFlag {
		q.Will = &packet.Will{Topic: []byte(p.WillTopic), Message: p.WillMessage, QoS: packet.QoS(p.WillQos), Retain: p.WillRetain}
	}
	if p.UsernameFlag {
		q.Username = []byte(p.Username)
	}
	if p.PasswordFlag {
		q.Password = p.Password
	}
	return q
}

// Encode writes p.
func (Paho) Encode(p packet.Packet) ([]byte, error) {
	var b bytes.Buffer
	cp := toPaho(p)
	if cp == nil {
		return nil, errors.New("the codec has no such packet")
	}
	err := cp.Write(&b)
	return b.Bytes(), err
}

func toPaho(p packet.Packet) packets.ControlPacket {
	cp := packets.NewControlPacket(byte(p.Type()))
	switch p := p.(type) {
	case *packet.Connect:
		toPahoConnect(cp.(*packets.ConnectPacket), p)
	case *packet.Connack:
		q := cp.(*packets.ConnackPacket)
		q.SessionPresent, q.ReturnCode = p.SessionPresent, byte(p.ReturnCode)
	case *packet.Publish:
		q := cp.(*packets.PublishPacket)
		q.Dup, q.Qos, q.Retain, q.MessageID = p.Dup, byte(p.QoS), p.Retain, p.ID
		q.TopicName, q.Payload = string(p.Topic), p.Payload
	case *packet.Puback:
		cp.(*packets.PubackPacket).MessageID = p.ID
	case *packet.Pubrec:
		cp.(*packets.PubrecPacket).MessageID = p.ID
	case *packet.Pubrel:
		cp.(*packets.PubrelPacket).MessageID = p.ID
	case *packet.Pubcomp:
		cp.(*packets.PubcompPacket).MessageID = p.ID
	case *packet.Subscribe:
		q := cp.(*packets.SubscribePacket)
		q.MessageID = p.ID
		for _, s := range p.Subscriptions {
			q.Topics, q.Qoss = append(q.Topics, string(s.Filter)), append(q.Qoss, byte(s.QoS))
		}
	case *packet.Suback:
		q := cp.(*packets.SubackPacket)
		q.MessageID, q.ReturnCodes = p.ID, p.ReturnCodes
	case *packet.Unsubscribe:
		q := cp.(*packets.UnsubscribePacket)
		q.MessageID = p.ID
		for _, filter := range p.Filters {
			q.Topics = append(q.Topics, string(filter))
		}
	case *packet.Unsuback:
		cp.(*packets.UnsubackPacket).MessageID = p.ID
	}
	return cp
}

func toPahoConnect(q *packets.ConnectPacket, p *packet.Connect) {
	q.ProtocolName, q.ProtocolVersion = string(p.ProtocolName), p.ProtocolLevel
	q.CleanSession, q.Keepalive, q.ClientIdentifier = p.CleanSession, p.KeepAlive, string(p.ClientID)
	if w := p.Will; w != nil {
		q.WillFlag, q.WillQos, q.WillRetain = true, byte(w.QoS), w.Retain
		q.WillTopic, q.WillMessage = string(w.Topic), w.Message
	}
	q.UsernameFlag, q.Username = p.Username != nil, string(p.Username)
	q.PasswordFlag, q.Password = p.Password != nil, p.Password
}
