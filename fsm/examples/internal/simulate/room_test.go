package simulate

import (
	"testing"
	"time"
)

// A full room gives up a flooding connection first, then the oldest one that is
// pending, and none that is connected and behaves. Each is given up only once.
func TestWhoLeavesTheRoom(t *testing.T) {
	r := room{max: 4, conns: map[*conn]struct{}{}}
	start := time.Now()
	newcomer := func(age time.Duration) *conn { return &conn{began: start.Add(-age)} }
	pending, older, flooding, behaving := newcomer(3*time.Minute), newcomer(4*time.Minute), newcomer(time.Minute), newcomer(time.Hour)
	flooding.connected.Store(true)
	flooding.meter.wait(start, totalRate) // its time begins
	flooding.meter.charge(start, 100*totalRate)
	behaving.connected.Store(true)
	for _, c := range []*conn{pending, older, flooding, behaving} {
		if r.enter(c) != nil {
			t.Fatal("the room is full too early")
		}
	}
	for i, want := range []*conn{flooding, older, pending} {
		c := newcomer(0)
		c.connected.Store(true)
		if r.enter(c) != want {
			t.Errorf("the wrong connection leaves for newcomer %d", i)
		}
	}
	if c := newcomer(0); r.enter(c) != c || len(r.conns) != r.max {
		t.Errorf("a newcomer enters although all %d are connected and behave", len(r.conns))
	}
}
