package dpstest

import (
	"strings"
	"testing"
	"time"

	"example.com/dps/packet"
)

// The last entries that were put or got are kept, and never more than twice as many.
func TestRecent(t *testing.T) {
	const kept = 10
	r := recent[int, int]{min: kept}
	r.put(-1, 1)
	for i := range 1000 {
		r.put(i, i)
		if n := len(r.young) + len(r.old); n > 2*kept {
			t.Fatalf("%d entries", n)
		}
		for j := max(0, i-kept/2); j <= i; j++ {
			if v, ok := r.get(j); !ok || v != j {
				t.Fatalf("%d is gone after %d", j, i)
			}
		}
		if _, ok := r.get(-1); !ok {
			t.Fatalf("an entry that is used is gone after %d", i)
		}
	}
	if _, ok := r.get(0); ok {
		t.Error("nothing is forgotten")
	}
}

// Who has an id that cannot be a device's leaves nothing behind.
func TestStrangersAreNotCounted(t *testing.T) {
	s, err := New(Config{IDScope: "scope", Enrollments: []Enrollment{{Group: "g", X509: true, Faults: []Fault{{At: OnConnect, HangUp: true}}}}})
	if err != nil {
		t.Fatal(err)
	}
	for i, id := range []string{strings.Repeat("x", 129), "x"} {
		c := s.Open(time.Time{}, &Certificate{CommonName: "x"})
		hello, err := (&packet.Connect{CleanSession: true, ClientID: []byte(id), Username: []byte("scope/registrations/" + id + "/api-version=1")}).AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		c.Receive(time.Time{}, hello)
		if n := len(s.devices.young); n != i {
			t.Errorf("%d devices are counted, want %d", n, i)
		}
		c.Lost(time.Time{})
	}
}
