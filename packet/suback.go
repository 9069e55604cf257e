package packet

// SubackFailure is the return code in a SUBACK for a topic filter that the
// server rejects. The other codes are the granted QoS: 0, 1 or 2.
const SubackFailure = 0x80

// Suback acknowledges a SUBSCRIBE (section 3.9).
type Suback struct {
	ID          uint16 // packet identifier of the SUBSCRIBE, not 0
	ReturnCodes []byte // one for each topic filter of the SUBSCRIBE, in the same order
}

// Type returns SUBACK.
func (*Suback) Type() Type { return SUBACK }

// AppendBinary appends the encoded packet to b. See [Packet].
func (p *Suback) AppendBinary(b []byte) ([]byte, error) {
	switch {
	case p.ID == 0:
		return b, zeroID(SUBACK)
	case len(p.ReturnCodes) == 0:
		return b, invalid(SUBACK, "MQTT-3.8.4-5", "no return code")
	}
	length := 2 + int64(len(p.ReturnCodes))
	if err := checkLength(SUBACK, length); err != nil {
		return b, err
	}
	for i, code := range p.ReturnCodes {
		if badReturnCode(code) {
			return b, invalid(SUBACK, "MQTT-3.9.3-2", "return code "+decimal(i)+" is "+hex(code)+", expected 0, 1, 2 or 0x80")
		}
	}
	b = appendHeader(b, SUBACK, 0, int(length))
	b = appendUint16(b, p.ID)
	return append(b, p.ReturnCodes...), nil
}

// Decode sets all fields from the frame. See [Packet].
func (p *Suback) Decode(f Frame) error {
	if f.Type != SUBACK || f.Flags != 0 || len(f.Body) < 2 || len(f.Body) > MaxRemainingLength {
		return f.fault(SUBACK)
	}
	id, codes := identifier(f.Body, 0), f.Body[2:len(f.Body):len(f.Body)]
	if id == 0 {
		return f.badID(0)
	}
	if len(codes) == 0 {
		return malformed(SUBACK, f.offset(2), "MQTT-3.8.4-5", "no return code")
	}
	for i, code := range codes {
		if badReturnCode(code) {
			return malformed(SUBACK, f.offset(2+i), "MQTT-3.9.3-2", "return code is "+hex(code)+", expected 0, 1, 2 or 0x80")
		}
	}
	*p = Suback{id, codes}
	return nil
}

// badReturnCode reports whether code is illegal.
func badReturnCode(code byte) bool { return code > byte(QoS2) && code != SubackFailure }

// Clone returns a copy that shares no memory with p.
func (p *Suback) Clone() *Suback { return &Suback{p.ID, clone(p.ReturnCodes)} }

// String returns a one-line description for logs, with at most the first 16
// return codes.
func (p *Suback) String() string {
	s, sep := "SUBACK id="+decimal(p.ID)+" codes=", ""
	for _, code := range p.ReturnCodes[:min(len(p.ReturnCodes), 16)] {
		s, sep = s+sep+hex(code)[2:], " "
	}
	if n := len(p.ReturnCodes); n > 16 {
		s += "… (" + decimal(n) + ")"
	}
	return s
}
