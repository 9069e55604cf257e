package dpstest

import (
	"strconv"
	"time"
)

// A window counts the requests in a stretch of time.
type window struct {
	start time.Time
	n     int
}

// take counts one more request if fewer than limit were counted, and returns 0.
// Otherwise it returns the time until the window is over. A negative limit is
// none. With clock, windows begin at multiples of their length, otherwise with
// the first request after the last one.
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

// quota counts an authorized request. A request that is refused for any reason
// but its body or its operation id does not count: nor does one that is refused
// here.
func (c *Conn) quota(w *window, length time.Duration, limit int) (answer, bool) {
	wait := w.take(c.now, length, limit, c.service.cfg.Choices.QuotaWindow == "clock")
	if wait == 0 {
		return answer{}, true
	}
	a := c.refuse(&failure{429001, "Operations are being throttled for this tenant."})
	a.retryAfter = RetryAfter(strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10)) // rounded up
	return a, false
}
