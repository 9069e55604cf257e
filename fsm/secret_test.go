package fsm

import (
	"bytes"
	"testing"
	"time"
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
