package peers

import (
	"strings"
	"unicode/utf8"

	"example.com/dps/packet"
)

// These functions prove that a statement is violated. They share no code with
// package packet, so that they do not explain a fault that it reports wrongly.

// flagsOf proves from the first byte that the type is typ and the flags are not
// want.
func flagsOf(typ packet.Type, want byte) func(Clash) bool {
	return func(c Clash) bool { return c.Wire[0]>>4 == byte(typ) && c.Wire[0]&15 != want }
}

// firstByte proves that the first byte, masked, has one of the values.
func firstByte(mask byte, values ...byte) func(Clash) bool {
	return func(c Clash) bool { return strings.IndexByte(string(values), c.Wire[0]&mask) >= 0 }
}

// lengthBytes returns the bytes of the Remaining Length that are present.
func lengthBytes(wire []byte) []byte {
	for i := 1; i < len(wire); i++ {
		if wire[i] < 0x80 {
			return wire[1 : i+1]
		}
	}
	return wire[1:]
}

// remaining returns the value of the Remaining Length.
func remaining(wire []byte) (n int) {
	for i, c := range lengthBytes(wire) {
		n += int(c&0x7f) << (7 * i)
	}
	return n
}

func longLength(c Clash) bool { return len(lengthBytes(c.Wire)) > 4 || fourGoOn(lengthBytes(c.Wire)) }
func fourGoOn(b []byte) bool  { return len(b) == 4 && b[3] >= 0x80 }

func paddedLength(c Clash) bool {
	b := lengthBytes(c.Wire)
	return 1 < len(b) && len(b) <= 4 && b[len(b)-1] == 0
}

// wrongLength proves that the Remaining Length is not that of a type with a
// fixed one, or is too small for the type.
func wrongLength(c Clash) bool {
	n := remaining(c.Wire)
	switch c.Wire[0] >> 4 {
	case 2, 4, 5, 6, 7, 11:
		return n != 2
	case 12, 13, 14:
		return n != 0
	case 1:
		return n < 10
	}
	return n < 2
}

// size returns the Remaining Length that p requires, or -1 for types without a
// rule.
func size(p packet.Packet) int {
	switch p := p.(type) {
	case *packet.Connect:
		n := 2 + len(p.ProtocolName) + 4 + 2 + len(p.ClientID)
		if p.Will != nil {
			n += 2 + len(p.Will.Topic) + 2 + len(p.Will.Message)
		}
		if p.Username != nil {
			n += 2 + len(p.Username)
		}
		if p.Password != nil {
			n += 2 + len(p.Password)
		}
		return n
	case *packet.Unsubscribe:
		n := 2
		for _, f := range p.Filters {
			n += 2 + len(f)
		}
		return n
	}
	return -1
}

// surplus proves that there are bytes after the last field, and overrun proves
// that a field is incomplete.
func surplus(c Clash) bool { return size(c.What) < remaining(c.Wire) }
func overrun(c Clash) bool { return size(c.What) > remaining(c.Wire) }

// misfit proves that one of the two holds.
func misfit(c Clash) bool { return size(c.What) != remaining(c.Wire) }

// on returns a proof for packets of one type.
func on[P packet.Packet](broken func(P) bool) func(Clash) bool {
	return func(c Clash) bool {
		p, ok := c.What.(P)
		return ok && broken(p)
	}
}

// both proves that a and b hold, and not proves that a does not hold.
func both(a, b func(Clash) bool) func(Clash) bool {
	return func(c Clash) bool { return a(c) && b(c) }
}
func not(a func(Clash) bool) func(Clash) bool { return func(c Clash) bool { return !a(c) } }

// Each of the following functions proves that a field of some kind is bad.

func inUsername(bad func(string) bool) func(Clash) bool {
	return on(func(p *packet.Connect) bool { return bad(string(p.Username)) })
}

func inWillTopic(bad func(string) bool) func(Clash) bool {
	return on(func(p *packet.Connect) bool { return p.Will != nil && bad(string(p.Will.Topic)) })
}

func inTopic(bad func(string) bool) func(Clash) bool {
	return on(func(p *packet.Publish) bool { return bad(string(p.Topic)) })
}

func inFilter(bad func(string) bool) func(Clash) bool {
	return func(c Clash) bool {
		for _, f := range filters(c) {
			if bad(f) {
				return true
			}
		}
		return false
	}
}

func inText(bad func(string) bool) func(Clash) bool {
	clientID := on(func(p *packet.Connect) bool { return bad(string(p.ClientID)) })
	return func(c Clash) bool {
		return clientID(c) || inWillTopic(bad)(c) || inUsername(bad)(c) || inTopic(bad)(c) || inFilter(bad)(c)
	}
}

func filters(c Clash) (all []string) {
	switch p := c.What.(type) {
	case *packet.Subscribe:
		for _, s := range p.Subscriptions {
			all = append(all, string(s.Filter))
		}
	case *packet.Unsubscribe:
		for _, f := range p.Filters {
			all = append(all, string(f))
		}
		if c.Does == Reads && strings.Contains(string(c.Wire), "\x00\x00") && size(p) < remaining(c.Wire) {
			all = append(all, "") // paho stops reading here
		}
	}
	return all
}

func illFormed(s string) bool { return !utf8.ValidString(s) }
func holdsNUL(s string) bool  { return strings.Contains(s, "\x00") }
func wildcard(s string) bool  { return strings.ContainsAny(s, "+#") }
func empty(s string) bool     { return s == "" }
func tooLong(s string) bool   { return len(s) > 65535 }

func misplacedHash(filter string) bool {
	levels := strings.Split(filter, "/")
	for i, level := range levels {
		if strings.Contains(level, "#") && (level != "#" || i < len(levels)-1) {
			return true
		}
	}
	return false
}

func misplacedPlus(filter string) bool {
	for _, level := range strings.Split(filter, "/") {
		if strings.Contains(level, "+") && level != "+" {
			return true
		}
	}
	return false
}

// idOfAnswer and idOfRequest return the packet identifier, or -1 if there is
// none.
func idOfAnswer(p packet.Packet) int {
	switch p := p.(type) {
	case *packet.Puback:
		return int(p.ID)
	case *packet.Pubrec:
		return int(p.ID)
	case *packet.Pubrel:
		return int(p.ID)
	case *packet.Pubcomp:
		return int(p.ID)
	case *packet.Suback:
		return int(p.ID)
	case *packet.Unsuback:
		return int(p.ID)
	}
	return -1
}

func idOfRequest(p packet.Packet) int {
	switch p := p.(type) {
	case *packet.Subscribe:
		return int(p.ID)
	case *packet.Unsubscribe:
		return int(p.ID)
	case *packet.Publish:
		if p.QoS > 0 {
			return int(p.ID)
		}
	}
	return -1
}
