package packet

import "strconv"

// A ReturnCode is a server's response to a CONNECT (table 3.1). Codes above 5
// are reserved.
type ReturnCode byte

// The return codes of a CONNACK.
const (
	Accepted                    ReturnCode = 0
	UnacceptableProtocolVersion ReturnCode = 1
	IdentifierRejected          ReturnCode = 2
	ServerUnavailable           ReturnCode = 3
	BadUsernameOrPassword       ReturnCode = 4
	NotAuthorized               ReturnCode = 5
)

// String returns the meaning of the code.
func (c ReturnCode) String() string {
	switch c {
	case Accepted:
		return "accepted"
	case UnacceptableProtocolVersion:
		return "unacceptable protocol version"
	case IdentifierRejected:
		return "identifier rejected"
	case ServerUnavailable:
		return "server unavailable"
	case BadUsernameOrPassword:
		return "bad user name or password"
	case NotAuthorized:
		return "not authorized"
	}
	return "reserved return code " + decimal(c)
}

// Connack acknowledges a CONNECT (section 3.2).
type Connack struct {
	SessionPresent bool // may be set only with Accepted
	ReturnCode     ReturnCode
}

// Type returns CONNACK.
func (*Connack) Type() Type { return CONNACK }

// AppendBinary appends the encoded packet to b. See [Packet].
func (p *Connack) AppendBinary(b []byte) ([]byte, error) {
	switch {
	case p.ReturnCode > NotAuthorized:
		return b, invalid(CONNACK, "section 3.2.2.3", "return code is "+decimal(p.ReturnCode)+", expected at most 5")
	case p.SessionPresent && p.ReturnCode != Accepted:
		return b, invalid(CONNACK, "MQTT-3.2.2-4", "session present is set but the return code is "+decimal(p.ReturnCode))
	}
	var flags byte
	if p.SessionPresent {
		flags = 1
	}
	return append(b, byte(CONNACK)<<4, 2, flags, byte(p.ReturnCode)), nil
}

// Decode sets all fields from the frame. See [Packet].
func (p *Connack) Decode(f Frame) error {
	if f.Type != CONNACK || f.Flags != 0 || len(f.Body) != 2 {
		return f.fault(CONNACK)
	}
	flags, code := f.Body[0], f.Body[1]
	switch {
	case flags > 1:
		return malformed(CONNACK, 2, "section 3.2.2.1", "acknowledge flags are "+hex(flags)+", expected 0x00 or 0x01")
	case code > byte(NotAuthorized):
		return malformed(CONNACK, 3, "section 3.2.2.3", "return code is "+decimal(code)+", expected at most 5")
	case flags == 1 && code != 0:
		return malformed(CONNACK, 2, "MQTT-3.2.2-4", "session present is set but the return code is "+decimal(code))
	}
	*p = Connack{flags == 1, ReturnCode(code)}
	return nil
}

// String returns a one-line description for logs.
func (p *Connack) String() string {
	return "CONNACK " + p.ReturnCode.String() + ", session present " + strconv.FormatBool(p.SessionPresent)
}
