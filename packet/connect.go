package packet

import "strconv"

// The protocol name and level of MQTT 3.1.1.
const (
	protocolName  = "MQTT"
	protocolLevel = 4

	connectStart = "\x00\x04" + protocolName + "\x04"
)

// Connect is the first packet that a client sends (section 3.1).
type Connect struct {
	// ProtocolName and ProtocolLevel are "MQTT" and 4. When encoding, zero
	// values mean the same, and any other values are rejected. Decode always
	// sets both.
	ProtocolName  []byte
	ProtocolLevel byte

	// CleanSession asks the server to discard any previous session.
	CleanSession bool

	// KeepAlive is in seconds; 0 disables the mechanism.
	KeepAlive uint16

	// ClientID may be empty, but then CleanSession must be set. The client
	// identifier is always present in the packet: nil is encoded as empty.
	ClientID []byte

	// Will is nil if there is none. Decode reuses an existing Will.
	Will *Will

	// Username is nil if absent.
	Username []byte

	// Password is nil if absent. It requires a Username. It may contain any
	// bytes.
	Password Secret
}

// A Will is the message that the server publishes when a client disconnects
// without sending a DISCONNECT (section 3.1.2.5).
type Will struct {
	Topic   []byte
	Message []byte // any bytes, at most 65,535, may be empty
	QoS     QoS
	Retain  bool
}

// The connect flags (section 3.1.2.3).
const (
	flagReserved     = 1
	flagCleanSession = 1 << 1
	flagWill         = 1 << 2
	shiftWillQoS     = 3
	flagWillRetain   = 1 << 5
	flagPassword     = 1 << 6
	flagUsername     = 1 << 7
)

// Type returns CONNECT.
func (*Connect) Type() Type { return CONNECT }

// AppendBinary appends the encoded packet to b. See [Packet].
func (p *Connect) AppendBinary(b []byte) ([]byte, error) {
	if err := p.check(); err != nil {
		return b, err
	}
	var flags byte
	length := 10 + 2 + len(p.ClientID)
	if p.CleanSession {
		flags = flagCleanSession
	}
	if w := p.Will; w != nil {
		flags |= flagWill | byte(w.QoS)<<shiftWillQoS
		if w.Retain {
			flags |= flagWillRetain
		}
		length += 2 + len(w.Topic) + 2 + len(w.Message)
	}
	if p.Username != nil {
		flags |= flagUsername
		length += 2 + len(p.Username)
	}
	if p.Password != nil {
		flags |= flagPassword
		length += 2 + len(p.Password)
	}
	b = appendHeader(b, CONNECT, 0, length)
	b = append(b, 0, 4, 'M', 'Q', 'T', 'T', protocolLevel, flags, byte(p.KeepAlive>>8), byte(p.KeepAlive))
	b = appendField(b, p.ClientID)
	if w := p.Will; w != nil {
		b = appendField(b, w.Topic)
		b = appendField(b, w.Message)
	}
	if p.Username != nil {
		b = appendField(b, p.Username)
	}
	if p.Password != nil {
		b = appendField(b, p.Password)
	}
	return b, nil
}

