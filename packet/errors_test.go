package packet_test

import (
	"slices"
	"testing"

	"example.com/dps/packet"
)

// Each error reports what was found and where, what was expected, and which
// rule is violated. These are the errors of the decoder, without the prefix
// "packet: malformed ".
var malformedTexts = []struct{ wire, want string }{
	{"00", `reserved type 0 at byte 0: packet types 0 and 15 are reserved [section 2.2.1]`},
	{"f1", `reserved type 15 at byte 0: packet types 0 and 15 are reserved [section 2.2.1]`},
	{"36", `PUBLISH at byte 0: QoS is 3, expected at most 2 [MQTT-3.3.1-4]`},
	{"38", `PUBLISH at byte 0: DUP is set but QoS is 0 [MQTT-3.3.1-2]`},
	{"11", `CONNECT at byte 0: flags are 0001, expected 0000 [MQTT-2.2.2-2]`},
	{"2102", `CONNACK at byte 0: flags are 0001, expected 0000 [MQTT-2.2.2-2]`},
	{"42", `PUBACK at byte 0: flags are 0010, expected 0000 [MQTT-2.2.2-2]`},
	{"5f", `PUBREC at byte 0: flags are 1111, expected 0000 [MQTT-2.2.2-2]`},
	{"6002", `PUBREL at byte 0: flags are 0000, expected 0010 [MQTT-3.6.1-1]`},
	{"72", `PUBCOMP at byte 0: flags are 0010, expected 0000 [MQTT-2.2.2-2]`},
	{"8006", `SUBSCRIBE at byte 0: flags are 0000, expected 0010 [MQTT-3.8.1-1]`},
	{"98", `SUBACK at byte 0: flags are 1000, expected 0000 [MQTT-2.2.2-2]`},
	{"a3", `UNSUBSCRIBE at byte 0: flags are 0011, expected 0010 [MQTT-3.10.1-1]`},
	{"b2", `UNSUBACK at byte 0: flags are 0010, expected 0000 [MQTT-2.2.2-2]`},
	{"c4", `PINGREQ at byte 0: flags are 0100, expected 0000 [MQTT-2.2.2-2]`},
	{"d1", `PINGRESP at byte 0: flags are 0001, expected 0000 [MQTT-2.2.2-2]`},
	{"e2", `DISCONNECT at byte 0: flags are 0010, expected 0000 [MQTT-3.14.1-1]`},
	{"400300", `PUBACK at byte 1: Remaining Length is 3, expected 2 [section 2.4]`},
	{"c00100", `PINGREQ at byte 1: Remaining Length is 1, expected 0 [section 2.4]`},
	{"2001", `CONNACK at byte 1: Remaining Length is 1, expected 2 [section 2.4]`},
	{"1001", `CONNECT at byte 1: Remaining Length is 1, expected at least 10 [section 2.4]`},
	{"30ffffffff7f", `PUBLISH at byte 4: Remaining Length is longer than 4 bytes [section 2.2.3]`},
	{"30ffffffffff", `PUBLISH at byte 4: Remaining Length is longer than 4 bytes [section 2.2.3]`},
	{"308000", `PUBLISH at byte 2: Remaining Length 0 is padded to 2 bytes [section 2.2.3]`},
	{"30858000", `PUBLISH at byte 3: Remaining Length 5 is padded to 3 bytes [section 2.2.3]`},
	{"30858100", `PUBLISH at byte 3: Remaining Length 133 is padded to 3 bytes [section 2.2.3]`},
	{"3085808000", `PUBLISH at byte 4: Remaining Length 5 is padded to 4 bytes [section 2.2.3]`},
	{"c08000", `PINGREQ at byte 2: Remaining Length 0 is padded to 2 bytes [section 2.2.3]`},
	{"30fdff0f", `packet: too large PUBLISH at byte 1: the packet has 262145 bytes, the limit is 262144 [section 2.2.3]`},
	{"20 02 0200", `CONNACK at byte 2: acknowledge flags are 0x02, expected 0x00 or 0x01 [section 3.2.2.1]`},
	{"20 02 8000", `CONNACK at byte 2: acknowledge flags are 0x80, expected 0x00 or 0x01 [section 3.2.2.1]`},
	{"20 02 0006", `CONNACK at byte 3: return code is 6, expected at most 5 [section 3.2.2.3]`},
	{"20 02 0105", `CONNACK at byte 2: session present is set but the return code is 5 [MQTT-3.2.2-4]`},
	{"10 0d 0005 4d51545454 04 02 0000 0000", `CONNECT at byte 2: protocol name begins with "MQTTT", expected "MQTT" [MQTT-3.1.2-1]`},
	{"10 11 0009 4d51495364704d5154 03 02 003c 0000", `CONNECT at byte 2: protocol name begins with "MQISdpMQ", expected "MQTT" [MQTT-3.1.2-1]`},
	{"10 0c 0004 4d515454 05 02 0000 0000", `packet: unsupported protocol level CONNECT at byte 8: protocol level is 5, expected 4 [MQTT-3.1.2-2]`},
	{"10 0c 0004 4d515454 03 02 0000 0000", `packet: unsupported protocol level CONNECT at byte 8: protocol level is 3, expected 4 [MQTT-3.1.2-2]`},
	{"10 0c 000c 4d515454 04 02 003c 0000", `CONNECT at byte 2: protocol name is truncated: expected 12 bytes, got 10 [MQTT-3.1.2-1]`},
	{"10 0c 0004 4d515454 04 03 0000 0000", `CONNECT at byte 9: the reserved connect flag is set [MQTT-3.1.2-3]`},
	{"10 0c 0004 4d515454 04 0a 0000 0000", `CONNECT at byte 9: will QoS is 1 but there is no will [MQTT-3.1.2-13]`},
	{"10 0c 0004 4d515454 04 12 0000 0000", `CONNECT at byte 9: will QoS is 2 but there is no will [MQTT-3.1.2-13]`},
	{"10 0c 0004 4d515454 04 1a 0000 0000", `CONNECT at byte 9: will QoS is 3 but there is no will [MQTT-3.1.2-13]`},
	{"10 0c 0004 4d515454 04 22 0000 0000", `CONNECT at byte 9: will retain is set but there is no will [MQTT-3.1.2-15]`},
	{"10 0c 0004 4d515454 04 1e 0000 0000", `CONNECT at byte 9: will QoS is 3, expected at most 2 [MQTT-3.1.2-14]`},
	{"10 0c 0004 4d515454 04 3c 0000 0000", `CONNECT at byte 9: will QoS is 3, expected at most 2 [MQTT-3.1.2-14]`},
	{"10 0c 0004 4d515454 04 42 0000 0000", `CONNECT at byte 9: password flag without the user name flag [MQTT-3.1.2-22]`},
	{"10 0a 0004 4d515454 04 02 0000", `CONNECT at byte 12: client identifier is missing: expected 2 length bytes, got 0 [MQTT-3.1.3-3]`},
	{"10 0b 0004 4d515454 04 02 0000 00", `CONNECT at byte 12: client identifier is missing: expected 2 length bytes, got 1 [MQTT-3.1.3-3]`},
	{"10 0d 0004 4d515454 04 02 0000 0002 61", `CONNECT at byte 12: client identifier is truncated: expected 2 bytes, got 1 [MQTT-3.1.3-3]`},
	{"10 0f 0004 4d515454 04 02 0000 0003 612f80", `CONNECT at byte 16: client identifier is not UTF-8: byte 0x80 [MQTT-1.5.3-1]`},
	{"10 0e 0004 4d515454 04 02 0000 0002 6100", `CONNECT at byte 15: client identifier contains U+0000 [MQTT-1.5.3-2]`},
	{"10 0f 0004 4d515454 04 02 0000 0001 61 6162", `CONNECT at byte 15: expected no further bytes, got 2 [MQTT-3.1.2-18]`},
	{"10 10 0004 4d515454 04 82 0000 0001 61 0000 62", `CONNECT at byte 17: expected no further bytes, got 1 [MQTT-3.1.2-20]`},
	{"10 14 0004 4d515454 04 c2 0000 0001 61 0000 0000 626364", `CONNECT at byte 19: expected no further bytes, got 3 [section 3.1.3]`},
	{"10 10 0004 4d515454 04 06 0000 0001 61 0002 77", `CONNECT at byte 15: will topic is truncated: expected 2 bytes, got 1 [MQTT-3.1.2-9]`},
	{"10 0f 0004 4d515454 04 06 0000 0001 61 0000", `CONNECT at byte 17: will topic is empty [MQTT-4.7.3-1]`},
	{"10 13 0004 4d515454 04 06 0000 0001 61 0002 772b 0000", `CONNECT at byte 18: will topic contains the wildcard '+' [MQTT-4.7.1-1]`},
	{"10 14 0004 4d515454 04 06 0000 0001 61 0001 77 0003 6d6d", `CONNECT at byte 18: will message is truncated: expected 3 bytes, got 2 [MQTT-3.1.2-9]`},
	{"10 0d 0004 4d515454 04 82 0000 0001 61", `CONNECT at byte 15: user name is missing: expected 2 length bytes, got 0 [MQTT-3.1.2-19]`},
	{"10 11 0004 4d515454 04 82 0000 0001 61 0003 7575", `CONNECT at byte 15: user name is truncated: expected 3 bytes, got 2 [MQTT-3.1.2-19]`},
	{"10 12 0004 4d515454 04 82 0000 0001 61 0003 7575ff", `CONNECT at byte 19: user name is not UTF-8: byte 0xff [MQTT-1.5.3-1]`},
	{"10 11 0004 4d515454 04 c2 0000 0001 61 0001 75 00", `CONNECT at byte 18: password is missing: expected 2 length bytes, got 1 [MQTT-3.1.2-21]`},
	{"10 15 0004 4d515454 04 c2 0000 0001 61 0001 75 0004 707070", `CONNECT at byte 18: password is truncated: expected 4 bytes, got 3 [MQTT-3.1.2-21]`},
	{"30 05 0005 612f62", `PUBLISH at byte 2: topic name is truncated: expected 5 bytes, got 3 [MQTT-3.3.2-1]`},
	{"30 02 0102", `PUBLISH at byte 2: topic name is truncated: expected 258 bytes, got 0 [MQTT-3.3.2-1]`},
	{"30 05 0003 612fff", `PUBLISH at byte 6: topic name is not UTF-8: byte 0xff [MQTT-1.5.3-1]`},
	{"30 05 0003 610062", `PUBLISH at byte 5: topic name contains U+0000 [MQTT-1.5.3-2]`},
	{"30 07 0005 61efbfbd00", `PUBLISH at byte 8: topic name contains U+0000 [MQTT-1.5.3-2]`}, // U+FFFD is legal
	{"30 05 0003 612f23", `PUBLISH at byte 6: topic name contains the wildcard '#' [MQTT-4.7.1-1]`},
	{"30 02 0000", `PUBLISH at byte 4: topic name is empty [MQTT-4.7.3-1]`},
	{"32 03 0001 61", `PUBLISH at byte 5: packet identifier is missing: expected 2 bytes, got 0 [MQTT-2.3.1-1]`},
	{"32 04 0001 61 00", `PUBLISH at byte 5: packet identifier is missing: expected 2 bytes, got 1 [MQTT-2.3.1-1]`},
	{"32 06 0001 61 0000 70", `PUBLISH at byte 5: packet identifier is 0 [MQTT-2.3.1-1]`},
	{"40 02 0000", `PUBACK at byte 2: packet identifier is 0 [MQTT-2.3.1-1]`},
	{"62 02 0000", `PUBREL at byte 2: packet identifier is 0 [MQTT-2.3.1-1]`},
	{"82 02 000a", `SUBSCRIBE at byte 4: no topic filter [MQTT-3.8.3-3]`},
	{"82 06 0000 0001 61 00", `SUBSCRIBE at byte 2: packet identifier is 0 [MQTT-2.3.1-1]`},
	{"82 03 000a 00", `SUBSCRIBE at byte 4: topic filter is missing: expected 2 length bytes, got 1 [section 3.8.3]`},
	{"82 08 000a 0004 612f62 00", `SUBSCRIBE at byte 9: topic filter contains U+0000 [MQTT-1.5.3-2]`},
	{"82 05 000a 0001 61", `SUBSCRIBE at byte 7: topic filter without a QoS [MQTT-3.8.3-3]`},
	{"82 06 000a 0001 61 03", `SUBSCRIBE at byte 7: requested QoS is 0x03, expected at most 2 [MQTT-3.8.3-4]`},
	{"82 0a 000a 0001 61 01 0001 62 ff", `SUBSCRIBE at byte 11: requested QoS is 0xff, expected at most 2 [MQTT-3.8.3-4]`},
	{"82 08 000a 0003 612b2f 01", `SUBSCRIBE at byte 7: topic filter has a '+' that is not a whole level [MQTT-4.7.1-3]`},
	{"82 0e 000a 0003 612f2b 01 0003 236162 01", `SUBSCRIBE at byte 12: topic filter has a '#' that is not the whole last level [MQTT-4.7.1-2]`},
	{"82 05 000a 0000 01", `SUBSCRIBE at byte 6: topic filter is empty [MQTT-4.7.3-1]`},
	{"82 07 000a 0002 61ff 01", `SUBSCRIBE at byte 7: topic filter is not UTF-8: byte 0xff [MQTT-1.5.3-1]`},
	{"90 02 000a", `SUBACK at byte 4: no return code [MQTT-3.8.4-5]`},
	{"90 03 0000 01", `SUBACK at byte 2: packet identifier is 0 [MQTT-2.3.1-1]`},
	{"90 04 000a 0003", `SUBACK at byte 5: return code is 0x03, expected 0, 1, 2 or 0x80 [MQTT-3.9.3-2]`},
	{"90 04 000a 0081", `SUBACK at byte 5: return code is 0x81, expected 0, 1, 2 or 0x80 [MQTT-3.9.3-2]`},
	{"a2 02 000a", `UNSUBSCRIBE at byte 4: no topic filter [MQTT-3.10.3-2]`},
	{"a2 05 0000 0001 61", `UNSUBSCRIBE at byte 2: packet identifier is 0 [MQTT-2.3.1-1]`},
	{"a2 07 000a 0004 612f62", `UNSUBSCRIBE at byte 4: topic filter is truncated: expected 4 bytes, got 3 [section 3.10.3]`},
	{"a2 07 000a 0003 612b2f", `UNSUBSCRIBE at byte 7: topic filter has a '+' that is not a whole level [MQTT-4.7.1-3]`},
	{"a2 0a 000a 0001 61 0003 61ff62", `UNSUBSCRIBE at byte 10: topic filter is not UTF-8: byte 0xff [MQTT-1.5.3-1]`},
	{"b0 02 0000", `UNSUBACK at byte 2: packet identifier is 0 [MQTT-2.3.1-1]`},
}

