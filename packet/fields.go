package packet

import "fmt"

// A body is read from front to back, by functions that return what is left of it.
// They never read past its end, so that a wrong length cannot reach the packet
// behind it.

// cutUint16 reads a big-endian integer. ok is false if b ends before.
func cutUint16(b []byte) (v uint16, rest []byte, ok bool) {
	if len(b) < 2 {
		return 0, b, false
	}
	return uint16(b[0])<<8 | uint16(b[1]), b[2:], true
}

// cutField reads a length of two bytes and as many bytes, which it borrows. ok is
// false if b ends before.
func cutField(b []byte) (v, rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, b, false
	}
	end := 2 + (int(b[0])<<8 | int(b[1]))
	if len(b) < end {
		return nil, b, false
	}
	return b[2:end:end], b[end:], true
}

// offset returns where the rest of the body begins, counted from the first byte of
// the packet.
func (f Frame) offset(rest []byte) int {
	return headerSize(len(f.Body)) + len(f.Body) - len(rest)
}

// missing reports a field that does not fit into the rest of the body.
func (f Frame) missing(rest []byte, name, rule string) error {
	if len(rest) < 2 {
		return malformed(f.Type, f.offset(rest), rule, "%s is missing, %d bytes are left", name, len(rest))
	}
	n := int(rest[0])<<8 | int(rest[1])
	return malformed(f.Type, f.offset(rest), rule, "%s has %d bytes, %d are left", name, n, len(rest)-2)
}

// flawed reports a flaw in the field v, which stands right before the rest.
func (f Frame) flawed(rest, v []byte, name string, flaw *flaw) error {
	return malformed(f.Type, f.offset(rest)-len(v)+flaw.at, flaw.rule, "%s %s", name, flaw.msg)
}

// badID reports a packet identifier that is missing (found is false) or, right
// before the rest, 0.
func (f Frame) badID(rest []byte, found bool) error {
	if !found {
		return malformed(f.Type, f.offset(rest), "MQTT-2.3.1-1", "packet identifier is missing, %d bytes are left", len(rest))
	}
	return malformed(f.Type, f.offset(rest)-2, "MQTT-2.3.1-1", "packet identifier is 0")
}

// zeroID reports that the caller wants to send packet identifier 0.
func zeroID(t Type) error { return invalid(t, "MQTT-2.3.1-1", "packet identifier is 0") }

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

// quote prints a foreign string, at most the first 256 bytes of it.
func quote(v []byte) string {
	if len(v) > 256 {
		return fmt.Sprintf("%q…", v[:256])
	}
	return fmt.Sprintf("%q", v)
}
