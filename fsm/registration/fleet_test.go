package registration_test

import (
	"testing"
	"time"

	"example.com/dps/fsm/registration"
)

// sized returns a device of a fleet of the given size, with a random number for
// each wait.
func sized(t *testing.T, devices int, random float64) *rig {
	return newRig(t, endless, jitter(random), func(c *registration.Config) { c.Policy.FleetSize = devices })
}

func TestADeviceOfAKnownFleetSpreadsItselfAfterItsFirst429(t *testing.T) {
	for _, devices := range []int{1_000, 10_000, 100_000, 1_000_000} {
		need := time.Duration(devices/1000) * time.Minute
		for _, after := range []string{"", "20", "60"} {
			last := time.Duration(-1)
			for _, n := range []float64{0, 0.25, 0.5, 0.75, 1} {
				g := sized(t, devices, n)
				g.exchange(429, after, throttled)
				d := g.wait()
				if d < last || after == "60" && d < time.Minute || d > need*11/10+3*time.Minute || n == 1 && d < need*9/10 {
					t.Errorf("%d devices, retry-after=%s: %v waits %v, after %v for less", devices, after, n, d, last)
				}
				last = d
			}
		}
	}
}

func TestADeviceThatIsNotThrottledDoesNotWaitForItsFleet(t *testing.T) {
	for name, test := range map[string]struct {
		course func(g *rig)
		most   time.Duration
	}{
		"assigning":   {func(g *rig) { g.exchange(202, "10", assigning) }, 12 * time.Second},
		"unavailable": {func(g *rig) { g.exchange(503, "10", "") }, 20 * time.Second},
		"a lost link": {func(g *rig) { g.next(); g.lose() }, 2 * time.Second},
		"a dial":      {func(g *rig) { g.r.DialFailed(g.now, nil) }, 2 * time.Second},
		"412":         {func(g *rig) { g.exchange(412, "10", "") }, 20 * time.Second},
		"a query":     {func(g *rig) { g.polling(); g.answer(429, "10", throttled) }, 20 * time.Second},
	} {
		g := sized(t, 1_000_000, 1)
		test.course(g)
		if d := g.wait(); d > test.most {
			t.Errorf("%s: waits %v", name, d)
		}
	}
}

// A device that is refused again tries again soon, unless the fleet is larger.
func TestADeviceOfAKnownFleetComesBackSoonAfterItsTurn(t *testing.T) {
	for after, soon := range map[string]bool{"10": true, "29": true, "60": false} {
		for _, n := range []float64{0.01, 0.5} { // however early its first attempt was
			g := sized(t, 100_000, n)
			g.exchange(429, "30", throttled)
			g.exchange(429, after, throttled)
			asked, _ := time.ParseDuration(after + "s")
			if d := g.wait(); d < 2*time.Minute != soon || d < asked {
				t.Errorf("retry-after=%s: comes back after %v", after, d)
			}
		}
	}
}

// The registrations of a known fleet are already spread, so its queries need
// less jitter.
func TestADeviceOfAKnownFleetQueriesWithLessJitter(t *testing.T) {
	g := sized(t, 1000, 1)
	g.exchange(202, "100", assigning)
	if d := g.wait(); d != 105*time.Second {
		t.Errorf("waits %v", d)
	}
}
