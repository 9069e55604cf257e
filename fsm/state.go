package fsm

import "strconv"

// State is where a [Machine] is in the registration.
type State byte

// The states, in the order in which a registration that goes well sees them.
const (
	Idle        State = iota // no transport; dial at the deadline
	Connecting               // CONNECT sent, waiting for the CONNACK
	Subscribing              // SUBSCRIBE sent, waiting for the SUBACK
	Registering              // registration sent, waiting for the answer
	Waiting                  // until the next request may be sent
	Polling                  // query sent, waiting for the answer
	Closing                  // waiting for the caller to close the transport and call Lost
	Finished                 // the result is there and no transport is open
)

var stateNames = [...]string{"idle", "connecting", "subscribing", "registering", "waiting", "polling", "closing", "finished"}

// String returns the state in lower case, such as "registering".
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "state " + strconv.Itoa(int(s))
}

// open reports whether there is a transport to exchange bytes on.
func (s State) open() bool { return Connecting <= s && s <= Polling }

// Want is what a [Machine] asks of its caller. It follows from the state alone.
type Want byte

const (
	// Dial asks for a transport, not before Deadline (zero: now). Then call Open,
	// or Lost if there is none to be had.
	Dial Want = iota

	// Exchange asks to send the output and to call Receive when bytes come, and
	// Advance (or Receive with no bytes) at the Deadline.
	Exchange

	// Close asks to send the output, to close the transport and to call Lost.
	Close

	// Done asks for nothing any more: see Result.
	Done
)

var wantNames = [...]string{"dial", "exchange", "close", "done"}

// String returns "dial", "exchange", "close" or "done".
func (w Want) String() string {
	if int(w) < len(wantNames) {
		return wantNames[w]
	}
	return "want " + strconv.Itoa(int(w))
}
