package fsm

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"example.com/dps/packet"
)

const testPadding = "----------------------------------------------------------------------------------------------------"

// A password that was taken or is no longer needed does not remain in the
// buffer.
func TestPasswordIsWiped(t *testing.T) {
	const password = "a very secret token, and so long that the buffer with it is not kept: " + testPadding
	for name, end := range map[string]func(m *Machine, now time.Time){
		"output taken": func(m *Machine, now time.Time) { m.AppendOutput(nil) },
		"lost":         func(m *Machine, now time.Time) { m.Lost(now, nil) },
		"stopped":      func(m *Machine, now time.Time) { m.Stop(now) },
	} {
		m, err := New(Config{IDScope: "s", RegistrationID: "d"})
		if err != nil {
			t.Fatal(err)
		}
		now := time.Unix(1e9, 0)
		if err := m.Open(now, []byte(password)); err != nil {
			t.Fatal(err)
		}
		held := m.out[:cap(m.out)]
		if !bytes.Contains(held, []byte(password)) {
			t.Fatal("the CONNECT has no password")
		}
		end(m, now)
		if bytes.Contains(held, []byte(password)) {
			t.Errorf("%s: the password is still there", name)
		}
		if cap(m.out) > maxIdleOutput {
			t.Errorf("%s: a buffer of %d bytes is kept", name, cap(m.out))
		}
	}
}

// No array that was ever the machine's output keeps the password, however the
// output grows.
func TestNoArrayKeepsThePassword(t *testing.T) {
	const password = "a very secret token: " + testPadding
	for _, size := range []int{0, 100, 1000, 90_000} {
		for _, pipeline := range []bool{false, true} {
			for _, end := range []func(m *Machine, now time.Time){
				func(m *Machine, now time.Time) { m.AppendOutput(nil) },
				func(m *Machine, now time.Time) { m.Stop(now) },
				func(m *Machine, now time.Time) { m.Lost(now, nil) },
			} {
				m, err := New(Config{
					IDScope: "s", RegistrationID: "d", Payload: []byte(`"` + strings.Repeat("p", size) + `"`), Policy: Policy{Pipeline: pipeline},
				})
				if err != nil {
					t.Fatal(err)
				}
				arrays := watchOutput(m)
				now := time.Unix(1e9, 0)
				if err := m.Open(now, []byte(password)); err != nil {
					t.Fatal(err)
				}
				if !bytes.Contains(m.out, []byte(password)) {
					t.Fatal("the CONNECT has no password")
				}
				if n := len(*arrays); pipeline && size >= 1000 && n < 2 || !pipeline && n != 1 {
					t.Errorf("%d arrays with a payload of %d bytes, pipelined: %t", n, size, pipeline)
				}
				end(m, now)
				for i, array := range *arrays {
					if bytes.Contains(array, []byte("secret")) {
						t.Errorf("array %d of %d, with %d bytes, keeps the password", i, len(*arrays), len(array))
					}
				}
			}
		}
	}
}

// watchOutput collects every array that is the output of m when a packet is
// sent.
func watchOutput(m *Machine) *[][]byte {
	arrays := new([][]byte)
	m.trace = func(Event) {
		if array := m.out[:cap(m.out)]; len(*arrays) == 0 || &(*arrays)[len(*arrays)-1][0] != &array[0] {
			*arrays = append(*arrays, array)
		}
	}
	return arrays
}

// A traced CONNECT that is kept after the call does not keep the password.
func TestTracedPasswordIsWiped(t *testing.T) {
	const password = "a very secret token"
	for name, end := range map[string]func(m *Machine, now time.Time){
		"output taken": func(m *Machine, now time.Time) { m.AppendOutput(nil) },
		"lost":         func(m *Machine, now time.Time) { m.Lost(now, nil) },
		"stopped":      func(m *Machine, now time.Time) { m.Stop(now) },
	} {
		for _, pipeline := range []bool{false, true} {
			var kept *packet.Connect
			m, err := New(Config{
				IDScope: "s", RegistrationID: "d", Payload: []byte(`"` + strings.Repeat(testPadding, 20) + `"`), Policy: Policy{Pipeline: pipeline},
				Trace: func(e Event) {
					if p, ok := e.Packet.(*packet.Connect); ok {
						if kept = p; string(kept.Password) != password {
							t.Errorf("traced with password %q", []byte(kept.Password))
						}
					}
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			now := time.Unix(1e9, 0)
			if err := m.Open(now, []byte(password)); err != nil {
				t.Fatal(err)
			}
			end(m, now)
			if bytes.Contains(kept.Password, []byte("secret")) {
				t.Errorf("%s, pipelined %t: the password is still there", name, pipeline)
			}
		}
	}
}

// The buffer of the CONNECT is allocated with its full size, since a buffer
// that it outgrows would not be cleared.
func TestConnectNeverOutgrowsItsBuffer(t *testing.T) {
	allocations := func(id string, password []byte) float64 {
		return testing.AllocsPerRun(10, func() {
			m, err := New(Config{IDScope: "s", RegistrationID: id})
			if err == nil {
				err = m.Open(time.Unix(1e9, 0), password)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	id := testPadding[:33] // longer than the 32 bytes for which the compiler uses the stack
	if few, more := allocations(id, []byte{'p'}), allocations(testPadding, []byte(testPadding)); few != more {
		t.Errorf("%v allocations with a short ID, %v with a long one", few, more)
	}
}

// With KeepSession, the bytes after the end are copied, since the buffer in
// which they arrived belongs to the caller, and the machine's own buffer is
// released.
func TestUnreadBytesAreHeldOnce(t *testing.T) {
	m, err := New(Config{IDScope: "s", RegistrationID: "d", Policy: Policy{KeepSession: true, Pipeline: true}})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1e9, 0)
	if err := m.Open(now, []byte("password")); err != nil {
		t.Fatal(err)
	}
	in, _ := (&packet.Connack{}).AppendBinary(nil)
	answer := packet.Publish{
		Topic:   []byte("$dps/registrations/res/200/?$rid=1"),
		Payload: []byte(`{"status":"assigned","registrationState":{"assignedHub":"h","deviceId":"d"}}`),
	}
	in, _ = answer.AppendBinary(in)
	in = append(in, "behind"...)
	m.Receive(now, in)
	clear(in)
	if got := string(m.AppendUnread(nil)); m.State() != Finished || got != "behind" || m.in.Buffered() != len(got) {
		t.Errorf("%v, unread %q, and %d bytes are held", m.State(), got, m.in.Buffered())
	}
}

func TestConnectHasRoomForAll(t *testing.T) {
	for _, n := range []int{1, 60, 100} {
		m, err := New(Config{IDScope: testPadding[:n/2+1], RegistrationID: testPadding[:n]})
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Open(time.Unix(1e9, 0), []byte(testPadding[:n])); err != nil {
			t.Fatal(err)
		}
		if want := 64 + n + len(m.reg.Username()) + n; cap(m.out) != want {
			t.Errorf("room for %d bytes, want %d", cap(m.out), want)
		}
	}
}
