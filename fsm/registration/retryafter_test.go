package registration

import (
	"strings"
	"testing"
	"time"

	"example.com/dps/topic"
)

// The wait grows monotonically with any number (S7).
func TestS7_RetryAfterIsRead(t *testing.T) {
	const no, most = -1, topic.MaxRetryAfter / time.Second
	for text, want := range map[string]time.Duration{
		"0": 0, "3": 3, "007": 7, "2147483648": most,
		"-1": 0, "-0": 0, "-2.5": 0, "-99999999999999999999": 0, "0.1": 1, "1.5": 2, "1.05": 2, "1.00": 1, "2.999": 3, "2147483647.5": most, "2147483648.5": most,
		"2147483649": most, "9223372036": most, "9223372037": most, "18446744074": most, "99999999999999999999": most, strings.Repeat("9", 500) + ".9": most,
		"x": no, "-": no, "--1": no, "1.": no, ".1": no, "1.5.": no, "1/5": no, "1:5": no, "1-5": no, "1.-5": no, "1.5x": no, "1e3": no, " 1": no, "٣": no, "1,5": no, "%2D1": no,
	} {
		r, err := topic.ParseResponse([]byte("$dps/registrations/res/202/?$rid=1&retry-after=" + text))
		if err != nil {
			t.Fatal(err)
		}
		wantOK := want != no
		if got, ok := retryAfter(r); got != max(want, 0)*time.Second || ok != wantOK {
			t.Errorf("%s is %v, %t, want %v", text, got, ok, want)
		}
	}
	if got, ok := retryAfter(topic.Response{}); got != 0 || ok {
		t.Errorf("nothing is %v, %t", got, ok)
	}
}
