package packet_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"

	"example.com/dps/packet"
)

// These are the packets of the benchmarks and of the allocation tests.

// fixtureConnect is the CONNECT of a device with a SAS token: 32 bytes of
// client identifier, 90 bytes of user name, 180 bytes of password.
func fixtureConnect() *packet.Connect {
	return &packet.Connect{
		ProtocolName: []byte("MQTT"), ProtocolLevel: 4, CleanSession: true, KeepAlive: 60,
		ClientID: []byte("device-0123456789abcdef-00000001"),
		Username: fixtureText("0ne00000000/registrations/", 90),
		Password: packet.Secret(fixtureText("SharedAccessSignature sr=0ne00000000%2Fregistrations&sig=", 180)),
	}
}

// fixtureText returns beginning, padded with letters to n bytes.
func fixtureText(beginning string, n int) []byte {
	return []byte((beginning + strings.Repeat("abcdefghijklmnopqrstuvwxyz", n/26+1))[:n])
}

// fixturePublish returns a PUBLISH with QoS 1, a topic of 60 bytes, and n bytes
// of payload.
func fixturePublish(n int) *packet.Publish {
	return &packet.Publish{
		QoS: packet.QoS1, ID: 4660, Topic: fixtureText("$dps/registrations/res/202/?$rid=", 60),
		Payload: bytes.Repeat([]byte{'x'}, n),
	}
}

// fixtureSubscribe returns a SUBSCRIBE with n filters of 40 bytes with both
// wildcards.
func fixtureSubscribe(n int) *packet.Subscribe {
	p := &packet.Subscribe{ID: 4660}
	for i := range n {
		filter := fmt.Appendf(nil, "devices/%011d/+/messages/devicebound/#", i)
		p.Subscriptions = append(p.Subscriptions, packet.Subscription{Filter: filter, QoS: packet.QoS1})
	}
	return p
}

func fixtureSuback() *packet.Suback {
	return &packet.Suback{ID: 4660, ReturnCodes: []byte{0, 1, 2, 0x80, 0, 1, 2, 0x80}}
}

// fixtureStream returns n packets back to back: 55 % are PUBLISH packets with 1
// to 600 bytes of payload, and the others are of all types.
func fixtureStream(n int) []byte {
	var b []byte
	r := rand.New(rand.NewPCG(1, 2))
	for range n {
		b = mustAppend(b, fixtureOneOf(r))
	}
	return b
}

func fixtureOneOf(r *rand.Rand) packet.Packet {
	switch k := r.IntN(100); {
	case k < 30:
		p := fixturePublish(1 + r.IntN(600))
		p.QoS, p.ID = packet.QoS0, 0
		return p
	case k < 55:
		return fixturePublish(1 + r.IntN(600))
	case k < 75:
		return &packet.Puback{ID: uint16(1 + r.IntN(0xffff))}
	case k < 85:
		return &packet.Pingreq{}
	case k < 91:
		return fixtureSubscribe(1)
	case k < 97:
		return &packet.Suback{ID: uint16(1 + r.IntN(0xffff)), ReturnCodes: []byte{1}}
	case k < 98:
		return fixtureConnect()
	}
	return &packet.Connack{}
}

// mustAppend appends p, which must be a valid packet.
func mustAppend(b []byte, p packet.Packet) []byte {
	b, err := p.AppendBinary(b)
	if err != nil {
		panic(err)
	}
	return b
}
