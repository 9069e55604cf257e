package dpstest

import (
	"strconv"
	"time"
)

// A window counts what happens in a stretch of time that begins with the first event
// after the last one. (Choice: of the real service only the figures are known.)
type window struct {
	start time.Time
	n     int
}

// take counts one more event if fewer than limit were counted. Otherwise it returns the
// time until the window is over. A negative limit is none.
func (w *window) take(now time.Time, length time.Duration, limit int) (wait time.Duration, ok bool) {
	if limit < 0 {
		return 0, true
	}
	end := w.start.Add(length)
	if w.n == 0 || !now.Before(end) {
		*w = window{start: now}
	}
	if w.n >= limit {
		return end.Sub(now), false
	}
	w.n++
	return 0, true
}

// throttled answers a request above a quota.
func (c *Conn) throttled(wait time.Duration) answer {
	a := c.refuse(&failure{429001, "Operations are being throttled for this tenant.", "above the quota"})
	a.retryAfter = RetryAfter(strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10)) // rounded up
	return a
}
