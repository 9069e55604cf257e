package peers

import (
	"slices"
	"strings"

	"example.com/dps/packet"
)

// A Row explains a class of disagreements: a fault according to the standard,
// and what each peer does with it.
type Row struct {
	Rule    string        // the statement or section that applies
	Fault   string        // what is wrong with the packet; with Refuses, what is valid nevertheless
	Example string        // packets of this kind in hex, separated by blanks
	What    packet.Packet // replaces Example for a packet that can be written but not read
	Paho    Verbs
	Mochi   Verbs
	proof   func(Clash) bool
}

// Does returns what the named peer does.
func (r Row) Does(peer string) Verbs {
	if peer == (Paho{}).Name() {
		return r.Paho
	}
	return r.Mochi
}

// Explains reports whether c belongs to r.
func (r Row) Explains(c Clash) bool {
	switch {
	case r.Does(c.Peer)&c.Does == 0:
		return false
	case c.Does != Refuses && c.Rule != r.Rule:
		return false
	}
	return r.proof(c)
}

// Explanations returns the rows that explain c. There should be exactly one.
func Explanations(c Clash) (rows []Row) {
	for _, r := range Table {
		if r.Explains(c) {
			rows = append(rows, r)
		}
	}
	return rows
}

// Table contains all disagreements between us and the peers. The README shows
// it.
var Table = slices.Concat(headerRows, identifierRows, textRows, connectRows, otherRows)

var headerRows = []Row{
	{Rule: "section 2.2.1", Fault: "packet type 0 or 15", Example: "0000",
		Paho: Waits, Mochi: Waits, proof: firstByte(0xf0, 0x00, 0xf0)},
	{Rule: "MQTT-2.2.2-2", Fault: "flags other than 0000", Example: "4202000a",
		Paho: Reads | Waits, proof: func(c Clash) bool { return c.Wire[0]&15 != 0 }},
	{Rule: "MQTT-3.6.1-1", Fault: "PUBREL with flags other than 0010", Example: "6002000a",
		Paho: Reads | Waits, proof: flagsOf(packet.PUBREL, 2)},
	{Rule: "MQTT-3.8.1-1", Fault: "SUBSCRIBE with flags other than 0010", Example: "8008000a0003612f6201",
		Paho: Reads | Waits, proof: flagsOf(packet.SUBSCRIBE, 2)},
	{Rule: "MQTT-3.10.1-1", Fault: "UNSUBSCRIBE with flags other than 0010", Example: "a007000a0003612f62",
		Paho: Reads | Waits, proof: flagsOf(packet.UNSUBSCRIBE, 2)},
	{Rule: "MQTT-3.14.1-1", Fault: "DISCONNECT with flags other than 0000", Example: "e100",
		Paho: Reads | Waits, proof: flagsOf(packet.DISCONNECT, 0)},
	{Rule: "MQTT-3.3.1-2", Fault: "PUBLISH with DUP and QoS 0", Example: "38060003612f6278",
		Paho: Reads | Waits | Writes, Mochi: Writes, proof: firstByte(0xfe, 0x38)},
	{Rule: "MQTT-3.3.1-4", Fault: "PUBLISH with QoS 3", Example: "36080003612f62000a78",
		Paho: Reads | Waits | Writes, Mochi: Writes, proof: firstByte(0xf6, 0x36)},
	{Rule: "section 2.2.3", Fault: "padded Remaining Length", Example: "4082000001",
		Paho: Reads | Waits, Mochi: Reads | Waits, proof: paddedLength},
	{Rule: "section 2.2.3", Fault: "Remaining Length of more than four bytes", Example: "c0808080808000 c082808080",
		Paho: Reads | Waits, Mochi: Reads | Waits, proof: longLength},
	{Rule: "section 2.4", Fault: "Remaining Length that the type cannot have", Example: "4003000a00",
		Paho: Reads | Waits, Mochi: Reads | Waits, proof: wrongLength},
}

