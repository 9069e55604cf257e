package fsm

import (
	"time"

	"example.com/dps/fsm/registration"
	"example.com/dps/packet"
)

// An Event describes something that happened in a [Machine], for logs. It is
// passed to Config.Trace.
type Event struct {
	Time   time.Time
	Kind   EventKind
	State  State         // after the event; for EventReceived, when the packet was received
	Packet packet.Packet // for EventSent and EventReceived; valid only during the call
	Until  time.Time     // for EventWait and EventRetry: when the machine continues
	Note   string        // the reason; received text is quoted
	Err    error         // for EventRetry: the failure; for EventEnd: the error of Result
}

// EventKind is the kind of an [Event].
type EventKind = registration.EventKind

// The kinds of events.
const (
	EventSent     = registration.EventSent     // a packet was appended to the output
	EventReceived = registration.EventReceived // a packet was received
	EventIgnored  = registration.EventIgnored  // the last message received is not the awaited answer; Note has the reason
	EventWait     = registration.EventWait     // there is nothing to do before Until
	EventRetry    = registration.EventRetry    // an attempt failed; the next one is at Until
	EventEnd      = registration.EventEnd      // the registration has ended
)

// tracePacket reports a packet if there is a Trace function and the packet can
// be decoded. The error in any other packet is found when it is processed.
func (m *Machine) tracePacket(kind EventKind, f packet.Frame) {
	if m.trace == nil {
		return
	}
	if p, err := packet.Decode(f); err == nil {
		m.trace(Event{Time: m.now, Kind: kind, State: m.State(), Packet: p})
	}
}

// forward reports an event of the registration as one of the machine.
func (m *Machine) forward(e registration.Event) {
	state := m.State()
	if e.Kind == EventEnd && e.Err == nil && m.keepSession { // S17
		state = Finished
	}
	m.trace(Event{Time: e.Time, Kind: e.Kind, State: state, Until: e.Until, Note: e.Note, Err: e.Err})
}
