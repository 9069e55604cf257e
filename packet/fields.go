package packet

// The functions below read a body from front to back: i is where the next field
// begins, and end is where it ends. They read nothing beyond the end of the
// body, so that a wrong length cannot reach into the next packet.

// identifier returns the packet identifier at b[i:], or 0 if b is too short.
func identifier(b []byte, i int) uint16 {
	if len(b) < i+2 {
		return 0
	}
	return uint16(b[i])<<8 | uint16(b[i+1])
}

// field returns the contents of the field at b[i:], which consists of a length
// of two bytes and as many bytes of contents. The result borrows b. end is 0 if
// b is too short.
func field(b []byte, i int) (v []byte, end int) {
	if len(b) < i+2 {
		return nil, 0
	}
	end = i + 2 + (int(b[i])<<8 | int(b[i+1]))
	if len(b) < end {
		return nil, 0
	}
	return b[i+2 : end : end], end
}

// countFields returns the number of fields in b[i:], where each field is
// followed by behind more bytes.
func countFields(b []byte, i, behind int) (n int) {
	for ; ; n++ {
		_, end := field(b, i)
		if end == 0 {
			return n
		}
		i = end + behind
	}
}

// withRoom returns a copy of list with room for exactly n more elements.
// (append might allocate up to twice as much.)
func withRoom[T any](list []T, n int) []T {
	return append(make([]T, 0, len(list)+n), list...)
}

// offset returns the offset of f.Body[i], counted from the first byte of the
// packet.
func (f Frame) offset(i int) int { return headerSize(len(f.Body)) + i }

// missing returns the error for a field at f.Body[i:] that extends beyond the
// body.
func (f Frame) missing(i int, name, rule string) error {
	rest := f.Body[i:]
	if len(rest) < 2 {
		return malformed(f.Type, f.offset(i), rule, name+" is missing: expected 2 length bytes, got "+decimal(len(rest)))
	}
	n := int(rest[0])<<8 | int(rest[1])
	return malformed(f.Type, f.offset(i), rule, name+" is truncated: expected "+decimal(n)+" bytes, got "+decimal(len(rest)-2))
}

// flawed returns the error for a flaw in the field at f.Body[i:].
func (f Frame) flawed(i int, name string, flaw *flaw) error {
	return malformed(f.Type, f.offset(i+2+flaw.at), flaw.rule, name+" "+flaw.msg)
}

// badID returns the error for a packet identifier at f.Body[i:] that is missing
// or 0.
func (f Frame) badID(i int) error {
	if left := len(f.Body) - i; left < 2 {
		return malformed(f.Type, f.offset(i), "MQTT-2.3.1-1", "packet identifier is missing: expected 2 bytes, got "+decimal(left))
	}
	return malformed(f.Type, f.offset(i), "MQTT-2.3.1-1", "packet identifier is 0")
}

// zeroID returns the error for an attempt to send packet identifier 0.
func zeroID(t Type) error { return invalid(t, "MQTT-2.3.1-1", "packet identifier is 0") }

// unsendable returns the error for a flaw in a field that the caller tries to
// send.
func unsendable(t Type, name string, f *flaw) error {
	return invalid(t, f.rule, name+" "+f.msg)
}

func appendUint16(b []byte, v uint16) []byte { return append(b, byte(v>>8), byte(v)) }

// appendField appends the length of v in two bytes, and v. The caller has
// checked the length.
func appendField(b, v []byte) []byte {
	return append(append(b, byte(len(v)>>8), byte(len(v))), v...)
}

// clone returns a copy of v that is nil if v is nil, and otherwise not nil.
func clone(v []byte) []byte {
	if v == nil {
		return nil
	}
	return append(make([]byte, 0, len(v)), v...)
}
