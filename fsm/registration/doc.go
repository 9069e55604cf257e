// Package registration registers a device with the Azure IoT Hub Device
// Provisioning Service (DPS), for programs that already have an MQTT client.
//
// A [Registration] knows what to ask the service, when to ask it, and what the
// answers mean. It does not deal with packets or connections, reads no clock,
// starts no goroutine and never blocks. Programs without an MQTT client should
// use package fsm, which puts an MQTT session around a Registration.
//
// # How it works
//
// A Registration needs a link: a connection to the service that is subscribed
// to [topic.ResponseFilter]. When the link is ready, the Registration asks the
// caller to publish a registration request. The service answers "assigning"
// with an operation ID. The Registration waits for as long as the service
// requests, and then asks the caller to publish a query about that operation.
// It repeats this until the answer is "assigned", which is the result, or a
// refusal, which is an error.
//
// After a failure, the Registration tries the same step again, with longer
// waits after further failures, until there have been too many of them or the
// time is used up. Failures are a lost link, a missing or unreadable answer,
// and a service that is throttled or unavailable. On a new link, the
// Registration continues with the operation in progress, since registrations
// are billed and queries are not.
//
// # The loop
//
// Call one input method ([Registration.Ready], [Registration.Message],
// [Registration.DialFailed], [Registration.Lost] or [Registration.Advance]),
// publish what [Registration.AppendRequest] returns, check [Registration.Want]
// and [Registration.Deadline], and repeat. The example of this package is such
// a loop, and fsm/examples/paho is a whole program.
//
// After each failed attempt to set up a link, call DialFailed once. After each
// link that was announced with Ready, call Lost once when the link is gone.
//
// # How it deals with the behavior of the service
//
//   - S4: An answer counts if its $rid is that of the open request, or if it is
//     empty ("$rid=", with which the service answers a request whose $rid is
//     misspelled). Any other answer is ignored.
//   - S5: The second delivery of an answer is ignored too.
//   - S6: The status in the body decides, not the code in the topic: 200 has
//     been seen with "assigning" and with "failed". If the status is unknown,
//     the code decides.
//   - S7: The wait before a query is the service's retry-after, limited to the
//     range from [Policy.MinRetryAfter] to [Policy.MaxRetryAfter]. Without a
//     retry-after, it is [Policy.RetryAfter]. Jitter makes waits longer, never
//     shorter.
//   - S8: After 429 or 5xx, the same step is repeated after the longer of
//     retry-after and backoff, on the same link and with the same operation ID.
//     A 429 means that a fleet exceeds the quota. As long as the answers are
//     429, the waits grow with the time since the first of them.
//   - S9: After a 404 on a query, the Registration starts over and registers
//     again, but only once. After a 412, it starts over as well. Starting over
//     counts as a failure, which later progress does not erase.
//   - S10: On the registration, 400, 401, 403, 404, 409 and any other error are
//     final, except those of S8 and S9. So are "failed", "disabled" and
//     "blacklisted". A 401 on a query is
//     also final, if a new link with a fresh password does not help.
//   - S11: A lost link is replaced, and a known operation ID is queried first.
//     If the service no longer knows the operation, the device registers again.
//   - S12: The whole registration has a [Policy.Budget], in addition to the
//     deadline of each answer. A last attempt is made shortly before the end of
//     the budget.
//   - S13: An unreadable answer counts as a failure. Three in a row end the
//     registration.
//   - S14: If a link is lost after the registration was sent, the error
//     includes an explanation: this is how the service rejects certificates.
//   - S19: Comparisons of statuses ignore case.
//
// If a wait is longer than [Policy.StayConnected], the Registration asks the
// caller to close the link first. S1, S2, S3 and S15 to S18 are about the MQTT
// session: see package fsm.
//
// # Time, memory and concurrency
//
// Each input carries the current time. A time before that of an earlier input
// counts as the earlier time. A zero Deadline
// has always passed: act immediately. While it waits, a Registration uses less
// than 1 KiB, including its configuration. A Registration must not be used by
// multiple goroutines simultaneously. Different registrations share nothing.
//
// # States
//
// The transitions are the ones that an exhaustive exploration finds with the
// default Policy. They are named after inputs and after the contents of
// answers. Stop also stands for Abort. "Giving up" means that MaxAttempts or
// Budget is used up, and "a long wait" is one that is longer than
// StayConnected.
//
// A successful registration makes these transitions:
//
//	idle        → registering  Ready
//	registering → waiting      assigning
//	waiting     → polling      time
//	polling     → waiting      assigning
//	polling     → closing      assigned
//	closing     → finished     Lost
//
// All other transitions are:
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
// No option adds further transitions.
package registration
