package dpstest

import (
	"fmt"
	"slices"
	"time"

	"example.com/dps/packet"
)

// maxOutput is the maximum number of bytes of output that may wait, because it
// is delayed or because the client does not read, in addition to the output
// caused by one packet of the client.
const maxOutput = 64 << 10

// overhead is the memory that delayed output takes in addition to its bytes.
const overhead = 256

// A delayed is output that is sent later.
type delayed struct {
	at     time.Time
	packet packet.Packet // nil if the bytes are not a packet
	bytes  []byte
	hangUp string // why the connection is closed after it; empty if it is not
}

// waiting returns the number of bytes of output that wait.
func (c *Conn) waiting() int { return len(c.out) + c.held }

// send sends a packet after a delay.
func (c *Conn) send(p packet.Packet, delay time.Duration) {
	bytes, err := p.AppendBinary(nil)
	if err != nil {
		c.unsendable(err)
		return
	}
	c.sendBytes(p, bytes, delay, "")
}

// unsendable ends the connection because of a scripted answer that cannot be
// sent over MQTT. This is a mistake of the script, not of the client.
func (c *Conn) unsendable(err error) {
	c.event(Event{Kind: EventFault, Text: fmt.Sprintf("the scripted answer cannot be sent: %v", err)})
	c.hangUp("because a scripted answer cannot be sent")
}

// put appends bytes to the output. p is nil if they are not a packet.
func (c *Conn) put(p packet.Packet, bytes []byte) {
	c.out = append(c.out, bytes...)
	if p != nil {
		c.sent(p)
	} else if len(bytes) > 0 {
		c.event(Event{Kind: EventSent, Text: fmt.Sprintf("% x", bytes[:min(len(bytes), 64)])})
	}
}

// sent records that a packet is in the output.
func (c *Conn) sent(p packet.Packet) {
	c.about(EventSent, p, "")
	switch p := p.(type) {
	case *packet.Connack:
		c.accepted = p.ReturnCode == packet.Accepted
	case *packet.Publish:
		if p.QoS > 0 {
			c.expectAck(p.ID)
		}
	}
}

// sendBytes sends bytes after a delay. If hangUp is not empty, it is the reason
// why sendBytes then closes the connection.
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
		c.held += len(bytes) + overhead
	default:
		c.put(p, bytes)
		if hangUp != "" {
			c.hangUp(hangUp)
		}
	}
}

// fire sends the output that is due, and ends the connection if the client has
// been silent for too long. All inputs except Lost begin with it.
func (c *Conn) fire() {
	silent := c.silence()
	for len(c.later) > 0 && !c.now.Before(c.later[0].at) {
		l := c.later[0]
		if !silent.IsZero() && !l.at.Before(silent) {
			break
		}
		c.later, c.held = c.later[1:], c.held-len(l.bytes)-overhead
		c.put(l.packet, l.bytes)
		if l.hangUp != "" {
			c.hangUp(l.hangUp)
		}
	}
	if !c.hungup && !silent.IsZero() && !c.now.Before(silent) {
		if c.accepted || !c.connected { // otherwise the client waits for the CONNACK
			c.diagnose(Silent, "%s", c.explainSilence())
		}
		c.hangUp("because the client was silent for too long")
	}
}

// overfull ends the connection if too much output waits. It is called before
// the next packet is processed, so that a single answer may have any size.
func (c *Conn) overfull() {
	if n := c.waiting(); n > maxOutput+c.burst {
		c.diagnose(NotReading, "%d bytes of answers have not been read: read them before sending more", n)
		c.hangUp("because the client does not read its answers")
		c.out = nil
	}
}
