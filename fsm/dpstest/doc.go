// Package dpstest is a Device Provisioning Service (DPS) without I/O, for tests of device
// clients: what net/http/httptest is to HTTP. It takes the bytes that a device sends over
// MQTT 3.1.1, returns the bytes that the service answers, and names the mistakes that the
// client makes.
//
// A [Service] holds enrollments, operations and quotas. Each connection to it is a [Conn],
// which is driven like an fsm.Machine: call one input, send what AppendOutput returns, look
// at Hungup and Deadline, repeat. The example of Service does that for a net.Conn, at whose
// other end any client may be. A [Link] does it in virtual time for an fsm.Machine: an hour
// of polling takes a millisecond, and the same test gives the same bytes each time.
//
// What happens to a device is scripted: its [Outcome] says how the registration ends and
// after how many queries, and each [Fault] spoils one step of it. [Service.Reset] and
// [Service.SetConfig] prepare a running service for the next test.
//
// # What the service does
//
// It follows MQTT 3.1.1 and, where DPS is documented or has been observed on the wire, DPS.
// What neither decides is a guess, and is marked "choice" here. Those in [Choices] can be
// set.
//
//   - The first packet is a CONNECT, and the only one. It must come within 30 s (choice:
//     ConnectTimeout). Whatever breaks the standard closes the connection. Another protocol
//     level is answered with CONNACK 1. Sessions are not kept: clean session 0 is accepted,
//     and session present is always 0. A second connection of a device closes the first
//     one (MQTT-3.1.4-2).
//   - The user name is {idScope}/registrations/{registrationId}/api-version={version},
//     perhaps followed by "&" and more. Any other is refused with CONNACK 4, an unknown ID
//     scope with 5, and a client id that is not the registration id with 2 (choices:
//     UsernameCode, IDScopeCode, ClientIDCode). The scope is compared with regard to case.
//   - Keep alive 0 turns it off. Otherwise a connection is closed when no packet has come for
//     one and a half times as long (MQTT-3.1.2-24).
//   - Of the topic filters only topic.ResponseFilter is granted, with QoS 0 or 1 as
//     requested; QoS 2 becomes 1. All others get 0x80. Answers have the QoS granted.
//   - A password is checked when a request comes, not before: CONNECT and SUBSCRIBE succeed
//     with any, and the request is answered with 401 and error code 401000, or 401002 for a
//     certificate (choice: CertificateHangUp). The connection stays open. A token is good
//     for 5 minutes beyond its expiry (choice: TokenSkew). A '+' in its signature that is not
//     percent-encoded makes it wrong (choice: LiteralPlus).
//   - The common name of a certificate must be the registration id, its dates must be right
//     when the request comes, and it must be trusted, unless the enrollment has its
//     thumbprint.
//   - Registration ids are compared without regard to case. The key derived from one and the
//     sr of a token depend on its case.
//   - A registration without an enrollment is answered with 404 and 404201, and a query for an
//     operation that is unknown or another device's with 404 and 404203. A body that is not a
//     JSON object, a body with another registrationId, a payload that is not an object, an
//     impossible registration id, and an api-version that does not look like one (choice:
//     APIVersions) are answered with 400 and 400004.
//   - A registration is answered with 202, an operation id and retry-after, and so are the
//     queries, until one is answered with 200 and the final status. The operation belongs to
//     the device and outlives the connection. Registering again begins another one.
//   - A request may have QoS 0, 1 or 2, a body or none, and any $rid of up to 256 bytes
//     (choice): one that is absent or misspelled is answered with an empty $rid, as DPS does.
//     A request on a connection without a subscription is acknowledged and processed, and its
//     answer is dropped.
//   - A PUBLISH to a topic that is not a request closes the connection (choice: OtherTopic).
//     So does a packet of more than 97 KiB: DPS takes messages of 96 KB. An operation that the
//     service does not have is answered with 400 and 400004 (choice: OperationCode).
//   - Above a quota, requests are answered with 429, error code 429001 and, as retry-after,
//     the time until the next window begins (choice: QuotaWindow). A request that is refused
//     because of the quota or of its identity, or by a Fault, does not count; one with a bad
//     body or an unknown operation id does (choice).
//
// # Diagnoses
//
// What a client does wrong is reported as an [Event] with a [Diagnosis], when it happens and
// next to what the service answers, which it does not change: the real service lets some of
// it pass without a word. The text says what came, what was expected, and what to do. It
// contains no password, signature or key. A mistake that is repeated is named a few times and
// counted, and the event that ends a connection tells how it went, with all counts.
//
// In the CONNECT:
//
//   - not-connect: the first packet is not a CONNECT
//   - protocol-level: the client does not speak MQTT 3.1.1
//   - violation: a packet breaks MQTT 3.1.1; the text names the statement
//   - username: the user name has another form
//   - username-hub: the user name is one for an IoT hub
//   - username-encoded: the user name is percent-encoded
//   - api-version: the api-version is missing or unknown
//   - id-scope: the ID scope is another service's
//   - client-id: the client id is not the registration id
//   - registration-id: the registration id cannot be one
//   - clean-session: the client asks to keep its session, which the service does not
//   - will: the client has a will, which the service never publishes
//
// In the identity, named at the CONNECT although the service refuses a request only:
//
//   - not-enrolled: no enrollment fits
//   - no-password: a token or a certificate is expected
//   - token-form: the password is not a SAS token
//   - token-resource: the token is for another resource
//   - token-expired: the token has expired
//   - token-expiry-unit: the expiry is in milliseconds
//   - token-plus: a '+' in the signature is not percent-encoded
//   - signature-key: the signature fits none of the keys
//   - signature-key-text: the base64 of the key was used as the key
//   - signature-group-key: the group key was used, where a derived key belongs
//   - signature-decoded: the decoded sr was signed
//   - signature-case: the id was in another case when the key was derived, or the sr signed
//   - signature-text: the text that was signed has another form
//   - certificate-missing: the enrollment expects a certificate
//   - certificate-name: the common name is not the registration id
//   - certificate-expired: the certificate has expired, or is not valid yet
//   - certificate-untrusted: no authority that is trusted has signed it
//   - certificate-unenrolled: the enrollment names another certificate or authority
//
// In the session:
//
//   - no-subscription: a request without a subscription: its answer is dropped
//   - filter: a topic filter that the service refuses
//   - topic: a PUBLISH to a topic that is not a request
//   - operation: an operation that the service does not have
//   - no-rid: a request without $rid
//   - rid-name: a property that looks like a misspelled $rid
//   - rid-again: a $rid that an earlier request of this connection had
//   - body-form: the body is not a JSON object
//   - body-id: the body names another registration id
//   - body-payload: the payload is not a JSON object
//   - operation-id: a query for an operation that this device does not have
//   - early-query: a query before the retry-after was over
//   - early-retry: a request before the retry-after of a 429 was over
//   - register-again: a registration while an operation is under way
//   - publish-flags: RETAIN is set, or DUP in a packet that is sent for the first time
//   - no-puback: an answer with QoS 1 that the client does not acknowledge
//   - too-large: a packet of more than the service takes
//   - silent: nothing came for one and a half times the keep alive
//   - not-reading: the client does not read its answers
//   - no-disconnect: the connection ended without a DISCONNECT
//
// A request may come 100 ms before its time, since clocks differ. An answer should be
// acknowledged within a second. Which mistake there is in a signature is found by trying.
//
// # Time, randomness and memory
//
// There is no clock and no randomness: each input carries the time, and the service's ids are
// numbers that count up. A Service and its Conns must not be used by two goroutines at once.
//
// Memory is bounded by Config.Remember and the number of open connections, whatever the
// devices do. A connection keeps a few hundred bytes of its CONNECT, the part of a packet that
// has come so far, and up to 64 KiB of output that is delayed or has not been fetched, besides
// what one packet of the client gave rise to. A client that lets more wait is disconnected.
package dpstest
