// Package fsm registers a device with the Azure IoT Hub Device Provisioning
// Service (DPS) over MQTT 3.1.1, without doing any I/O.
//
// The caller reports events to a [Machine]: a transport is open, bytes were
// received, time has passed, the transport is gone. In return, the Machine
// reports what to do: which bytes to send, how long to wait, when to dial and
// when to close, and in the end which [Assignment] the device has received. A
// Machine reads no clock, starts no goroutine and never blocks, so it works
// with any transport.
//
// A Machine is an MQTT session around a [registration.Registration], which
// knows what to ask the service and what the answers mean. Programs that
// already have an MQTT client can use package registration alone.
//
// # The rule
//
// Call one input method, write the bytes that [Machine.AppendOutput] returns,
// check [Machine.Want] and [Machine.Deadline], and repeat. A different order
// may delay bytes, but never loses or corrupts any.
//
// # The loop
//
// With a [net.Conn], the following function is all that is needed. It is the
// example of this package named Loop:
//
//	func registerDevice(m *fsm.Machine, dial func() (net.Conn, error), token func() []byte) (fsm.Assignment, error) {
//		in, out := make([]byte, 4096), []byte(nil)
//		for m.Want() != fsm.WantDone {
//			time.Sleep(time.Until(m.Deadline())) // no wait at first, then the backoff
//			conn, err := dial()                  // including the TLS handshake, with a timeout
//			if err != nil {
//				m.DialFailed(time.Now(), err)
//				continue
//			}
//			err = m.Open(time.Now(), token())
//			for err == nil {
//				if out = m.AppendOutput(out[:0]); len(out) > 0 {
//					conn.SetWriteDeadline(time.Now().Add(10 * time.Second))
//					_, err = conn.Write(out)
//					clear(out) // the first output holds the token
//				}
//				if err != nil || m.Want() != fsm.WantExchange {
//					break
//				}
//				conn.SetReadDeadline(m.Deadline())
//				n, readErr := conn.Read(in)
//				m.Receive(time.Now(), in[:n]) // without bytes, this only advances the clock
//				if !errors.Is(readErr, os.ErrDeadlineExceeded) {
//					err = readErr
//				}
//			}
//			conn.Close()
//			m.Lost(time.Now(), err)
//		}
//		return m.Result()
//	}
//
// The loop contains no policy. The machine handles timeouts, backoff,
// reconnects, polling and resuming, and [Policy] sets the numbers.
//
// # Who owns the transport
//
// The caller opens and closes the transport. After a dial that fails, call
// [Machine.DialFailed] once. After a dial that succeeds, call [Machine.Open]
// once and, when the transport is gone, [Machine.Lost] once. WantClose asks the
// caller to close the transport and to call Lost. Lost has no effect if there
// is neither a transport nor a dial to abandon.
//
// While a dial is in progress, the machine asks for nothing, and its Deadline,
// which has passed, does not count. If a dial has no timeout of its own, call
// [Machine.Dialing] when it begins. The Deadline is then the timeout of the
// dial, after which WantClose asks the caller to abandon the dial. If the
// caller knows that no dial can succeed, it calls [Machine.Abort].
//
// If a transport uses callbacks, set a timer to the Deadline after each input
// and have it call Advance, except during a dial that was not announced with
// Dialing. Each callback must know its connection, for example by a number or a
// value that it holds, and must ignore events of earlier connections: a machine
// cannot tell that a Lost is late.
//
// # States
//
// These are the states of the session. The state named ready stands for the
// three states of a registration that has its link: registering, waiting and
// polling. Package registration shows those. The transitions are the ones that
// an exhaustive exploration finds with the default Policy.
//
// A successful registration makes these transitions:
//
//	idle        → dialing      Dialing
//	dialing     → connecting   Open
//	connecting  → subscribing  CONNACK 0
//	subscribing → ready        SUBACK
//	ready       → closing      assigned
//	closing     → finished     Lost
//
// All other transitions are:
//
//	idle                                          → connecting  Open
//	idle                                          → finished    Stop
//	idle, dialing                                 → finished    bad password
//	idle, dialing, connecting, subscribing, ready → finished    giving up
//	idle, dialing, closing                        → idle        DialFailed
//	dialing, connecting, subscribing, ready       → closing     no answer; Stop; giving up
//	connecting                                    → closing     CONNACK 1…5
//	connecting, subscribing, ready                → closing     violation
//	connecting, subscribing, ready, closing       → idle        Lost
//	subscribing                                   → closing     SUBACK 0x80
//	subscribing, ready                            → closing     a long wait
//	ready                                         → closing     refused; 401
//	closing                                       → finished    DialFailed
//
// Policy.Pipeline adds these transitions:
//
//	idle, dialing → closing  Open, too early
//	connecting    → ready    CONNACK 0
//	ready         → closing  SUBACK 0x80
//
// Policy.KeepSession adds these transitions:
//
//	ready → finished  assigned
//
// # What the session does
//
//   - S1: Every state in which the machine waits for the peer has a deadline.
//   - S2: A SUBACK that grants QoS 0, 1 or 2 is accepted, and 0x80 is final.
//     The registration request is not sent before the SUBACK arrives, unless
//     [Policy.Pipeline] is set.
//   - S3: Requests have QoS 1, or QoS 0 with [Policy.AtMostOnce]. The PUBACK
//     and the answer may arrive in either order, and an answer implies the
//     PUBACK.
//   - S15: A PINGREQ is sent before the device has been silent for
//     [Policy.KeepAlive], however long a wait is. If no PINGRESP arrives within
//     [Policy.RequestTimeout], the machine treats the connection as lost.
//   - S16: Each connection has its own password, which is forgotten once it has
//     been sent.
//   - S17: At the end of the registration, the machine sends a DISCONNECT,
//     unless [Policy.KeepSession] leaves the session to the caller.
//   - S18: The machine subscribes again on each connection, whatever the
//     CONNACK reports about a session.
//
// If the server breaks the protocol, the connection ends, but the registration
// does not (MQTT-4.8.0-1). CONNACK codes 2, 4 and 5 are final. Codes 1 and 3
// concern the server, so the machine tries again. Output that the caller
// does not take is bounded: if it exceeds 1 MiB, the connection ends.
//
// For what the registration does (S4 to S14, S19), see package registration.
//
// # Time
//
// Each input carries the current time. A time before that of an earlier input
// counts as the earlier time.
// Use times with a monotonic clock reading, such as those that time.Now
// returns, so that changes of the wall clock have no effect. A zero Deadline
// has always passed: act immediately.
//
// # Memory
//
// While it waits, a Machine uses less than 1 KiB, including its configuration.
// It never holds more than it has received.
//
// All allocations of a registration with two polls, from decoding the key of
// its SAS token to returning the result, add up to less than 4 KiB if packets
// arrive in one piece, and to less than 8 KiB if they arrive in small pieces.
// The heap therefore never holds more than that, even if no garbage is
// collected in the meantime. These figures include the machine and its result.
// They do not include the caller's buffers for input, output and the password.
//
// With TinyGo on a Cortex-M3, a stack of 4 kB was sufficient, and a stack of 8
// kB with the service of package dpstest in the same program.
//
// # Concurrency
//
// A Machine must not be used by multiple goroutines simultaneously. Different
// machines share nothing.
package fsm
