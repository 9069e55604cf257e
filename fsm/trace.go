package fsm

import (
	"fmt"
	"time"

	"example.com/dps/packet"
)

// An Event is something that happened in a [Machine], for logs. It is passed to
// Config.Trace.
type Event struct {
	Time   time.Time
	Kind   EventKind
	State  State         // after the event
	Packet packet.Packet // Sent and Received; valid during the call only
	Until  time.Time     // Wait and Retry: when it goes on
	Note   string        // why
	Err    error         // Retry: the failure; End: that of Result
}

// EventKind is the kind of an [Event].
type EventKind byte

// The kinds of events.
const (
	Sent     EventKind = iota // a packet was put into the output
	Received                  // a packet came
	Ignored                   // the packet that came last does not count; Note says why
	Wait                      // nothing is to be done until Until
	Retry                     // an attempt failed; the next one is at Until
	End                       // the result is there
)

var eventNames = [...]string{"sent", "received", "ignored", "wait", "retry", "end"}

// String returns "sent", "received", "ignored", "wait", "retry" or "end".
func (k EventKind) String() string {
	if int(k) < len(eventNames) {
		return eventNames[k]
	}
	return fmt.Sprintf("event %d", byte(k))
}

// trace reports an event. Callers that would allocate for it ask m.tracing first.
func (m *Machine) trace(e Event) {
	if m.cfg.Trace != nil {
		e.Time, e.State = m.now, m.state
		m.cfg.Trace(e)
	}
}

func (m *Machine) tracing() bool { return m.cfg.Trace != nil }
