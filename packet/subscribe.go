package packet

// Subscribe requests the messages that match one or more topic filters (section
// 3.8).
type Subscribe struct {
	ID            uint16         // packet identifier, not 0
	Subscriptions []Subscription // at least one
}

// A Subscription is a topic filter and the requested QoS.
type Subscription struct {
	Filter []byte
	QoS    QoS // the maximum QoS at which the server may send messages
}

// Type returns SUBSCRIBE.
func (*Subscribe) Type() Type { return SUBSCRIBE }

// AppendBinary appends the encoded packet to b. See [Packet].
func (p *Subscribe) AppendBinary(b []byte) ([]byte, error) {
	switch {
	case p.ID == 0:
		return b, zeroID(SUBSCRIBE)
	case len(p.Subscriptions) == 0:
		return b, invalid(SUBSCRIBE, "MQTT-3.8.3-3", "no topic filter")
	}
	length := int64(2)
	for i := range p.Subscriptions {
		s := &p.Subscriptions[i]
		if f := filterFlaw(s.Filter); f != nil {
			return b, unsendable(SUBSCRIBE, "topic filter "+decimal(i), f)
		}
		if s.QoS > QoS2 {
			return b, invalid(SUBSCRIBE, "MQTT-3.8.3-4", "QoS of topic filter "+decimal(i)+" is "+decimal(s.QoS)+", expected at most 2")
		}
		length += 2 + int64(len(s.Filter)) + 1
	}
	if err := checkLength(SUBSCRIBE, length); err != nil {
		return b, err
	}
	b = appendHeader(b, SUBSCRIBE, 0b0010, int(length))
	b = appendUint16(b, p.ID)
	for i := range p.Subscriptions {
		s := &p.Subscriptions[i]
		b = append(appendField(b, s.Filter), byte(s.QoS))
	}
	return b, nil
}

// Decode sets all fields from the frame, and reuses the capacity of
// p.Subscriptions. See [Packet].
func (p *Subscribe) Decode(f Frame) error {
	if !f.is(SUBSCRIBE) {
		return f.fault(SUBSCRIBE)
	}
	id := identifier(f.Body, 0)
	switch {
	case id == 0:
		return f.badID(0)
	case len(f.Body) == 2:
		return malformed(SUBSCRIBE, f.offset(2), "MQTT-3.8.3-3", "no topic filter")
	}
	all := p.Subscriptions[:0]
	for i := 2; i < len(f.Body); {
		filter, end := field(f.Body, i)
		if end == 0 {
			return f.missing(i, "topic filter", "section 3.8.3")
		}
		if flaw := filterFlaw(filter); flaw != nil {
			return f.flawed(i, "topic filter", flaw)
		}
		if end == len(f.Body) {
			return malformed(SUBSCRIBE, f.offset(end), "MQTT-3.8.3-3", "topic filter without a QoS")
		}
		qos := QoS(f.Body[end])
		if qos > QoS2 {
			return malformed(SUBSCRIBE, f.offset(end), "MQTT-3.8.3-4", "requested QoS is "+hex(byte(qos))+", expected at most 2")
		}
		if len(all) == cap(all) {
			all = withRoom(all, countFields(f.Body, i, 1))
		}
		all = append(all, Subscription{filter, qos})
		i = end + 1
	}
	*p = Subscribe{id, all}
	return nil
}

// Clone returns a copy that shares no memory with p.
func (p *Subscribe) Clone() *Subscribe {
	q := &Subscribe{ID: p.ID}
	for _, s := range p.Subscriptions {
		q.Subscriptions = append(q.Subscriptions, Subscription{clone(s.Filter), s.QoS})
	}
	return q
}

// String returns a one-line description for logs, with at most the first 8
// topic filters.
func (p *Subscribe) String() string {
	s := "SUBSCRIBE id=" + decimal(p.ID)
	for _, sub := range p.Subscriptions[:min(len(p.Subscriptions), 8)] {
		s += " " + quote(sub.Filter) + " (" + sub.QoS.String() + ")"
	}
	if n := len(p.Subscriptions); n > 8 {
		s += " … (" + decimal(n) + ")"
	}
	return s
}
