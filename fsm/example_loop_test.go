package fsm_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/fsm/dpstest"
	"example.com/dps/sastoken"
)

// registerDevice drives a machine on connections that dial opens. For each of
// them, token returns a fresh SAS token.
func registerDevice(m *fsm.Machine, dial func() (net.Conn, error), token func() []byte) (fsm.Assignment, error) {
	in, out := make([]byte, 4096), []byte(nil)
	for m.Want() != fsm.WantDone {
		time.Sleep(time.Until(m.Deadline())) // no wait at first, then the backoff
		conn, err := dial()                  // including the TLS handshake, with a timeout
		if err != nil {
			m.DialFailed(time.Now(), err)
			continue
		}
		err = m.Open(time.Now(), token())
		for err == nil {
			if out = m.AppendOutput(out[:0]); len(out) > 0 {
				conn.SetWriteDeadline(time.Now().Add(10 * time.Second))
				_, err = conn.Write(out)
				clear(out) // the first output holds the token
			}
			if err != nil || m.Want() != fsm.WantExchange {
				break
			}
			conn.SetReadDeadline(m.Deadline())
			n, readErr := conn.Read(in)
			m.Receive(time.Now(), in[:n]) // without bytes, this only advances the clock
			if !errors.Is(readErr, os.ErrDeadlineExceeded) {
				err = readErr
			}
		}
		conn.Close()
		m.Lost(time.Now(), err)
	}
	return m.Result()
}

// This loop drives a machine on a [net.Conn], here one end of a pipe. At the
// other end is a simulated service.
func Example_loop() {
	const scope, device, key = "0ne00000A1B", "my-device", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	service, _ := dpstest.New(dpstest.Config{IDScope: scope, RetryAfter: "0", Enrollments: []dpstest.Enrollment{
		{RegistrationID: device, PrimaryKey: key, Outcome: dpstest.Outcome{Polls: 1}},
	}})
	dial := func() (net.Conn, error) {
		ours, theirs := net.Pipe()
		go serve(service, theirs)
		return ours, nil
	}
	token := func() []byte {
		key, _ := sastoken.DecodeKey(key)
		password, _ := sastoken.Sign(key, sastoken.Resource(scope, device), sastoken.KeyName, time.Now().Add(time.Hour)).AppendPassword(nil)
		return password
	}
	m, _ := fsm.New(fsm.Config{IDScope: scope, RegistrationID: device, Policy: fsm.Policy{MinRetryAfter: time.Millisecond}})
	assignment, err := registerDevice(m, dial, token)
	fmt.Println(assignment.AssignedHub, assignment.DeviceID, err)
	// Output:
	// hub.azure-devices.example my-device <nil>
}

// serve is the loop of the service.
func serve(service *dpstest.Service, conn net.Conn) {
	defer conn.Close()
	link, in := service.Open(time.Now(), nil), make([]byte, 4096)
	for {
		if out := link.AppendOutput(nil); len(out) > 0 {
			if _, err := conn.Write(out); err != nil {
				break
			}
		}
		if link.Hungup() {
			break
		}
		conn.SetReadDeadline(link.Deadline())
		n, err := conn.Read(in)
		link.Receive(time.Now(), in[:n])
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
	}
	link.Lost(time.Now())
}
