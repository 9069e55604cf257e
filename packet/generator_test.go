package packet_test

import (
	"strings"

	"example.com/dps/packet"
	"pgregory.net/rapid"
)

// packets draws any packet that may be sent, in the form that Decode returns:
// fields that are always present are not nil.
var packets = rapid.OneOf(
	draw(func(t *rapid.T) packet.Packet { return drawConnect(t) }),
	draw(func(t *rapid.T) packet.Packet {
		code := rapid.Uint8Range(0, 5).Draw(t, "code")
		return &packet.Connack{SessionPresent: code == 0 && rapid.Bool().Draw(t, "session"), ReturnCode: packet.ReturnCode(code)}
	}),
	draw(func(t *rapid.T) packet.Packet { return drawPublish(t) }),
	draw(func(t *rapid.T) packet.Packet { return &packet.Puback{ID: ids.Draw(t, "id")} }),
	draw(func(t *rapid.T) packet.Packet { return &packet.Pubrec{ID: ids.Draw(t, "id")} }),
	draw(func(t *rapid.T) packet.Packet { return &packet.Pubrel{ID: ids.Draw(t, "id")} }),
	draw(func(t *rapid.T) packet.Packet { return &packet.Pubcomp{ID: ids.Draw(t, "id")} }),
	draw(func(t *rapid.T) packet.Packet {
		return &packet.Subscribe{ID: ids.Draw(t, "id"), Subscriptions: rapid.SliceOfN(subscriptions, 1, 9).Draw(t, "subscriptions")}
	}),
	draw(func(t *rapid.T) packet.Packet {
		codes := rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 2, packet.SubackFailure}), 1, 200)
		return &packet.Suback{ID: ids.Draw(t, "id"), ReturnCodes: codes.Draw(t, "codes")}
	}),
	draw(func(t *rapid.T) packet.Packet {
		return &packet.Unsubscribe{ID: ids.Draw(t, "id"), Filters: rapid.SliceOfN(filters, 1, 9).Draw(t, "filters")}
	}),
	draw(func(t *rapid.T) packet.Packet { return &packet.Unsuback{ID: ids.Draw(t, "id")} }),
	rapid.Just[packet.Packet](&packet.Pingreq{}),
	rapid.Just[packet.Packet](&packet.Pingresp{}),
	rapid.Just[packet.Packet](&packet.Disconnect{}),
)

func draw(fn func(t *rapid.T) packet.Packet) *rapid.Generator[packet.Packet] { return rapid.Custom(fn) }

var (
	ids  = rapid.Uint16Range(1, 0xffff)
	qos  = rapid.Map(rapid.Uint8Range(0, 2), func(q uint8) packet.QoS { return packet.QoS(q) })
	data = rapid.OneOf(rapid.SliceOf(rapid.Byte()), rapid.SliceOfN(rapid.Byte(), 120, 700))

	// texts draws strings of characters that are special to the codec, and of
	// others.
	texts = rapid.Map(rapid.StringOf(rapid.OneOf(rapid.SampledFrom([]rune("aZ09 /$é€\uFEFF\U0001F600\x01\u009F")), rapid.Rune())), func(s string) []byte {
		return []byte(strings.ReplaceAll(s, "\x00", ""))
	})
	topics = rapid.Map(texts, func(b []byte) []byte {
		return append([]byte("t"), []byte(strings.NewReplacer("+", "", "#", "").Replace(string(b)))...)
	})
	filters       = rapid.Custom(drawFilter)
	subscriptions = rapid.Custom(func(t *rapid.T) packet.Subscription {
		return packet.Subscription{Filter: filters.Draw(t, "filter"), QoS: qos.Draw(t, "qos")}
	})
)

func drawFilter(t *rapid.T) []byte {
	level := rapid.OneOf(rapid.Just("+"), rapid.Just(""), rapid.Map(topics, func(b []byte) string { return string(b) }))
	levels := rapid.SliceOfN(level, 1, 5).Draw(t, "levels")
	if rapid.Bool().Draw(t, "rest") {
		levels = append(levels, "#")
	}
	if filter := strings.Join(levels, "/"); filter != "" {
		return []byte(filter)
	}
	return []byte("/")
}

func drawConnect(t *rapid.T) *packet.Connect {
	p := &packet.Connect{
		ProtocolName: []byte("MQTT"), ProtocolLevel: 4,
		KeepAlive: rapid.Uint16().Draw(t, "keep-alive"),
		ClientID:  texts.Draw(t, "client ID"),
	}
	p.CleanSession = len(p.ClientID) == 0 || rapid.Bool().Draw(t, "clean")
	if rapid.Bool().Draw(t, "with will") {
		p.Will = &packet.Will{
			Topic: topics.Draw(t, "will topic"), Message: data.Draw(t, "will message"),
			QoS: qos.Draw(t, "will qos"), Retain: rapid.Bool().Draw(t, "will retain"),
		}
	}
	if rapid.Bool().Draw(t, "with user name") {
		p.Username = texts.Draw(t, "user name")
		if rapid.Bool().Draw(t, "with password") {
			p.Password = data.Draw(t, "password")
		}
	}
	return p
}

func drawPublish(t *rapid.T) *packet.Publish {
	p := &packet.Publish{
		QoS: qos.Draw(t, "qos"), Retain: rapid.Bool().Draw(t, "retain"),
		Topic: topics.Draw(t, "topic"), Payload: data.Draw(t, "payload"),
	}
	if p.QoS > 0 {
		p.ID, p.Dup = ids.Draw(t, "id"), rapid.Bool().Draw(t, "dup")
	}
	return p
}
