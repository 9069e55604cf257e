package packet

import "fmt"

// ReturnCode is a server's answer to a CONNECT (table 3.1). Codes above 5 are
// reserved.
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

// String says what the code means.
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
	return fmt.Sprintf("reserved return code %d", byte(c))
}

// Connack answers a CONNECT (section 3.2).
type Connack struct {
	SessionPresent bool // only with Accepted
	ReturnCode     ReturnCode
}

// Type returns CONNACK.
func (*Connack) Type() Type { return CONNACK }

// AppendBinary appends the encoded packet to b. See [Packet].
func (p *Connack) AppendBinary(b []byte) ([]byte, error) {
	switch {
	case p.ReturnCode > NotAuthorized:
		return b, invalid(CONNACK, "section 3.2.2.3", "return code is %d, the largest is 5", p.ReturnCode)
	case p.SessionPresent && p.ReturnCode != Accepted:
		return b, invalid(CONNACK, "MQTT-3.2.2-4", "session present though the return code is %d", p.ReturnCode)
	}
	var flags byte
	if p.SessionPresent {
		flags = 1
	}
	return append(b, byte(CONNACK)<<4, 2, flags, byte(p.ReturnCode)), nil
}

// Decode sets every field from the frame. See [Packet].
func (p *Connack) Decode(f Frame) error {
	if f.Type != CONNACK || f.Flags != 0 || len(f.Body) != 2 {
		return f.fault(CONNACK)
	}
	flags, code := f.Body[0], f.Body[1]
	switch {
	case flags > 1:
		return malformed(CONNACK, 2, "section 3.2.2.1", "acknowledge flags are %#02x, only bit 0 may be set", flags)
	case code > byte(NotAuthorized):
		return malformed(CONNACK, 3, "section 3.2.2.3", "return code is %d, the largest is 5", code)
	case flags == 1 && code != 0:
		return malformed(CONNACK, 2, "MQTT-3.2.2-4", "session present though the return code is %d", code)
	}
	*p = Connack{flags == 1, ReturnCode(code)}
	return nil
}

// String returns one line for logs.
func (p *Connack) String() string {
	return fmt.Sprintf("CONNACK %v, session present %t", p.ReturnCode, p.SessionPresent)
}
