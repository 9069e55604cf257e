package dpstest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/dps/packet"
	"example.com/dps/sastoken"
)

const (
	maxPacket      = 97 << 10         // the service takes messages of 96 KB
	maxOutput      = 1 << 20          // of a client that does not read, or whose answers are delayed
	maxLater       = 10_000           // delayed answers
	maxUnreleased  = 64               // messages with QoS 2 that wait for their PUBREL
	connectTimeout = 30 * time.Second // for the CONNECT to come
)

// A Conn is the service's end of a connection. Its methods have the shape of those of
// an fsm.Machine; [Service.Open] makes one.
type Conn struct {
	service *Service
	number  uint64
	cert    *Certificate // nil: none

	now    time.Time
	heard  time.Time // when the last packet came
	in     packet.Splitter
	out    []byte
	later  []delayed // in the order in which it is due
	held   int       // bytes in later
	hungup bool

	mistakes int    // so far
	ended    string // the status that the device was told in the end

	// From the CONNECT.
	connected           bool
	refused             bool   // what follows the CONNECT does not count [MQTT-3.1.4-5]
	registrationID, key string // as it came; in lower case
	version             string // api-version
	keepAlive           time.Duration
	connackAt           time.Time // when the CONNACK is sent
	token               sastoken.Token
	tokenErr            error
	enrollment          *enrollment
	refusal             *failure

	subscribed bool
	granted    packet.QoS
	requests   int             // so far
	packetID   uint16          // the last one used
	last       *packet.Publish // the answer sent last, if a Fault may want it again
	unreleased []uint16        // of messages with QoS 2 that wait for their PUBREL
}

// delayed is output for later.
type delayed struct {
	at     time.Time
	packet packet.Packet // nil if bytes are none
	bytes  []byte
	hangUp string // why the connection is closed behind it; empty: it is not
}

// Receive takes bytes that the device sent. p is copied where need be.
func (c *Conn) Receive(now time.Time, p []byte) {
	c.Advance(now) // what was due before comes first, in however many pieces p comes
	c.in.Feed(p)
	for !c.hungup {
		f, err := c.in.Next()
		if err == packet.ErrShort {
			break
		}
		if err == nil {
			c.heard = c.now
			err = c.packet(f)
		}
		if err != nil {
			c.violation(err)
		}
	}
	if c.hungup {
		c.in.Reset()
	}
	c.fire()
}

// Advance says that time passed.
func (c *Conn) Advance(now time.Time) {
	c.tick(now)
	c.fire()
}

// Lost says that the device's transport is gone.
func (c *Conn) Lost(now time.Time) {
	c.tick(now)
	if !c.hungup {
		c.diagnose(NoDisconnect, "the connection ended without a DISCONNECT")
		c.hangUp("by the client")
	}
	c.out = nil
}

// AppendOutput appends what is to be sent to the device to b, and forgets it.
func (c *Conn) AppendOutput(b []byte) []byte {
	b = append(b, c.out...)
	c.out = nil
	return b
}

// Hungup reports whether the service closes the connection, once the output is sent.
func (c *Conn) Hungup() bool { return c.hungup }

// Deadline returns when to call Advance at the latest; zero: never.
func (c *Conn) Deadline() time.Time {
	if c.hungup {
		return time.Time{}
	}
	d := c.silence()
	if len(c.later) > 0 && (d.IsZero() || c.later[0].at.Before(d)) {
		return c.later[0].at
	}
	return d
}

// silence returns when the device will have been silent for too long; zero: never.
func (c *Conn) silence() time.Time {
	switch {
	case c.refused:
	case !c.connected:
		return c.heard.Add(connectTimeout)
	case c.keepAlive > 0:
		return c.heard.Add(c.keepAlive + c.keepAlive/2)
	}
	return time.Time{}
}

func (c *Conn) tick(now time.Time) {
	if now.After(c.now) {
		c.now = now
	}
}

// fire does what is due. Every input ends with it.
func (c *Conn) fire() {
	silent := c.silence()
	for len(c.later) > 0 && !c.now.Before(c.later[0].at) {
		l := c.later[0]
		if !silent.IsZero() && !l.at.Before(silent) {
			break
		}
		c.later, c.held = c.later[1:], c.held-len(l.bytes)
		c.put(l.packet, l.bytes)
		if l.hangUp != "" {
			c.hangUp(l.hangUp)
		}
	}
	if !c.hungup && !silent.IsZero() && !c.now.Before(silent) {
		c.diagnose(Silent, "nothing came for %v", c.now.Sub(c.heard))
		c.hangUp("since the client was silent for too long")
	}
	if len(c.out)+c.held > maxOutput || len(c.later) > maxLater {
		c.diagnose(NotReading, "%d bytes of answers have not been read", len(c.out)+c.held)
		c.hangUp("since the client does not read its answers")
		c.out = nil
	}
}

