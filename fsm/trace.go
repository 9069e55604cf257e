package fsm

import (
	"time"

	"example.com/dps/fsm/registration"
	"example.com/dps/packet"
)

// An Event is something that happened in a [Machine], for logs. It is passed to
// Config.Trace.
type Event struct {
	Time   time.Time
	Kind   EventKind
	State  State         // after the event; EventReceived: in which the packet was received
	Packet packet.Packet // EventSent and EventReceived; valid during the call only
	Until  time.Time     // EventWait and EventRetry: when the machine goes on
	Note   string        // why; text that was received is quoted
	Err    error         // EventRetry: the failure; EventEnd: the error of Result
}

// EventKind is the kind of an [Event].
type EventKind = registration.EventKind

// The kinds of events.
const (
	EventSent     = registration.EventSent     // a packet was appended to the output
	EventReceived = registration.EventReceived // a packet was received
	EventIgnored  = registration.EventIgnored  // the last message received is not the awaited answer; Note says why
	EventWait     = registration.EventWait     // there is nothing to do before Until
	EventRetry    = registration.EventRetry    // an attempt failed; the next one is at Until
	EventEnd      = registration.EventEnd      // the result is there
)

// tracePacket reports a packet, if there is somebody to report it to, and if it can be
// decoded: what is wrong with any other shows when it is worked on.
func (m *Machine) tracePacket(kind EventKind, f packet.Frame) {
	if m.trace == nil {
		return
	}
	if p, err := packet.Decode(f); err == nil {
		m.trace(Event{Time: m.now, Kind: kind, State: m.State(), Packet: p})
	}
}

// forward makes the events of the registration those of the machine.
func (m *Machine) forward(e registration.Event) {
	state := m.State()
	if e.Kind == EventEnd && e.Err == nil && m.keepSession { // S17
		state = Finished
	}
	m.trace(Event{Time: e.Time, Kind: e.Kind, State: state, Until: e.Until, Note: e.Note, Err: e.Err})
}
