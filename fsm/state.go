package fsm

import "example.com/dps/fsm/registration"

// State is the state of a [Machine].
type State = registration.State

// The states, in the order in which a successful registration passes through
// them.
const (
	Idle        = registration.Idle        // there is no transport; dial at the Deadline
	Dialing     = registration.Dialing     // the transport is being opened
	Connecting  = registration.Connecting  // CONNECT was sent; waiting for the CONNACK
	Subscribing = registration.Subscribing // SUBSCRIBE was sent; waiting for the SUBACK
	Registering = registration.Registering // the registration was sent; waiting for the answer
	Waiting     = registration.Waiting     // waiting until the next request may be sent
	Polling     = registration.Polling     // a query was sent; waiting for the answer
	Closing     = registration.Closing     // the caller should close the transport and call Lost
	Finished    = registration.Finished    // the result is available and no transport is open
)

// Want is what a [Machine] asks its caller to do.
type Want = registration.Want

const (
	// WantDial asks the caller to dial, but not before the Deadline. Then call
	// Open, or DialFailed if the dial fails. While the dial is in progress,
	// there is nothing else to do, and the Deadline, which has passed, does not
	// count: give the dial its own timeout, or call Dialing, which sets one.
	WantDial = registration.WantDial

	// WantExchange asks the caller to send the output, to call Receive when
	// bytes arrive, and to call Advance (or Receive without bytes) at the
	// Deadline.
	WantExchange = registration.WantExchange

	// WantClose asks the caller to send the output, to close the transport (or
	// to abandon the dial) and to call Lost.
	WantClose = registration.WantClose

	// WantDone asks for nothing: the registration has ended, and Result returns
	// the outcome.
	WantDone = registration.WantDone
)
