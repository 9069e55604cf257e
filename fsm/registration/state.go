package registration

import (
	"strconv"
	"time"
)

// State is where a registration is. Dialing, Connecting and Subscribing are states
// of an fsm.Machine, which sets up its link itself; a Registration is Idle until its
// link is there.
type State byte

// The states, in the order in which a registration that goes well passes through them.
const (
	Idle        State = iota // no link; one is wanted at the deadline
	Dialing                  // the transport is being opened
	Connecting               // the CONNACK is awaited
	Subscribing              // the SUBACK is awaited
	Registering              // the answer to the registration is awaited
	Waiting                  // until the next request may be sent
	Polling                  // the answer to a query is awaited
	Closing                  // the caller is to close the link and to call Lost
	Finished                 // the result is there and there is no link
)

var stateNames = [...]string{"idle", "dialing", "connecting", "subscribing", "registering", "waiting", "polling", "closing", "finished"}

// String returns the state in lower case, such as "registering".
func (s State) String() string { return nameOf(stateNames[:], "state", byte(s)) }

// Want is what a registration asks of its caller.
type Want byte

const (
	// WantDial asks for a link, not before Deadline. Report the outcome with Ready
	// (fsm.Machine: Open) or with DialFailed. While the link is being set up, there
	// is nothing else to do: the Deadline has been met.
	WantDial Want = iota

	// WantExchange asks the caller to send what there is to be sent, to pass on what
	// is received, and to call Advance at the Deadline.
	WantExchange

	// WantClose asks the caller to send what there is to be sent, to close the link
	// (or to give up the dial) and to call Lost.
	WantClose

	// WantDone asks for nothing: Result has the outcome.
	WantDone
)

var wantNames = [...]string{"dial", "exchange", "close", "done"}

// String returns "dial", "exchange", "close" or "done".
func (w Want) String() string { return nameOf(wantNames[:], "want", byte(w)) }

// An Event is something that happened in a [Registration], for logs. It is passed to
// Config.Trace.
type Event struct {
	Time  time.Time
	Kind  EventKind
	State State     // after the event
	Until time.Time // EventWait and EventRetry: when the registration goes on
	Note  string    // why; text that was received is quoted
	Err   error     // EventRetry: the failure; EventEnd: the error of Result
}

// EventKind is the kind of an [Event].
type EventKind byte

// The kinds of events. EventSent and EventReceived are those of an fsm.Machine.
const (
	EventSent     EventKind = iota // a packet was appended to the output
	EventReceived                  // a packet was received
	EventIgnored                   // the last message received is not the awaited answer; Note says why
	EventWait                      // there is nothing to do before Until
	EventRetry                     // an attempt failed; the next one is at Until
	EventEnd                       // the result is there
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
