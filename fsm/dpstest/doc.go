// Package dpstest is a Device Provisioning Service (DPS) without I/O, for tests:
// what net/http/httptest is to HTTP. It takes the bytes that a device sends over
// MQTT 3.1.1 and says which bytes the service answers.
//
// A [Service] holds enrollments, operations and quotas. Each connection to it is a
// [Conn], which is driven like an fsm.Machine: call one input, send what AppendOutput
// returns, look at Hungup and Deadline, repeat. A [Link] does that in virtual time
// with an fsm.Machine at the other end: an hour of polling takes a millisecond, and
// the same test gives the same bytes each time.
//
// What happens to a device is scripted: its [Outcome] says how the registration ends
// and after how many queries, and each [Fault] spoils one step of it.
//
// # What the service does
//
// It keeps to MQTT 3.1.1 and, where DPS is documented or has been seen on the wire, to
// DPS. What it does where neither decides is a choice, marked so here.
//
//   - The first packet is CONNECT and the only one, in 30 s (choice); all that breaks
//     the standard closes the connection. Another protocol level is answered with
//     CONNACK 1. Sessions are not kept: clean session 0 is accepted, session present is
//     always 0. A second connection of the same device closes the first (MQTT-3.1.4-2).
//   - The user name is {idScope}/registrations/{registrationId}/api-version={version},
//     and perhaps more behind "&". Choices: CONNACK 4 for any other user name, 5 for an
//     unknown idScope, 2 for a client id that is not the registration id.
//   - Keep alive 0 is off; otherwise a connection without a packet for one and a half
//     times as long is closed (MQTT-3.1.2-24).
//   - Of the topic filters only topic.ResponseFilter is granted, with QoS 0 or 1 as
//     asked for (2 becomes 1); the others get 0x80. Answers have the QoS granted.
//   - A password is looked at when a request comes, not before: CONNECT and SUBSCRIBE
//     succeed with any, and the request is answered 401 with error code 401000, 401002
//     for a certificate. The connection stays open. A token is good for 5 minutes
//     beyond its expiry.
//   - Registration ids are compared without regard to case. A key derived from one, and
//     the sr of a token, depend on its case.
//   - A registration without an enrollment is answered 404 with 404201; a query for an
//     operation that is not known, or another device's, 404 with 404203. A bad body, a
//     body with another registrationId or a payload that is no object, a registration id or an api-version that cannot
//     be: 400 with 400004.
//   - A registration is answered 202, with an operation id and retry-after, then queries
//     are, and in the end 200 with the status. The operation belongs to the device and
//     outlives the connection. Registering again begins another one.
//   - A request may have QoS 0, 1 or 2, a body or none, and any $rid: one that is absent
//     or misspelt is answered with an empty $rid, as DPS does. A request on a connection
//     without a subscription is acknowledged and worked off, and its answer is dropped.
//   - A PUBLISH to a topic that is no request closes the connection (choice). So does a
//     packet of more than 97 KiB: DPS takes messages of 96 KB. An unknown operation is
//     answered 400 with 400004 (choice).
//   - Above a quota, requests are answered 429 with 429001 and, as retry-after, the time
//     until the next window begins (choice).
//
// # Time, randomness and memory
//
// There is no clock and no randomness: each input carries the time, and the service's
// ids are numbers counted up. A Service and its Conns must not be used by two
// goroutines at once.
//
// Memory is bounded by Config.Remember and the number of open connections, whatever
// the devices do. A connection holds what its CONNECT brought, a packet that has not
// come whole, and at most 1 MiB of output that is delayed or has not been fetched.
package dpstest
