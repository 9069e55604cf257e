package peers

import (
	"strings"

	"example.com/dps/packet"
)

// The rows that concern a single packet type.

var connectRows = []Row{
	{Rule: "MQTT-3.1.2-1", Fault: "protocol name MQIsdp, level 3 (MQTT 3.1)", Example: "100f00064d51497364700302003c000161",
		Paho: Reads | Writes, Mochi: Reads | Writes,
		proof: on(func(p *packet.Connect) bool { return string(p.ProtocolName) == "MQIsdp" && p.ProtocolLevel == 3 })},
	{Rule: "MQTT-3.1.2-2", Fault: "protocol level 5 (MQTT 5), which we leave to the caller to answer", Example: "100e00044d5154540502003c00000161",
		Paho: Writes, Mochi: Reads | Writes, proof: on(func(p *packet.Connect) bool { return p.ProtocolLevel == 5 })},
	{Rule: "MQTT-3.1.2-13", Fault: "will QoS without a will", Example: "100d00044d515454040a003c000161",
		Paho: Reads, Mochi: Reads, proof: on(func(p *packet.Connect) bool { return p.Will == nil })},
	{Rule: "MQTT-3.1.2-14", Fault: "will QoS 3", Example: "101300044d515454041e003c000161000177000178",
		Paho: Reads | Writes, Mochi: Writes,
		proof: on(func(p *packet.Connect) bool { return p.Will != nil && p.Will.QoS == 3 })},
	{Rule: "MQTT-3.1.2-15", Fault: "will retain without a will", Example: "100d00044d5154540422003c000161",
		Paho: Reads, proof: on(func(p *packet.Connect) bool { return p.Will == nil })},
	{Rule: "MQTT-3.1.2-22", Fault: "password without a user name", Example: "101000044d5154540442003c000161000170",
		Paho: Writes, Mochi: Reads | Writes,
		proof: on(func(p *packet.Connect) bool { return p.Username == nil && p.Password != nil })},
	{Rule: "MQTT-3.1.3-7", Fault: "empty client identifier with CleanSession 0", Example: "100c00044d515454040000000000",
		Paho: Writes, Mochi: Writes,
		proof: on(func(p *packet.Connect) bool { return len(p.ClientID) == 0 && !p.CleanSession })},
	{Rule: "MQTT-3.1.3-3", Fault: "client identifier that extends beyond the packet", Example: "100e00044d5154540402003c00036162",
		Paho: Reads, proof: overrun},
	{Rule: "MQTT-3.1.2-9", Fault: "will that extends beyond the packet", Example: "101300044d51545404060000000163000177000278",
		Paho: Reads, proof: overrun},
	{Rule: "MQTT-3.1.2-19", Fault: "user name that extends beyond the packet", Example: "101000044d51545404820000000163000275",
		Paho: Reads, proof: overrun},
	{Rule: "MQTT-3.1.2-21", Fault: "password that extends beyond the packet", Example: "101300044d51545404c20000000163000175000270",
		Paho: Reads, proof: overrun},
	{Rule: "MQTT-3.1.2-18", Fault: "bytes after the last field, no user name flag", Example: "101000044d5154540402003c000161000175",
		Paho: Reads, Mochi: Reads, proof: surplus},
	{Rule: "MQTT-3.1.2-20", Fault: "bytes after the last field, no password flag", Example: "101300044d5154540482003c000161000175000170",
		Paho: Reads, Mochi: Reads, proof: surplus},
	{Rule: "section 3.1.3", Fault: "bytes after the last field, all flags set", Example: "101400044d51545404c2003c00016100017500017000",
		Paho: Reads, Mochi: Reads, proof: surplus},
	{Rule: "section 3.1.3.3", Fault: "none: an empty will message is allowed", Example: "101200044d51545404060000000163000177" + "0000",
		Mochi: Refuses, proof: on(func(p *packet.Connect) bool { return p.Will != nil && len(p.Will.Message) == 0 })},
	{Rule: "section 3.1.3.5", Fault: "none: an empty password is allowed", Example: "101200044d51545404c200000001630001750000",
		Mochi: Refuses, proof: on(func(p *packet.Connect) bool {
			return p.Password != nil && len(p.Password) == 0 && (p.Will == nil || len(p.Will.Message) > 0)
		})},
	{Rule: "section 3.1.3.3", Fault: "will message of more than 65,535 bytes, as above", What: &packet.Connect{
		ProtocolName: []byte("MQTT"), ProtocolLevel: 4, CleanSession: true,
		Will: &packet.Will{Topic: []byte("w"), Message: []byte(strings.Repeat("x", 65536))}},
		Paho: Writes, Mochi: Writes, proof: on(func(p *packet.Connect) bool { return len(p.Will.Message) > 65535 })},
	{Rule: "section 3.1.3.5", Fault: "password of more than 65,535 bytes, as above", What: &packet.Connect{
		ProtocolName: []byte("MQTT"), ProtocolLevel: 4, CleanSession: true,
		Username: []byte("u"), Password: []byte(strings.Repeat("x", 65536))},
		Paho: Writes, Mochi: Writes, proof: on(func(p *packet.Connect) bool { return len(p.Password) > 65535 })},
}

