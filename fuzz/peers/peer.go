package peers

import (
	"errors"
	"fmt"

	"example.com/dps/packet"
)

// A Peer is another codec. Packets pass in and out of it in the form that package
// packet gives them.
type Peer interface {
	// Name is the peer's name in tables and benchmarks.
	Name() string

	// Decode reads the first packet of b.
	Decode(b []byte) Outcome

	// Encode writes p, which may break the standard.
	Encode(p packet.Packet) ([]byte, error)
}

// A Verdict is what a decoder says about bytes.
type Verdict int

// The verdicts.
const (
	Accepted   Verdict = iota // a packet
	Incomplete                // the beginning of a packet
	Refused                   // no packet, whatever follows
	Panicked
)

// String returns a verb.
func (v Verdict) String() string {
	return [...]string{"accepts", "waits", "refuses", "panics"}[v]
}

// An Outcome is a verdict and what comes with it.
type Outcome struct {
	Verdict
	Packet packet.Packet // if accepted
	Size   int           // if accepted: how many bytes it took
	Rule   string        // if refused by us: the statement that is broken
	Err    error         // if refused or panicked
}

func accepted(p packet.Packet, size int) Outcome {
	return Outcome{Verdict: Accepted, Packet: p, Size: size}
}
func incomplete() Outcome       { return Outcome{Verdict: Incomplete} }
func refused(err error) Outcome { return Outcome{Verdict: Refused, Err: err} }

// noLimit lets every packet through: the peers have no limit either.
const noLimit = 1 << 30

// Decode reads the first packet of b with package packet.
//
// The protocol level of another version is a refusal here, as it is to a server that
// has to answer it.
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

// decode lets a peer read b, and survives it.
func decode(p Peer, b []byte) (o Outcome) {
	defer func() {
		if v := recover(); v != nil {
			o = Outcome{Verdict: Panicked, Err: fmt.Errorf("panic: %v", v)}
		}
	}()
	return p.Decode(b)
}

// encode lets a peer write p, and survives it.
func encode(peer Peer, p packet.Packet) (b []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return peer.Encode(p)
}

// announced reads a fixed header as leniently as any peer does. whole says that the
// packet is all there; size is what its header announces it to have, if there is one.
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
