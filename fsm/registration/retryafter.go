package registration

import (
	"strings"
	"time"

	"example.com/dps/topic"
)

// retryAfter returns the wait that the service asks for, and whether it asks
// for one (S7). A number that is too large for package topic counts as the
// largest one, a negative number counts as zero, and a fraction is rounded up,
// so that a larger number never leads to a shorter wait.
func retryAfter(t topic.Response) (d time.Duration, ok bool) {
	if t.BadRetryAfter == nil {
		return t.RetryAfter, t.HasRetryAfter
	}
	text := string(t.BadRetryAfter)
	number, negative := strings.CutPrefix(text, "-")
	whole, fraction, isFraction := strings.Cut(number, ".")
	if !areDigits(whole) || isFraction && !areDigits(fraction) {
		return 0, false
	}
	if negative {
		return 0, true
	}
	var seconds int64
	for _, c := range whole {
		if seconds = 10*seconds + int64(c-'0'); seconds > int64(topic.MaxRetryAfter/time.Second) {
			return topic.MaxRetryAfter, true
		}
	}
	if strings.Trim(fraction, "0") != "" {
		seconds++
	}
	return min(time.Duration(seconds)*time.Second, topic.MaxRetryAfter), true
}

func areDigits(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

// whyWait describes the reason for the length of a wait. jitter mentions the
// jitter, if there is any.
func whyWait(t topic.Response, has bool, asked, wait time.Duration, jitter string) string {
	until := wait.String() + jitter
	switch {
	case t.BadRetryAfter != nil && has:
		return "retry-after is " + quote(string(t.BadRetryAfter), 20) + ", the policy makes it " + until
	case t.BadRetryAfter != nil:
		return "retry-after is " + quote(string(t.BadRetryAfter), 20) + ", the default is " + until
	case !has:
		return "no retry-after, the default is " + until
	case asked != wait:
		return "the service asked for " + asked.String() + ", the policy makes it " + until
	}
	return "the service asked for " + until
}
