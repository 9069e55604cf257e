package packet_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"example.com/dps/packet"
	"pgregory.net/rapid"
)

func TestStrings(t *testing.T) {
	for _, row := range []struct {
		p    interface{ String() string }
		want string
	}{
		{&packet.Connect{}, `CONNECT client="" clean=false keepalive=0s`},
		{&packet.Connect{ClientID: []byte("d"), Username: []byte("u"), Password: packet.Secret("p"), ProtocolLevel: 5, KeepAlive: 9,
			Will: &packet.Will{Topic: []byte("w"), Message: text(3), QoS: 1, Retain: true}},
			`CONNECT client="d" user="u" password=*** will="w" (QoS 1, retain true, 3 bytes) clean=false keepalive=9s level=5`},
		{&packet.Connack{}, "CONNACK accepted, session present false"},
		{&packet.Connack{ReturnCode: 5}, "CONNACK not authorized, session present false"},
		{&packet.Publish{Topic: []byte("a\n")}, `PUBLISH qos=0 topic="a\n" payload=0 bytes`},
		{&packet.Publish{Dup: true, QoS: 2, Retain: true, ID: 7, Topic: text(260), Payload: text(5)},
			`PUBLISH id=7 qos=2 dup retain topic="` + string(text(256)) + `"… payload=5 bytes`},
		{&packet.Puback{ID: 1}, "PUBACK id=1"}, {&packet.Pubrec{ID: 1}, "PUBREC id=1"}, {&packet.Pubrel{ID: 1}, "PUBREL id=1"},
		{&packet.Pubcomp{ID: 1}, "PUBCOMP id=1"}, {&packet.Unsuback{ID: 1}, "UNSUBACK id=1"},
		{subscribe("a/#"), `SUBSCRIBE id=10 "a/#" (QoS 1)`}, {unsubscribe("a/#"), `UNSUBSCRIBE id=10 "a/#"`},
		{&packet.Subscribe{ID: 10, Subscriptions: slices.Repeat(subscribe("a").Subscriptions, 9)}, "SUBSCRIBE id=10" + strings.Repeat(` "a" (QoS 1)`, 8) + " … (9)"},
		{&packet.Unsubscribe{ID: 10, Filters: slices.Repeat(unsubscribe("a").Filters, 9)}, "UNSUBSCRIBE id=10" + strings.Repeat(` "a"`, 8) + " … (9)"},
		{&packet.Subscribe{ID: 10, Subscriptions: slices.Repeat(subscribe("a").Subscriptions, 8)}, "SUBSCRIBE id=10" + strings.Repeat(` "a" (QoS 1)`, 8)},
		{&packet.Unsubscribe{ID: 10, Filters: slices.Repeat(unsubscribe("a").Filters, 8)}, "UNSUBSCRIBE id=10" + strings.Repeat(` "a"`, 8)},
		{&packet.Suback{ID: 1, ReturnCodes: bytes.Repeat([]byte{1}, 16)}, "SUBACK id=1 codes=01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01"},
		{&packet.Suback{ID: 1, ReturnCodes: []byte{0, 0x80}}, "SUBACK id=1 codes=00 80"},
		{&packet.Suback{ID: 1, ReturnCodes: bytes.Repeat([]byte{1}, 17)}, "SUBACK id=1 codes=01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01… (17)"},
		{&packet.Pingreq{}, "PINGREQ"}, {&packet.Pingresp{}, "PINGRESP"}, {&packet.Disconnect{}, "DISCONNECT"},
		{packet.Accepted, "accepted"}, {packet.UnacceptableProtocolVersion, "unacceptable protocol version"},
		{packet.IdentifierRejected, "identifier rejected"}, {packet.ServerUnavailable, "server unavailable"},
		{packet.BadUsernameOrPassword, "bad user name or password"}, {packet.ReturnCode(6), "reserved return code 6"},
		{packet.Type(0), "reserved type 0"}, {packet.CONNECT, "CONNECT"}, {packet.Type(15), "reserved type 15"}, {packet.Type(200), "reserved type 200"},
		{packet.QoS2, "QoS 2"}, {packet.QoS(3), "QoS 3"},
	} {
		if got := row.p.String(); got != row.want {
			t.Errorf("got  %s\nwant %s", got, row.want)
		}
	}
}

// The result of String is a single short line for every packet: a long topic or
// list from a peer cannot flood a log.
func TestStringsAreOneShortLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := packets.Draw(t, "packet").String()
		if bytes.ContainsAny([]byte(s), "\n\r\x00") || len(s) > 10_000 {
			t.Fatalf("%d bytes: %q", len(s), s)
		}
	})
}

func TestNewKnowsEveryType(t *testing.T) {
	for i := range 256 {
		typ := packet.Type(i)
		p := packet.New(typ)
		if defined := packet.CONNECT <= typ && typ <= packet.DISCONNECT; defined != (p != nil) || defined && p.Type() != typ {
			t.Errorf("New(%v) is %v", typ, p)
		}
	}
}
