package registration

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The defaults are those in the documentation of Policy.
func TestDefaults(t *testing.T) {
	want := Policy{
		Budget: 6 * time.Minute, RequestTimeout: 30 * time.Second, RetryAfter: 3 * time.Second,
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
	set := Policy{-1, 2, 3, 4, 5, -6, 7, 8, 9, 10, -11, true}
	if got := set; true {
		if got.setDefaults(); got != set {
			t.Errorf("what is set changes (-want +got):\n%s", cmp.Diff(set, got))
		}
	}
}

func TestBackoffDoublesUpToItsMaximum(t *testing.T) {
	const longest = time.Duration(math.MaxInt64)
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

func TestLongerAddsAPart(t *testing.T) {
	const longest = time.Duration(math.MaxInt64)
	for _, test := range []struct {
		d            time.Duration
		random, most float64
		want         time.Duration
	}{
		{100, 0, 1, 100}, {100, 0.5, 1, 150}, {100, 1, 1, 200}, {100, 1, 0.25, 125}, {0, 1, 1, 0}, {longest, 0, 1, longest}, {longest, 1, 1, longest},
		{longest - 1, 1, 1, longest}, {longest / 2, 1, 1, longest - 1}, {longest/2 + 1, 1, 1, longest}, {longest / 4 * 3, 0.5, 1, longest},
	} {
		if got := longer(test.d, test.random, test.most); got < test.want-1024 || got-test.want > 1024 { // the precision of floats
			t.Errorf("%+v: %v", test, got)
		}
	}
}

// All bytes but the unreserved characters of RFC 3986 are encoded.
func TestPercentEncodeLeavesUnreservedBytesAlone(t *testing.T) {
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
	for c := range 256 {
		want := fmt.Sprintf("%%%02X", c)
		if strings.IndexByte(plain, byte(c)) >= 0 {
			want = string(rune(c))
		}
		if got := percentEncode(string([]byte{byte(c)})); got != want {
			t.Errorf("byte %#02x is %s, want %s", c, got, want)
		}
	}
}

func TestAPIVersionsHaveLettersDigitsAndAFewSigns(t *testing.T) {
	const legal = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._"
	for r := range rune(0x100) {
		if got := notVersion(r); got == strings.ContainsRune(legal, r) {
			t.Errorf("%q is refused: %t", r, got)
		}
	}
}

// names returns the joined names of the first values of an enumeration.
func names[T interface {
	~byte
	fmt.Stringer
}](n int) string {
	var all []string
	for i := range n {
		all = append(all, T(i).String())
	}
	return strings.Join(all, ", ")
}

func TestEnumsHaveNames(t *testing.T) {
	for want, got := range map[string]string{
		"idle, dialing, connecting, subscribing, registering, waiting, polling, closing, finished, state 9": names[State](10),
		"dial, exchange, close, done, want 4":                names[Want](5),
		"sent, received, ignored, wait, retry, end, event 6": names[EventKind](7),
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
