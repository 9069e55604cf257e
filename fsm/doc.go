// Package fsm registers a device with the Azure IoT Hub Device Provisioning Service
// (DPS) over MQTT 3.1.1, without doing any I/O.
//
// A [Machine] is told what happens: a transport is up, bytes were received, time has
// passed, the transport is gone. It says what to do: which bytes to send, until when to
// wait, when to dial and when to close, and in the end what the [Assignment] is. It reads
// no clock, starts no goroutine and never blocks, so that it runs on any transport.
//
// A Machine is an MQTT session around a [registration.Registration], which knows what to
// ask the service and what the answers mean. A program that has an MQTT client already
// uses that alone.
//
// # The rule
//
// Call one input; write what [Machine.AppendOutput] returns; look at [Machine.Want] and
// [Machine.Deadline]; repeat. Doing it in another order may delay bytes. It never loses
// or corrupts any.
//
// # The loop
//
// With a [net.Conn] this is all there is to write. It is the example of this package
// that is called Loop:
//
//	func registerDevice(m *fsm.Machine, dial func() (net.Conn, error), token func() []byte) (fsm.Assignment, error) {
//		in, out := make([]byte, 4096), []byte(nil)
//		for m.Want() != fsm.WantDone {
//			time.Sleep(time.Until(m.Deadline())) // not at all at first, then the back-off
//			conn, err := dial()                  // TLS handshake included, with a time-out
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
//				m.Receive(time.Now(), in[:n]) // no bytes just move the clock
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
// There is no policy in it: time-outs, back-off, reconnects, polling and resuming are the
// business of the machine, and [Policy] sets their numbers.
//
// # Who owns the transport
//
// The caller opens and closes it. Each dial is followed by one [Machine.DialFailed] if it
// fails, and by one [Machine.Open] and one [Machine.Lost] if it succeeds; WantClose asks
// for that Lost. Without a transport Lost has no effect.
//
// While a dial is under way, the machine has nothing to say: its Deadline, which has
// passed, does not count. A dial that cannot end by itself is announced with
// [Machine.Dialing]: then the Deadline is its time-out, after which WantClose asks the
// caller to give it up. A caller that knows that no dial can succeed calls
// [Machine.Abort].
//
// A transport with callbacks calls Advance from a timer that is set to the Deadline after
// each input, unless a dial is under way that was not announced. Its callbacks have to
// know which connection they belong to, by a number or a value that they hold, and those
// of an earlier connection are to be dropped: a machine cannot know that a Lost is late.
//
// # States
//
// These are the states of the session. Ready stands for the states of the registration
// while it has its link, which are registering, waiting and polling: package registration
// shows those. The transitions are those that an exhaustive exploration finds with the
// default Policy.
//
// When all goes well:
//
//	idle        → dialing      Dialing
//	dialing     → connecting   Open
//	connecting  → subscribing  CONNACK 0
//	subscribing → ready        SUBACK
//	ready       → closing      assigned
//	closing     → finished     Lost
//
// Otherwise:
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
// What Policy.Pipeline adds:
//
//	idle, dialing → closing  Open, too early
//	connecting    → ready    CONNACK 0
//	ready         → closing  SUBACK 0x80
//
// What Policy.KeepSession adds:
//
//	ready → finished  assigned
//
// # What the session does
//
//   - S1: Every state in which the machine waits for the peer has a deadline.
//   - S2: A SUBACK that grants QoS 0, 1 or 2 is accepted and 0x80 is final. The
//     registration is not sent before it, unless [Policy.Pipeline] is set.
//   - S3: Requests have QoS 1, or 0 with [Policy.AtMostOnce]. The PUBACK and the answer
//     may come in any order, and an answer implies the PUBACK.
//   - S15: A PINGREQ is sent before the device has been silent for [Policy.KeepAlive],
//     however long a wait is. If none is answered within [Policy.RequestTimeout], the
//     connection is lost.
//   - S16: Each connection has its own password, which is forgotten once it was sent.
//   - S17: At the end there is a DISCONNECT, or, with [Policy.KeepSession], the session is
//     the caller's.
//   - S18: Each connection is subscribed anew, whatever the CONNACK says of a session.
//
// What a server must not do ends the connection, not the registration (MQTT-4.8.0-1).
// CONNACK 2, 4 and 5 are final; 1 and 3 are about the server and are tried again.
// Output that nobody takes is bounded: with more than 1 MiB of it the connection ends.
//
// What the registration does (S4 to S14, S19) is in the documentation of package
// registration.
//
// # Time
//
// Each input carries the time. The clock of a machine never goes back. Use times with a
// monotonic reading (time.Now has one), so that changes of the wall clock have no effect.
// The zero Deadline has always passed: act at once.
//
// # Memory
//
// A Machine that waits holds less than 1 KiB, with its configuration, and it never holds
// more than was received.
//
// All that a registration with two polls allocates, from the key of its SAS token to the
// result, is less than 4 KiB if packets arrive whole, and less than 8 KiB if they arrive
// in small pieces. So the heap never holds more than that, even if nothing is collected
// in between. The machine and its result are included; the caller's buffers, for what is
// read, what is written and the password, are not.
//
// With TinyGo on a Cortex-M3, a stack of 4 kB was enough, and one of 8 kB with the
// service of package dpstest in the same program.
//
// # Concurrency
//
// A Machine must not be used by two goroutines at once; different machines share nothing.
package fsm
