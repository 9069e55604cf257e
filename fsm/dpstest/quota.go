package dpstest

import (
	"strconv"
	"time"
)

// A window counts the requests in a period of time.
type window struct {
	start time.Time
	n     int
}

// take counts a request and returns 0 if fewer than limit requests have been
// counted in the window. Otherwise it returns the time until the window ends. A
// negative limit means that there is no limit. If clock is set, windows begin
// at multiples of their length; otherwise a window begins with the first
// request after the previous window.
func (w *window) take(now time.Time, length time.Duration, limit int, clock bool) (wait time.Duration) {
	if limit < 0 {
		return 0
	}
	if w.n == 0 || !now.Before(w.start.Add(length)) {
		*w = window{start: now}
		if clock {
			w.start = now.Truncate(length)
		}
	}
	if w.n >= limit {
		return w.start.Add(length).Sub(now)
	}
	w.n++
	return 0
}

// quota counts an authorized request and reports whether it is within the
// quota. If it is not, quota returns the answer that refuses it, and does not
// count it. Other requests that are refused do not count either, unless they
// are refused because of their body or their operation ID.
func (c *Conn) quota(w *window, length time.Duration, limit int) (answer, bool) {
	wait := w.take(c.now, length, limit, c.service.cfg.Choices.QuotaWindow == "clock")
	if wait == 0 {
		return answer{}, true
	}
	a := c.refuse(&failure{429001, "Operations are being throttled for this tenant."})
	a.retryAfter = RetryAfter(strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10)) // rounded up
	return a, false
}
