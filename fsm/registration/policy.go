package registration

import (
	"math"
	"strconv"
	"time"
)

// Policy has the numbers by which a [Registration] waits and gives up. A field that
// is zero stands for the default named in its comment.
type Policy struct {
	// Budget is the time for the whole registration, from the first input on. A last
	// attempt is made shortly before its end, unless the service asked for a longer
	// wait. Default 6 minutes; negative: no limit. A device of a large fleet that has
	// to be registered in the end, however long that takes, has no limit here and in
	// MaxAttempts: at 1,000 registrations a minute a million devices take 17 hours.
	Budget time.Duration

	// RequestTimeout is the time for the answer to a request. Default 30 s.
	RequestTimeout time.Duration

	// RetryAfter is the wait before a query if the service does not ask for one.
	// Default 3 s.
	RetryAfter time.Duration

	// MinRetryAfter and MaxRetryAfter bound the wait that the service asks for.
	// Defaults 2 s, which keeps to the limit of 5 queries in 10 s, and 5 minutes.
	MinRetryAfter, MaxRetryAfter time.Duration

	// StayConnected is the longest wait that is spent with the link up. For a longer
	// one the link is closed, and another one is asked for when the wait is over,
	// which is not a failure. Default 4 minutes, after which load balancers forget a
	// silent connection; negative: the link stays up in every wait.
	StayConnected time.Duration

	// MinBackoff is the wait after a first failure. Each further one doubles it, up to
	// MaxBackoff. After a 5xx without a retry-after it is at least 5 s. Config.Jitter
	// makes it up to twice as long. Defaults 1 s and 100 s.
	MinBackoff, MaxBackoff time.Duration

	// MaxThrottled bounds how waits grow after a registration that is answered 429,
	// which says that a fleet asks for more than the service's quota. The device waits
	// for the retry-after and up to a minute more, or for one retry-after for each
	// minute since the first 429 in a row (give or take a tenth), whichever is longer.
	// The service names what is left of the minute, so that waits grow while the fleet
	// is far above the quota, and shrink when it is nearly through. Default 2 h.
	MaxThrottled time.Duration

	// FleetSize is the number of devices that may come back at once, as after a power
	// cut, if that is known. After its first 429 a device then comes back at a random
	// time within the time that such a fleet needs with the quota of 1,000
	// registrations a minute; if it is refused again, at the beginning of the next
	// minute, unless the fleet turns out to be larger. A device that is never throttled
	// never waits for that. Jitter before a query is a twentieth at most. If the number is too small, devices need more requests; if
	// it is too large, they take as much longer. It needs Config.Jitter, and a Budget
	// and MaxAttempts that leave time for it. Default 0: not known.
	FleetSize int

	// MaxAttempts is the number of failures after which the registration is given up:
	// links lost, dials failed, answers missing, unreadable, 429 and 5xx, and starting
	// over. An answer to a query that says "assigning" forgives them, apart from
	// starting over. Default 10; negative: no limit.
	MaxAttempts int

	// NoResume registers again after a lost link instead of querying the operation
	// that is under way.
	NoResume bool
}

const (
	// maxUnreadable is the number of unreadable answers in a row that end a registration.
	maxUnreadable = 3

	// minServerError is the shortest wait after a 5xx that does not name one.
	minServerError = 5 * time.Second

	// maxFleet is far more than a service takes, which is a million devices.
	maxFleet = 1_000_000_000

	// quota is the number of registrations that the service takes in a quotaTime.
	quota     = 1000
	quotaTime = time.Minute

	// jitterRetry is the part that jitter adds at most to a wait after a failure: a
	// fleet comes all at once then, and has to be spread over all of the time.
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

// check reports every mistake, with the defaults set.
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

// poll returns the wait before the next query.
func (p *Policy) poll(asked time.Duration, has bool) time.Duration {
	if !has {
		asked = p.RetryAfter
	}
	return min(max(asked, p.MinRetryAfter), p.MaxRetryAfter)
}

// jitterPoll returns the part that jitter adds at most to a wait before a query: a fifth
// (S7), or less in a fleet whose registrations are spread already.
func (p *Policy) jitterPoll() float64 {
	if p.FleetSize > 0 {
		return 0.05
	}
	return 0.2
}

// backoff returns the wait after this many failures, at least 1.
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

// longer makes a wait longer by a random part of it, at most by this one.
func longer(d time.Duration, random, most float64) time.Duration {
	return saturate(d, random*most*float64(d))
}

// saturate returns the sum, or the longest duration if there is none.
func saturate(d time.Duration, more float64) time.Duration {
	if more >= float64(math.MaxInt64-d) {
		return math.MaxInt64
	}
	return d + time.Duration(more)
}

// spread returns the wait after a registration that was answered 429, the first of which
// in a row was so long ago. asked is the retry-after, if the service named one, and it
// never waits less than that. random returns a new number each time.
func (p *Policy) spread(asked time.Duration, has bool, since time.Duration, random func() float64) time.Duration {
	over := min(asked, quotaTime) // so much of the last minute was beyond the quota
	if !has {
		over = quotaTime / 2
	}
	switch need := p.fleetTime(); {
	case p.FleetSize == 0:
		return max(asked+part(quotaTime, random()), p.grown(since, over, random()))
	case since == 0:
		return asked + part(max(need-asked, quotaTime), random())
	default: // if more than half of the minute was, the fleet is larger
		return max(asked+part(quotaTime/3, random()), p.grown(max(since, need), over-quotaTime/2, random()))
	}
}

// grown returns one step for each minute since then, give or take a tenth.
func (p *Policy) grown(since, step time.Duration, random float64) time.Duration {
	return part(min(part(step, since.Minutes()), p.MaxThrottled), 0.9+0.2*random)
}

// fleetTime returns the time over which a fleet of the known size spreads itself: what
// the quota makes it need and 2 % more, less most of the last minute, which has only to
// begin.
func (p *Policy) fleetTime() time.Duration {
	return part(quotaTime, 1.02*float64(p.FleetSize)/quota-0.8)
}

// part returns this part of a duration, or the longest one if it is longer than that.
func part(d time.Duration, of float64) time.Duration {
	if product := float64(d) * of; product < math.MaxInt64 {
		return time.Duration(product)
	}
	return math.MaxInt64
}
