package packet

import (
	"fmt"
	"strings"
)

// Unsubscribe ends subscriptions (section 3.10).
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
		return b, invalid(UNSUBSCRIBE, "MQTT-2.3.1-1", "packet identifier is 0")
	case len(p.Filters) == 0:
		return b, invalid(UNSUBSCRIBE, "MQTT-3.10.3-2", "no topic filter")
	}
	length := 2
	for i, filter := range p.Filters {
		if f := filterFlaw(filter); f != nil {
			return b, unsendable(UNSUBSCRIBE, fmt.Sprintf("topic filter %d", i), f)
		}
		length += 2 + len(filter)
	}
	if err := checkLength(UNSUBSCRIBE, length); err != nil {
		return b, err
	}
	b = appendHeader(b, UNSUBSCRIBE, 0b0010, length)
	b = appendUint16(b, p.ID)
	for _, filter := range p.Filters {
		b = appendField(b, filter)
	}
	return b, nil
}

// Decode sets every field from the frame, and uses the room that p.Filters has.
// See [Packet].
func (p *Unsubscribe) Decode(f Frame) error {
	*p = Unsubscribe{Filters: p.Filters[:0]}
	if err := f.check(UNSUBSCRIBE); err != nil {
		return err
	}
	c := f.cursor()
	var ok bool
	if p.ID, ok = c.uint16(); !ok || p.ID == 0 {
		return c.badID(ok)
	}
	for len(c.rest) > 0 {
		filter, ok := c.field()
		if !ok {
			return c.missing("topic filter", "section 3.10.3")
		}
		if f := filterFlaw(filter); f != nil {
			return c.flawed("topic filter", filter, f)
		}
		p.Filters = append(p.Filters, filter)
	}
	if len(p.Filters) == 0 {
		return malformed(UNSUBSCRIBE, c.offset(), "MQTT-3.10.3-2", "no topic filter")
	}
	return nil
}

// Clone returns a copy that borrows nothing.
func (p *Unsubscribe) Clone() *Unsubscribe {
	q := &Unsubscribe{ID: p.ID}
	for _, filter := range p.Filters {
		q.Filters = append(q.Filters, clone(filter))
	}
	return q
}

// String returns one line for logs.
func (p *Unsubscribe) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "UNSUBSCRIBE id=%d", p.ID)
	for _, filter := range p.Filters {
		fmt.Fprintf(&s, " %s", quote(filter))
	}
	return s.String()
}
