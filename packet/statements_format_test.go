package packet_test

import "example.com/dps/packet"

const (
	surrogate = "\xed\xa0\x80" // U+D800
	overlong  = "\xc0\x80"     // U+0000 in two bytes
	cutShort  = "\xe2\x82"     // the beginning of U+20AC
	tooHigh   = "\xf4\x90\x80\x80"
)

// Chapters 1 and 2: strings and the fixed header.
var formatStatements = []statement{{
	id: "MQTT-1.5.3-1", says: "text is strict UTF-8",
	both: []both{
		{"30 07 0005 41f0aa9b94", publish("A\U0002A6D4")},
		{"30 05 0003 efbfbd", publish("\uFFFD")},
		{"30 06 0004 f48fbfbf", publish("\U0010FFFF")},
	},
	foul: []foul{
		{"30 05 0003 eda080", 4, ""},
		{"30 05 0003 61c080", 5, ""},
		{"30 06 0004 6161e282", 6, ""},
		{"30 06 0004 f4908080", 4, ""},
		{"30 0b 0009 6161616161616161ff", 12, ""},
		{"82 08 000a 0003 eda080 01", 6, ""},
		{"a2 07 000a 0003 61ff61", 7, ""},
		{"10 0e 0004 4d515454 04 02 003c 0002 c328", 14, ""},
	},
	unsent: []unsent{
		{publish(surrogate), ""}, {publish("a" + overlong), ""}, {publish(cutShort), ""}, {publish("long enough" + tooHigh), ""},
		{subscribe(surrogate), ""}, {unsubscribe(overlong), ""}, {unsubscribe("a/+/" + cutShort), ""},
		{&packet.Connect{ClientID: []byte(surrogate)}, ""},
		{&packet.Connect{ClientID: []byte("a"), Username: []byte(overlong)}, ""},
		{&packet.Connect{ClientID: []byte("a"), Will: &packet.Will{Topic: []byte(tooHigh)}}, ""},
	},
}, {
	id: "MQTT-1.5.3-2", says: "text has no U+0000",
	foul: []foul{
		{"30 05 0003 610062", 5, ""},
		{"30 05 0003 c3a900", 6, ""},
		{"82 08 000a 0003 610062 01", 7, ""},
		{"a2 0f 000a 000b 6161616161616161610061", 15, ""},
		{"10 0d 0004 4d515454 04 02 003c 0001 00", 14, ""},
	},
	unsent: []unsent{
		{publish("a\x00b"), ""}, {publish("a long topic\x00"), ""}, {subscribe("\x00"), ""}, {unsubscribe("+/\x00"), ""},
		{&packet.Connect{ClientID: []byte("\x00")}, ""},
		{&packet.Connect{ClientID: []byte("a"), Username: []byte("b\x00")}, ""},
		{&packet.Connect{ClientID: []byte("a"), Will: &packet.Will{Topic: []byte("w\x00")}}, ""},
	},
}, {
	id: "MQTT-1.5.3-3", says: "U+FEFF is a character and stays",
	both: []both{{"30 07 0005 efbbbf6178", publish("\uFEFFax")}},
}, {
	id: "U-1.5.2-1", says: "integers are big-endian",
	both: []both{
		{"40 02 1234", &packet.Puback{ID: 0x1234}},
		{"10 0d 0004 4d515454 04 02 000a 0001 61", connect(func(p *packet.Connect) { p.KeepAlive = 10 })},
	},
}, {
	id: "U-1.5.3-1", says: "text follows two bytes that contain its length in bytes",
	both: []both{{"30 04 0002 c3a9", publish("é")}},
	foul: []foul{{"30 02 0001", 2, "MQTT-3.3.2-1"}},
}, {
	id: "U-1.5.3-2", says: "text of more than 65,535 bytes cannot be sent",
	unsent: []unsent{
		{&packet.Connect{ClientID: text(65536)}, "section 1.5.3"},
		{&packet.Connect{ClientID: text(1), Username: text(65536)}, "section 1.5.3"},
		{&packet.Connect{ClientID: text(1), Will: &packet.Will{Topic: text(65536)}}, "MQTT-4.7.3-3"},
		{subscribe(string(text(65536))), "MQTT-4.7.3-3"},
	},
}, {
	id: "U-1.5.3-3", says: "text may be empty where no other rule forbids it",
	both: []both{{"10 0e 0004 4d515454 04 82 0000 0000 0000", connect(func(p *packet.Connect) {
		p.ClientID, p.Username = []byte{}, []byte{}
	})}},
}, {
	id: "U-1.5.3-4", says: "control characters and noncharacters are accepted, by decision of the package",
	both: []both{{"30 05 0003 610162", publish("a\x01b")}, {"30 06 0004 61c29f62", publish("a\u009Fb")}, {"30 05 0003 efbfbf", publish("\uFFFF")}},
}, {
	id: "U-1.5.3-5", says: "a field ends within its packet",
	foul: []foul{
		{"30 05 0009 612f62", 2, "MQTT-3.3.2-1"},
		{"82 09 000a 0003 612f62 01 00", 10, "section 3.8.3"},
		{"a2 09 000a 0003 612f62 0001", 9, "section 3.10.3"},
		{"10 12 0004 4d515454 04 06 0000 0001 61 0001 62 0009", 18, "MQTT-3.1.2-9"},
	},
}, {
	id: "MQTT-2.2.2-1", says: "the encoder sets the flag bits to what the standard reserves", both: oneOfEach,
}, {
	id: "MQTT-2.2.2-2", says: "other flags are malformed; TestFirstByte has all of them",
	foul: []foul{{"11 00", 0, ""}, {"21 02 0000", 0, ""}, {"48 02 000a", 0, ""}, {"91 03 000a 00", 0, ""}, {"c1 00", 0, ""}, {"60 02 000a", 0, "MQTT-3.6.1-1"}},
}, {
	id: "U-2.1-1", says: "fixed header, variable header, payload are in this order", both: oneOfEach,
}, {
	id: "U-2.2.1-1", says: "the types 0 and 15 are forbidden",
	foul: []foul{{"00 00", 0, "section 2.2.1"}, {"f0 00", 0, "section 2.2.1"}},
}, {
	id: "U-2.2.2-1", says: "the flags of PUBLISH are DUP, QoS and RETAIN",
	both: []both{{"3d 05 0001 61 0001", &packet.Publish{Dup: true, QoS: 2, Retain: true, ID: 1, Topic: []byte("a"), Payload: []byte{}}}},
}, {
	id: "U-2.2.3-1", says: "Remaining Length does not count the fixed header",
	both: []both{{"32 08 0003 612f62 000a 78", &packet.Publish{QoS: 1, ID: 10, Topic: []byte("a/b"), Payload: []byte("x")}}},
}, {
	id: "U-2.2.3-2", says: "the length is in groups of 7 bits, low bits first; TestRemainingLength has the boundaries",
	both: []both{{"30 8001 007e" + hexText(126), publish(string(text(126)))}},
}, {
	id: "U-2.2.3-3", says: "there are at most four length bytes",
	foul: []foul{{"30 80808080", 4, "section 2.2.3"}, {"30 ffffffff", 4, "section 2.2.3"}, {"c0 8080808000", 4, "section 2.2.3"}},
}, {
	id: "U-2.2.3-5", says: "a padded length is malformed, by decision of the package",
	foul: []foul{{"c0 8000", 2, "section 2.2.3"}, {"40 8200 000a", 2, "section 2.2.3"}, {"30 ffff8000", 4, "section 2.2.3"}, {"30 85800000", 3, "section 2.2.3"}},
}, {
	id: "MQTT-2.3.1-1", says: "SUBSCRIBE, UNSUBSCRIBE and PUBLISH with QoS above 0 have an identifier that is not 0",
	foul: []foul{
		{"32 08 0003 612f62 0000 78", 7, ""}, {"34 07 0003 612f62 0000", 7, ""}, {"32 05 0003 612f62", 7, ""}, {"32 06 0003 612f62 01", 7, ""},
		{"82 08 0000 0003 612f62 01", 2, ""}, {"a2 07 0000 0003 612f62", 2, ""},
	},
	unsent: []unsent{
		{&packet.Publish{QoS: 1, Topic: text(1)}, ""}, {&packet.Publish{QoS: 2, Topic: text(1)}, ""},
		{&packet.Subscribe{Subscriptions: []packet.Subscription{{Filter: text(1)}}}, ""}, {&packet.Unsubscribe{Filters: [][]byte{text(1)}}, ""},
	},
}, {
	id: "MQTT-2.3.1-4", says: "the same is true of packets that a server sends", // one codec for both directions
	foul: []foul{{"3a 08 0003 612f62 0000 78", 7, "MQTT-2.3.1-1"}},
}, {
	id: "MQTT-2.3.1-5", says: "PUBLISH with QoS 0 has no identifier",
	both:   []both{{"30 08 0003 612f62 000a78", &packet.Publish{Topic: []byte("a/b"), Payload: []byte("\x00\x0ax")}}},
	unsent: []unsent{{&packet.Publish{ID: 1, Topic: text(1)}, ""}},
}, {
	id: "MQTT-2.3.1-6", says: "an acknowledgment has the identifier of its packet, and therefore not 0",
	both: []both{{"40 02 1234", &packet.Puback{ID: 0x1234}}, {"50 02 1234", &packet.Pubrec{ID: 0x1234}}, {"62 02 1234", &packet.Pubrel{ID: 0x1234}}, {"70 02 1234", &packet.Pubcomp{ID: 0x1234}}},
	foul: []foul{{"40 02 0000", 2, "MQTT-2.3.1-1"}, {"50 02 0000", 2, "MQTT-2.3.1-1"}, {"62 02 0000", 2, "MQTT-2.3.1-1"}, {"70 02 0000", 2, "MQTT-2.3.1-1"}},
	unsent: []unsent{
		{&packet.Puback{}, "MQTT-2.3.1-1"}, {&packet.Pubrec{}, "MQTT-2.3.1-1"}, {&packet.Pubrel{}, "MQTT-2.3.1-1"}, {&packet.Pubcomp{}, "MQTT-2.3.1-1"},
	},
}, {
	id: "MQTT-2.3.1-7", says: "SUBACK and UNSUBACK have the identifier of the request",
	both:   []both{{"90 03 ffff 01", &packet.Suback{ID: 0xffff, ReturnCodes: []byte{1}}}, {"b0 02 0001", &packet.Unsuback{ID: 1}}},
	foul:   []foul{{"90 03 0000 01", 2, "MQTT-2.3.1-1"}, {"b0 02 0000", 2, "MQTT-2.3.1-1"}},
	unsent: []unsent{{&packet.Suback{ReturnCodes: []byte{0}}, "MQTT-2.3.1-1"}, {&packet.Unsuback{}, "MQTT-2.3.1-1"}},
}, {
	id: "U-2.3.1-1", says: "an identifier is two bytes",
	foul: []foul{
		{"40 00", 1, "section 2.4"}, {"40 01 00", 1, "section 2.4"}, {"62 01 00", 1, "section 2.4"},
		{"82 01 00", 1, "section 2.4"}, {"90 01 00", 1, "section 2.4"}, {"a2 00", 1, "section 2.4"},
	},
}, {
	id: "U-2.4-1", says: "only CONNECT, PUBLISH, SUBSCRIBE, SUBACK and UNSUBSCRIBE have a payload",
	foul: []foul{
		{"c0 01 00", 1, "section 2.4"}, {"d0 01 00", 1, "section 2.4"}, {"e0 01 00", 1, "section 2.4"},
		{"b0 03 000a 00", 1, "section 2.4"}, {"90 02 000a", 4, "MQTT-3.8.4-5"}, {"82 02 000a", 4, "MQTT-3.8.3-3"}, {"a2 02 000a", 4, "MQTT-3.10.3-2"},
	},
}}
