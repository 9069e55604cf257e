package packet_test

import (
	"slices"

	"example.com/dps/packet"
)

// floorCut finds the body of the first packet of b, which is b[n:end]. The
// caller has checked its type and flags. end is 0 if b is too short, and -1 if
// the packet is malformed.
func floorCut(b []byte) (n, end int) {
	switch {
	case len(b) < 2:
		return 0, 0
	case b[1] < 0x80:
		n, end = 2, 2+int(b[1])
	case len(b) < 3:
		return 0, 0
	case b[2] < 0x80:
		n, end = 3, 3+(int(b[1]&0x7f)|int(b[2])<<7)
	case len(b) < 4:
		return 0, 0
	case b[3] < 0x80:
		n, end = 4, 4+(int(b[1]&0x7f)|int(b[2]&0x7f)<<7|int(b[3])<<14)
	default:
		return 0, -1 // larger than the default limit, or padded, or too long
	}
	if b[n-1] == 0 && n > 2 || end > packet.DefaultLimit {
		return 0, -1
	}
	if end > len(b) {
		return n, 0
	}
	return n, end
}

// floorField reads the field b[i:end]. end is 0 if there is none.
func floorField(b []byte, i int) (v []byte, end int) {
	if i+2 > len(b) {
		return nil, 0
	}
	end = i + 2 + (int(b[i])<<8 | int(b[i+1]))
	if end > len(b) {
		return nil, 0
	}
	return b[i+2 : end : end], end
}

// The floorDecode… functions decode the packet at the start of b and return its
// size, 0 if b is too short for it, or -1 if it is malformed.

func floorDecodeConnect(p *packet.Connect, b []byte) int {
	n, end := floorCut(b)
	if end <= 0 {
		return end
	}
	body := b[n:end]
	if b[0] != 0x10 || len(body) < 12 || string(body[:7]) != "\x00\x04MQTT\x04" {
		return -1
	}
	flags := body[7]
	if flags&0x01 != 0 || flags&0x3c != 0 || flags&0xc0 == 0x40 { // no will
		return -1
	}
	*p = packet.Connect{
		ProtocolName: body[2:6:6], ProtocolLevel: 4, CleanSession: flags&0x02 != 0,
		KeepAlive: uint16(body[8])<<8 | uint16(body[9]),
	}
	var i int
	if p.ClientID, i = floorField(body, 10); i == 0 || !floorText(p.ClientID) {
		return -1
	}
	if flags&0x80 != 0 {
		if p.Username, i = floorField(body, i); i == 0 || !floorText(p.Username) {
			return -1
		}
	}
	if flags&0x40 != 0 {
		if p.Password, i = floorField(body, i); i == 0 {
			return -1
		}
	}
	if i != len(body) {
		return -1
	}
	return end
}

func floorDecodeConnack(p *packet.Connack, b []byte) int {
	if len(b) < 4 {
		return 0
	}
	if b[0] != 0x20 || b[1] != 2 || b[2] > 1 || b[3] > 5 || b[2] == 1 && b[3] != 0 {
		return -1
	}
	p.SessionPresent, p.ReturnCode = b[2] == 1, packet.ReturnCode(b[3])
	return 4
}

func floorDecodePublish(p *packet.Publish, b []byte) int {
	n, end := floorCut(b)
	if end <= 0 {
		return end
	}
	flags := b[0] & 0x0f
	qos := flags >> 1 & 3
	if b[0]>>4 != 3 || qos == 3 || flags&0x0e == 8 {
		return -1
	}
	body := b[n:end:end]
	topic, i := floorField(body, 0)
	if i == 0 || !floorTopic(topic) {
		return -1
	}
	var id uint16
	if qos != 0 {
		if i+2 > len(body) {
			return -1
		}
		if id = uint16(body[i])<<8 | uint16(body[i+1]); id == 0 {
			return -1
		}
		i += 2
	}
	*p = packet.Publish{Dup: flags&8 != 0, QoS: packet.QoS(qos), Retain: flags&1 != 0, ID: id, Topic: topic, Payload: body[i:]}
	return end
}

func floorDecodePuback(p *packet.Puback, b []byte) int {
	if len(b) < 4 {
		return 0
	}
	p.ID = uint16(b[2])<<8 | uint16(b[3])
	if b[0] != 0x40 || b[1] != 2 || p.ID == 0 {
		return -1
	}
	return 4
}

