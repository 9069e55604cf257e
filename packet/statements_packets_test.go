package packet_test

import (
	"strings"

	"example.com/dps/packet"
)

// Section 3.3, and the statements of chapter 4 about PUBLISH.
var publishStatements = []statement{{
	id: "MQTT-3.3.1-1", says: "a PUBLISH that is sent again can have DUP set",
	both: []both{{"3a 05 0001 61 0001", &packet.Publish{Dup: true, QoS: 1, ID: 1, Topic: []byte("a"), Payload: []byte{}}}},
}, {
	id: "MQTT-3.3.1-2", says: "there is no DUP with QoS 0",
	foul:   []foul{{"38 06 0003 612f62 78", 0, ""}, {"39 06 0003 612f62 78", 0, ""}},
	unsent: []unsent{{&packet.Publish{Dup: true, Topic: text(1)}, ""}},
}, {
	id: "MQTT-3.3.1-4", says: "there is no QoS 3",
	foul:   []foul{{"36 08 0003 612f62 000a 78", 0, ""}, {"37 08", 0, ""}, {"3e", 0, ""}, {"3f", 0, ""}},
	unsent: []unsent{{&packet.Publish{QoS: 3, ID: 1, Topic: text(1)}, ""}, {&packet.Publish{QoS: 255, ID: 1, Topic: text(1)}, ""}},
}, {
	id: "MQTT-3.3.2-1", says: "the topic name comes first and is text",
	foul: []foul{
		{"30 00", 1, "section 2.4"}, {"30 01 00", 1, "section 2.4"},
		{"30 02 0001", 2, ""}, {"30 05 0009 612f62", 2, ""}, {"30 02 ffff", 2, ""}, {"30 04 0002 c328", 4, "MQTT-1.5.3-1"},
	},
	unsent: []unsent{{publish(surrogate), "MQTT-1.5.3-1"}},
}, {
	id: "MQTT-3.3.2-2", says: "the topic name has no wildcards",
	foul:   []foul{{"30 05 0003 612f23", 6, "MQTT-4.7.1-1"}, {"30 05 0003 612f2b", 6, "MQTT-4.7.1-1"}},
	unsent: []unsent{{publish("a/#"), "MQTT-4.7.1-1"}, {publish("+"), "MQTT-4.7.1-1"}},
}, {
	id: "U-3.3.1.2-1", says: "QoS 0, 1 and 2 are 00, 01 and 10",
	both: []both{
		{"30 03 0001 61", publish("a")},
		{"32 05 0001 61 0001", &packet.Publish{QoS: packet.QoS1, ID: 1, Topic: []byte("a"), Payload: []byte{}}},
		{"34 05 0001 61 0001", &packet.Publish{QoS: packet.QoS2, ID: 1, Topic: []byte("a"), Payload: []byte{}}},
	},
}, {
	id: "U-3.3.2-1", says: "the identifier follows the topic name",
	both: []both{{"32 08 0003 612f62 000a 78", &packet.Publish{QoS: 1, ID: 10, Topic: []byte("a/b"), Payload: []byte("x")}}},
}, {
	id: "U-3.3.3-1", says: "the payload is the remainder of the packet, may be empty, and is not examined",
	both: []both{
		{"30 05 0003 612f62", publish("a/b")},
		{"30 07 0001 61 00ff2b23", &packet.Publish{Topic: []byte("a"), Payload: []byte("\x00\xff+#")}},
	},
}, {
	id: "MQTT-4.3.1-1", says: "PUBLISH with QoS 0 can be sent, and never with DUP",
	both:   []both{{"31 03 0001 61", &packet.Publish{Retain: true, Topic: []byte("a"), Payload: []byte{}}}},
	unsent: []unsent{{&packet.Publish{Dup: true, Topic: text(1)}, "MQTT-3.3.1-2"}},
}, {
	id: "MQTT-4.3.2-1", says: "PUBLISH with QoS 1 can be sent without DUP",
	both: []both{{"32 05 0001 61 0001", &packet.Publish{QoS: 1, ID: 1, Topic: []byte("a"), Payload: []byte{}}}},
}, {
	id: "MQTT-4.3.3-1", says: "PUBLISH with QoS 2 can be sent without DUP, and PUBREL",
	both: []both{{"34 05 0001 61 0001", &packet.Publish{QoS: 2, ID: 1, Topic: []byte("a"), Payload: []byte{}}}, {"62 02 0001", &packet.Pubrel{ID: 1}}},
}}

