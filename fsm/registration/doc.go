// Package registration registers a device with the Azure IoT Hub Device Provisioning
// Service (DPS) for a program that has an MQTT client already.
//
// A [Registration] knows what to ask the service, when, and what the answers mean. It
// knows neither packets nor connections, reads no clock, starts no goroutine and never
// blocks. A program without an MQTT client uses package fsm, which puts an MQTT session
// around it.
//
// # The machine in ten lines
//
// A Registration wants a link: a connection to the service, subscribed to
// [topic.ResponseFilter]. When that is ready, it has a registration published. The
// service answers "assigning" with an operation id; the Registration waits for as long
// as the service asks for, and has a query about that operation published; and so on,
// until the answer is "assigned" (the result) or a refusal (an error). A failure (the
// link is lost, an answer is missing or unreadable, the service is throttled or
// unavailable) leads to another attempt at the same step, later each time, until there
// have been too many of them, or the time is used up. A new link goes on with the
// operation that is under way, since a registration is billed and a query is not.
//
// # The loop
//
// Call one input ([Registration.Ready], [Registration.Message],
// [Registration.DialFailed], [Registration.Lost], [Registration.Advance]); publish what
// [Registration.AppendRequest] returns; look at [Registration.Want] and
// [Registration.Deadline]; repeat. The example of type Registration is such a loop, and
// fsm/examples/paho a whole program.
//
// Each link that was announced with Ready ends with one Lost, and each attempt to get one
// that failed with one DialFailed.
//
// # What it does about what the service really does
//
//   - S4: An answer counts if its $rid is that of the open request, or if it is empty
//     ("$rid=", as the service answers a misspelt one). Any other answer is ignored.
//   - S5: So is the second delivery of an answer.
//   - S6: The status in the body decides, not the code in the topic: 200 has been seen
//     with "assigning" and with "failed". About a status that is not known, the code
//     decides.
//   - S7: The wait before a query is the service's retry-after, within
//     [Policy.MinRetryAfter] and [Policy.MaxRetryAfter]; without one it is
//     [Policy.RetryAfter]. Jitter makes waits longer, never shorter.
//   - S8: 429 and 5xx repeat the same step after the longer of retry-after and back-off,
//     on the same link, with the operation id kept. While the answers are 429, which
//     means that a fleet is above the quota, waits grow with the time that this takes.
//   - S9: 404 on a query starts over with the registration, once, and 412 starts over.
//     Starting over counts as a failure that nothing forgives.
//   - S10: 400, 401, 403, 404, 409 and any other error on the registration are final, as
//     are "failed", "disabled" and "blacklisted". A 401 on a query is final too, if a
//     new link with a fresh password does not help.
//   - S11: A lost link is replaced, and a known operation id is queried first. If the
//     service does not know the operation any more, the device registers again.
//   - S12: The whole registration has a [Policy.Budget], beside the deadline of each
//     answer. A last attempt is made shortly before its end.
//   - S13: An unreadable answer counts as a failure; three in a row end the registration.
//   - S14: A link that is lost after the registration was sent is explained: so the
//     service answers certificates that it does not accept.
//   - S19: Statuses are compared without regard to case.
//
// A wait of more than [Policy.StayConnected] is spent without a link. S1, S2, S3 and S15
// to S18 are about the MQTT session: see package fsm.
//
// # Time, memory and concurrency
//
// Each input carries the time, which never goes back. The zero Deadline has always
// passed: act at once. A Registration holds less than 1 KiB while it waits, with its
// configuration. It must not be used by two goroutines at once; different ones share
// nothing.
//
// # States
//
// The transitions are those that an exhaustive exploration finds with the default
// Policy. They are named after inputs, and after what answers say; Stop stands for Abort
// too. Giving up is the end of MaxAttempts or Budget, and a long wait is one of more
// than StayConnected.
//
// When all goes well:
//
//	idle        → registering  Ready
//	registering → waiting      assigning
//	waiting     → polling      time
//	polling     → waiting      assigning
//	polling     → closing      assigned
//	closing     → finished     Lost
//
// Otherwise:
//
//	idle                                   → idle         DialFailed
//	idle                                   → waiting      Ready, too early
//	idle                                   → polling      Ready, to resume
//	idle                                   → closing      Ready, too early
//	idle                                   → finished     Stop
//	idle, registering, waiting, polling    → finished     giving up
//	registering                            → closing      assigned
//	registering, waiting, polling          → closing      Stop; giving up
//	registering, waiting, polling, closing → idle         Lost
//	registering, polling                   → waiting      429, 5xx; 412; unreadable
//	registering, polling                   → closing      refused; no answer; a long wait
//	waiting                                → registering  time
//	polling                                → waiting      404; refused on resuming
//	polling                                → closing      401
//
// No option adds to that.
package registration
