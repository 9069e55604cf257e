package registration

import (
	"strings"
	"time"

	"example.com/dps/topic"
)

// retryAfter returns the wait that the service asks for, and whether it does. It grows
// with what the service asks for, whatever that is (S7): a number beyond those that
// package topic takes counts as the largest, one below zero as zero, and a fraction is
// rounded up.
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

// whyWait says where a wait comes from, and that there is jitter, if there is.
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
