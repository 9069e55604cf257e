package dpstest

import (
	"errors"
	"fmt"
	"time"

	"example.com/dps/packet"
	"example.com/dps/sastoken"
)

const (
	maxPacket     = 97 << 10 // the service accepts messages of 96 KB
	maxUnreleased = 64       // messages with QoS 2 that wait for a PUBREL
)

// A Conn is the service's end of a connection. Its methods resemble those of an
// fsm.Machine. [Service.Open] returns a Conn.
type Conn struct {
	service *Service
	number  uint64
	cert    *Certificate // nil if there is none

	now    time.Time
	heard  time.Time // when the last packet arrived
	in     packet.Splitter
	out    []byte
	later  []delayed // in the order in which they are due
	held   int       // bytes in later, with overhead
	burst  int       // most bytes that one packet of the client added to the waiting output
	begun  bool      // bytes have arrived
	hungup bool
	lost   bool

	// Used for the diagnoses.
	mistakes []tally
	ended    string     // how the registration ended, as reported to the device
	rids     [][8]byte  // hashes of the most recent ones
	unacked  []unacked  // answers with QoS 1 or 2
	filter   string     // the last topic filter that was refused
	current  *operation // the last one that the device was told about
	open     bool       // a request has not been answered properly

	// Set by the CONNECT.
	connected           bool
	refused             bool   // what follows the CONNECT is ignored [MQTT-3.1.4-5]
	registrationID, key string // as received; in lower case
	version             string // the beginning of the api-version
	versionOK           bool
	accepted            bool // the CONNACK is in the output
	keepAlive           time.Duration
	connackAt           time.Time // when the CONNACK is sent
	password            []byte    // only during connect
	plus                bool      // the signature of the token has a raw '+'
	token               sastoken.Token
	tokenErr            error
	enrollment          *enrollment
	refusal             *failure

	subscribed bool
	granted    packet.QoS
	requests   int             // so far
	queries    int             // how many of the requests are queries
	packetID   uint16          // the last one used
	last       *packet.Publish // the last answer, if a Fault may send it again
	unreleased []uint16        // of messages with QoS 2 that wait for a PUBREL
}

// Receive processes bytes that the device sent. It does not retain p.
func (c *Conn) Receive(now time.Time, p []byte) {
	c.Advance(now) // what was due earlier happens first, however the input is split
	if c.lost && len(p) > 0 {
		c.event(Event{Kind: EventDropped, Text: fmt.Sprintf("%d bytes were received after Lost, which ends a Conn: call Open for a new connection", len(p))})
	}
	if c.hungup {
		return
	}
	c.in.Feed(p)
	for !c.hungup {
		f, err := c.in.Next()
		if err == packet.ErrShort {
			break
		}
		if c.overfull(); c.hungup {
			return
		}
		before := c.waiting()
		if err == nil {
			c.heard = c.now
			err = c.packet(f)
		}
		if err != nil {
			c.violation(err, p)
		}
		c.burst = max(c.burst, c.waiting()-before)
	}
	c.begun = c.begun || len(p) > 0
}

// Advance informs the connection that time has passed.
func (c *Conn) Advance(now time.Time) {
	c.tick(now)
	c.fire()
}

// Lost informs the connection that its transport is closed. It must be the last
// call.
func (c *Conn) Lost(now time.Time) {
	c.tick(now)
	if !c.hungup {
		if c.accepted || c.begun && !c.connected && !c.refused {
			c.diagnose(NoDisconnect, "%s", c.explainLoss())
		}
		c.hangUp("by the client")
	}
	c.out, c.lost = nil, true
}

// Reject reports a mistake that the caller found in the use of the transport,
// such as an invalid WebSocket frame, and closes the connection. The caller
// must still call Lost.
func (c *Conn) Reject(now time.Time, d Diagnosis, text string) {
	c.Advance(now)
	if !c.hungup {
		c.diagnose(d, "%s", text)
		c.hangUp("because the client misused the transport")
	}
}

