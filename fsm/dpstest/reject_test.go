package dpstest_test

import (
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
	"github.com/google/go-cmp/cmp"
)

// A mistake that the transport has found is reported once and ends the
// connection, so that the end of the transport is not another mistake.
func TestReject(t *testing.T) {
	o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{{RegistrationID: "dev-1", PrimaryKey: encoded(key)}}})
	n := newNaive(t, o, "dev-1", signed(key, "dev-1")(start))
	n.c = o.Open(start, nil)
	n.send(&n.connect)
	for range 2 {
		n.c.Reject(start.Add(time.Second), "frame", "100%d")
	}
	if !n.c.Hungup() {
		t.Error("the connection is still open")
	}
	n.c.Lost(start.Add(time.Second))
	want := []string{
		"#1 dev-1: diagnosis frame: 100%d",
		"#1 dev-1: closed: closed because the client misused the transport; not registered; registrations: 0, queries: 0, mistakes: frame",
	}
	if d := cmp.Diff(want, o.all[len(o.all)-2:]); d != "" {
		t.Error(d)
	}
}
