package registration

import (
	"math"
	"strconv"
	"time"
)

// Policy sets how long a [Registration] waits and when it gives up. A zero
// field selects the default given in its comment.
type Policy struct {
	// Budget is the time for the whole registration, beginning with the first
	// input. A last attempt is made shortly before its end, unless the service
	// asked for a longer wait. The default is 6 minutes. If Budget is negative,
	// there is no limit. If a device of a large fleet must be registered
	// however long it takes, make both Budget and MaxAttempts negative: at
	// 1,000 registrations per minute, a million devices take 17 hours.
	Budget time.Duration

	// RequestTimeout is the maximum time until the answer to a request. The
	// default is 30 s.
	RequestTimeout time.Duration

	// RetryAfter is the wait before a query if the service does not ask for
	// one. The default is 3 s.
	RetryAfter time.Duration

	// MinRetryAfter and MaxRetryAfter limit the wait that the service asks for.
	// The defaults are 2 s, which obeys the limit of 5 queries in 10 s, and 5
	// minutes.
	MinRetryAfter, MaxRetryAfter time.Duration

	// StayConnected is the longest wait during which the link stays open. For a
	// longer wait, the registration asks for the link to be closed, and for
	// another link when the wait is over. This does not count as a failure. The
	// default is 4 minutes, after which load balancers drop a silent
	// connection. If StayConnected is negative, the link stays open during
	// every wait.
	StayConnected time.Duration

	// MinBackoff is the wait after the first failure. Each further failure
	// doubles the wait, up to MaxBackoff. After a 5xx without a retry-after,
	// the wait is at least 5 s. Config.Jitter makes it up to twice as long. The
	// defaults are 1 s and 100 s.
	MinBackoff, MaxBackoff time.Duration

	// MaxThrottled limits how waits grow after registrations that are answered
	// with 429, which means that a fleet exceeds the quota of the service. The
	// device waits for the longer of two times: the retry-after plus a random
	// part of a minute; and the retry-after multiplied by the minutes since the
	// first 429 in a row, plus or minus 10 percent. Since the retry-after is
	// the remainder of the current minute, waits grow while the fleet is far
	// above the quota, and shrink when most devices are registered. The default
	// is 2 h.
	MaxThrottled time.Duration

	// FleetSize, if not 0, is the number of devices that may register at the
	// same time, for example after a power outage. After its first 429, a
	// device then tries again at a random time within the period that such a
	// fleet needs at the quota of 1,000 registrations per minute. If it is
	// refused again, it tries at the beginning of the next minute, unless the
	// fleet turns out to be larger. A device that is never throttled does not
	// wait longer because of FleetSize. If FleetSize is set, the jitter before
	// a query is at most 5 percent instead of 20. If FleetSize is too small,
	// devices need more requests. If it is too large, they take proportionally
	// longer. FleetSize requires Config.Jitter, and Budget and MaxAttempts must
	// be large enough for these waits. The default, 0, means that the size is
	// unknown.
	FleetSize int

	// MaxAttempts is the number of failures after which the registration gives
	// up. Failures are lost links, failed dials, missing or unreadable answers,
	// 429 and 5xx answers, and starting over. When a query is answered
	// "assigning", the count is reset, except for starting over. The default is
	// 10. If MaxAttempts is negative, there is no limit.
	MaxAttempts int

	// NoResume makes the device register again after a lost link instead of
	// querying the operation in progress.
	NoResume bool
}

const (
	// maxUnreadable is the number of unreadable answers in a row that end a
	// registration.
	maxUnreadable = 3

	// minServerError is the minimum wait after a 5xx without a retry-after.
	minServerError = 5 * time.Second

	// maxFleet is far more than the number of devices that a service supports,
	// which is a million.
	maxFleet = 1_000_000_000

	// quota is the number of registrations that the service accepts per
	// quotaTime.
	quota     = 1000
	quotaTime = time.Minute

	// jitterRetry is the maximum part of a wait after a failure that jitter
	// adds to it. The devices of a fleet often fail at the same time, and must
	// be spread over the whole wait.
	jitterRetry = 1
)