func TestMalformedTexts(t *testing.T) {
	for _, row := range malformedTexts {
		if _, err := decodeLimited(wire(row.wire)); err == nil || err.Error() != row.want && err.Error() != "packet: malformed "+row.want {
			t.Errorf("%s:\ngot  %v\nwant %s", row.wire, err, row.want)
		}
	}
}

// decodeLimited decodes the first packet of b with the default limit.
func decodeLimited(b []byte) (packet.Packet, error) {
	f, _, err := packet.Cut(b, 0)
	if err != nil {
		return nil, err
	}
	return packet.Decode(f)
}

// These are the errors of the encoder, without the prefix "packet: invalid ".
var invalidTexts = []struct {
	packet.Packet
	want string
}{
	{connect(func(p *packet.Connect) { p.ProtocolName = []byte("MQIsdp") }), `CONNECT: protocol name is "MQIsdp", expected "MQTT" [MQTT-3.1.2-1]`},
	{connect(func(p *packet.Connect) { p.ProtocolLevel = 5 }), `CONNECT: protocol level is 5, expected 4 [MQTT-3.1.2-2]`},
	{&packet.Connect{}, `CONNECT: client identifier is empty but CleanSession is not set [MQTT-3.1.3-7]`},
	{connect(func(p *packet.Connect) { p.Password = packet.Secret("p") }), `CONNECT: password without a user name [MQTT-3.1.2-22]`},
	{connect(func(p *packet.Connect) { p.ClientID = []byte("a\x00") }), `CONNECT: client identifier contains U+0000 [MQTT-1.5.3-2]`},
	{connect(func(p *packet.Connect) { p.ClientID = text(65536) }), `CONNECT: client identifier is 65536 bytes long, expected at most 65535 [section 1.5.3]`},
	{will(packet.Will{Topic: text(1), QoS: 3}), `CONNECT: will QoS is 3, expected at most 2 [MQTT-3.1.2-14]`},
	{will(packet.Will{}), `CONNECT: will topic is empty [MQTT-4.7.3-1]`},
	{will(packet.Will{Topic: []byte("a/+")}), `CONNECT: will topic contains the wildcard '+' [MQTT-4.7.1-1]`},
	{will(packet.Will{Topic: text(65536)}), `CONNECT: will topic is 65536 bytes long, expected at most 65535 [MQTT-4.7.3-3]`},
	{will(packet.Will{Topic: text(1), Message: text(65536)}), `CONNECT: will message is 65536 bytes long, expected at most 65535 [section 3.1.3.3]`},
	{connect(func(p *packet.Connect) { p.Username = []byte("u\xff") }), `CONNECT: user name is not UTF-8: byte 0xff [MQTT-1.5.3-1]`},
	{connect(func(p *packet.Connect) { p.Username, p.Password = text(1), text(65536) }), `CONNECT: password is 65536 bytes long, expected at most 65535 [section 3.1.3.5]`},
	{&packet.Connack{ReturnCode: 6}, `CONNACK: return code is 6, expected at most 5 [section 3.2.2.3]`},
	{&packet.Connack{ReturnCode: 5, SessionPresent: true}, `CONNACK: session present is set but the return code is 5 [MQTT-3.2.2-4]`},
	{&packet.Publish{Topic: text(1), QoS: 3}, `PUBLISH: QoS is 3, expected at most 2 [MQTT-3.3.1-4]`},
	{&packet.Publish{Topic: text(1), QoS: 1}, `PUBLISH: packet identifier is 0 but QoS is 1 [MQTT-2.3.1-1]`},
	{&packet.Publish{Topic: text(1), ID: 7}, `PUBLISH: packet identifier is 7 but QoS is 0 [MQTT-2.3.1-5]`},
	{&packet.Publish{Topic: text(1), Dup: true}, `PUBLISH: DUP is set but QoS is 0 [MQTT-3.3.1-2]`},
	{&packet.Publish{Topic: text(1), Payload: make([]byte, packet.MaxRemainingLength)}, // never touched
		`PUBLISH: Remaining Length would be 268435458, expected at most 268435455 [section 2.2.3]`},
	{&packet.Suback{ID: 1, ReturnCodes: make([]byte, packet.MaxRemainingLength)}, // never touched
		`SUBACK: Remaining Length would be 268435457, expected at most 268435455 [section 2.2.3]`},
	{&packet.Subscribe{ID: 1, Subscriptions: slices.Repeat([]packet.Subscription{{Filter: text(65535)}}, 4096)},
		`SUBSCRIBE: Remaining Length would be 268443650, expected at most 268435455 [section 2.2.3]`},
	{&packet.Unsubscribe{ID: 1, Filters: slices.Repeat([][]byte{text(65535)}, 4097)},
		`UNSUBSCRIBE: Remaining Length would be 268505091, expected at most 268435455 [section 2.2.3]`},
	{publish("a#"), `PUBLISH: topic name contains the wildcard '#' [MQTT-4.7.1-1]`},
	{&packet.Puback{}, `PUBACK: packet identifier is 0 [MQTT-2.3.1-1]`},
	{&packet.Pubrec{}, `PUBREC: packet identifier is 0 [MQTT-2.3.1-1]`},
	{&packet.Pubrel{}, `PUBREL: packet identifier is 0 [MQTT-2.3.1-1]`},
	{&packet.Pubcomp{}, `PUBCOMP: packet identifier is 0 [MQTT-2.3.1-1]`},
	{&packet.Unsuback{}, `UNSUBACK: packet identifier is 0 [MQTT-2.3.1-1]`},
	{&packet.Subscribe{}, `SUBSCRIBE: packet identifier is 0 [MQTT-2.3.1-1]`},
	{&packet.Subscribe{ID: 1}, `SUBSCRIBE: no topic filter [MQTT-3.8.3-3]`},
	{subscribe("#/"), `SUBSCRIBE: topic filter 0 has a '#' that is not the whole last level [MQTT-4.7.1-2]`},
	{&packet.Subscribe{ID: 1, Subscriptions: []packet.Subscription{{Filter: text(1)}, {Filter: text(1), QoS: 3}}},
		`SUBSCRIBE: QoS of topic filter 1 is 3, expected at most 2 [MQTT-3.8.3-4]`},
	{subscribe(string(text(65536))), `SUBSCRIBE: topic filter 0 is 65536 bytes long, expected at most 65535 [MQTT-4.7.3-3]`},
	{&packet.Suback{}, `SUBACK: packet identifier is 0 [MQTT-2.3.1-1]`},
	{&packet.Suback{ID: 1}, `SUBACK: no return code [MQTT-3.8.4-5]`},
	{&packet.Suback{ID: 1, ReturnCodes: []byte{0, 3}}, `SUBACK: return code 1 is 0x03, expected 0, 1, 2 or 0x80 [MQTT-3.9.3-2]`},
	{&packet.Unsubscribe{}, `UNSUBSCRIBE: packet identifier is 0 [MQTT-2.3.1-1]`},
	{&packet.Unsubscribe{ID: 1}, `UNSUBSCRIBE: no topic filter [MQTT-3.10.3-2]`},
	{&packet.Unsubscribe{ID: 1, Filters: [][]byte{text(1), []byte("+a")}}, `UNSUBSCRIBE: topic filter 1 has a '+' that is not a whole level [MQTT-4.7.1-3]`},
}