func floorDecodeSubscribe(p *packet.Subscribe, b []byte) int {
	n, end := floorCut(b)
	if end <= 0 {
		return end
	}
	if b[0] != 0x82 || end-n < 3 {
		return -1
	}
	body := b[n:end]
	p.Subscriptions = p.Subscriptions[:0]
	if p.ID = uint16(body[0])<<8 | uint16(body[1]); p.ID == 0 {
		return -1
	}
	for i := 2; i < len(body); {
		var filter []byte
		if filter, i = floorField(body, i); i == 0 || i == len(body) || body[i] > 2 || !floorFilter(filter) {
			return -1
		}
		p.Subscriptions = append(p.Subscriptions, packet.Subscription{Filter: filter, QoS: packet.QoS(body[i])})
		i++
	}
	return end
}

func floorDecodeSuback(p *packet.Suback, b []byte) int {
	n, end := floorCut(b)
	if end <= 0 {
		return end
	}
	if b[0] != 0x90 || end-n < 3 {
		return -1
	}
	body := b[n:end]
	p.ID, p.ReturnCodes = uint16(body[0])<<8|uint16(body[1]), body[2:len(body):len(body)]
	if p.ID == 0 {
		return -1
	}
	for _, c := range p.ReturnCodes {
		if c > 2 && c != 0x80 {
			return -1
		}
	}
	return end
}

func floorDecodePingreq(_ *packet.Pingreq, b []byte) int {
	if len(b) < 2 {
		return 0
	}
	if b[0] != 0xc0 || b[1] != 0 {
		return -1
	}
	return 2
}

// Both the package and its floor decode a stream into these structs.
type structs struct {
	connect   packet.Connect
	connack   packet.Connack
	publish   packet.Publish
	puback    packet.Puback
	subscribe packet.Subscribe
	suback    packet.Suback
	pingreq   packet.Pingreq
}

// floorAny returns a function that finds the end of a packet of any type, as
// Cut does, and then does what decode does.
func floorAny[P packet.Packet](decode func(P, []byte) int) func(P, []byte) int {
	return func(p P, b []byte) int {
		_, end := floorCut(b)
		if end <= 0 {
			return end
		}
		return decode(p, b[:end:end])
	}
}

// floorDecode decodes the packet at the start of b, which is of one of the
// types above, and returns the result of the function for that type.
func (s *structs) floorDecode(b []byte) int {
	switch b[0] >> 4 {
	case 1:
		return floorDecodeConnect(&s.connect, b)
	case 2:
		return floorDecodeConnack(&s.connack, b)
	case 3:
		return floorDecodePublish(&s.publish, b)
	case 4:
		return floorDecodePuback(&s.puback, b)
	case 8:
		return floorDecodeSubscribe(&s.subscribe, b)
	case 9:
		return floorDecodeSuback(&s.suback, b)
	case 12:
		return floorDecodePingreq(&s.pingreq, b)
	}
	return -1
}

// A floorFeeder accepts a stream in pieces. It remembers how many bytes of a
// split packet are missing, copies the packet to a buffer that it keeps, and
// decodes it there. It returns ErrShort if the stream is valid so far.
type floorFeeder struct {
	structs
	part    []byte // a split packet, with its full length if known; its end is missing
	missing int
	packets int
}

func (s *floorFeeder) feed(b []byte) error {
	if len(b) == 1 && s.missing > 1 {
		s.part[len(s.part)-s.missing] = b[0]
		s.missing--
		return packet.ErrShort
	}
	for s.missing > 0 {
		n := copy(s.part[len(s.part)-s.missing:], b)
		s.missing -= n
		if b = b[n:]; s.missing > 0 {
			return packet.ErrShort
		}
		if n = s.floorDecode(s.part); n < 0 {
			return packet.ErrMalformed
		}
		if n == 0 {
			s.expect()
		} else {
			s.packets++
		}
	}
	for len(b) > 0 {
		n := s.floorDecode(b)
		if n < 0 {
			return packet.ErrMalformed
		}
		if n == 0 {
			s.part = append(s.part[:0], b...)
			s.expect()
			return packet.ErrShort
		}
		s.packets++
		b = b[n:]
	}
	return packet.ErrShort
}

// expect extends s.part, the beginning of a packet, to the length of the whole
// packet.
func (s *floorFeeder) expect() {
	need := len(s.part) + 1
	length := 0
	for i := 1; i < len(s.part); i++ {
		length |= int(s.part[i]&0x7f) << (7 * (i - 1))
		if s.part[i] < 0x80 {
			need = 1 + i + length
			break
		}
	}
	s.missing = need - len(s.part)
	s.part = slices.Grow(s.part, s.missing)[:need]
}