// check returns an error if the packet must not be sent.
func (p *Connect) check() error {
	switch {
	case p.ProtocolName != nil && string(p.ProtocolName) != protocolName:
		return invalid(CONNECT, "MQTT-3.1.2-1", "protocol name is "+quote(p.ProtocolName)+", expected "+strconv.Quote(protocolName))
	case p.ProtocolLevel != 0 && p.ProtocolLevel != protocolLevel:
		return invalid(CONNECT, "MQTT-3.1.2-2", badLevel(p.ProtocolLevel))
	case len(p.ClientID) == 0 && !p.CleanSession:
		return invalid(CONNECT, "MQTT-3.1.3-7", "client identifier is empty but CleanSession is not set")
	case p.Password != nil && p.Username == nil:
		return invalid(CONNECT, "MQTT-3.1.2-22", "password without a user name")
	}
	if f := textFlaw(p.ClientID); f != nil {
		return unsendable(CONNECT, "client identifier", f)
	}
	if w := p.Will; w != nil {
		if w.QoS > QoS2 {
			return invalid(CONNECT, "MQTT-3.1.2-14", "will QoS is "+decimal(w.QoS)+", expected at most 2")
		}
		if f := topicFlaw(w.Topic); f != nil {
			return unsendable(CONNECT, "will topic", f)
		}
		if f := lengthFlaw(w.Message, "section 3.1.3.3"); f != nil {
			return unsendable(CONNECT, "will message", f)
		}
	}
	if f := textFlaw(p.Username); f != nil {
		return unsendable(CONNECT, "user name", f)
	}
	if f := lengthFlaw(p.Password, "section 3.1.3.5"); f != nil {
		return unsendable(CONNECT, "password", f)
	}
	return nil
}

// Decode sets all fields from the frame. See [Packet].
//
// If the error wraps [ErrProtocolLevel], ProtocolName and ProtocolLevel are set
// and all other fields are zero: another version of MQTT defines what follows.
// A packet with a wrong protocol name is malformed; ProtocolName is set then
// too.
func (p *Connect) Decode(f Frame) error {
	will := p.Will
	*p = Connect{}
	if !f.is(CONNECT) {
		return f.fault(CONNECT)
	}
	if string(f.Body[:7]) != connectStart {
		return p.decodeForeign(f)
	}
	flags := f.Body[7]
	if !legalConnectFlags(flags) {
		return f.badConnectFlags(flags)
	}
	p.ProtocolName, p.ProtocolLevel = f.Body[2:6:6], protocolLevel
	p.CleanSession = flags&flagCleanSession != 0
	p.KeepAlive = uint16(f.Body[8])<<8 | uint16(f.Body[9])

	i := 10
	var end int
	if p.ClientID, end = field(f.Body, i); end == 0 {
		return f.missing(i, "client identifier", "MQTT-3.1.3-3")
	}
	if flaw := textFlaw(p.ClientID); flaw != nil {
		return f.flawed(i, "client identifier", flaw)
	}
	if flags&flagWill != 0 {
		if p.Will = will; will == nil {
			p.Will = new(Will)
		}
		var err error
		if end, err = p.Will.decode(f, end); err != nil {
			return err
		}
	}
	if flags&flagUsername != 0 {
		i = end
		if p.Username, end = field(f.Body, i); end == 0 {
			return f.missing(i, "user name", "MQTT-3.1.2-19")
		}
		if flaw := textFlaw(p.Username); flaw != nil {
			return f.flawed(i, "user name", flaw)
		}
	}
	if flags&flagPassword != 0 {
		i = end
		if p.Password, end = field(f.Body, i); end == 0 {
			return f.missing(i, "password", "MQTT-3.1.2-21")
		}
	}
	if end < len(f.Body) {
		return malformed(CONNECT, f.offset(end), surplusRule(flags), "expected no further bytes, got "+decimal(len(f.Body)-end))
	}
	return nil
}

// decode sets all fields from the body of a CONNECT, in which the will begins
// at i and ends at end.
func (w *Will) decode(f Frame, i int) (end int, err error) {
	flags := f.Body[7]
	w.QoS, w.Retain = QoS(flags>>shiftWillQoS&3), flags&flagWillRetain != 0
	if w.Topic, end = field(f.Body, i); end == 0 {
		return end, f.missing(i, "will topic", "MQTT-3.1.2-9")
	}
	if flaw := topicFlaw(w.Topic); flaw != nil {
		return end, f.flawed(i, "will topic", flaw)
	}
	i = end
	if w.Message, end = field(f.Body, i); end == 0 {
		return end, f.missing(i, "will message", "MQTT-3.1.2-9")
	}
	return end, nil
}

