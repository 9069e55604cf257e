package packet

// Publish carries a message (section 3.3).
type Publish struct {
	Dup     bool // the packet may have been sent before; not allowed with QoS 0
	QoS     QoS
	Retain  bool
	ID      uint16 // packet identifier: 0 with QoS 0, otherwise not 0
	Topic   []byte // a topic name: not empty, without wildcards
	Payload []byte // any bytes; nil and empty are equivalent; Decode sets it to non-nil
}

// Type returns PUBLISH.
func (*Publish) Type() Type { return PUBLISH }

// AppendBinary appends the encoded packet to b. See [Packet].
func (p *Publish) AppendBinary(b []byte) ([]byte, error) {
	b, err := p.AppendHeader(b)
	if err != nil {
		return b, err
	}
	return append(b, p.Payload...), nil
}

// AppendHeader appends the encoded packet without its payload, so that a large
// payload can be sent from where it is, in one vectored write. It returns the
// same errors as AppendBinary.
func (p *Publish) AppendHeader(b []byte) ([]byte, error) {
	flags := byte(p.QoS) << 1
	length := 2 + int64(len(p.Topic)) + int64(len(p.Payload))
	switch {
	case p.QoS > QoS2:
		return b, invalid(PUBLISH, "MQTT-3.3.1-4", "QoS is "+decimal(p.QoS)+", expected at most 2")
	case p.QoS != QoS0 && p.ID == 0:
		return b, invalid(PUBLISH, "MQTT-2.3.1-1", "packet identifier is 0 but QoS is "+decimal(p.QoS))
	case p.QoS == QoS0 && p.ID != 0:
		return b, invalid(PUBLISH, "MQTT-2.3.1-5", "packet identifier is "+decimal(p.ID)+" but QoS is 0")
	case p.QoS == QoS0 && p.Dup:
		return b, invalid(PUBLISH, "MQTT-3.3.1-2", "DUP is set but QoS is 0")
	case p.QoS != QoS0:
		length += 2
	}
	if f := topicFlaw(p.Topic); f != nil {
		return b, unsendable(PUBLISH, "topic name", f)
	}
	if err := checkLength(PUBLISH, length); err != nil {
		return b, err
	}
	if p.Dup {
		flags |= 1 << 3
	}
	if p.Retain {
		flags |= 1
	}
	b = appendHeader(b, PUBLISH, flags, int(length))
	b = appendField(b, p.Topic)
	if p.QoS != QoS0 {
		b = appendUint16(b, p.ID)
	}
	return b, nil
}

// Decode sets all fields from the frame. See [Packet].
func (p *Publish) Decode(f Frame) error {
	if !f.is(PUBLISH) {
		return f.fault(PUBLISH)
	}
	topic, end := field(f.Body, 0)
	if end == 0 {
		return f.missing(0, "topic name", "MQTT-3.3.2-1")
	}
	if flaw := topicFlaw(topic); flaw != nil {
		return f.flawed(0, "topic name", flaw)
	}
	qos, id := QoS(f.Flags>>1&3), uint16(0)
	if qos != QoS0 {
		if id = identifier(f.Body, end); id == 0 {
			return f.badID(end)
		}
		end += 2
	}
	p.Dup, p.QoS, p.Retain, p.ID = f.Flags&8 != 0, qos, f.Flags&1 != 0, id
	p.Topic, p.Payload = topic, f.Body[end:len(f.Body):len(f.Body)]
	return nil
}

// Clone returns a copy that shares no memory with p.
func (p *Publish) Clone() *Publish {
	// A modified copy of *p would make the compiler assume that p's slices
	// escape.
	return &Publish{p.Dup, p.QoS, p.Retain, p.ID, clone(p.Topic), clone(p.Payload)}
}

// String returns a one-line description for logs, without the payload.
func (p *Publish) String() string {
	s := "PUBLISH"
	if p.QoS != QoS0 {
		s += " id=" + decimal(p.ID)
	}
	s += " qos=" + decimal(p.QoS)
	if p.Dup {
		s += " dup"
	}
	if p.Retain {
		s += " retain"
	}
	return s + " topic=" + quote(p.Topic) + " payload=" + decimal(len(p.Payload)) + " bytes"
}
