package packet

// A body is read from front to back: i is where the next field begins, end where it
// ends. Nothing is read past the end of the body, so that a wrong length cannot reach
// the packet behind it.

// identifier returns the packet identifier at b[i:], or 0 if b ends before.
func identifier(b []byte, i int) uint16 {
	if len(b) < i+2 {
		return 0
	}
	return uint16(b[i])<<8 | uint16(b[i+1])
}

// field returns the field at b[i:], a length of two bytes and as many bytes, which it
// borrows. end is 0 if b ends before.
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

// countFields returns how many fields there are in b[i:], each with some bytes behind it.
func countFields(b []byte, i, behind int) (n int) {
	for ; ; n++ {
		_, end := field(b, i)
		if end == 0 {
			return n
		}
		i = end + behind
	}
}

// withRoom returns a copy of a list, with room for exactly n more elements: append makes up
// to twice as much.
func withRoom[T any](list []T, n int) []T {
	return append(make([]T, 0, len(list)+n), list...)
}

// offset returns where f.Body[i] is, counted from the first byte of the packet.
func (f Frame) offset(i int) int { return headerSize(len(f.Body)) + i }

// missing reports that the field at f.Body[i:] does not fit into it.
func (f Frame) missing(i int, name, rule string) error {
	rest := f.Body[i:]
	if len(rest) < 2 {
		return malformed(f.Type, f.offset(i), rule, name+" is missing: expected 2 length bytes, got "+decimal(len(rest)))
	}
	n := int(rest[0])<<8 | int(rest[1])
	return malformed(f.Type, f.offset(i), rule, name+" is truncated: expected "+decimal(n)+" bytes, got "+decimal(len(rest)-2))
}

// flawed reports a flaw in the field at f.Body[i:].
func (f Frame) flawed(i int, name string, flaw *flaw) error {
	return malformed(f.Type, f.offset(i+2+flaw.at), flaw.rule, name+" "+flaw.msg)
}

// badID reports that the packet identifier at f.Body[i:] is missing or 0.
func (f Frame) badID(i int) error {
	if left := len(f.Body) - i; left < 2 {
		return malformed(f.Type, f.offset(i), "MQTT-2.3.1-1", "packet identifier is missing: expected 2 bytes, got "+decimal(left))
	}
	return malformed(f.Type, f.offset(i), "MQTT-2.3.1-1", "packet identifier is 0")
}

// zeroID reports that the caller wants to send packet identifier 0.
func zeroID(t Type) error { return invalid(t, "MQTT-2.3.1-1", "packet identifier is 0") }

// unsendable reports a flaw in a field that the caller wants to send.
func unsendable(t Type, name string, f *flaw) error {
	return invalid(t, f.rule, name+" "+f.msg)
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