var otherRows = []Row{
	{Rule: "section 3.2.2.1", Fault: "CONNACK with a reserved flag", Example: "20020200",
		Paho: Reads, Mochi: Reads, proof: func(c Clash) bool { return c.Wire[2] > 1 }},
	{Rule: "section 3.2.2.3", Fault: "CONNACK with a reserved return code", Example: "20020006",
		Paho: Reads | Writes, Mochi: Reads | Writes, proof: on(func(p *packet.Connack) bool { return p.ReturnCode > 5 })},
	{Rule: "MQTT-3.2.2-4", Fault: "CONNACK with session present and a return code", Example: "20020105",
		Paho: Reads | Writes, Mochi: Reads | Writes,
		proof: on(func(p *packet.Connack) bool { return p.SessionPresent && p.ReturnCode != 0 })},
	{Rule: "MQTT-3.8.3-3", Fault: "SUBSCRIBE without a topic filter", Example: "8202000a",
		Paho: Reads | Writes, Mochi: Writes, proof: on(func(p *packet.Subscribe) bool { return len(p.Subscriptions) == 0 })},
	{Rule: "MQTT-3.8.3-4", Fault: "SUBSCRIBE with QoS 3 or reserved bits", Example: "8208000a0003612f6203",
		Paho: Reads | Writes, Mochi: Writes, proof: on(func(p *packet.Subscribe) bool {
			for _, s := range p.Subscriptions {
				if s.QoS > 2 {
					return true
				}
			}
			return false
		})},
	{Rule: "MQTT-3.8.4-5", Fault: "SUBACK without a return code", Example: "9002000a",
		Paho: Reads | Writes, Mochi: Reads | Writes, proof: on(func(p *packet.Suback) bool { return len(p.ReturnCodes) == 0 })},
	{Rule: "MQTT-3.9.3-2", Fault: "SUBACK with a code other than 0, 1, 2, 0x80", Example: "9003000a03",
		Paho: Reads | Writes, Mochi: Reads | Writes, proof: on(func(p *packet.Suback) bool {
			for _, code := range p.ReturnCodes {
				if code > 2 && code != 0x80 {
					return true
				}
			}
			return false
		})},
	{Rule: "MQTT-3.10.3-2", Fault: "UNSUBSCRIBE without a topic filter", Example: "a202000a",
		Paho: Reads | Writes, Mochi: Writes, proof: on(func(p *packet.Unsubscribe) bool { return len(p.Filters) == 0 })},
	{Rule: "section 3.10.3", Fault: "topic filter of UNSUBSCRIBE that extends beyond the packet", Example: "a206000a00036162",
		Paho: Reads, proof: misfit},
}
