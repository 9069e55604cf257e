// Package dpstest simulates the Device Provisioning Service (DPS) without I/O,
// for tests of device clients, much as net/http/httptest does for HTTP. It
// processes the bytes that a device sends over MQTT 3.1.1, returns the bytes
// that the service would answer, and reports the mistakes that the client
// makes.
//
// A [Service] holds enrollments, operations and quotas. Each connection to it
// is a [Conn], which is driven like an fsm.Machine: call an input method, send
// what AppendOutput returns, check Hungup and Deadline, and repeat. The example
// of Service does this for a net.Conn, so that any client can be on the other
// end. A [Link] does it in virtual time for an fsm.Machine: an hour of polling
// takes a millisecond, and the same test always produces the same bytes.
//
// A test scripts what happens to a device: its [Outcome] determines how the
// registration ends and after how many queries, and each [Fault] disturbs one
// step of it. [Service.Reset] and [Service.SetConfig] prepare a running service
// for the next test.
//
// # What the service does
//
// The service follows MQTT 3.1.1 and, where DPS is documented or has been
// observed on the wire, DPS. Behavior that neither determines is a guess and is
// marked "choice" below. The choices that are fields of [Choices] can be
// changed.
//
//   - The first packet must be a CONNECT, and there must be no other CONNECT.
//     It must arrive within 30 s (choice: ConnectTimeout). A packet that
//     violates the standard closes the connection. Another protocol level is
//     answered with CONNACK 1. Sessions are not kept: clean session 0 is
//     accepted, but session present is always 0. A second connection of a
//     device closes the first one (MQTT-3.1.4-2).
//   - The user name is
//     {idScope}/registrations/{registrationId}/api-version={version},
//     optionally followed by "&" and more. Any other user name is refused with
//     CONNACK 4, an unknown ID scope with 5, and a client ID that is not the
//     registration ID with 2 (choices: UsernameCode, IDScopeCode,
//     ClientIDCode). ID scopes are case-sensitive.
//   - A keep-alive of 0 turns this check off. Otherwise the service closes a
//     connection on which no packet has arrived for one and a half times the
//     keep-alive (MQTT-3.1.2-24).
//   - The only topic filter that is granted is topic.ResponseFilter, with QoS 0
//     or 1 as requested; QoS 2 becomes 1. All other filters get 0x80. Answers
//     have the granted QoS.
//   - The password is not checked before a request arrives: CONNECT and
//     SUBSCRIBE succeed with any password, and the request is answered with 401
//     and error code 401000, or 401002 for a certificate (choice:
//     CertificateHangUp). The connection stays open. A token is accepted for 5
//     minutes after its expiry (choice: TokenSkew). An unencoded '+' in its
//     signature makes the signature wrong (choice: LiteralPlus).
//   - The common name of a certificate must be the registration ID, the
//     certificate must be within its validity period when the request arrives,
//     and it must be trusted, unless the enrollment lists its thumbprint.
//   - Registration IDs are compared without regard to case. The key derived
//     from a registration ID and the sr of a token do depend on its case.
//   - A registration without an enrollment is answered with 404 and 404201, and
//     a query for an operation that is unknown or belongs to another device
//     with 404 and 404203. A body that is not a JSON object, a body with
//     another registrationId, a payload that is not an object, an invalid
//     registration ID, and an api-version that is not of the form YYYY-MM-DD or
//     YYYY-MM-DD-preview (choice: APIVersions) are answered with 400 and
//     400004.
//   - A registration is answered with 202, an operation ID and retry-after. So
//     are the queries, until one is answered with 200 and the final status. The
//     operation belongs to the device and outlives the connection. Another
//     registration begins a new operation.
//   - A request may have QoS 0, 1 or 2, with or without a body, and any $rid of
//     up to 256 bytes (choice). If the $rid is absent or misspelled, the answer
//     has an empty $rid, as with DPS. A request on a connection without a
//     subscription is acknowledged and processed, and its answer is dropped.
//   - A PUBLISH to a topic that is not a request closes the connection (choice:
//     OtherTopic). So does a packet of more than 97 KiB: DPS accepts messages
//     of 96 KB. An operation that the service does not have is answered with
//     400 and 400004 (choice: OperationCode).
//   - Requests above a quota are answered with 429, error code 429001 and, as
//     retry-after, the time until the next window begins (choice: QuotaWindow).
//     A request that is refused because of the quota, because of its identity
//     or by a Fault, does not count toward the quota; one with a bad body or an
//     unknown operation ID does (choice).
//
// # Diagnoses
//
// A mistake of the client is reported as an [Event] with a [Diagnosis] when it
// happens. The diagnosis does not change what the service answers: the real
// service silently accepts some of these mistakes. The text states what was
// received, what was expected, and what to do about it. It contains no
// password, signature or key. A mistake that is repeated is reported a few
// times and then only counted, and the event that ends a connection summarizes
// it, with all counts.
//
// In the CONNECT:
//
//   - not-connect: the first packet is not a CONNECT
//   - protocol-level: the client does not speak MQTT 3.1.1
//   - violation: a packet violates MQTT 3.1.1; the text names the statement
//   - username: the user name does not have the expected form
//   - username-hub: the user name is one for an IoT hub
//   - username-encoded: the user name is percent-encoded
//   - api-version: the api-version is missing or unknown
//   - id-scope: the ID scope is not that of this service
//   - client-id: the client ID is not the registration ID
//   - registration-id: the registration ID is invalid
//   - clean-session: the client asks to keep its session, which DPS never does
//   - will: the client has a will, which the service never publishes
//
// In the identity, reported at the CONNECT although the service only refuses
// requests:
//
//   - not-enrolled: no enrollment matches
//   - no-password: the enrollment expects a token, and there is no password
//   - token-form: the password is not a SAS token
//   - token-resource: the token is for another resource
//   - token-expired: the token has expired
//   - token-expiry-unit: the expiry is in milliseconds or another unit
//   - token-plus: a '+' in the signature is not percent-encoded
//   - signature-key: the signature matches none of the keys
//   - signature-key-text: the base64 text of the key was used as the key
//   - signature-group-key: the group key was used instead of a derived key
//   - signature-decoded: the decoded sr was signed
//   - signature-case: the derived key or the sr has the ID in a different case
//   - signature-text: the signed text does not have the expected form
//   - certificate-missing: the enrollment expects a certificate
//   - certificate-name: the common name is not the registration ID
//   - certificate-expired: the certificate has expired or is not yet valid
//   - certificate-untrusted: no trusted authority has signed the certificate
//   - certificate-unenrolled: another certificate or authority is enrolled
//
// In the session:
//
//   - no-subscription: a request without a subscription: its answer is dropped
//   - filter: a topic filter that the service refuses
//   - topic: a PUBLISH to a topic that is not a request
//   - operation: an operation that the service does not have
//   - no-rid: a request without $rid
//   - rid-name: a property that looks like a misspelled $rid
//   - rid-again: a $rid that an earlier request on this connection had
//   - body-form: the body is not a JSON object
//   - body-id: the body names another registration ID
//   - body-payload: the payload is not a JSON object
//   - operation-id: a query for an operation that this device does not have
//   - early-query: a query before the retry-after had elapsed
//   - early-retry: a request before the retry-after of a 429 had elapsed
//   - register-again: a registration while an operation is in progress
//   - publish-flags: RETAIN is set, or DUP in the first transmission
//   - no-puback: an answer with QoS 1 that the client does not acknowledge
//   - too-large: a packet larger than the service accepts
//   - silent: nothing arrived for one and a half times the keep-alive
//   - not-reading: the client does not read its answers
//   - no-disconnect: the connection ended without a DISCONNECT
//
// A request may arrive up to 100 ms early, because clocks differ. An answer
// should be acknowledged within a second. To find the mistake in a
// signature, the package tries the common ones.
//
// # Time, randomness and memory
//
// The package has no clock and no randomness: each input carries the time, and
// the IDs that the service assigns are derived from counters. A Service and its
// Conns must not be used by multiple goroutines simultaneously.
//
// Memory is bounded by Config.Remember and the number of open connections,
// whatever the devices do. A connection keeps a few hundred bytes of its
// CONNECT, the part of a packet that has arrived so far, and up to 64 KiB of
// output that is delayed or has not been fetched, in addition to the output
// caused by one packet of the client. A client that leaves more output unread
// is disconnected.
package dpstest
