package peers

import (
	"bytes"
	"errors"

	"example.com/dps/packet"
	"github.com/mochi-mqtt/server/v2/packets"
)

// Encode writes p.
func (Mochi) Encode(p packet.Packet) ([]byte, error) {
	var b bytes.Buffer
	pk := toMochi(p)
	err := mochiEncode(&pk, &b)
	return b.Bytes(), err
}

func mochiEncode(pk *packets.Packet, b *bytes.Buffer) error {
	switch pk.FixedHeader.Type {
	case packets.Connect:
		return pk.ConnectEncode(b)
	case packets.Connack:
		return pk.ConnackEncode(b)
	case packets.Publish:
		return pk.PublishEncode(b)
	case packets.Puback:
		return pk.PubackEncode(b)
	case packets.Pubrec:
		return pk.PubrecEncode(b)
	case packets.Pubrel:
		return pk.PubrelEncode(b)
	case packets.Pubcomp:
		return pk.PubcompEncode(b)
	case packets.Subscribe:
		return pk.SubscribeEncode(b)
	case packets.Suback:
		return pk.SubackEncode(b)
	case packets.Unsubscribe:
		return pk.UnsubscribeEncode(b)
	case packets.Unsuback:
		return pk.UnsubackEncode(b)
	case packets.Pingreq:
		return pk.PingreqEncode(b)
	case packets.Pingresp:
		return pk.PingrespEncode(b)
	case packets.Disconnect:
		return pk.DisconnectEncode(b)
	}
	return errors.New("the codec has no such packet")
}

func toMochi(p packet.Packet) packets.Packet {
	pk := packets.Packet{ProtocolVersion: 4, FixedHeader: packets.FixedHeader{Type: byte(p.Type())}}
	switch p := p.(type) {
	case *packet.Connect:
		toMochiConnect(&pk, p)
	case *packet.Connack:
		pk.SessionPresent, pk.ReasonCode = p.SessionPresent, byte(p.ReturnCode)
	case *packet.Publish:
		pk.FixedHeader.Dup, pk.FixedHeader.Qos, pk.FixedHeader.Retain = p.Dup, byte(p.QoS), p.Retain
		pk.PacketID, pk.TopicName, pk.Payload = p.ID, string(p.Topic), p.Payload
	case *packet.Puback:
		pk.PacketID = p.ID
	case *packet.Pubrec:
		pk.PacketID = p.ID
	case *packet.Pubrel:
		pk.PacketID, pk.FixedHeader.Qos = p.ID, 1
	case *packet.Pubcomp:
		pk.PacketID = p.ID
	case *packet.Subscribe:
		pk.PacketID, pk.FixedHeader.Qos = p.ID, 1
		for _, s := range p.Subscriptions {
			pk.Filters = append(pk.Filters, packets.Subscription{Filter: string(s.Filter), Qos: byte(s.QoS)})
		}
	case *packet.Suback:
		pk.PacketID, pk.ReasonCodes = p.ID, p.ReturnCodes
	case *packet.Unsubscribe:
		pk.PacketID, pk.FixedHeader.Qos = p.ID, 1
		for _, filter := range p.Filters {
			pk.Filters = append(pk.Filters, packets.Subscription{Filter: string(filter)})
		}
	case *packet.Unsuback:
		pk.PacketID = p.ID
	}
	return pk
}

func toMochiConnect(pk *packets.Packet, p *packet.Connect) {
	c := &pk.Connect
	pk.ProtocolVersion, c.ProtocolName = p.ProtocolLevel, p.ProtocolName
	c.Clean, c.Keepalive, c.ClientIdentifier = p.CleanSession, p.KeepAlive, string(p.ClientID)
	if w := p.Will; w != nil {
		c.WillFlag, c.WillQos, c.WillRetain = true, byte(w.QoS), w.Retain
		c.WillTopic, c.WillPayload = string(w.Topic), w.Message
	}
	c.UsernameFlag, c.Username = p.Username != nil, p.Username
	c.PasswordFlag, c.Password = p.Password != nil, p.Password
}
