package fsm

import (
	"bytes"
	"testing"
	"time"

	"example.com/dps/packet"
)

const testPadding = "----------------------------------------------------------------------------------------------------"

// A password that was taken, or is not needed any more, does not stay in the buffer.
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

// The CONNECT has all its room at once: a buffer that it outgrows would not be wiped.
func TestConnectNeverOutgrowsItsBuffer(t *testing.T) {
	allocations := func(id string) float64 {
		return testing.AllocsPerRun(10, func() {
			m, err := New(Config{IDScope: "s", RegistrationID: id})
			if err == nil {
				err = m.Open(time.Unix(1e9, 0), []byte(testPadding))
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	if short, long := allocations(testPadding[:1]), allocations(testPadding); short != long {
		t.Errorf("%v allocations with a short id, %v with a long one", short, long)
	}
}

// With KeepSession, what came behind the end is copied: the buffer that it came in is
// the caller's, and the machine's own is given back.
func TestUnreadBytesAreHeldOnce(t *testing.T) {
	m, err := New(Config{IDScope: "s", RegistrationID: "d", Policy: Policy{KeepSession: true, Pipeline: true}})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{m, time.Unix(1e9, 0)}
	if err := m.Open(w.now, []byte("password")); err != nil {
		t.Fatal(err)
	}
	w.receive(&packet.Connack{})
	answer := packet.Publish{
		Topic:   []byte("$dps/registrations/res/200/?$rid=1"),
		Payload: []byte(`{"status":"assigned","registrationState":{"assignedHub":"h","deviceId":"d"}}`),
	}
	in, _ := answer.AppendBinary(nil)
	in = append(in, "behind"...)
	m.Receive(w.now, in)
	clear(in)
	if got := string(m.AppendUnread(nil)); m.state != Finished || got != "behind" || m.in.Buffered() != len(got) {
		t.Errorf("%v, unread %q, and %d bytes are held", m.state, got, m.in.Buffered())
	}
}
