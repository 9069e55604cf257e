package fsm

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The defaults are those that the documentation of Policy names.
func TestDefaults(t *testing.T) {
	want := Policy{
		Budget: 5 * time.Minute, RequestTimeout: 30 * time.Second, KeepAlive: time.Minute, RetryAfter: 3 * time.Second,
		MinRetryAfter: 2 * time.Second, MaxRetryAfter: 5 * time.Minute, StayConnected: 4 * time.Minute,
		MinBackoff: time.Second, MaxBackoff: 100 * time.Second, MaxThrottled: 2 * time.Hour, MaxAttempts: 10,
	}
	var got Policy
	if got.setDefaults(); got != want {
		t.Errorf("(-want +got):\n%s", cmp.Diff(want, got))
	}
	if got.setDefaults(); got != want {
		t.Errorf("defaults change with the second call (-want +got):\n%s", cmp.Diff(want, got))
	}
}

func TestBackoffDoublesUpToItsMaximum(t *testing.T) {
	const longest = time.Duration(1<<63 - 1)
	for _, test := range []struct {
		from, to time.Duration
		attempts int
		want     time.Duration
	}{
		{1, 100, 1, 1}, {1, 100, 2, 2}, {1, 100, 7, 64}, {1, 100, 8, 100}, {1, 100, 1 << 30, 100},
		{3, 6, 2, 6}, {3, 7, 2, 6}, {3, 7, 3, 7}, {3, 5, 2, 5}, {5, 5, 1, 5}, {5, 5, 2, 5},
		{time.Second, longest, 1000, longest}, {longest, longest, 2, longest},
	} {
		p := Policy{MinBackoff: test.from, MaxBackoff: test.to}
		if got := p.backoff(test.attempts); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}

// A counter that has come to its end begins anew: 0 is no packet identifier.
func TestPacketIdentifiersGoRound(t *testing.T) {
	m, err := New(Config{IDScope: "s", RegistrationID: "d"})
	if err != nil {
		t.Fatal(err)
	}
	m.packetID = 65534
	for _, want := range []uint16{65535, 1, 2} {
		if m.request(); m.packetID != want {
			t.Errorf("identifier %d, want %d", m.packetID, want)
		}
	}
}
