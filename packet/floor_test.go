package packet_test

import (
	"encoding/binary"
	"testing"
	"unicode/utf8"

	"example.com/dps/packet"
)

// The floors are the baselines of the benchmarks: for some packets, code
// written by hand for that packet only. It makes every check that the package
// makes, but reports only whether the packet is valid. TestFloorsAreStrict
// compares it with the vectors.

const (
	every = 0x0101010101010101 // the low bit of each byte of a word
	top   = 0x80 * every
)

func floorText(b []byte) bool {
	if len(b) < 8 {
		return floorSlow(b)
	}
	w := binary.LittleEndian.Uint64(b[len(b)-8:]) // it may overlap the previous word
	bad := w | (w - every)
	for rest := b; len(rest) > 8; rest = rest[8:] {
		w = binary.LittleEndian.Uint64(rest)
		bad |= w | (w - every)
	}
	return bad&top == 0 || floorSlow(b)
}

func floorSlow(b []byte) bool {
	for _, c := range b {
		if c == 0 {
			return false
		}
	}
	return utf8.Valid(b)
}

func floorTopic(b []byte) bool {
	if len(b) < 8 {
		return len(b) > 0 && floorSlowTopic(b)
	}
	bad := floorWord(b[len(b)-8:])
	for rest := b; len(rest) > 8; rest = rest[8:] {
		bad |= floorWord(rest)
	}
	return bad == 0 || floorSlowTopic(b)
}

// floorWord returns 0 if the first word of b is ASCII without NUL and
// wildcards.
func floorWord(b []byte) uint64 {
	w := binary.LittleEndian.Uint64(b)
	wild := (w | 0x08*every) ^ '+'*every
	return (w | (w - every) | (wild - every)) & top
}

func floorSlowTopic(b []byte) bool {
	for _, c := range b {
		if c == '+' || c == '#' {
			return false
		}
	}
	return floorSlow(b)
}

func floorFilter(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	for i := 0; i < len(b); {
		if i+8 <= len(b) {
			if floorWord(b[i:]) == 0 {
				i += 8
				continue
			}
		}
		for end := min(i+8, len(b)); i < end; i++ {
			c := b[i]
			switch {
			case c-1 >= 0x7f:
				return floorSlowFilter(b)
			case c == '+' && (i > 0 && b[i-1] != '/' || i+1 < len(b) && b[i+1] != '/'):
				return false
			case c == '#' && (i > 0 && b[i-1] != '/' || i+1 < len(b)):
				return false
			}
		}
	}
	return true
}

func floorSlowFilter(b []byte) bool {
	for i, c := range b {
		alone := i == 0 || b[i-1] == '/'
		if c == '+' && !(alone && (i+1 == len(b) || b[i+1] == '/')) || c == '#' && !(alone && i+1 == len(b)) {
			return false
		}
	}
	return floorSlow(b)
}

func floorAppendLength(b []byte, first byte, n int) []byte {
	switch {
	case n < 1<<7:
		return append(b, first, byte(n))
	case n < 1<<14:
		return append(b, first, byte(n)|0x80, byte(n>>7))
	case n < 1<<21:
		return append(b, first, byte(n)|0x80, byte(n>>7)|0x80, byte(n>>14))
	}
	return append(b, first, byte(n)|0x80, byte(n>>7)|0x80, byte(n>>14)|0x80, byte(n>>21))
}

func floorAppendField(b, v []byte) []byte {
	return append(append(b, byte(len(v)>>8), byte(len(v))), v...)
}

// The will is omitted, since the CONNECT of the benchmarks has none.
func floorAppendConnect(b []byte, p *packet.Connect) ([]byte, bool) {
	n, flags := 12+len(p.ClientID), byte(0)
	if p.CleanSession {
		flags = 0x02
	} else if len(p.ClientID) == 0 {
		return b, false
	}
	if p.Username != nil {
		n, flags = n+2+len(p.Username), flags|0x80
		if len(p.Username) > 0xffff || !floorText(p.Username) {
			return b, false
		}
	}
	if p.Password != nil {
		n, flags = n+2+len(p.Password), flags|0x40
		if p.Username == nil || len(p.Password) > 0xffff {
			return b, false
		}
	}
	if len(p.ClientID) > 0xffff || !floorText(p.ClientID) || p.Will != nil {
		return b, false
	}
	b = floorAppendLength(b, 0x10, n)
	b = append(b, 0, 4, 'M', 'Q', 'T', 'T', 4, flags, byte(p.KeepAlive>>8), byte(p.KeepAlive))
	b = floorAppendField(b, p.ClientID)
	if p.Username != nil {
		b = floorAppendField(b, p.Username)
	}
	if p.Password != nil {
		b = floorAppendField(b, p.Password)
	}
	return b, true
}