func (p *Policy) setDefaults() {
	setDefault(&p.Budget, 6*time.Minute)
	setDefault(&p.RequestTimeout, 30*time.Second)
	setDefault(&p.RetryAfter, 3*time.Second)
	setDefault(&p.MinRetryAfter, 2*time.Second)
	setDefault(&p.MaxRetryAfter, 5*time.Minute)
	setDefault(&p.StayConnected, 4*time.Minute)
	setDefault(&p.MinBackoff, 1*time.Second)
	setDefault(&p.MaxBackoff, 100*time.Second)
	setDefault(&p.MaxThrottled, 2*time.Hour)
	setDefault(&p.MaxAttempts, 10)
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// check reports every mistake in p, after the defaults have been set.
func (p *Policy) check(m *mistakes) {
	positive := func(name string, d time.Duration) {
		if d < 0 {
			m.add("Policy." + name + " is " + d.String() + ", expected a positive duration")
		}
	}
	positive("RequestTimeout", p.RequestTimeout)
	positive("RetryAfter", p.RetryAfter)
	positive("MinRetryAfter", p.MinRetryAfter)
	positive("MinBackoff", p.MinBackoff)
	positive("MaxThrottled", p.MaxThrottled)
	if p.MaxRetryAfter < p.MinRetryAfter {
		m.add("Policy.MaxRetryAfter is " + p.MaxRetryAfter.String() + ", less than MinRetryAfter " + p.MinRetryAfter.String())
	}
	if p.MaxBackoff < p.MinBackoff {
		m.add("Policy.MaxBackoff is " + p.MaxBackoff.String() + ", less than MinBackoff " + p.MinBackoff.String())
	}
	if p.FleetSize < 0 || p.FleetSize > maxFleet {
		m.add("Policy.FleetSize is " + strconv.Itoa(p.FleetSize) + ", expected a number of devices up to " + strconv.Itoa(maxFleet))
	}
}

// poll returns the wait before the next query. asked is the retry-after, if has
// is set.
func (p *Policy) poll(asked time.Duration, has bool) time.Duration {
	if !has {
		asked = p.RetryAfter
	}
	return min(max(asked, p.MinRetryAfter), p.MaxRetryAfter)
}

// jitterPoll returns the maximum part of a wait before a query that jitter adds
// to it: a fifth (S7), or less in a fleet whose registrations are already
// spread.
func (p *Policy) jitterPoll() float64 {
	if p.FleetSize > 0 {
		return 0.05
	}
	return 0.2
}

// backoff returns the wait after the given number of failures, which is at
// least 1.
func (p *Policy) backoff(attempts int) time.Duration {
	d := p.MinBackoff
	for range attempts - 1 {
		if d > p.MaxBackoff/2 {
			return p.MaxBackoff
		}
		d *= 2
	}
	return d
}

// lastChance is how long before the end of the budget the last attempt is made.
func (p *Policy) lastChance() time.Duration { return min(p.RequestTimeout, p.Budget/4) }

// longer extends a wait by a random part of it, at most by the part most.
func longer(d time.Duration, random, most float64) time.Duration {
	return saturate(d, random*most*float64(d))
}

// saturate returns the sum, or the maximum duration if the sum overflows.
func saturate(d time.Duration, more float64) time.Duration {
	if more >= float64(math.MaxInt64-d) {
		return math.MaxInt64
	}
	return d + time.Duration(more)
}

// spread returns the wait after a registration that was answered 429. since is
// the time since the first 429 in a row. asked is the retry-after, if has is
// set, and the minimum of the wait. random returns a new number on each call.
func (p *Policy) spread(asked time.Duration, has bool, since time.Duration, random func() float64) time.Duration {
	over := min(asked, quotaTime) // the part of the last minute after the quota was used up
	if !has {
		over = quotaTime / 2
	}
	switch need := p.fleetTime(); {
	case p.FleetSize == 0:
		return max(asked+part(quotaTime, random()), p.grown(since, over, random()))
	case since == 0:
		return asked + part(max(need-asked, quotaTime), random())
	default: // if it is more than half of the minute, the fleet is larger than FleetSize
		return max(asked+part(quotaTime/3, random()), p.grown(max(since, need), over-quotaTime/2, random()))
	}
}

// grown returns one step for each minute in since, at most MaxThrottled, plus
// or minus a tenth.
func (p *Policy) grown(since, step time.Duration, random float64) time.Duration {
	return part(min(part(step, since.Minutes()), p.MaxThrottled), 0.9+0.2*random)
}

// fleetTime returns the time over which the devices of a fleet of size
// FleetSize spread: the time that they need at the quota, plus 2 %, minus most
// of the last minute, which only has to begin.
func (p *Policy) fleetTime() time.Duration {
	return part(quotaTime, 1.02*float64(p.FleetSize)/quota-0.8)
}

// part returns the product of d and of, or the maximum duration if it
// overflows.
func part(d time.Duration, of float64) time.Duration {
	if product := float64(d) * of; product < math.MaxInt64 {
		return time.Duration(product)
	}
	return math.MaxInt64
}