func will(w packet.Will) *packet.Connect {
	return connect(func(p *packet.Connect) { p.Will = &w })
}

func TestInvalidTexts(t *testing.T) {
	for _, row := range invalidTexts {
		b, err := row.AppendBinary([]byte("before"))
		if err == nil || err.Error() != "packet: invalid "+row.want {
			t.Errorf("got  %v\nwant %s", err, row.want)
		}
		if string(b) != "before" {
			t.Errorf("%v: the slice was returned as %q", err, b)
		}
	}
}

// Decode also checks a frame made by hand.
func TestFramesMadeByHand(t *testing.T) {
	for want, f := range map[string]packet.Frame{
		"packet: invalid PINGREQ: the frame to decode is a PINGRESP [section 2.2.1]":                         {Type: packet.PINGRESP},
		"packet: invalid PINGREQ: the frame to decode is a SUBSCRIBE [section 2.2.1]":                        {Type: packet.SUBSCRIBE, Flags: 2, Body: text(1)},
		"packet: invalid PINGREQ: the frame to decode has flags 0x10, expected at most 0x0f [section 2.2.2]": {Type: packet.PINGREQ, Flags: 16},
		"packet: malformed PINGREQ at byte 0: flags are 1111, expected 0000 [MQTT-2.2.2-2]":                  {Type: packet.PINGREQ, Flags: 15},
		"packet: malformed PINGREQ at byte 1: Remaining Length is 1, expected 0 [section 2.4]":               {Type: packet.PINGREQ, Body: text(1)},
	} {
		if err := new(packet.Pingreq).Decode(f); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

func TestAFrameMadeByHandIsTooShort(t *testing.T) {
	const want = "packet: malformed SUBSCRIBE at byte 1: Remaining Length is 1, expected at least 2 [section 2.4]"
	err := new(packet.Subscribe).Decode(packet.Frame{Type: packet.SUBSCRIBE, Flags: 2, Body: text(1)})
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