// explainLoss describes how a connection without a DISCONNECT ended.
func (c *Conn) explainLoss() string {
	if n := c.in.Buffered(); n > 0 {
		return fmt.Sprintf("the connection ended in the middle of a packet, after %d bytes of it: check its Remaining Length", n)
	}
	return "the connection ended without a DISCONNECT: send one before closing it [section 3.14]"
}

// AppendOutput appends the output for the device to b, discards it from the
// connection, and returns the extended buffer.
func (c *Conn) AppendOutput(b []byte) []byte {
	c.made()
	b = append(b, c.out...)
	c.out = nil
	if c.held == 0 {
		c.burst = 0
	}
	return b
}

// Hungup reports whether the service closes the connection once the output has
// been sent.
func (c *Conn) Hungup() bool { return c.hungup }

// Deadline returns the time by which Advance must be called, or the zero
// time if there is none. In this, it differs from the Deadline of an
// fsm.Machine, whose zero time means immediately.
func (c *Conn) Deadline() time.Time {
	c.made()
	if c.hungup {
		return time.Time{}
	}
	d := c.silence()
	if len(c.later) > 0 && (d.IsZero() || c.later[0].at.Before(d)) {
		return c.later[0].at
	}
	return d
}

// made panics if c was not made by Service.Open: without a service, nothing
// could be reported.
func (c *Conn) made() {
	if c == nil || c.service == nil {
		panic("dpstest: use of a Conn that was not made by Service.Open")
	}
}

// silence returns the time at which the device will have been silent for too
// long, or the zero time if there is none.
func (c *Conn) silence() time.Time {
	switch {
	case c.refused:
	case !c.connected:
		return c.heard.Add(seconds(c.service.cfg.Choices.ConnectTimeout))
	case c.keepAlive > 0:
		return c.heard.Add(c.keepAlive + c.keepAlive/2)
	}
	return time.Time{}
}

func (c *Conn) tick(now time.Time) {
	c.made()
	if now.After(c.now) {
		c.now = now
	}
}

// explainSilence describes what the service has been waiting for.
func (c *Conn) explainSilence() string {
	silence, half := c.now.Sub(c.heard).Round(time.Millisecond), ""
	if n := c.in.Buffered(); n > 0 {
		half = fmt.Sprintf(" except %d bytes of a packet whose Remaining Length is larger", n)
	}
	if !c.connected {
		return fmt.Sprintf("no CONNECT arrived within %v%s", silence, half)
	}
	return fmt.Sprintf("nothing arrived for %v%s, which is more than one and a half times the keep-alive of %v: send a PINGREQ in time [MQTT-3.1.2-24]", silence, half, c.keepAlive)
}

// hangUp closes the connection and reports why.
func (c *Conn) hangUp(why string) {
	if c.hungup {
		return
	}
	c.lateAcks()
	c.event(Event{Kind: EventClosed, Text: c.summary(why)})
	if c.service.live[c.key] == c {
		delete(c.service.live, c.key)
	}
	c.in.Reset()
	c.hungup, c.later, c.held = true, nil, 0
	c.unreleased, c.last, c.rids, c.unacked, c.mistakes, c.current = nil, nil, nil, nil, nil, nil
}

// violation ends the connection because of what the client sent. p is the most
// recent input.
func (c *Conn) violation(err error, p []byte) {
	switch {
	case errors.Is(err, errNamed):
	case errors.Is(err, packet.ErrTooLarge) && c.connected:
		c.diagnose(TooLarge, "the service accepts messages of 96 KB: %v", err)
	case !c.connected && (!isConnect(err) || isTLS(p)):
		if c.begun {
			p = nil
		}
		c.notMQTT(err, p)
	default:
		c.diagnose(Violation, "%v", err)
	}
	c.hangUp("because the client violated the protocol")
}

// errNamed is an error that has already been diagnosed.
var errNamed = errors.New("dpstest: already diagnosed")

// isTLS reports whether p looks like the beginning of a TLS handshake.
func isTLS(p []byte) bool { return len(p) > 1 && p[0] == 0x16 && p[1] == 3 }

// isConnect reports whether err is about a CONNECT.
func isConnect(err error) bool {
	var syntax *packet.SyntaxError
	return errors.As(err, &syntax) && syntax.Type == packet.CONNECT
}
