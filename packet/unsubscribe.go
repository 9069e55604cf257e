package packet

// Unsubscribe cancels subscriptions (section 3.10).
type Unsubscribe struct {
	ID      uint16   // packet identifier, not 0
	Filters [][]byte // the topic filters, at least one
}

// Type returns UNSUBSCRIBE.
func (*Unsubscribe) Type() Type { return UNSUBSCRIBE }

// AppendBinary appends the encoded packet to b. See [Packet].
func (p *Unsubscribe) AppendBinary(b []byte) ([]byte, error) {
	switch {
	case p.ID == 0:
		return b, zeroID(UNSUBSCRIBE)
	case len(p.Filters) == 0:
		return b, invalid(UNSUBSCRIBE, "MQTT-3.10.3-2", "no topic filter")
	}
	length := int64(2)
	for i, filter := range p.Filters {
		if f := filterFlaw(filter); f != nil {
			return b, unsendable(UNSUBSCRIBE, "topic filter "+decimal(i), f)
		}
		length += 2 + int64(len(filter))
	}
	if err := checkLength(UNSUBSCRIBE, length); err != nil {
		return b, err
	}
	b = appendHeader(b, UNSUBSCRIBE, 0b0010, int(length))
	b = appendUint16(b, p.ID)
	for _, filter := range p.Filters {
		b = appendField(b, filter)
	}
	return b, nil
}

// Decode sets all fields from the frame, and reuses the capacity of p.Filters.
// See [Packet].
func (p *Unsubscribe) Decode(f Frame) error {
	if !f.is(UNSUBSCRIBE) {
		return f.fault(UNSUBSCRIBE)
	}
	id := identifier(f.Body, 0)
	switch {
	case id == 0:
		return f.badID(0)
	case len(f.Body) == 2:
		return malformed(UNSUBSCRIBE, f.offset(2), "MQTT-3.10.3-2", "no topic filter")
	}
	all := p.Filters[:0]
	for i := 2; i < len(f.Body); {
		filter, end := field(f.Body, i)
		if end == 0 {
			return f.missing(i, "topic filter", "section 3.10.3")
		}
		if flaw := filterFlaw(filter); flaw != nil {
			return f.flawed(i, "topic filter", flaw)
		}
		if len(all) == cap(all) {
			all = withRoom(all, countFields(f.Body, i, 0))
		}
		all = append(all, filter)
		i = end
	}
	*p = Unsubscribe{id, all}
	return nil
}

// Clone returns a copy that shares no memory with p.
func (p *Unsubscribe) Clone() *Unsubscribe {
	q := &Unsubscribe{ID: p.ID}
	for _, filter := range p.Filters {
		q.Filters = append(q.Filters, clone(filter))
	}
	return q
}

// String returns a one-line description for logs, with at most the first 8
// topic filters.
func (p *Unsubscribe) String() string {
	s := "UNSUBSCRIBE id=" + decimal(p.ID)
	for _, filter := range p.Filters[:min(len(p.Filters), 8)] {
		s += " " + quote(filter)
	}
	if n := len(p.Filters); n > 8 {
		s += " … (" + decimal(n) + ")"
	}
	return s
}
