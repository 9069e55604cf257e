package peers

import (
	"bytes"
	"errors"
	"fmt"

	"example.com/dps/packet"
	"github.com/mochi-mqtt/server/v2/packets"
)

// Mochi is github.com/mochi-mqtt/server/v2/packets, used as its server uses it:
// it decodes the fixed header and the body, and then calls Validate for packets
// that have this method.
type Mochi struct{}

// Name returns "mochi".
func (Mochi) Name() string { return "mochi" }

// Decode reads the first packet of b.
func (Mochi) Decode(b []byte) Outcome {
	if len(b) == 0 {
		return incomplete()
	}
	pk := packets.Packet{ProtocolVersion: 4}
	if err := pk.FixedHeader.Decode(b[0]); err != nil {
		return refused(err)
	}
	r := bytes.NewReader(b[1:])
	length, _, err := packets.DecodeLength(r)
	switch {
	case errors.Is(err, packets.ErrMalformedVariableByteInteger):
		return refused(err)
	case err != nil || length > r.Len():
		return incomplete()
	}
	pk.FixedHeader.Remaining = length
	start := len(b) - r.Len()
	end := start + length
	if err := mochiDecode(&pk, b[start:end:end]); err != nil {
		return refused(err)
	}
	return accepted(fromMochi(&pk), end)
}

// mochiDecode decodes and validates a body.
func mochiDecode(pk *packets.Packet, body []byte) error {
	if err := mochiBody(pk, body); err != nil {
		return err
	}
	if code := mochiValidate(pk); code != packets.CodeSuccess {
		return code
	}
	return nil
}

func mochiBody(pk *packets.Packet, body []byte) error {
	switch pk.FixedHeader.Type {
	case packets.Connect:
		return pk.ConnectDecode(body)
	case packets.Connack:
		return pk.ConnackDecode(body)
	case packets.Publish:
		return pk.PublishDecode(body)
	case packets.Puback:
		return pk.PubackDecode(body)
	case packets.Pubrec:
		return pk.PubrecDecode(body)
	case packets.Pubrel:
		return pk.PubrelDecode(body)
	case packets.Pubcomp:
		return pk.PubcompDecode(body)
	case packets.Subscribe:
		return pk.SubscribeDecode(body)
	case packets.Suback:
		return pk.SubackDecode(body)
	case packets.Unsubscribe:
		return pk.UnsubscribeDecode(body)
	case packets.Unsuback:
		return pk.UnsubackDecode(body)
	case packets.Pingreq:
		return pk.PingreqDecode(body)
	case packets.Pingresp:
		return pk.PingrespDecode(body)
	case packets.Disconnect:
		return pk.DisconnectDecode(body)
	}
	return fmt.Errorf("type %d is not a packet type of MQTT 3.1.1", pk.FixedHeader.Type)
}

func mochiValidate(pk *packets.Packet) packets.Code {
	switch pk.FixedHeader.Type {
	case packets.Connect:
		return pk.ConnectValidate()
	case packets.Publish:
		return pk.PublishValidate(0)
	case packets.Subscribe:
		return pk.SubscribeValidate()
	case packets.Unsubscribe:
		return pk.UnsubscribeValidate()
	}
	return packets.CodeSuccess
}

func fromMochi(pk *packets.Packet) packet.Packet {
	switch pk.FixedHeader.Type {
	case packets.Connect:
		return fromMochiConnect(pk)
	case packets.Connack:
		return &packet.Connack{SessionPresent: pk.SessionPresent, ReturnCode: packet.ReturnCode(pk.ReasonCode)}
	case packets.Publish:
		return &packet.Publish{Dup: pk.FixedHeader.Dup, QoS: packet.QoS(pk.FixedHeader.Qos), Retain: pk.FixedHeader.Retain,
			ID: pk.PacketID, Topic: []byte(pk.TopicName), Payload: pk.Payload}
	case packets.Puback:
		return &packet.Puback{ID: pk.PacketID}
	case packets.Pubrec:
		return &packet.Pubrec{ID: pk.PacketID}
	case packets.Pubrel:
		return &packet.Pubrel{ID: pk.PacketID}
	case packets.Pubcomp:
		return &packet.Pubcomp{ID: pk.PacketID}
	case packets.Subscribe:
		q := &packet.Subscribe{ID: pk.PacketID}
		for _, s := range pk.Filters {
			q.Subscriptions = append(q.Subscriptions, packet.Subscription{Filter: []byte(s.Filter), QoS: packet.QoS(s.Qos)})
		}
		return q
	case packets.Suback:
		return &packet.Suback{ID: pk.PacketID, ReturnCodes: pk.ReasonCodes}
	case packets.Unsubscribe:
		q := &packet.Unsubscribe{ID: pk.PacketID}
		for _, s := range pk.Filters {
			q.Filters = append(q.Filters, []byte(s.Filter))
		}
		return q
	case packets.Unsuback:
		return &packet.Unsuback{ID: pk.PacketID}
	}
	return packet.New(packet.Type(pk.FixedHeader.Type)) // the three types without fields
}

func fromMochiConnect(pk *packets.Packet) *packet.Connect {
	c := &pk.Connect
	q := &packet.Connect{ProtocolName: c.ProtocolName, ProtocolLevel: pk.ProtocolVersion,
		CleanSession: c.Clean, KeepAlive: c.Keepalive, ClientID: []byte(c.ClientIdentifier)}
	if c.WillFlag {
		q.Will = &packet.Will{Topic: []byte(c.WillTopic), Message: c.WillPayload, QoS: packet.QoS(c.WillQos), Retain: c.WillRetain}
	}
	if c.UsernameFlag {
		q.Username = c.Username
	}
	if c.PasswordFlag {
		q.Password = c.Password
	}
	return q
}