// hangUp closes the connection, and says why.
func (c *Conn) hangUp(why string) {
	if c.hungup {
		return
	}
	c.event(Event{Kind: EventClosed, Text: c.summary(why)})
	if c.service.live[c.key] == c {
		delete(c.service.live, c.key)
	}
	c.hungup, c.later, c.held, c.unreleased, c.last = true, nil, 0, nil, nil
}

// summary says how the connection went.
func (c *Conn) summary(why string) string {
	how := "not registered"
	if c.ended != "" {
		how = c.ended
	}
	return fmt.Sprintf("closed %s; %s; requests: %d, mistakes: %d", why, how, c.requests, c.mistakes)
}

func (c *Conn) violation(err error) {
	c.diagnose(Violation, "%v", err)
	c.hangUp("since the client broke the protocol")
}

// send sends a packet after a delay.
func (c *Conn) send(p packet.Packet, delay time.Duration) {
	if len(c.later) == 0 && delay == 0 && !c.hungup && !c.now.Before(c.connackAt) {
		if out, err := p.AppendBinary(c.out); err == nil { // the usual case, without a detour
			c.out = out
			c.about(EventSent, p, "")
			return
		}
	}
	bytes, err := p.AppendBinary(nil)
	if err != nil {
		c.violation(err) // a scripted answer that MQTT cannot carry
		return
	}
	c.sendBytes(p, bytes, delay, "")
}

// put puts bytes into the output. p is nil if they are not a packet.
func (c *Conn) put(p packet.Packet, bytes []byte) {
	c.out = append(c.out, bytes...)
	if p != nil {
		c.about(EventSent, p, "")
	} else if len(bytes) > 0 {
		c.event(Event{Kind: EventSent, Text: fmt.Sprintf("% x", bytes[:min(len(bytes), 64)])})
	}
}

// sendBytes sends bytes after a delay, and hangs up if hangUp says why.
func (c *Conn) sendBytes(p packet.Packet, bytes []byte, delay time.Duration, hangUp string) {
	at := c.now.Add(delay)
	if at.Before(c.connackAt) {
		at = c.connackAt // the CONNACK comes first [MQTT-3.2.0-1]
	}
	switch {
	case c.hungup:
	case at.After(c.now):
		i := len(c.later)
		for i > 0 && c.later[i-1].at.After(at) {
			i--
		}
		c.later = slices.Insert(c.later, i, delayed{at, p, bytes, hangUp})
		c.held += len(bytes)
	default:
		c.put(p, bytes)
		if hangUp != "" {
			c.hangUp(hangUp)
		}
	}
}

// connect works off the CONNECT.
func (c *Conn) connect(p *packet.Connect) {
	c.registrationID, c.key = string(p.ClientID), strings.ToLower(string(p.ClientID))
	code := c.checkUsername(string(p.Username))
	if len(p.ClientID) == 0 && !p.CleanSession {
		code = packet.IdentifierRejected // MQTT-3.1.3-8
	}
	fault := c.fault(OnConnect)
	c.connackAt = c.now.Add(fault.delay())
	if fault.ReturnCode != 0 {
		code = packet.ReturnCode(min(fault.ReturnCode, byte(packet.NotAuthorized)))
	}
	if code != packet.Accepted {
		c.refuseConnect(code, fault)
		return
	}
	if other := c.service.live[c.key]; other != nil {
		other.hangUp("since the device connected again") // MQTT-3.1.4-2
	}
	c.service.live[c.key] = c
	c.connected, c.keepAlive = true, time.Duration(p.KeepAlive)*time.Second
	c.token, c.tokenErr = sastoken.Parse(p.Password)
	c.identify()
	c.deliver(fault, []packet.Packet{&packet.Connack{}})
}

func (c *Conn) refuseConnect(code packet.ReturnCode, fault *Fault) {
	c.refused = true
	c.deliver(fault, []packet.Packet{&packet.Connack{ReturnCode: code}})
	c.sendBytes(nil, nil, fault.delay(), "since the CONNECT was refused") // MQTT-3.2.2-5
}

// checkUsername takes the user name apart.
func (c *Conn) checkUsername(name string) packet.ReturnCode {
	path, _, _ := strings.Cut(name, "&")
	parts := strings.Split(path, "/")
	if len(parts) != 4 || parts[1] != "registrations" {
		return packet.BadUsernameOrPassword
	}
	version, ok := strings.CutPrefix(parts[3], "api-version=")
	c.version = strings.Clone(version) // and not the whole name
	switch {
	case !ok:
		return packet.BadUsernameOrPassword
	case parts[0] != c.service.cfg.IDScope:
		return packet.NotAuthorized
	case !strings.EqualFold(parts[2], c.registrationID):
		return packet.IdentifierRejected
	}
	return packet.Accepted
}
