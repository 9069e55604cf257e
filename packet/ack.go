package packet

// These five packets consist of a packet identifier only. The standard does not
// explicitly forbid identifier 0 in them, but no packet that they could answer
// has it, so it is rejected here as well (MQTT-2.3.1-1).

// Puback acknowledges a PUBLISH with QoS 1 (section 3.4).
type Puback struct {
	ID uint16 // packet identifier of the packet being answered, not 0
}

// Pubrec is the first response to a PUBLISH with QoS 2 (section 3.5).
type Pubrec struct {
	ID uint16 // packet identifier of the packet being answered, not 0
}

// Pubrel responds to a PUBREC (section 3.6).
type Pubrel struct {
	ID uint16 // packet identifier of the packet being answered, not 0
}

// Pubcomp responds to a PUBREL and completes a delivery with QoS 2 (section
// 3.7).
type Pubcomp struct {
	ID uint16 // packet identifier of the packet being answered, not 0
}

// Unsuback acknowledges an UNSUBSCRIBE (section 3.11).
type Unsuback struct {
	ID uint16 // packet identifier of the packet being answered, not 0
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

// Decode sets all fields from the frame. See [Packet].
func (p *Puback) Decode(f Frame) error {
	p.ID = f.ackID(PUBACK, 0)
	return f.ackError(PUBACK, p.ID)
}

// String returns a one-line description for logs.
func (p *Puback) String() string { return "PUBACK id=" + decimal(p.ID) }

// Type returns PUBREC.
func (*Pubrec) Type() Type { return PUBREC }

// AppendBinary appends the encoded packet to b. See [Packet].
func (p *Pubrec) AppendBinary(b []byte) ([]byte, error) {
	if p.ID == 0 {
		return b, zeroID(PUBREC)
	}
	return append(b, byte(PUBREC)<<4, 2, byte(p.ID>>8), byte(p.ID)), nil
}

// Decode sets all fields from the frame. See [Packet].
func (p *Pubrec) Decode(f Frame) error {
	p.ID = f.ackID(PUBREC, 0)
	return f.ackError(PUBREC, p.ID)
}

// String returns a one-line description for logs.
func (p *Pubrec) String() string { return "PUBREC id=" + decimal(p.ID) }

// Type returns PUBREL.
func (*Pubrel) Type() Type { return PUBREL }

// AppendBinary appends the encoded packet to b. See [Packet].
func (p *Pubrel) AppendBinary(b []byte) ([]byte, error) {
	if p.ID == 0 {
		return b, zeroID(PUBREL)
	}
	return append(b, byte(PUBREL)<<4|0b0010, 2, byte(p.ID>>8), byte(p.ID)), nil
}

// Decode sets all fields from the frame. See [Packet].
func (p *Pubrel) Decode(f Frame) error {
	p.ID = f.ackID(PUBREL, 0b0010)
	return f.ackError(PUBREL, p.ID)
}

// String returns a one-line description for logs.
func (p *Pubrel) String() string { return "PUBREL id=" + decimal(p.ID) }

// Type returns PUBCOMP.
func (*Pubcomp) Type() Type { return PUBCOMP }

// AppendBinary appends the encoded packet to b. See [Packet].
func (p *Pubcomp) AppendBinary(b []byte) ([]byte, error) {
	if p.ID == 0 {
		return b, zeroID(PUBCOMP)
	}
	return append(b, byte(PUBCOMP)<<4, 2, byte(p.ID>>8), byte(p.ID)), nil
}

// Decode sets all fields from the frame. See [Packet].
func (p *Pubcomp) Decode(f Frame) error {
	p.ID = f.ackID(PUBCOMP, 0)
	return f.ackError(PUBCOMP, p.ID)
}

// String returns a one-line description for logs.
func (p *Pubcomp) String() string { return "PUBCOMP id=" + decimal(p.ID) }

// Type returns UNSUBACK.
func (*Unsuback) Type() Type { return UNSUBACK }

// AppendBinary appends the encoded packet to b. See [Packet].
func (p *Unsuback) AppendBinary(b []byte) ([]byte, error) {
	if p.ID == 0 {
		return b, zeroID(UNSUBACK)
	}
	return append(b, byte(UNSUBACK)<<4, 2, byte(p.ID>>8), byte(p.ID)), nil
}

// Decode sets all fields from the frame. See [Packet].
func (p *Unsuback) Decode(f Frame) error {
	p.ID = f.ackID(UNSUBACK, 0)
	return f.ackError(UNSUBACK, p.ID)
}

// String returns a one-line description for logs.
func (p *Unsuback) String() string { return "UNSUBACK id=" + decimal(p.ID) }

// ackID returns the packet identifier that makes up the whole body of f, or 0
// if f cannot be a packet of type t.
func (f Frame) ackID(t Type, flags byte) uint16 {
	if f.Type != t || f.Flags != flags || len(f.Body) != 2 {
		return 0
	}
	return identifier(f.Body, 0)
}

// ackError returns an error if id, the result of ackID, is 0.
func (f Frame) ackError(t Type, id uint16) error {
	if id == 0 {
		return f.ackFault(t)
	}
	return nil
}

// ackFault reports why ackID returned 0.
func (f Frame) ackFault(t Type) error {
	if f.is(t) {
		return f.badID(0)
	}
	return f.fault(t)
}
