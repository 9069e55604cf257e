package registration

import (
	"strconv"
	"time"
)

// State is the state of a [Registration]. Only an fsm.Machine, which sets up
// its own link, uses Dialing, Connecting and Subscribing. A Registration is
// Idle until its link is ready.
type State byte

// The states, in the order in which a successful registration passes through
// them.
const (
	Idle        State = iota // there is no link; set one up at the Deadline
	Dialing                  // the transport is being opened
	Connecting               // waiting for the CONNACK
	Subscribing              // waiting for the SUBACK
	Registering              // waiting for the answer to the registration
	Waiting                  // waiting until the next request may be sent
	Polling                  // waiting for the answer to a query
	Closing                  // the caller should close the link and call Lost
	Finished                 // the result is available and there is no link
)

var stateNames = [...]string{"idle", "dialing", "connecting", "subscribing", "registering", "waiting", "polling", "closing", "finished"}

// String returns the name of the state in lower case, such as "registering".
func (s State) String() string { return nameOf(stateNames[:], "state", byte(s)) }

// Want is what a [Registration] asks its caller to do.
type Want byte

const (
	// WantDial asks the caller to set up a link, but not before the Deadline.
	// Report the outcome with Ready (for an fsm.Machine, Open) or with
	// DialFailed. While the link is being set up, there is nothing else to do,
	// and the Deadline, which has passed, does not count.
	WantDial Want = iota

	// WantExchange asks the caller to send the output, to pass on what it
	// receives, and to call Advance at the Deadline.
	WantExchange

	// WantClose asks the caller to send the output, to close the link (or to
	// abandon the dial) and to call Lost.
	WantClose

	// WantDone asks for nothing: the registration has ended, and Result returns
	// the outcome.
	WantDone
)

var wantNames = [...]string{"dial", "exchange", "close", "done"}

// String returns "dial", "exchange", "close" or "done".
func (w Want) String() string { return nameOf(wantNames[:], "want", byte(w)) }

// An Event describes something that happened in a [Registration], for logs. It
// is passed to Config.Trace.
type Event struct {
	Time  time.Time
	Kind  EventKind
	State State     // after the event
	Until time.Time // for EventWait and EventRetry: when the registration continues
	Note  string    // the reason; received text is quoted
	Err   error     // for EventRetry: the failure; for EventEnd: the error of Result
}

// EventKind is the kind of an [Event].
type EventKind byte

// The kinds of events. Only an fsm.Machine has EventSent and EventReceived.
const (
	EventSent     EventKind = iota // a packet was appended to the output
	EventReceived                  // a packet was received
	EventIgnored                   // the last message received is not the awaited answer; Note has the reason
	EventWait                      // there is nothing to do before Until
	EventRetry                     // an attempt failed; the next one is at Until
	EventEnd                       // the registration has ended
)

var eventNames = [...]string{"sent", "received", "ignored", "wait", "retry", "end"}

// String returns "sent", "received", "ignored", "wait", "retry" or "end".
func (k EventKind) String() string { return nameOf(eventNames[:], "event", byte(k)) }

func nameOf(names []string, kind string, i byte) string {
	if int(i) < len(names) {
		return names[i]
	}
	return kind + " " + strconv.Itoa(int(i))
}