// Sections 3.2 and 3.4 to 3.14.
var otherStatements = []statement{{
	id: "MQTT-3.2.2-4", says: "with a return code other than 0 Session Present is 0; TestConnack has all packets",
	both:   []both{{"20 02 01 00", &packet.Connack{SessionPresent: true}}, {"20 02 00 05", &packet.Connack{ReturnCode: packet.NotAuthorized}}},
	foul:   []foul{{"20 02 01 05", 2, ""}},
	unsent: []unsent{{&packet.Connack{SessionPresent: true, ReturnCode: 5}, ""}},
}, {
	id: "U-3.2.1-1", says: "Remaining Length of CONNACK is 2",
	foul: []foul{{"20 01 00", 1, "section 2.4"}, {"20 03 00 00 00", 1, "section 2.4"}},
}, {
	id: "U-3.2.2.1-1", says: "of the acknowledge flags only bit 0 may be set",
	foul: []foul{{"20 02 02 00", 2, "section 3.2.2.1"}, {"20 02 80 00", 2, "section 3.2.2.1"}, {"20 02 fe 00", 2, "section 3.2.2.1"}},
}, {
	id: "U-3.2.2.3-1", says: "return codes above 5 are reserved, and malformed, by decision of the package",
	foul:   []foul{{"20 02 00 06", 3, "section 3.2.2.3"}, {"20 02 00 ff", 3, "section 3.2.2.3"}},
	unsent: []unsent{{&packet.Connack{ReturnCode: 6}, "section 3.2.2.3"}},
}, {
	id: "U-3.4.1-1", says: "PUBACK is an identifier",
	both: []both{{"40 02 ffff", &packet.Puback{ID: 0xffff}}}, foul: []foul{{"40 03 000a 00", 1, "section 2.4"}},
}, {
	id: "U-3.5.1-1", says: "PUBREC is an identifier",
	both: []both{{"50 02 ffff", &packet.Pubrec{ID: 0xffff}}}, foul: []foul{{"50 03 000a 00", 1, "section 2.4"}},
}, {
	id: "U-3.6.1-1", says: "PUBREL is an identifier",
	both: []both{{"62 02 ffff", &packet.Pubrel{ID: 0xffff}}}, foul: []foul{{"62 01 00", 1, "section 2.4"}, {"62 03 000a 00", 1, "section 2.4"}},
}, {
	id: "U-3.7.1-1", says: "PUBCOMP is an identifier",
	both: []both{{"70 02 ffff", &packet.Pubcomp{ID: 0xffff}}}, foul: []foul{{"70 04 000a 0000", 1, "section 2.4"}},
}, {
	id: "MQTT-3.6.1-1", says: "the flags of PUBREL are 0010",
	both: []both{{"62 02 000a", &packet.Pubrel{ID: 10}}}, foul: []foul{{"60 02 000a", 0, ""}, {"66 02 000a", 0, ""}, {"63", 0, ""}},
}, {
	id: "MQTT-3.8.1-1", says: "the flags of SUBSCRIBE are 0010",
	both: []both{{"82 08 000a 0003 612f62 01", subscribe("a/b")}}, foul: []foul{{"80 08", 0, ""}, {"83 08", 0, ""}, {"8a", 0, ""}},
}, {
	id: "MQTT-3.8.3-1", says: "a topic filter of SUBSCRIBE is text",
	foul:   []foul{{"82 08 000a 0003 eda080 01", 6, "MQTT-1.5.3-1"}},
	unsent: []unsent{{subscribe("a/" + surrogate), "MQTT-1.5.3-1"}},
}, {
	id: "MQTT-3.8.3-3", says: "SUBSCRIBE has at least one pair of topic filter and QoS",
	foul:   []foul{{"82 02 000a", 4, ""}, {"82 07 000a 0003 612f62", 9, ""}, {"82 0d 000a 0003 612f62 01 0003 632f64", 15, ""}},
	unsent: []unsent{{&packet.Subscribe{ID: 1}, ""}, {&packet.Subscribe{ID: 1, Subscriptions: []packet.Subscription{}}, ""}},
}, {
	id: "MQTT-3.8.3-4", says: "the requested QoS of a SUBSCRIBE is 0, 1 or 2; TestRequestedQoS has all bytes",
	foul:   []foul{{"82 08 000a 0003 612f62 03", 9, ""}, {"82 08 000a 0003 612f62 04", 9, ""}, {"82 08 000a 0003 612f62 80", 9, ""}},
	unsent: []unsent{{&packet.Subscribe{ID: 1, Subscriptions: []packet.Subscription{{Filter: text(1), QoS: 3}}}, ""}},
}, {
	id: "U-3.8.3-1", says: "the payload of SUBSCRIBE is topic filters, each with a QoS",
	both: []both{{"82 0e 000a 0003 612f62 01 0003 632f64 02", &packet.Subscribe{ID: 10, Subscriptions: []packet.Subscription{
		{Filter: []byte("a/b"), QoS: packet.QoS1}, {Filter: []byte("c/d"), QoS: packet.QoS2},
	}}}},
	foul: []foul{{"82 04 000a 0003", 4, "section 3.8.3"}, {"82 0a 000a 0003 612f62 01 0003", 10, "section 3.8.3"}},
}, {
	id: "MQTT-3.8.4-5", says: "SUBACK has a return code for each pair, so at least one",
	foul:   []foul{{"90 02 000a", 4, ""}},
	unsent: []unsent{{&packet.Suback{ID: 1}, ""}},
}, {
	id: "MQTT-3.9.3-2", says: "the return codes of SUBACK are 00, 01, 02, 80; TestSubackCodes has all bytes",
	foul:   []foul{{"90 03 000a 03", 4, ""}, {"90 04 000a 00 81", 5, ""}, {"90 05 000a 00 01 ff", 6, ""}},
	unsent: []unsent{{&packet.Suback{ID: 1, ReturnCodes: []byte{0, 3}}, ""}},
}, {
	id: "U-3.9.3-1", says: "a return code is the QoS granted, or a failure",
	both: []both{{"90 06 000a 00 01 02 80", &packet.Suback{ID: 10, ReturnCodes: []byte{0, 1, 2, packet.SubackFailure}}}},
}, {
	id: "MQTT-3.10.1-1", says: "the flags of UNSUBSCRIBE are 0010",
	both: []both{{"a2 07 000a 0003 612f62", unsubscribe("a/b")}}, foul: []foul{{"a0 07", 0, ""}, {"a3", 0, ""}},
}, {
	id: "MQTT-3.10.3-1", says: "the payload of UNSUBSCRIBE is topic filters, which are text",
	both: []both{{"a2 0c 000a 0003 612f62 0003 632f64", &packet.Unsubscribe{ID: 10, Filters: [][]byte{[]byte("a/b"), []byte("c/d")}}}},
	foul: []foul{{"a2 07 000a 0003 eda080", 6, "MQTT-1.5.3-1"}}, unsent: []unsent{{unsubscribe(surrogate), "MQTT-1.5.3-1"}},
}, {
	id: "MQTT-3.10.3-2", says: "UNSUBSCRIBE has at least one topic filter",
	foul: []foul{{"a2 02 000a", 4, ""}}, unsent: []unsent{{&packet.Unsubscribe{ID: 1}, ""}},
}, {
	id: "U-3.10.3-1", says: "in UNSUBSCRIBE there is no QoS",
	both: []both{{"a2 07 000a 0003 612f62", unsubscribe("a/b")}}, foul: []foul{{"a2 08 000a 0003 612f62 01", 9, "section 3.10.3"}},
}, {
	id: "U-3.11.1-1", says: "UNSUBACK is an identifier",
	both: []both{{"b0 02 ffff", &packet.Unsuback{ID: 0xffff}}}, foul: []foul{{"b0 03 000a 00", 1, "section 2.4"}},
}, {
	id: "U-3.12.1-1", says: "PINGREQ is c0 00",
	both: []both{{"c0 00", &packet.Pingreq{}}}, foul: []foul{{"c0 01 00", 1, "section 2.4"}, {"c1 00", 0, "MQTT-2.2.2-2"}},
}, {
	id: "U-3.13.1-1", says: "PINGRESP is d0 00",
	both: []both{{"d0 00", &packet.Pingresp{}}}, foul: []foul{{"d0 01 00", 1, "section 2.4"}, {"d8 00", 0, "MQTT-2.2.2-2"}},
}, {
	id: "MQTT-3.14.1-1", says: "the flags of DISCONNECT are 0",
	both: []both{{"e0 00", &packet.Disconnect{}}}, foul: []foul{{"e1 00", 0, ""}, {"ef", 0, ""}},
}, {
	id: "U-3.14.1-1", says: "DISCONNECT is e0 00",
	both: []both{{"e0 00", &packet.Disconnect{}}}, foul: []foul{{"e0 01 00", 1, "section 2.4"}},
}, {
	id: "U-7.1.2-1", says: "packets are encoded as chapters 2 and 3 describe", both: oneOfEach,
}}

