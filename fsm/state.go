package fsm

import "example.com/dps/fsm/registration"

// State is where a [Machine] is.
type State = registration.State

// The states, in the order in which a registration that goes well passes through them.
const (
	Idle        = registration.Idle        // no transport; one is wanted at the deadline
	Dialing     = registration.Dialing     // the transport is being opened
	Connecting  = registration.Connecting  // CONNECT sent, the CONNACK is awaited
	Subscribing = registration.Subscribing // SUBSCRIBE sent, the SUBACK is awaited
	Registering = registration.Registering // registration sent, the answer is awaited
	Waiting     = registration.Waiting     // until the next request may be sent
	Polling     = registration.Polling     // query sent, the answer is awaited
	Closing     = registration.Closing     // the caller is to close the transport and to call Lost
	Finished    = registration.Finished    // the result is there and no transport is open
)

// Want is what a [Machine] asks of its caller.
type Want = registration.Want

const (
	// WantDial asks for a transport, not before Deadline. Then call Open, or DialFailed
	// if there is none to be had. While the dial is under way, nothing else is to be
	// done, and the Deadline, which has passed, does not count: give the dial a time-out
	// of its own, or call Dialing, which gives it one.
	WantDial = registration.WantDial

	// WantExchange asks the caller to send the output, to call Receive when bytes
	// arrive, and to call Advance (or Receive without bytes) at the Deadline.
	WantExchange = registration.WantExchange

	// WantClose asks the caller to send the output, to close the transport (or to give
	// up the dial) and to call Lost.
	WantClose = registration.WantClose

	// WantDone asks for nothing: Result has the outcome.
	WantDone = registration.WantDone
)
