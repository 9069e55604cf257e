package peers

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"example.com/dps/packet"
)

// A session is one side of a connection that reads and writes with our codec.
type session struct {
	t    *testing.T
	conn net.Conn
	in   packet.Splitter
	buf  []byte

	delivered []*packet.Publish // messages that were sent to us and are acknowledged
	open      map[uint16]bool   // the identifiers of messages with QoS 2 until PUBREL
	pings     int               // PINGREQ sent and not yet answered
}

// dial connects but sends nothing.
func dial(t *testing.T, addr string) *session {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return newSession(t, conn)
}

func newSession(t *testing.T, conn net.Conn) *session {
	t.Cleanup(func() { conn.Close() })
	return &session{t: t, conn: conn, in: packet.Splitter{Limit: noLimit}, buf: make([]byte, 4096), open: map[uint16]bool{}}
}

// connect dials and opens a session.
func connect(t *testing.T, addr string, p *packet.Connect) (*session, *packet.Connack) {
	t.Helper()
	c := dial(t, addr)
	c.send(p)
	connack, ok := c.receive().(*packet.Connack)
	if !ok || connack.ReturnCode != packet.Accepted {
		t.Fatalf("%v is answered with %v", p, connack)
	}
	return c, connack
}

func (c *session) send(p packet.Packet) {
	c.t.Helper()
	b, err := p.AppendBinary(nil)
	if err == nil {
		_, err = c.conn.Write(b)
	}
	if err != nil {
		c.t.Fatalf("sending %v: %v", p, err)
	}
	if p.Type() == packet.PINGREQ {
		c.pings++
	}
}

// receive returns the next packet, or nil if the other side has closed the
// connection. It checks that our codec writes each packet as it was read.
func (c *session) receive() packet.Packet {
	c.t.Helper()
	for {
		f, err := c.in.Next()
		if err == nil {
			return c.decoded(f)
		}
		if err != packet.ErrShort {
			c.t.Fatalf("the other side sent: %v", err)
		}
		c.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		n, err := c.conn.Read(c.buf)
		if err != nil && n == 0 {
			if !errors.Is(err, io.EOF) || c.in.Buffered() > 0 {
				c.t.Fatalf("reading, with %d bytes left over: %v", c.in.Buffered(), err)
			}
			return nil
		}
		c.in.Feed(bytes.Clone(c.buf[:n]))
	}
}

func (c *session) decoded(f packet.Frame) packet.Packet {
	c.t.Helper()
	p, err := packet.Decode(f)
	if err != nil {
		c.t.Fatalf("the other side sent % .80x: %v", f.Body, err)
	}
	again, err := p.AppendBinary(nil)
	if err != nil || !bytes.HasSuffix(again, f.Body) || again[0] != byte(f.Type)<<4|f.Flags {
		c.t.Fatalf("%v is written as % .80x, but was read as % .80x: %v", p, again, f.Body, err)
	}
	return p
}

// answers sends another PINGREQ and returns all packets from the other side
// until it has answered every PINGREQ. It acknowledges and keeps the messages
// among the packets.
func (c *session) answers() (all []packet.Packet) {
	c.t.Helper()
	for c.send(&packet.Pingreq{}); c.pings > 0; {
		switch p := c.receive().(type) {
		case *packet.Pingresp:
			c.pings--
		case *packet.Publish:
			c.delivered = append(c.delivered, p.Clone())
			switch p.QoS {
			case packet.QoS1:
				c.send(&packet.Puback{ID: p.ID})
			case packet.QoS2:
				c.open[p.ID] = true
				c.send(&packet.Pubrec{ID: p.ID})
				c.send(&packet.Pingreq{}) // after PUBREL
			}
		case *packet.Pubrel:
			c.send(&packet.Pubcomp{ID: p.ID})
			if !c.open[p.ID] {
				all = append(all, p)
			}
			delete(c.open, p.ID)
		case *packet.Pubrec:
			all = append(all, p)
			c.send(&packet.Pubrel{ID: p.ID})
			c.send(&packet.Pingreq{}) // after PUBCOMP
		case nil:
			c.t.Fatalf("the other side closed the connection after %v", all)
		default:
			all = append(all, p)
		}
	}
	if len(c.open) > 0 {
		c.t.Fatalf("no PUBREL for %v", c.open)
	}
	return all
}

// disconnect sends a DISCONNECT and waits until the other side has closed the
// connection.
func (c *session) disconnect() {
	c.t.Helper()
	c.send(&packet.Disconnect{})
	if p := c.receive(); p != nil {
		c.t.Fatalf("%v after DISCONNECT", p)
	}
}
