package packet

import "fmt"

// These five packets are a packet identifier and nothing else. The standard does
// not forbid identifier 0 in them, but since no packet that they could answer has
// it, it is refused as well (MQTT-2.3.1-1).

// Puback acknowledges a PUBLISH with QoS 1 (section 3.4).
type Puback struct {
	ID uint16 // packet identifier of the packet that it answers, not 0
}

// Pubrec is the first answer to a PUBLISH with QoS 2 (section 3.5).
type Pubrec struct {
	ID uint16 // packet identifier of the packet that it answers, not 0
}

// Pubrel answers a PUBREC (section 3.6).
type Pubrel struct {
	ID uint16 // packet identifier of the packet that it answers, not 0
}

// Pubcomp answers a PUBREL and ends a delivery with QoS 2 (section 3.7).
type Pubcomp struct {
	ID uint16 // packet identifier of the packet that it answers, not 0
}

// Unsuback answers an UNSUBSCRIBE (section 3.11).
type Unsuback struct {
	ID uint16 // packet identifier of the packet that it answers, not 0
}

// Type returns PUBACK.
func (*Puback) Type() Type { return PUBACK }

// AppendBinary appends the encoded packet to b. See [Packet].
func (p *Puback) AppendBinary(b []byte) ([]byte, error) {
	if p.ID == 0 {
		return b, zeroID(PUBACK)
	}
	return append(b, byte(PUBACK)<<4, 2, byte(p.ID>>8), byte(p.ID)), nil
}

// Decode sets every field from the frame. See [Packet].
func (p *Puback) Decode(f Frame) error { return decodeAck(f, PUBACK, &p.ID) }

// String returns one line for logs.
func (p *Puback) String() string { return fmt.Sprintf("PUBACK id=%d", p.ID) }

// Type returns PUBREC.
func (*Pubrec) Type() Type { return PUBREC }

// AppendBinary appends the encoded packet to b. See [Packet].
func (p *Pubrec) AppendBinary(b []byte) ([]byte, error) {
	if p.ID == 0 {
		return b, zeroID(PUBREC)
	}
	return append(b, byte(PUBREC)<<4, 2, byte(p.ID>>8), byte(p.ID)), nil
}

// Decode sets every field from the frame. See [Packet].
func (p *Pubrec) Decode(f Frame) error { return decodeAck(f, PUBREC, &p.ID) }

// String returns one line for logs.
func (p *Pubrec) String() string { return fmt.Sprintf("PUBREC id=%d", p.ID) }

// Type returns PUBREL.
func (*Pubrel) Type() Type { return PUBREL }

// AppendBinary appends the encoded packet to b. See [Packet].
func (p *Pubrel) AppendBinary(b []byte) ([]byte, error) {
	if p.ID == 0 {
		return b, zeroID(PUBREL)
	}
	return append(b, byte(PUBREL)<<4|0b0010, 2, byte(p.ID>>8), byte(p.ID)), nil
}

// Decode sets every field from the frame. See [Packet].
func (p *Pubrel) Decode(f Frame) error { return decodeAck(f, PUBREL, &p.ID) }

// String returns one line for logs.
func (p *Pubrel) String() string { return fmt.Sprintf("PUBREL id=%d", p.ID) }

// Type returns PUBCOMP.
func (*Pubcomp) Type() Type { return PUBCOMP }

// AppendBinary appends the encoded packet to b. See [Packet].
func (p *Pubcomp) AppendBinary(b []byte) ([]byte, error) {
	if p.ID == 0 {
		return b, zeroID(PUBCOMP)
	}
	return append(b, byte(PUBCOMP)<<4, 2, byte(p.ID>>8), byte(p.ID)), nil
}

// Decode sets every field from the frame. See [Packet].
func (p *Pubcomp) Decode(f Frame) error { return decodeAck(f, PUBCOMP, &p.ID) }

// String returns one line for logs.
func (p *Pubcomp) String() string { return fmt.Sprintf("PUBCOMP id=%d", p.ID) }

// Type returns UNSUBACK.
func (*Unsuback) Type() Type { return UNSUBACK }

// AppendBinary appends the encoded packet to b. See [Packet].
func (p *Unsuback) AppendBinary(b []byte) ([]byte, error) {
	if p.ID == 0 {
		return b, zeroID(UNSUBACK)
	}
	return append(b, byte(UNSUBACK)<<4, 2, byte(p.ID>>8), byte(p.ID)), nil
}

// Decode sets every field from the frame. See [Packet].
func (p *Unsuback) Decode(f Frame) error { return decodeAck(f, UNSUBACK, &p.ID) }

// String returns one line for logs.
func (p *Unsuback) String() string { return fmt.Sprintf("UNSUBACK id=%d", p.ID) }

func decodeAck(f Frame, t Type, id *uint16) error {
	if !f.is(t) {
		return f.fault(t)
	}
	if *id = identifier(f.Body, 0); *id == 0 {
		return f.badID(0)
	}
	return nil
}
