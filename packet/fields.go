package packet

import "fmt"

// A cursor reads the body of a packet from front to back. It never reads past the
// end of the body, so that a wrong length cannot reach the packet behind it.
type cursor struct {
	rest []byte
	size int // of the whole body
	t    Type
}

func (f *Frame) cursor() cursor { return cursor{f.Body, len(f.Body), f.Type} }

// uint16 reads a big-endian integer. ok is false if the body ends before.
func (c *cursor) uint16() (v uint16, ok bool) {
	if len(c.rest) < 2 {
		return 0, false
	}
	v = uint16(c.rest[0])<<8 | uint16(c.rest[1])
	c.rest = c.rest[2:]
	return v, true
}

// field reads a length of two bytes and as many bytes, which it borrows. ok is
// false if the body ends before.
func (c *cursor) field() (v []byte, ok bool) {
	if len(c.rest) < 2 {
		return nil, false
	}
	end := 2 + (int(c.rest[0])<<8 | int(c.rest[1]))
	if len(c.rest) < end {
		return nil, false
	}
	v, c.rest = c.rest[2:end:end], c.rest[end:]
	return v, true
}

// offset returns where the cursor stands, counted from the first byte of the packet.
func (c *cursor) offset() int { return headerSize(c.size) + c.size - len(c.rest) }

// missing reports a field that does not fit into what is left of the body.
func (c *cursor) missing(name, rule string) error {
	if len(c.rest) < 2 {
		return malformed(c.t, c.offset(), rule, "%s is missing, %d bytes are left", name, len(c.rest))
	}
	n := int(c.rest[0])<<8 | int(c.rest[1])
	return malformed(c.t, c.offset(), rule, "%s has %d bytes, %d are left", name, n, len(c.rest)-2)
}

// flawed reports a flaw in the field v that was read last.
func (c *cursor) flawed(name string, v []byte, f *flaw) error {
	return malformed(c.t, c.offset()-len(v)+f.at, f.rule, "%s %s", name, f.msg)
}

// end is the end of every Decode: the body must be used up.
func (c *cursor) end(rule string) error {
	if len(c.rest) == 0 {
		return nil
	}
	return malformed(c.t, c.offset(), rule, "%d bytes too many", len(c.rest))
}

// unsendable reports a flaw in a field that the caller wants to send.
func unsendable(t Type, name string, f *flaw) error {
	return invalid(t, f.rule, "%s %s", name, f.msg)
}

func appendUint16(b []byte, v uint16) []byte { return append(b, byte(v>>8), byte(v)) }

// appendField appends a length of two bytes and v. The length has been checked.
func appendField(b, v []byte) []byte {
	return append(append(b, byte(len(v)>>8), byte(len(v))), v...)
}

// clone copies v and keeps the difference between absent and empty.
func clone(v []byte) []byte {
	if v == nil {
		return nil
	}
	return append(make([]byte, 0, len(v)), v...)
}

// quote prints a foreign string, at most the first 64 bytes of it.
func quote(v []byte) string {
	if len(v) > 64 {
		return fmt.Sprintf("%q…", v[:64])
	}
	return fmt.Sprintf("%q", v)
}

// badID reports a packet identifier that is missing (found is false) or was 0.
func (c *cursor) badID(found bool) error {
	if !found {
		return malformed(c.t, c.offset(), "MQTT-2.3.1-1", "packet identifier is missing, %d bytes are left", len(c.rest))
	}
	return malformed(c.t, c.offset()-2, "MQTT-2.3.1-1", "packet identifier is 0")
}