// Section 4.7: topic names and topic filters.
var topicStatements = []statement{{
	id: "MQTT-4.7.1-1", says: "wildcards are for topic filters only",
	both: []both{{"82 08 000a 0003 2b2f23 01", subscribe("+/#")}},
	foul: []foul{
		{"30 03 0001 23", 4, ""}, {"30 0f 000d 6162636465666768696a6b2f2b", 16, ""}, {"30 06 0004 c3a92b62", 6, ""},
		{"10 12 0004 4d515454 04 06 003c 0001 61 0001 23 0000", 17, ""},
	},
	unsent: []unsent{{publish("a/#"), ""}, {publish("a long topic/+/b"), ""}, {connect(func(p *packet.Connect) { p.Will = &packet.Will{Topic: []byte("#")} }), ""}},
}, {
	id: "MQTT-4.7.1-2", says: "# is the whole last level",
	both: []both{{"82 06 000a 0001 23 01", subscribe("#")}, {"82 08 000a 0003 612f23 01", subscribe("a/#")}, {"a2 08 000a 0004 c3a92f23", unsubscribe("é/#")}},
	foul: []foul{{"82 07 000a 0002 6123 01", 7, ""}, {"82 08 000a 0003 232f61 01", 6, ""}, {"82 0a 000a 0005 612f232f62 01", 8, ""}, {"a2 06 000a 0002 2323", 6, ""}, {"a2 08 000a 0004 c3a92361", 8, ""}},
	unsent: []unsent{
		{subscribe("a#"), ""}, {subscribe("#/a"), ""}, {subscribe("a/#/b"), ""}, {subscribe("##"), ""}, {subscribe("/##"), ""}, {subscribe("long/enough/a#"), ""},
		{subscribe("#a"), ""}, {unsubscribe("+#"), ""}, {unsubscribe("é/#é"), ""}, {unsubscribe("#/"), ""},
	},
}, {
	id: "MQTT-4.7.1-3", says: "+ is a whole level",
	both: []both{
		{"82 06 000a 0001 2b 01", subscribe("+")}, {"82 08 000a 0003 2b2f61 01", subscribe("+/a")}, {"82 0a 000a 0005 612f2b2f62 01", subscribe("a/+/b")},
		{"82 07 000a 0002 2f2b 01", subscribe("/+")}, {"82 0a 000a 0005 2b2f2b2f23 01", subscribe("+/+/#")}, {"a2 08 000a 0004 2b2fc3a9", unsubscribe("+/é")},
	},
	foul: []foul{{"82 07 000a 0002 612b 01", 7, ""}, {"82 07 000a 0002 2b61 01", 6, ""}, {"82 07 000a 0002 2b2b 01", 6, ""}, {"a2 09 000a 0005 2b2f622b2f", 9, ""}},
	unsent: []unsent{
		{subscribe("a+"), ""}, {subscribe("+a"), ""}, {subscribe("a/b+/c"), ""}, {subscribe("++"), ""}, {unsubscribe("long/enough/é+/c"), ""},
	},
}, {
	id: "MQTT-4.7.3-1", says: "topic names and topic filters are not empty",
	foul: []foul{
		{"30 03 0000 78", 4, ""}, {"82 05 000a 0000 00", 6, ""}, {"a2 04 000a 0000", 6, ""}, {"a2 08 000a 0002 6162 0000", 10, ""},
		{"10 11 0004 4d515454 04 06 003c 0001 61 0000 0000", 17, ""},
	},
	unsent: []unsent{
		{&packet.Publish{}, ""}, {publish(""), ""}, {subscribe(""), ""}, {&packet.Unsubscribe{ID: 1, Filters: [][]byte{nil}}, ""},
		{connect(func(p *packet.Connect) { p.Will = &packet.Will{} }), ""},
	},
}, {
	id: "MQTT-4.7.3-2", says: "topic names and topic filters have no U+0000",
	foul:   []foul{{"30 05 0003 612f00", 6, "MQTT-1.5.3-2"}, {"82 08 000a 0003 612f00 01", 8, "MQTT-1.5.3-2"}, {"a2 07 000a 0003 2b2f00", 8, "MQTT-1.5.3-2"}},
	unsent: []unsent{{publish("\x00"), "MQTT-1.5.3-2"}, {subscribe("\x00/#"), "MQTT-1.5.3-2"}, {unsubscribe("\x00"), "MQTT-1.5.3-2"}},
}, {
	id: "MQTT-4.7.3-3", says: "topic names and topic filters have at most 65,535 bytes",
	both:   []both{{"30 818004 ffff" + hexText(65535), publish(string(text(65535)))}},
	unsent: []unsent{{publish(string(text(65536))), ""}, {publish("é" + string(text(65534))), ""}, {subscribe("+/" + string(text(65534))), ""}, {unsubscribe("é" + string(text(65534))), ""}},
}, {
	id: "U-4.7.1.1-1", says: "a slash may be anywhere, even next to another",
	both: []both{{"30 06 0004 2f2f612f", publish("//a/")}, {"82 0a 000a 0005 2f2f2b2f2f 01", subscribe("//+//")}},
}, {
	id: "U-4.7.2-1", says: "a $ at the beginning has no meaning to a codec",
	both: []both{{"30 08 0006 245359532f78", publish("$SYS/x")}},
}, {
	id: "U-4.7.3-1", says: "spaces are allowed",
	both: []both{{"30 05 0003 412070", publish("A p")}, {"30 03 0001 20", publish(" ")}},
}, {
	id: "U-4.7.3-2", says: "a slash alone is a topic name, and levels are not counted",
	both: []both{{"30 03 0001 2f", publish("/")}, {"30 ff03 01fd" + strings.Repeat("2f", 509), publish(strings.Repeat("/", 509))}},
}}
