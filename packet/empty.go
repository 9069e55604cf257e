package packet

// Pingreq asks the server for a PINGRESP (section 3.12). It has no fields.
type Pingreq struct{}

// Pingresp responds to a PINGREQ (section 3.13). It has no fields.
type Pingresp struct{}

// Disconnect is the last packet that a client sends (section 3.14). It has no
// fields.
type Disconnect struct{}

// Type returns PINGREQ.
func (*Pingreq) Type() Type { return PINGREQ }

// AppendBinary appends the encoded packet to b. It never fails. See [Packet].
func (*Pingreq) AppendBinary(b []byte) ([]byte, error) { return append(b, byte(PINGREQ)<<4, 0), nil }

// Decode checks the frame. See [Packet].
func (*Pingreq) Decode(f Frame) error {
	if f.Type != PINGREQ || f.Flags != 0 || len(f.Body) != 0 {
		return f.fault(PINGREQ)
	}
	return nil
}

// String returns "PINGREQ".
func (*Pingreq) String() string { return "PINGREQ" }

// Type returns PINGRESP.
func (*Pingresp) Type() Type { return PINGRESP }

// AppendBinary appends the encoded packet to b. It never fails. See [Packet].
func (*Pingresp) AppendBinary(b []byte) ([]byte, error) { return append(b, byte(PINGRESP)<<4, 0), nil }

// Decode checks the frame. See [Packet].
func (*Pingresp) Decode(f Frame) error {
	if f.Type != PINGRESP || f.Flags != 0 || len(f.Body) != 0 {
		return f.fault(PINGRESP)
	}
	return nil
}

// String returns "PINGRESP".
func (*Pingresp) String() string { return "PINGRESP" }

// Type returns DISCONNECT.
func (*Disconnect) Type() Type { return DISCONNECT }

// AppendBinary appends the encoded packet to b. It never fails. See [Packet].
func (*Disconnect) AppendBinary(b []byte) ([]byte, error) {
	return append(b, byte(DISCONNECT)<<4, 0), nil
}

// Decode checks the frame. See [Packet].
func (*Disconnect) Decode(f Frame) error {
	if f.Type != DISCONNECT || f.Flags != 0 || len(f.Body) != 0 {
		return f.fault(DISCONNECT)
	}
	return nil
}

// String returns "DISCONNECT".
func (*Disconnect) String() string { return "DISCONNECT" }
