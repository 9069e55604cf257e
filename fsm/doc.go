// Package fsm registers a device with the Azure IoT Hub Device Provisioning
// Service (DPS) over MQTT 3.1.1, without doing any I/O.
//
// A [Machine] is told what happens: a transport is up, bytes came, time passed, the
// transport is gone. It tells what to do: which bytes to send, until when to wait,
// when to dial and to close, and in the end the [Assignment]. It reads no clock,
// starts no goroutine and never blocks, so that it runs on any transport.
//
// # The rule
//
// Call one input; write what [Machine.AppendOutput] returns; look at [Machine.Want]
// and [Machine.Deadline]; repeat. Doing it in another order may delay bytes. It
// never loses or corrupts any.
//
// # The loop
//
// With a [net.Conn] that is all there is to write. An expired read deadline is just
// time passing:
//
//	for m.Want() != fsm.Done {
//		sleepUntil(m.Deadline()) // zero at first, then the back-off
//		conn, err := dial()      // the TLS handshake is finished
//		if err == nil {
//			err = m.Open(time.Now(), password())
//			for err == nil {
//				if out = m.AppendOutput(out[:0]); len(out) > 0 {
//					conn.SetWriteDeadline(time.Now().Add(10 * time.Second))
//					if _, err = conn.Write(out); err != nil {
//						break
//					}
//				}
//				if m.Want() != fsm.Exchange {
//					break
//				}
//				conn.SetReadDeadline(m.Deadline())
//				n, rerr := conn.Read(in)
//				m.Receive(time.Now(), in[:n]) // n == 0 just moves the clock
//				if !errors.Is(rerr, os.ErrDeadlineExceeded) {
//					err = rerr
//				}
//			}
//			conn.Close()
//		}
//		m.Lost(time.Now(), err)
//	}
//	assignment, err := m.Result()
//
// There is no policy in it: time-outs, back-off, reconnects, polling and resuming
// are the machine's business, and [Policy] sets their numbers.
//
// # Who owns the transport
//
// The caller opens and closes it, and reports each end exactly once: one Lost for
// each Open that succeeded, one Lost for each dial or Open that failed. [Close] asks
// for that Lost.
//
// # States
//
//	idle        → connecting   Open
//	            → finished     Stop; giving up
//	connecting  → idle         Lost
//	            → subscribing  CONNACK 0
//	            → closing      CONNACK 1, 3; CONNACK 2, 4, 5; Stop; giving up; no answer; violation
//	            → finished     giving up
//	subscribing → idle         Lost
//	            → registering  SUBACK
//	            → waiting      412; 429, 5xx; SUBACK; assigning; unreadable
//	            → polling      SUBACK
//	            → closing      400, 401, …; 404; SUBACK; SUBACK 0x80; Stop; assigned; failed, disabled; giving up; no answer; violation
//	            → finished     giving up
//	registering → idle         Lost
//	            → waiting      412; 429, 5xx; assigning; unreadable
//	            → closing      400, 401, …; 404; 412; 429, 5xx; Stop; assigned; assigning; failed, disabled; giving up; no answer; unreadable; violation
//	            → finished     assigned; giving up
//	waiting     → idle         Lost
//	            → registering  time
//	            → polling      time
//	            → closing      Stop; giving up; no answer; violation
//	            → finished     giving up
//	polling     → idle         Lost
//	            → waiting      400, 401, …; 404; 412; 429, 5xx; assigning; unreadable
//	            → closing      400, 401, …; 404; 412; 429, 5xx; Stop; assigned; assigning; failed, disabled; giving up; no answer; unreadable; violation
//	            → finished     assigned; giving up
//	closing     → idle         Lost
//	            → finished     Lost
//
// Every state in which the machine waits for the peer has a deadline, and the whole
// registration has a budget, so that it ends on a dead network too.
//
// # What it does about what the service really does
//
//   - The status in the body decides, not the code in the topic: 200 has been seen
//     with "assigning" and with "failed".
//   - An answer counts if its $rid is that of the open request, or if it is empty
//     ("$rid=", as the service answers a misspelt one). Any other answer is ignored,
//     and so is the second delivery of one.
//   - PUBACK and answer may come in any order; an answer implies the PUBACK.
//   - The wait before a poll is the service's retry-after, within
//     [Policy.MinRetryAfter] and [Policy.MaxRetryAfter]; a retry-after that is
//     missing or senseless counts as [Policy.RetryAfter].
//   - 429 and 5xx repeat the same step after the longer of retry-after and back-off,
//     on the same connection, with the operation id kept. While the answer is 429, which
//     means that a fleet is above the quota, waits grow with the time that this takes.
//   - A wait of more than [Policy.StayConnected] is spent disconnected.
//   - 404 and 412 on a query start over with the registration, the former once.
//   - 400, 401, 403, 404, 409 and any other error on the registration are final, as
//     are "failed", "disabled" and "blacklisted", and CONNACK 2, 4 and 5.
//   - A lost connection is dialled again; each new one is subscribed anew, and a known
//     operation id is queried first: a registration is billed, a query is not. If the
//     service does not know the operation any more, the machine registers again.
//   - An unreadable answer counts as a failed attempt, at most three in a row.
//
// # Time
//
// Each input carries the time. The machine's clock never goes back. Use times with
// a monotonic reading (time.Now has one), so that a clock that is being set does not
// matter. A zero deadline means none.
//
// # Memory and concurrency
//
// A Machine that waits holds well under 1 KiB, apart from the configuration. It
// must not be used by two goroutines at once; different machines share nothing.
package fsm
