package peers

import (
	"strings"

	"example.com/dps/packet"
	"pgregory.net/rapid"
)

// A generator draws valid packets or, if it is lax, packets that may violate a
// statement.
type generator struct{ lax bool }

func (g generator) packet() *rapid.Generator[packet.Packet] {
	return rapid.Custom(func(t *rapid.T) packet.Packet {
		switch typ := packet.Type(rapid.IntRange(1, 14).Draw(t, "type")); typ {
		case packet.CONNECT:
			return g.connect(t)
		case packet.CONNACK:
			p := &packet.Connack{ReturnCode: packet.ReturnCode(g.upTo(t, 5))}
			p.SessionPresent = (p.ReturnCode == 0 || g.lax) && rapid.Bool().Draw(t, "session present")
			return p
		case packet.PUBLISH:
			return g.publish(t)
		case packet.PUBACK:
			return &packet.Puback{ID: g.id(t)}
		case packet.PUBREC:
			return &packet.Pubrec{ID: g.id(t)}
		case packet.PUBREL:
			return &packet.Pubrel{ID: g.id(t)}
		case packet.PUBCOMP:
			return &packet.Pubcomp{ID: g.id(t)}
		case packet.SUBSCRIBE:
			p := &packet.Subscribe{ID: g.id(t)}
			for range g.count(t) {
				p.Subscriptions = append(p.Subscriptions, packet.Subscription{Filter: g.filter(t), QoS: packet.QoS(g.upTo(t, 2))})
			}
			return p
		case packet.SUBACK:
			p := &packet.Suback{ID: g.id(t)}
			for range g.count(t) {
				p.ReturnCodes = append(p.ReturnCodes, rapid.SampledFrom(g.either([]byte{0, 1, 2, 0x80}, []byte{3, 0x81, 0xff})).Draw(t, "code"))
			}
			return p
		case packet.UNSUBSCRIBE:
			p := &packet.Unsubscribe{ID: g.id(t)}
			for range g.count(t) {
				p.Filters = append(p.Filters, g.filter(t))
			}
			return p
		case packet.UNSUBACK:
			return &packet.Unsuback{ID: g.id(t)}
		default:
			return packet.New(typ)
		}
	})
}

func (g generator) connect(t *rapid.T) packet.Packet {
	p := &packet.Connect{ProtocolName: []byte("MQTT"), ProtocolLevel: 4,
		CleanSession: rapid.Bool().Draw(t, "clean"), KeepAlive: rapid.Uint16().Draw(t, "keep-alive"), ClientID: g.text(t, "client")}
	if !g.lax && len(p.ClientID) == 0 {
		p.CleanSession = true
	}
	if rapid.Bool().Draw(t, "has will") {
		p.Will = &packet.Will{Topic: g.topic(t), Message: binary.Draw(t, "message"),
			QoS: packet.QoS(g.upTo(t, 2)), Retain: rapid.Bool().Draw(t, "will retain")}
	}
	if rapid.Bool().Draw(t, "has user") {
		p.Username = g.text(t, "user")
	}
	if (p.Username != nil || g.lax) && rapid.Bool().Draw(t, "has password") {
		p.Password = binary.Draw(t, "password")
	}
	return p
}

func (g generator) publish(t *rapid.T) packet.Packet {
	p := &packet.Publish{QoS: packet.QoS(g.upTo(t, 2)), Retain: rapid.Bool().Draw(t, "retain"), Topic: g.topic(t), Payload: binary.Draw(t, "payload")}
	if p.QoS > 0 || g.lax {
		p.Dup, p.ID = rapid.Bool().Draw(t, "dup"), g.id(t)
	}
	return p
}

// binary draws bytes that may be empty, but are never nil.
var binary = rapid.Custom(func(t *rapid.T) []byte {
	n := rapid.SampledFrom([]int{0, 1, 40, 127, 128, 300, 17_000}).Draw(t, "at most")
	b := rapid.SliceOfN(rapid.Byte(), 0, min(n, 64)).Draw(t, "bytes")
	if len(b) > 0 && n > 64 {
		b = []byte(strings.Repeat(string(b), n/len(b)))
	}
	return append([]byte{}, b...)
})

func (g generator) id(t *rapid.T) uint16 { return rapid.Uint16Range(g.least(), 0xffff).Draw(t, "id") }
func (g generator) count(t *rapid.T) int { return rapid.IntRange(int(g.least()), 5).Draw(t, "count") }

func (g generator) least() uint16 {
	if g.lax {
		return 0
	}
	return 1
}

func (g generator) upTo(t *rapid.T, n byte) byte {
	if g.lax {
		n++
	}
	return rapid.ByteRange(0, n).Draw(t, "number")
}

// either returns the right values, and the wrong values, too, if g is lax.
func (g generator) either(right, wrong []byte) []byte {
	if g.lax {
		return append(right, wrong...)
	}
	return right
}

// text draws an MQTT string. If g is lax, the string may be ill-formed or too
// long, or contain U+0000.
func (g generator) text(t *rapid.T, label string) []byte {
	if g.lax && rapid.Bool().Draw(t, "bad "+label) {
		return []byte(rapid.SampledFrom([]string{"", "\x00", "a\x00b", "\xff", "\xed\xa0\x80", "+", "a/#/b", "a+", "#a", strings.Repeat("x", 65536)}).Draw(t, label))
	}
	return []byte(rapid.StringN(0, 40, -1).Filter(func(s string) bool { return !holdsNUL(s) }).Draw(t, label))
}

func (g generator) topic(t *rapid.T) []byte {
	if s := string(g.text(t, "topic")); g.lax || s != "" && !wildcard(s) {
		return []byte(s)
	}
	return []byte("$dps/registrations/res/202/?$rid=1&retry-after=3")
}

func (g generator) filter(t *rapid.T) []byte {
	if g.lax {
		return g.text(t, "filter")
	}
	level := rapid.SampledFrom([]string{"+", "", "$dps", "a b", "Äpfel", "温度", "\U0002a6d4"})
	levels := rapid.SliceOfN(level, 1, 6).Draw(t, "levels")
	if rapid.Bool().Draw(t, "hash") {
		levels = append(levels, "#")
	}
	if s := strings.Join(levels, "/"); s != "" {
		return []byte(s)
	}
	return []byte("/")
}