var identifierRows = []Row{
	{Rule: "MQTT-2.3.1-1", Fault: "packet identifier 0 in SUBSCRIBE, UNSUBSCRIBE, or PUBLISH with QoS", Example: "32080003612f62000078",
		Paho: Reads | Writes, proof: func(c Clash) bool { return idOfRequest(c.What) == 0 }},
	{Rule: "MQTT-2.3.1-1", Fault: "packet identifier 0 in an acknowledgment", Example: "40020000",
		Paho: Reads | Writes, Mochi: Reads | Writes, proof: func(c Clash) bool { return idOfAnswer(c.What) == 0 }},
	{Rule: "MQTT-2.3.1-5", Fault: "packet identifier with QoS 0, silently dropped", What: &packet.Publish{ID: 1, Topic: []byte("a")},
		Paho: Writes, Mochi: Writes, proof: on(func(p *packet.Publish) bool { return p.QoS == 0 && p.ID != 0 })},
}

var textRows = []Row{
	{Rule: "MQTT-1.5.3-1", Fault: "ill-formed UTF-8 in a user name", Example: "101200044d5154540482000000016300" + "03" + "eda080",
		Paho: Reads | Writes, Mochi: Reads | Writes, proof: inUsername(illFormed)},
	{Rule: "MQTT-1.5.3-1", Fault: "ill-formed UTF-8 in another text", Example: "30050003eda080",
		Paho: Reads | Writes, Mochi: Writes, proof: both(inText(illFormed), not(inUsername(illFormed)))},
	{Rule: "MQTT-1.5.3-2", Fault: "U+0000 in a user name", Example: "101200044d51545404820000000163" + "0003" + "610062",
		Paho: Reads | Writes, Mochi: Reads | Writes, proof: inUsername(holdsNUL)},
	{Rule: "MQTT-1.5.3-2", Fault: "U+0000 in another text", Example: "30050003610062",
		Paho: Reads | Writes, Mochi: Writes, proof: both(inText(holdsNUL), not(inUsername(holdsNUL)))},
	{Rule: "section 1.5.3", Fault: "text of more than 65,535 bytes: truncated (paho), or written with a length that wraps around (mochi)", What: &packet.Connect{
		ProtocolName: []byte("MQTT"), ProtocolLevel: 4, CleanSession: true, ClientID: []byte(strings.Repeat("x", 65536))},
		Paho: Writes, Mochi: Writes, proof: inText(tooLong)},
	{Rule: "MQTT-4.7.1-1", Fault: "wildcard in a topic name", Example: "30050003612f23",
		Paho: Reads | Writes, Mochi: Writes, proof: inTopic(wildcard)},
	{Rule: "MQTT-4.7.1-1", Fault: "wildcard in a will topic", Example: "101300044d515454040600000001630001230001" + "78",
		Paho: Reads | Writes, Mochi: Reads | Writes, proof: inWillTopic(wildcard)},
	{Rule: "MQTT-4.7.1-2", Fault: "'#' that is not the whole last level", Example: "8208000a0003232f6201",
		Paho: Reads | Writes, Mochi: Reads | Writes, proof: inFilter(misplacedHash)},
	{Rule: "MQTT-4.7.1-3", Fault: "'+' that is not a whole level", Example: "8208000a0003612b6201",
		Paho: Reads | Writes, Mochi: Reads | Writes, proof: inFilter(misplacedPlus)},
	{Rule: "MQTT-4.7.3-1", Fault: "empty topic name", Example: "3003000078",
		Paho: Reads | Writes, Mochi: Writes, proof: inTopic(empty)},
	{Rule: "MQTT-4.7.3-1", Fault: "empty will topic", Example: "101200044d51545404060000000163" + "0000" + "000178",
		Paho: Reads | Writes, Mochi: Writes, proof: inWillTopic(empty)},
	{Rule: "MQTT-4.7.3-1", Fault: "empty topic filter", Example: "8205000a000001",
		Paho: Reads | Writes, Mochi: Reads | Writes, proof: inFilter(empty)},
	{Rule: "MQTT-4.7.3-3", Fault: "topic name or filter of more than 65,535 bytes, as above", What: &packet.Publish{
		Topic: []byte(strings.Repeat("x", 65536))},
		Paho: Writes, Mochi: Writes, proof: inText(tooLong)},
}