// decodeForeign decodes the protocol name and level of a frame that is not MQTT
// 3.1.1, and reports how they differ.
func (p *Connect) decodeForeign(f Frame) error {
	name, end := field(f.Body, 0)
	if end == 0 {
		return f.missing(0, "protocol name", "MQTT-3.1.2-1")
	}
	p.ProtocolName = name
	if string(name) != protocolName {
		name = name[:min(len(name), 8)] // a wrong length could expose the password
		return malformed(CONNECT, f.offset(0), "MQTT-3.1.2-1", "protocol name begins with "+quote(name)+", expected "+strconv.Quote(protocolName))
	}
	p.ProtocolLevel = f.Body[end]
	return &SyntaxError{CONNECT, f.offset(end), "MQTT-3.1.2-2",
		badLevel(p.ProtocolLevel), ErrProtocolLevel}
}

func badLevel(level byte) string {
	return "protocol level is " + decimal(level) + ", expected " + decimal(protocolLevel)
}

// legalConnectFlags reports whether the connect flags conform to the standard
// and are consistent with each other.
func legalConnectFlags(flags byte) bool {
	const willOptions = 3<<shiftWillQoS | flagWillRetain
	return flags&flagReserved == 0 &&
		(flags&flagWill != 0 || flags&willOptions == 0) &&
		flags>>shiftWillQoS&3 <= byte(QoS2) &&
		(flags&flagUsername != 0 || flags&flagPassword == 0)
}

// badConnectFlags reports why the connect flags are not legal.
func (f Frame) badConnectFlags(flags byte) error {
	var rule, msg string
	switch qos := flags >> shiftWillQoS & 3; {
	case flags&flagReserved != 0:
		rule, msg = "MQTT-3.1.2-3", "the reserved connect flag is set"
	case flags&flagWill == 0 && qos != 0:
		rule, msg = "MQTT-3.1.2-13", "will QoS is "+decimal(qos)+" but there is no will"
	case flags&flagWill == 0 && flags&flagWillRetain != 0:
		rule, msg = "MQTT-3.1.2-15", "will retain is set but there is no will"
	case qos == 3:
		rule, msg = "MQTT-3.1.2-14", "will QoS is 3, expected at most 2"
	default:
		rule, msg = "MQTT-3.1.2-22", "password flag without the user name flag"
	}
	return malformed(CONNECT, f.offset(7), rule, msg)
}

// surplusRule returns the statement that is violated by bytes after the last
// field, which most likely are a field whose flag is not set.
func surplusRule(flags byte) string {
	switch {
	case flags&flagUsername == 0:
		return "MQTT-3.1.2-18"
	case flags&flagPassword == 0:
		return "MQTT-3.1.2-20"
	}
	return "section 3.1.3"
}

// Clone returns a copy that shares no memory with p.
func (p *Connect) Clone() *Connect {
	q := *p
	q.ProtocolName, q.ClientID = clone(p.ProtocolName), clone(p.ClientID)
	q.Username, q.Password = clone(p.Username), clone(p.Password)
	if w := p.Will; w != nil {
		q.Will = &Will{clone(w.Topic), clone(w.Message), w.QoS, w.Retain}
	}
	return &q
}

// String returns a one-line description for logs, without the password and the
// will message.
func (p *Connect) String() string {
	s := "CONNECT client=" + quote(p.ClientID)
	if p.Username != nil {
		s += " user=" + quote(p.Username)
	}
	if p.Password != nil {
		s += " password=" + p.Password.String()
	}
	if w := p.Will; w != nil {
		s += " will=" + quote(w.Topic) + " (" + w.QoS.String() + ", retain " + strconv.FormatBool(w.Retain) + ", " + decimal(len(w.Message)) + " bytes)"
	}
	s += " clean=" + strconv.FormatBool(p.CleanSession) + " keepalive=" + decimal(p.KeepAlive) + "s"
	if p.ProtocolLevel != 0 && p.ProtocolLevel != protocolLevel {
		s += " level=" + decimal(p.ProtocolLevel)
	}
	return s
}
