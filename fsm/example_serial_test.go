package fsm_test

import (
	"fmt"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/fsm/dpstest"
)

// A serialLine is a serial line to a modem at about 9,600 baud: it sends one
// byte per millisecond. Its driver has a buffer of three bytes. The modem is
// connected to a simulated service, and time is virtual.
type serialLine struct {
	now     time.Time
	service *dpstest.Service
	conn    *dpstest.Conn
	fifo    []byte // bytes that the driver has accepted but not sent yet
	arrived []byte
}

// write accepts up to three bytes and returns their number.
func (l *serialLine) write(p []byte) int {
	n := min(len(p), 3-len(l.fifo))
	l.fifo = append(l.fifo, p[:n]...)
	return n
}

// read reads up to len(p) of the bytes that have arrived, and returns
// immediately.
func (l *serialLine) read(p []byte) int {
	n := copy(p, l.arrived)
	l.arrived = l.arrived[n:]
	return n
}

// tick advances the time by a millisecond.
func (l *serialLine) tick() {
	n := min(len(l.fifo), 1)
	l.now = l.now.Add(time.Millisecond)
	l.conn.Receive(l.now, l.fifo[:n])
	l.fifo = l.fifo[n:]
	l.arrived = l.conn.AppendOutput(l.arrived)
}

// overSerial drives m on a line that accepts three bytes at a time. It keeps
// the bytes that the line has not accepted yet in pending, since AppendOutput
// returns each byte only once. It continues to read while bytes are pending.
func overSerial(m *fsm.Machine, l *serialLine) (fsm.Assignment, error) {
	in, pending := make([]byte, 16), make([]byte, 0, 512)
	for m.Want() != fsm.WantDone {
		if m.Want() == fsm.WantDial {
			if wait := m.Deadline().Sub(l.now); wait > 0 {
				l.now = l.now.Add(wait)
			}
			l.conn = l.service.Open(l.now, &dpstest.Certificate{CommonName: "my-device"})
			clear(pending)
			pending = pending[:0] // the bytes were for an earlier connection
			if err := m.Open(l.now, nil); err != nil {
				return fsm.Assignment{}, err
			}
		}
		pending = m.AppendOutput(pending)
		rest := copy(pending, pending[l.write(pending):])
		clear(pending[rest:]) // the first output of a device with a key contains its token
		pending = pending[:rest]
		switch {
		case l.conn.Hungup():
			m.Lost(l.now, nil)
		case m.Want() == fsm.WantClose && len(pending)+len(l.fifo) == 0:
			l.conn.Lost(l.now)
			m.Lost(l.now, nil)
		}
		l.tick()
		m.Receive(l.now, in[:l.read(in)]) // without bytes, this only advances the clock
	}
	return m.Result()
}

// A serial line accepts three bytes at a time. The caller keeps the remaining
// output.
func Example_serialLine() {
	service, _ := dpstest.New(dpstest.Config{IDScope: "0ne00000A1B", Enrollments: []dpstest.Enrollment{{RegistrationID: "my-device", X509: true}}})
	m, _ := fsm.New(fsm.Config{IDScope: "0ne00000A1B", RegistrationID: "my-device", Attestation: fsm.X509})
	line := &serialLine{now: now, service: service}
	assignment, err := overSerial(m, line)
	fmt.Println(assignment.AssignedHub, err)
	fmt.Println("after", line.now.Sub(now).Round(time.Second))
	// Output:
	// hub.azure-devices.example <nil>
	// after 3s
}
