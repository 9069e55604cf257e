// Tiny registers a device as the firmware of a microcontroller does: over a modem that is
// polled, with two small buffers, and without net, crypto/tls and os.
//
// It runs without hardware: its board is a simulation, which plays the answers of the
// service in virtual time. To make firmware of it, write a board for yours, and fill in
// the device. Keep the key where nobody can read it out.
package main

import (
	"time"

	"example.com/dps/fsm"
	"example.com/dps/sastoken"
)

const (
	idScope        = "0ne00000A1B"
	registrationID = "my-device"
	deviceKey      = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" // in base64
)

// pause is the time between two looks at a modem that had nothing to say. Where the modem
// can raise an interrupt, sleep until that instead, or until the Deadline.
const pause = 10 * time.Millisecond

// A board has a clock, and a modem that speaks TLS.
type board interface {
	// now returns the time. It has to be set before the device registers, since the
	// service looks at the expiry of the token.
	now() time.Time

	// sleep waits for d, or not at all if that is not positive.
	sleep(d time.Duration)

	// dial opens a connection to the service. It has a time-out.
	dial() error

	// read returns at once, with up to len(p) bytes of those that have arrived, if any.
	read(p []byte) (int, error)

	// write sends all of p. It has a time-out.
	write(p []byte) error

	// hangUp closes the connection.
	hangUp()
}

// register drives m to its end.
func register(m *fsm.Machine, b board, key []byte) (fsm.Assignment, error) {
	in, out := make([]byte, 64), make([]byte, 0, 512)
	for m.Want() != fsm.WantDone {
		b.sleep(m.Deadline().Sub(b.now())) // not at all at first, then the back-off
		if err := b.dial(); err != nil {
			m.DialFailed(b.now(), err)
			continue
		}
		err := open(m, b.now(), key, out)
		for err == nil {
			if out = m.AppendOutput(out[:0]); len(out) > 0 {
				err = b.write(out)
				clear(out) // the first output holds the token
			}
			if err != nil || m.Want() != fsm.WantExchange {
				break
			}
			var n int
			if n, err = b.read(in); n == 0 && err == nil {
				b.sleep(pause)
			}
			m.Receive(b.now(), in[:n]) // no bytes just move the clock
		}
		b.hangUp()
		m.Lost(b.now(), err)
	}
	return m.Result()
}

// open begins a session with a fresh SAS token. It uses the room of buf.
func open(m *fsm.Machine, now time.Time, key, buf []byte) error {
	token := sastoken.Sign(key, sastoken.Resource(idScope, registrationID), sastoken.KeyName, now.Add(time.Hour))
	password, err := token.AppendPassword(buf[:0])
	if err != nil {
		m.Abort(now, err) // another attempt would not get over it
		return err
	}
	err = m.Open(now, password)
	clear(password)
	return err
}

func main() {
	key, err := sastoken.DecodeKey(deviceKey)
	if err != nil {
		panic(err.Error())
	}
	m, err := fsm.New(fsm.Config{IDScope: idScope, RegistrationID: registrationID})
	if err != nil {
		panic(err.Error())
	}
	b := newSimulation()
	start := b.now()
	assignment, err := register(m, b, key)
	if err != nil {
		panic(err.Error())
	}
	if assignment.AssignedHub != assignedHub || assignment.DeviceID != registrationID {
		panic("assigned to " + assignment.AssignedHub + " as " + assignment.DeviceID)
	}
	println("assigned to", assignment.AssignedHub, "as", assignment.DeviceID, "after", int(b.now().Sub(start)/time.Second), "s")
}
