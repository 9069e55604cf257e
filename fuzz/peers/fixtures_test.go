package peers

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"

	"example.com/dps/packet"
)

// The packets of the benchmarks are the same for all codecs. They are those of
// the benchmarks of package packet, plus packets of the types that those omit.

type fixture struct {
	name string
	packet.Packet
}

func fixtures() []fixture {
	return []fixture{
		{"CONNECT", fixtureConnect()},
		{"CONNACK", &packet.Connack{}},
		{"PUBLISH-0", fixturePublish(0)},
		{"PUBLISH-128", fixturePublish(128)},
		{"PUBLISH-4096", fixturePublish(4096)},
		{"PUBLISH-65536", fixturePublish(65536)},
		{"PUBACK", &packet.Puback{ID: 4660}},
		{"PUBREC", &packet.Pubrec{ID: 4660}},
		{"PUBREL", &packet.Pubrel{ID: 4660}},
		{"PUBCOMP", &packet.Pubcomp{ID: 4660}},
		{"SUBSCRIBE-1", fixtureSubscribe(1)},
		{"SUBSCRIBE-8", fixtureSubscribe(8)},
		{"SUBACK-8", &packet.Suback{ID: 4660, ReturnCodes: []byte{0, 1, 2, 0x80, 0, 1, 2, 0x80}}},
		{"UNSUBSCRIBE-1", fixtureUnsubscribe(1)},
		{"UNSUBSCRIBE-8", fixtureUnsubscribe(8)},
		{"UNSUBACK", &packet.Unsuback{ID: 4660}},
		{"PINGREQ", &packet.Pingreq{}},
		{"PINGRESP", &packet.Pingresp{}},
		{"DISCONNECT", &packet.Disconnect{}},
	}
}

// fixtureConnect returns the CONNECT of a device with a SAS token: the client
// identifier has 32 bytes, the user name 90, and the password 180.
func fixtureConnect() *packet.Connect {
	return &packet.Connect{
		ProtocolName: []byte("MQTT"), ProtocolLevel: 4, CleanSession: true, KeepAlive: 60,
		ClientID: []byte("device-0123456789abcdef-00000001"),
		Username: fixtureText("0ne00000000/registrations/", 90),
		Password: fixtureText("SharedAccessSignature sr=0ne00000000%2Fregistrations&sig=", 180),
	}
}

// fixtureText returns the beginning, padded with letters to n bytes.
func fixtureText(beginning string, n int) []byte {
	return []byte((beginning + strings.Repeat("abcdefghijklmnopqrstuvwxyz", n/26+1))[:n])
}

// fixturePublish returns a PUBLISH with QoS 1, a topic of 60 bytes, and a
// payload of n bytes.
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

// fixtureUnsubscribe returns an UNSUBSCRIBE with the same filters.
func fixtureUnsubscribe(n int) *packet.Unsubscribe {
	p := &packet.Unsubscribe{ID: 4660}
	for _, s := range fixtureSubscribe(n).Subscriptions {
		p.Filters = append(p.Filters, s.Filter)
	}
	return p
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
