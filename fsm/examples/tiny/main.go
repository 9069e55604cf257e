// Tiny registers a device as the firmware of a microcontroller does: it polls a
// modem, has two small buffers, and does not use the packages net, crypto/tls
// or os.
//
// It runs without hardware: its board is a simulation that gives the answers of
// the service in virtual time. To turn it into firmware, implement the board
// interface for your hardware and set the constants of the device. Keep the key
// in storage that cannot be read from outside.
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

// pause is the interval at which the loop polls a modem without data. If the
// modem can raise an interrupt, sleep until the interrupt or the Deadline
// instead.
const pause = 10 * time.Millisecond

// A board has a clock, and a modem that speaks TLS.
type board interface {
	// now returns the time. The clock must be set before the device registers,
	// since the service checks the expiry of the token.
	now() time.Time

	// sleep waits for d. If d is not positive, it returns immediately.
	sleep(d time.Duration)

	// dial opens a connection to the service. It must have a timeout.
	dial() error

	// read returns up to len(p) bytes that have arrived. It does not wait for
	// bytes.
	read(p []byte) (int, error)

	// write sends all of p. It must have a timeout.
	write(p []byte) error

	// hangUp closes the connection.
	hangUp()
}

// register drives m to its end.
func register(m *fsm.Machine, b board, key []byte) (fsm.Assignment, error) {
	in, out := make([]byte, 64), make([]byte, 0, 512)
	for m.Want() != fsm.WantDone {
		b.sleep(m.Deadline().Sub(b.now())) // at first, there is no wait; later, it is the backoff
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
			m.Receive(b.now(), in[:n]) // if n is 0, the machine only learns the time
		}
		b.hangUp()
		m.Lost(b.now(), err)
	}
	return m.Result()
}

// open begins a session with a fresh SAS token. It overwrites buf up to its
// capacity.
func open(m *fsm.Machine, now time.Time, key, buf []byte) error {
	token := sastoken.Sign(key, sastoken.Resource(idScope, registrationID), sastoken.KeyName, now.Add(time.Hour))
	password, err := token.AppendPassword(buf[:0])
	if err != nil {
		m.Abort(now, err) // another attempt would fail in the same way
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
