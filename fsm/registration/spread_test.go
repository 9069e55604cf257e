package registration

import (
	"testing"
	"time"
)

// The waits after 429 have these values.
func TestS8_SpreadByNumbers(t *testing.T) {
	const none = -1
	for _, test := range []struct {
		fleet        int
		asked, since float64 // seconds
		random       float64
		want         float64
	}{
		// If the size is unknown: retry-after and up to a minute more, or one
		// retry-after per minute since, plus or minus a tenth.
		{0, 10, 0, 0, 10}, {0, 10, 0, 0.5, 40}, {0, 10, 0, 1, 70},
		{0, 40, 300, 0, 180}, {0, 40, 300, 0.5, 200}, {0, 40, 300, 1, 220},
		{0, 90, 600, 0.5, 600}, {0, 90, 60, 0.5, 120}, {0, 60, 3_600_000, 0.5, 7200},
		{0, none, 0, 0, 0}, {0, none, 0, 1, 60}, {0, none, 600, 0.5, 300},

		// If it is known: 10,000 devices need 564 s. After that, at the
		// beginning of the next minute, or later if the quota was used up for
		// more than half of the minute.
		{10_000, 10, 0, 0, 10}, {10_000, 10, 0, 0.5, 287}, {10_000, 10, 0, 1, 564}, {100, 10, 0, 1, 70}, {100, 50, 0, 0.5, 80}, {1, 0, 0, 1, 60},
		{10_000, 20, 60, 0, 20}, {10_000, 20, 60, 0.5, 30}, {10_000, 20, 60, 1, 40}, {10_000, 20, 6000, 1, 40},
		{10_000, 50, 60, 0.5, 188}, {10_000, 50, 1200, 0.5, 400}, {10_000, none, 1200, 0, 0}, {10_000, none, 1200, 1, 20},
	} {
		var p Policy
		p.setDefaults()
		p.FleetSize = test.fleet
		seconds := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
		got := p.spread(seconds(max(test.asked, 0)), test.asked != none, seconds(test.since), func() float64 { return test.random })
		if d := got - seconds(test.want); d > time.Millisecond || d < -time.Millisecond {
			t.Errorf("%+v: %v", test, got)
		}
	}
	for fleet, want := range map[int]float64{0: 0.2, 1: 0.05, 1000: 0.05} {
		if p := (Policy{FleetSize: fleet}); p.jitterPoll() != want {
			t.Errorf("a fleet of %d: jitter %v before a query, want %v", fleet, p.jitterPoll(), want)
		}
	}
}
