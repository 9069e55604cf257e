package peers

import (
	"errors"
	"fmt"

	"example.com/dps/packet"
)

// A Peer is another codec. Its methods accept and return packets as values of
// package packet.
type Peer interface {
	// Name is the peer's name in tables and benchmarks.
	Name() string

	// Decode reads the first packet of b.
	Decode(b []byte) Outcome

	// Encode writes p, which may violate the standard.
	Encode(p packet.Packet) ([]byte, error)
}

// A Verdict is a decoder's judgment about bytes.
type Verdict int

// The verdicts.
const (
	Accepted   Verdict = iota // the bytes are a packet
	Incomplete                // the bytes are the beginning of a packet
	Refused                   // the bytes are not a packet, whatever follows
	Panicked
)

// String returns the verdict as a verb.
func (v Verdict) String() string {
	return [...]string{"accepts", "waits", "refuses", "panics"}[v]
}

// An Outcome is a verdict and its details.
type Outcome struct {
	Verdict
	Packet packet.Packet // if accepted
	Size   int           // the size of the packet in bytes, if accepted
	Rule   string        // the violated statement, if refused by us
	Err    error         // if refused or panicked
}

func accepted(p packet.Packet, size int) Outcome {
	return Outcome{Verdict: Accepted, Packet: p, Size: size}
}
func incomplete() Outcome       { return Outcome{Verdict: Incomplete} }
func refused(err error) Outcome { return Outcome{Verdict: Refused, Err: err} }

// noLimit allows packets of any size, because the peers have no limit either.
const noLimit = 1 << 30

// Decode reads the first packet of b with package packet.
//
// It treats the protocol level of another version as a refusal, as a server
// does that has to answer it.
func Decode(b []byte) Outcome {
	f, rest, err := packet.Cut(b, noLimit)
	if err == packet.ErrShort {
		return incomplete()
	}
	var p packet.Packet
	if err == nil {
		p, err = packet.Decode(f)
	}
	if err != nil {
		return Outcome{Verdict: Refused, Rule: rule(err), Err: err}
	}
	return accepted(p, len(b)-len(rest))
}

func rule(err error) string {
	var e *packet.SyntaxError
	if !errors.As(err, &e) {
		return "none: " + err.Error()
	}
	return e.Rule
}

// decode lets a peer read b and recovers if the peer panics.
func decode(p Peer, b []byte) (o Outcome) {
	defer func() {
		if v := recover(); v != nil {
			o = Outcome{Verdict: Panicked, Err: fmt.Errorf("panic: %v", v)}
		}
	}()
	return p.Decode(b)
}

// encode lets a peer write p and recovers if the peer panics.
func encode(peer Peer, p packet.Packet) (b []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return peer.Encode(p)
}

// announced reads a fixed header as leniently as any peer does. It returns the
// size that the header announces, if there is one, and whether the packet is
// complete.
func announced(b []byte) (size int, whole bool) {
	length := 0
	for i := 1; i < min(len(b), 5); i++ {
		length |= int(b[i]&0x7f) << (7 * (i - 1))
		if b[i] < 0x80 || i == 4 {
			return i + 1 + length, i+1+length <= len(b)
		}
	}
	return 0, false
}
