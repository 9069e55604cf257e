package packet_test

import "example.com/dps/packet"

// Section 3.1. In a CONNECT that is shorter than 130 bytes the protocol level
// is at offset 8, the flags are at 9, and the payload begins at 12.
var connectStatements = []statement{{
	id: "MQTT-3.1.2-1", says: "another protocol name is not MQTT 3.1.1",
	foul: []foul{
		{"10 0d 0004 6d717474 04 02 003c 0001 61", 2, ""},
		{"10 0c 0003 4d5154 04 02 003c 0001 61", 2, ""},
		{"10 0e 0005 4d51545454 04 02 003c 0001 61", 2, ""},
		{"10 0f 0006 4d5149736470 03 02 003c 0001 61", 2, ""},
		{"10 0d 0000 4d515454 04 02 003c 0001 61", 2, ""},
		{"10 0d 0104 4d515454 04 02 003c 0001 61", 2, ""},
	},
	unsent: []unsent{{connect(func(p *packet.Connect) { p.ProtocolName = []byte("mqtt") }), ""}, {connect(func(p *packet.Connect) { p.ProtocolName = []byte{} }), ""}},
}, {
	id: "MQTT-3.1.2-2", says: "another protocol level is not sent; TestProtocolLevel shows how it is received",
	both:   []both{{"20 02 00 01", &packet.Connack{ReturnCode: packet.UnacceptableProtocolVersion}}},
	unsent: []unsent{{connect(func(p *packet.Connect) { p.ProtocolLevel = 3 }), ""}, {connect(func(p *packet.Connect) { p.ProtocolLevel = 5 }), ""}},
}, {
	id: "MQTT-3.1.2-3", says: "the reserved flag is 0; TestConnectFlags has all flags",
	both: []both{{"10 0d 0004 4d515454 04 02 0000 0001 61", connect(func(*packet.Connect) {})}},
	foul: []foul{{"10 0d 0004 4d515454 04 03 003c 0001 61", 9, ""}, {"10 0d 0004 4d515454 04 01 003c 0001 61", 9, ""}},
}, {
	id: "MQTT-3.1.2-4", says: "CleanSession 0 can be encoded",
	both: []both{{"10 0d 0004 4d515454 04 00 0000 0001 61", connect(func(p *packet.Connect) { p.CleanSession = false })}},
}, {
	id: "MQTT-3.1.2-6", says: "CleanSession 1 can be encoded",
	both: []both{{"10 0d 0004 4d515454 04 02 0000 0001 61", connect(func(p *packet.Connect) {})}},
}, {
	id: "MQTT-3.1.2-9", says: "with Will Flag 1 there are a will topic and a will message, which may be empty",
	both: []both{{"10 12 0004 4d515454 04 36 0000 0001 63 0001 77 0000", connect(func(p *packet.Connect) {
		p.ClientID, p.Will = []byte("c"), &packet.Will{Topic: []byte("w"), Message: []byte{}, QoS: 2, Retain: true}
	})}},
	foul: []foul{
		{"10 0d 0004 4d515454 04 06 0000 0001 63", 15, ""},
		{"10 10 0004 4d515454 04 06 0000 0001 63 0001 77", 18, ""},
		{"10 11 0004 4d515454 04 06 0000 0001 63 0001 77 00", 18, ""},
	},
}, {
	id: "MQTT-3.1.2-11", says: "with Will Flag 0 there are no will QoS, no Will Retain, no will fields",
	foul: []foul{
		{"10 0d 0004 4d515454 04 0a 003c 0001 61", 9, "MQTT-3.1.2-13"},
		{"10 0d 0004 4d515454 04 22 003c 0001 61", 9, "MQTT-3.1.2-15"},
		{"10 13 0004 4d515454 04 02 0000 0001 63 0001 77 0001 78", 15, "MQTT-3.1.2-18"},
	},
}, {
	id: "MQTT-3.1.2-13", says: "with Will Flag 0 Will QoS is 0",
	foul: []foul{{"10 0d 0004 4d515454 04 0a 003c 0001 61", 9, ""}, {"10 0d 0004 4d515454 04 12 003c 0001 61", 9, ""}, {"10 0d 0004 4d515454 04 1a 003c 0001 61", 9, ""}},
}, {
	id: "MQTT-3.1.2-14", says: "Will QoS is not 3",
	foul:   []foul{{"10 12 0004 4d515454 04 1e 0000 0001 63 0001 77 0000", 9, ""}},
	unsent: []unsent{{connect(func(p *packet.Connect) { p.Will = &packet.Will{Topic: []byte("w"), QoS: 3} }), ""}},
}, {
	id: "MQTT-3.1.2-15", says: "with Will Flag 0 Will Retain is 0",
	foul: []foul{{"10 0d 0004 4d515454 04 22 003c 0001 61", 9, ""}},
}, {
	id: "MQTT-3.1.2-18", says: "with User Name Flag 0 there is no user name",
	foul: []foul{{"10 10 0004 4d515454 04 02 003c 0001 61 0001 75", 15, ""}},
}, {
	id: "MQTT-3.1.2-19", says: "with User Name Flag 1 there is a user name, which may be empty",
	both: []both{{"10 0f 0004 4d515454 04 82 0000 0001 61 0000", connect(func(p *packet.Connect) { p.Username = []byte{} })}},
	foul: []foul{{"10 0d 0004 4d515454 04 82 003c 0001 61", 15, ""}, {"10 0e 0004 4d515454 04 82 003c 0001 61 00", 15, ""}},
}, {
	id: "MQTT-3.1.2-20", says: "with Password Flag 0 there is no password",
	foul: []foul{{"10 13 0004 4d515454 04 82 003c 0001 61 0001 75 0001 70", 18, ""}},
}, {
	id: "MQTT-3.1.2-21", says: "with Password Flag 1 there is a password, which may be empty",
	both: []both{{"10 11 0004 4d515454 04 c2 0000 0001 61 0000 0000", connect(func(p *packet.Connect) {
		p.Username, p.Password = []byte{}, packet.Secret{}
	})}},
	foul: []foul{{"10 10 0004 4d515454 04 c2 003c 0001 61 0001 75", 18, ""}},
}, {
	id: "MQTT-3.1.2-22", says: "a password requires a user name",
	foul:   []foul{{"10 10 0004 4d515454 04 42 003c 0001 61 0001 70", 9, ""}},
	unsent: []unsent{{connect(func(p *packet.Connect) { p.Password = packet.Secret("p") }), ""}, {connect(func(p *packet.Connect) { p.Password = packet.Secret{} }), ""}},
}, {
	id: "MQTT-3.1.3-1", says: "client identifier, will topic, will message, user name, password are in this order",
	both: []both{{"10 1e 0004 4d515454 04 ce 000a 0001 63 0003 772f74 0003 627965 0001 75 0002 00ff", connect(func(p *packet.Connect) {
		p.KeepAlive, p.ClientID = 10, []byte("c")
		p.Will = &packet.Will{Topic: []byte("w/t"), Message: []byte("bye"), QoS: 1}
		p.Username, p.Password = []byte("u"), packet.Secret("\x00\xff")
	})}},
}, {
	id: "MQTT-3.1.3-3", says: "there is always a client identifier",
	foul: []foul{{"10 0a 0004 4d515454 04 02 003c", 12, ""}, {"10 0b 0004 4d515454 04 02 003c 00", 12, ""}, {"10 0c 0004 4d515454 04 02 003c 0001", 12, ""}},
}, {
	id: "MQTT-3.1.3-4", says: "the client identifier is text",
	foul:   []foul{{"10 0e 0004 4d515454 04 02 003c 0002 c328", 14, "MQTT-1.5.3-1"}},
	unsent: []unsent{{&packet.Connect{ClientID: []byte("\xc3(")}, "MQTT-1.5.3-1"}},
}, {
	id: "MQTT-3.1.3-5", says: "a client identifier may have 23 bytes, and characters other than letters and digits",
	both: []both{
		{"10 23 0004 4d515454 04 02 0000 0017" + hexText(23), connect(func(p *packet.Connect) { p.ClientID = text(23) })},
		{"10 11 0004 4d515454 04 02 0000 0005 2b232f202e", connect(func(p *packet.Connect) { p.ClientID = []byte("+#/ .") })},
	},
}, {
	id: "MQTT-3.1.3-7", says: "an empty client identifier requires CleanSession",
	both:   []both{{"10 0c 0004 4d515454 04 02 0000 0000", connect(func(p *packet.Connect) { p.ClientID = []byte{} })}},
	unsent: []unsent{{&packet.Connect{}, ""}, {&packet.Connect{ClientID: []byte{}}, ""}},
}, {
	id: "MQTT-3.1.3-8", says: "a server can reject an empty client identifier: TestEmptyClientIDIsDelivered, and CONNACK 2",
	both: []both{{"20 02 00 02", &packet.Connack{ReturnCode: packet.IdentifierRejected}}},
}, {
	id: "MQTT-3.1.3-10", says: "the will topic is text",
	foul: []foul{{"10 14 0004 4d515454 04 06 003c 0001 61 0003 eda080 0000", 17, "MQTT-1.5.3-1"}},
	unsent: []unsent{
		{connect(func(p *packet.Connect) { p.Will = &packet.Will{Topic: []byte(surrogate)} }), "MQTT-1.5.3-1"},
	},
}, {
	id: "MQTT-3.1.3-11", says: "the user name is text",
	foul:   []foul{{"10 11 0004 4d515454 04 82 003c 0001 61 0002 c328", 17, "MQTT-1.5.3-1"}},
	unsent: []unsent{{connect(func(p *packet.Connect) { p.Username = []byte("\xc3(") }), "MQTT-1.5.3-1"}},
}, {
	id: "MQTT-3.1.4-1", says: "a CONNECT that violates section 3.1 is malformed, and must not be answered",
	foul: []foul{
		{"10 00", 1, "section 2.4"}, {"10 0f 0004 4d515454 04 c2 003c 0001 61 0000", 17, "MQTT-3.1.2-21"},
		{"10 12 0004 4d515454 04 c2 003c 0001 61 0000 0000 00", 19, "section 3.1.3"},
	},
}, {
	id: "U-3.1.1-1", says: "the variable header has 10 bytes",
	foul: []foul{{"10 00", 1, "section 2.4"}, {"10 09 0004 4d515454 04 02 00", 1, "section 2.4"}},
}, {
	id: "U-3.1.2.1-1", says: "the protocol name is 00 04 4d 51 54 54", both: oneOfEach[:1],
}, {
	id: "U-3.1.2.2-1", says: "the protocol level is 4", both: oneOfEach[:1],
}, {
	id: "U-3.1.2.3-1", says: "the flags are, from bit 7 down, user name, password, Will Retain, Will QoS, will, CleanSession",
	both: []both{
		{"10 12 0004 4d515454 04 36 0000 0001 61 0001 77 0000", connect(func(p *packet.Connect) {
			p.Will = &packet.Will{Topic: []byte("w"), Message: []byte{}, QoS: 2, Retain: true}
		})},
		{"10 10 0004 4d515454 04 82 0000 0001 61 0001 75", connect(func(p *packet.Connect) { p.Username = []byte("u") })},
		{"10 11 0004 4d515454 04 c0 0000 0001 61 0000 0000", connect(func(p *packet.Connect) {
			p.CleanSession, p.Username, p.Password = false, []byte{}, packet.Secret{}
		})},
	},
}, {
	id: "U-3.1.2.10-1", says: "keep-alive goes up to 65,535 seconds",
	both: []both{{"10 0d 0004 4d515454 04 02 ffff 0001 61", connect(func(p *packet.Connect) { p.KeepAlive = 65535 })}},
}, {
	id: "U-3.1.3.3-1", says: "the will message is up to 65,535 arbitrary bytes",
	both: []both{{"10 16 0004 4d515454 04 06 0000 0001 61 0001 77 0004 00ffc080", connect(func(p *packet.Connect) {
		p.Will = &packet.Will{Topic: []byte("w"), Message: []byte("\x00\xff\xc0\x80")}
	})}},
	unsent: []unsent{{connect(func(p *packet.Connect) { p.Will = &packet.Will{Topic: []byte("w"), Message: text(65536)} }), "section 3.1.3.3"}},
}, {
	id: "U-3.1.3.5-1", says: "the password is up to 65,535 arbitrary bytes",
	both: []both{{"10 908004 0004 4d515454 04 c2 0000 0001 61 0000 ffff" + hexText(65535), connect(func(p *packet.Connect) {
		p.Username, p.Password = []byte{}, packet.Secret(text(65535))
	})}},
	unsent: []unsent{{connect(func(p *packet.Connect) { p.Username, p.Password = []byte{}, packet.Secret(text(65536)) }), "section 3.1.3.5"}},
}}