func floorAppendConnack(b []byte, p *packet.Connack) ([]byte, bool) {
	if p.ReturnCode > 5 || p.SessionPresent && p.ReturnCode != 0 {
		return b, false
	}
	if p.SessionPresent {
		return append(b, 0x20, 2, 1, 0), true
	}
	return append(b, 0x20, 2, 0, byte(p.ReturnCode)), true
}

func floorAppendPublish(b []byte, p *packet.Publish) ([]byte, bool) {
	n, first := 2+len(p.Topic)+len(p.Payload), 0x30|byte(p.QoS)<<1
	if p.QoS == 0 {
		if p.ID != 0 || p.Dup {
			return b, false
		}
	} else {
		if p.ID == 0 || p.QoS > 2 {
			return b, false
		}
		n += 2
	}
	if p.Dup {
		first |= 8
	}
	if p.Retain {
		first |= 1
	}
	if len(p.Topic) > 0xffff || n > packet.MaxRemainingLength || !floorTopic(p.Topic) {
		return b, false
	}
	b = floorAppendField(floorAppendLength(b, first, n), p.Topic)
	if p.QoS != 0 {
		b = append(b, byte(p.ID>>8), byte(p.ID))
	}
	return append(b, p.Payload...), true
}

func floorAppendPuback(b []byte, p *packet.Puback) ([]byte, bool) {
	if p.ID == 0 {
		return b, false
	}
	return append(b, 0x40, 2, byte(p.ID>>8), byte(p.ID)), true
}

func floorAppendSubscribe(b []byte, p *packet.Subscribe) ([]byte, bool) {
	n := 2
	for i := range p.Subscriptions {
		s := &p.Subscriptions[i]
		if s.QoS > 2 || len(s.Filter) > 0xffff || !floorFilter(s.Filter) {
			return b, false
		}
		n += 3 + len(s.Filter)
	}
	if p.ID == 0 || n == 2 || n > packet.MaxRemainingLength {
		return b, false
	}
	b = append(floorAppendLength(b, 0x82, n), byte(p.ID>>8), byte(p.ID))
	for i := range p.Subscriptions {
		s := &p.Subscriptions[i]
		b = append(floorAppendField(b, s.Filter), byte(s.QoS))
	}
	return b, true
}

func floorAppendSuback(b []byte, p *packet.Suback) ([]byte, bool) {
	n := 2 + len(p.ReturnCodes)
	if p.ID == 0 || n == 2 || n > packet.MaxRemainingLength {
		return b, false
	}
	for _, c := range p.ReturnCodes {
		if c > 2 && c != 0x80 {
			return b, false
		}
	}
	b = append(floorAppendLength(b, 0x90, n), byte(p.ID>>8), byte(p.ID))
	return append(b, p.ReturnCodes...), true
}

func floorAppendPingreq(b []byte, _ *packet.Pingreq) ([]byte, bool) { return append(b, 0xc0, 0), true }

// The floors are as strict as the package for every packet.
func TestFloorsAreStrict(t *testing.T) {
	for _, v := range readVectors(t) {
		if v.Len == 0 || v.Len > packet.DefaultLimit || v.Chunks != nil {
			continue
		}
		b := v.bytes()
		f, rest, err := packet.Cut(b, 0)
		if err == nil {
			_, err = packet.Decode(f)
		}
		var s structs
		switch packet.Type(b[0] >> 4) {
		case packet.CONNECT:
			if err == nil && f.Body[7]&0x04 != 0 {
				continue // the floors do not support a will
			}
		case packet.CONNACK, packet.PUBLISH, packet.PUBACK, packet.SUBSCRIBE, packet.SUBACK, packet.PINGREQ:
		default:
			continue
		}
		n := s.floorDecode(b)
		if (err == nil) != (n > 0) || err == nil && n != len(b)-len(rest) {
			t.Errorf("%s: the floor returns %d, the package %v", v.Name, n, err)
		}
	}
}
