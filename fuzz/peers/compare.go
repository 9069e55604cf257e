package peers

import (
	"bytes"
	"fmt"
	"reflect"

	"example.com/dps/packet"
)

// Peers are the peers whose codec can be called.
var Peers = []Peer{Paho{}, Mochi{}}

// Verbs is a set of things that a peer does differently than we do.
type Verbs int

// The verbs. There is no verb for differences that must never happen, such as
// reading the same bytes as another packet.
const (
	Reads   Verbs = 1 << iota // accepts bytes that we refuse
	Waits                     // waits for more bytes although we refuse those received
	Refuses                   // refuses bytes that we accept as a packet
	Writes                    // encodes a packet that we refuse to encode
)

// String returns the verbs, in English.
func (v Verbs) String() string {
	var b []byte
	for i, name := range []string{"reads", "waits", "refuses", "writes"} {
		if v>>i&1 == 1 {
			if b != nil {
				b = append(b, ", "...)
			}
			b = append(b, name...)
		}
	}
	return string(b)
}

// A Clash is a disagreement with a peer.
type Clash struct {
	Peer string
	Does Verbs         // one verb, or 0 for a difference that no table can explain
	Rule string        // the statement that is violated according to us, if we refuse
	Wire []byte        // the bytes that were read, or that the peer wrote
	What packet.Packet // the packet that was read or had to be written; nil if neither side read it

	ours, theirs Outcome
}

// String describes both sides.
func (c Clash) String() string {
	said := func(o Outcome) string {
		if o.Verdict == Accepted {
			return fmt.Sprintf("accepts %v", o.Packet)
		}
		return fmt.Sprintf("%v %v", o.Verdict, o.Err)
	}
	return fmt.Sprintf("%s %v %.100x\n ours   %s\n theirs %s", c.Peer, c.Does, c.Wire, said(c.ours), said(c.theirs))
}

// compareDecode lets the peer read the first packet of b and compares the
// outcome with ours.
func compareDecode(peer Peer, b []byte, ours Outcome) (theirs Outcome, c *Clash) {
	theirs = decode(peer, b)
	c = &Clash{peer.Name(), 0, ours.Rule, b, theirs.Packet, ours, theirs}
	switch {
	case ours.Verdict == Refused && theirs.Verdict == Accepted:
		c.Does = Reads
	case ours.Verdict == Refused && theirs.Verdict == Incomplete:
		c.Does = Waits
	case ours.Verdict == Accepted && theirs.Verdict == Refused:
		c.Does, c.What = Refuses, ours.Packet
	case ours.Verdict == theirs.Verdict && ours.Size == theirs.Size && reflect.DeepEqual(ours.Packet, theirs.Packet):
		return theirs, nil
	}
	return theirs, c
}

// compareEncode lets both sides write p and compares the bytes.
func compareEncode(peer Peer, p packet.Packet) *Clash {
	ours, theirs := Outcome{Packet: p}, Outcome{Packet: p}
	b, err := p.AppendBinary(nil)
	if err != nil {
		ours = Outcome{Verdict: Refused, Packet: p, Rule: rule(err), Err: err}
	}
	wire, err := encode(peer, p)
	if err != nil {
		theirs = Outcome{Verdict: Refused, Packet: p, Err: err}
	}
	c := &Clash{peer.Name(), 0, ours.Rule, wire, p, ours, theirs}
	switch {
	case ours.Verdict == Refused && theirs.Verdict == Accepted:
		c.Does = Writes
	case ours.Verdict == theirs.Verdict && (ours.Verdict == Refused || bytes.Equal(b, wire)):
		return nil
	}
	return c
}

// Compare lets us and all peers read each packet of b, and write every packet
// that any of them has read. It reports the disagreements.
func Compare(b []byte, report func(Clash)) {
	for len(b) > 0 {
		ours := Decode(b)
		read := []packet.Packet{}
		if ours.Verdict == Accepted {
			read = append(read, ours.Packet)
		}
		for _, peer := range Peers {
			theirs, c := compareDecode(peer, b, ours)
			if c != nil {
				report(*c)
			}
			if c != nil && theirs.Verdict == Accepted {
				read = append(read, theirs.Packet)
			}
		}
		for _, p := range read {
			CompareWriters(p, report)
		}
		if ours.Verdict != Accepted {
			return
		}
		b = b[ours.Size:]
	}
}

// CompareWriters lets us and all peers write p, and reports the disagreements.
func CompareWriters(p packet.Packet, report func(Clash)) {
	for _, peer := range Peers {
		if c := compareEncode(peer, p); c != nil {
			report(*c)
		}
	}
}
