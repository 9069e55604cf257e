package packet

import "strconv"

// A Type is the type of a control packet, the four high bits of its first byte
// (MQTT 3.1.1, table 2.1). 0 and 15 are reserved.
type Type byte

// The control packet types.
const (
	CONNECT     Type = 1
	CONNACK     Type = 2
	PUBLISH     Type = 3
	PUBACK      Type = 4
	PUBREC      Type = 5
	PUBREL      Type = 6
	PUBCOMP     Type = 7
	SUBSCRIBE   Type = 8
	SUBACK      Type = 9
	UNSUBSCRIBE Type = 10
	UNSUBACK    Type = 11
	PINGREQ     Type = 12
	PINGRESP    Type = 13
	DISCONNECT  Type = 14
)

// String returns the name that the standard uses, such as "PUBLISH".
func (t Type) String() string {
	if t.defined() {
		return layouts[t].name
	}
	return "reserved type " + strconv.Itoa(int(t))
}

func (t Type) defined() bool { return CONNECT <= t && t <= DISCONNECT }

// A layout describes the fixed headers that a packet of some type can have.
type layout struct {
	name     string
	flags    uint16 // bit i is set if i is a legal value of the four flag bits (table 2.2)
	min, max int    // of the Remaining Length
	rule     string // the statement that other flags violate
}

// layouts is indexed by type. For a reserved type, no flags are legal.
var layouts = [16]layout{
	CONNECT:     {"CONNECT", flags0000, 10, MaxRemainingLength, "MQTT-2.2.2-2"},
	CONNACK:     {"CONNACK", flags0000, 2, 2, "MQTT-2.2.2-2"},
	PUBLISH:     {"PUBLISH", publishFlags, 2, MaxRemainingLength, "MQTT-3.3.1-4"},
	PUBACK:      {"PUBACK", flags0000, 2, 2, "MQTT-2.2.2-2"},
	PUBREC:      {"PUBREC", flags0000, 2, 2, "MQTT-2.2.2-2"},
	PUBREL:      {"PUBREL", flags0010, 2, 2, "MQTT-3.6.1-1"},
	PUBCOMP:     {"PUBCOMP", flags0000, 2, 2, "MQTT-2.2.2-2"},
	SUBSCRIBE:   {"SUBSCRIBE", flags0010, 2, MaxRemainingLength, "MQTT-3.8.1-1"},
	SUBACK:      {"SUBACK", flags0000, 2, MaxRemainingLength, "MQTT-2.2.2-2"},
	UNSUBSCRIBE: {"UNSUBSCRIBE", flags0010, 2, MaxRemainingLength, "MQTT-3.10.1-1"},
	UNSUBACK:    {"UNSUBACK", flags0000, 2, 2, "MQTT-2.2.2-2"},
	PINGREQ:     {"PINGREQ", flags0000, 0, 0, "MQTT-2.2.2-2"},
	PINGRESP:    {"PINGRESP", flags0000, 0, 0, "MQTT-2.2.2-2"},
	DISCONNECT:  {"DISCONNECT", flags0000, 0, 0, "MQTT-3.14.1-1"},
}

// Sets of flags: bit i represents the value i.
const (
	flags0000 = 1
	flags0010 = 1 << 0b0010
)

// publishFlags permits all combinations of DUP, QoS and RETAIN except those
// with QoS 3, and those of DUP with QoS 0.
const publishFlags = flags0000 | 1<<0b0001 | 1<<0b0010 | 1<<0b0011 | 1<<0b0100 | 1<<0b0101 |
	1<<0b1010 | 1<<0b1011 | 1<<0b1100 | 1<<0b1101

func badFlags(t Type, flags byte) error {
	switch {
	case !t.defined():
		return malformed(t, 0, "section 2.2.1", "packet types 0 and 15 are reserved")
	case t == PUBLISH && flags>>1&3 == 3:
		return malformed(t, 0, layouts[t].rule, "QoS is 3, expected at most 2")
	case t == PUBLISH:
		return malformed(t, 0, "MQTT-3.3.1-2", "DUP is set but QoS is 0")
	}
	want := byte(0b0000)
	if layouts[t].flags == flags0010 {
		want = 0b0010
	}
	return malformed(t, 0, layouts[t].rule, "flags are "+fourBits(flags)+", expected "+fourBits(want))
}

func badLength(t Type, length int) error {
	if l := &layouts[t]; l.min == l.max {
		return malformed(t, 1, "section 2.4", "Remaining Length is "+decimal(length)+", expected "+decimal(l.min))
	}
	return malformed(t, 1, "section 2.4", "Remaining Length is "+decimal(length)+", expected at least "+decimal(layouts[t].min))
}

// A QoS is a Quality of Service level: 0, 1 or 2 (MQTT 3.1.1, table 3.2).
type QoS byte

// The Quality of Service levels.
const (
	QoS0 QoS = 0 // at most once
	QoS1 QoS = 1 // at least once
	QoS2 QoS = 2 // exactly once
)

// String returns the name of the level, such as "QoS 1".
func (q QoS) String() string { return "QoS " + strconv.Itoa(int(q)) }
