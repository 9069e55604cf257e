package fsm

import "time"

// Policy has the numbers by which a [Machine] waits and gives up. A zero field
// stands for the default named beside it.
type Policy struct {
	// Budget is the time for the whole registration, from the first input on: call
	// Advance before the first dial for that to count. Default 5 minutes; negative: no
	// limit. A device of a large fleet that must be registered in the end, however long
	// that takes, has no limit here and in MaxAttempts: at 1,000 registrations a minute a
	// million devices take 17 hours.
	Budget time.Duration

	// RequestTimeout is the time for each answer: CONNACK, SUBACK, the answer to a
	// request, PINGRESP. Default 30 s.
	RequestTimeout time.Duration

	// KeepAlive is the longest silence of the device before it sends a PINGREQ; it
	// also stands in the CONNECT. Whole seconds up to 65,535. Default 60 s; negative:
	// off. A load balancer before the service forgets a connection after 4 minutes.
	KeepAlive time.Duration

	// RetryAfter is the wait before a query if the service does not name one.
	// Default 3 s.
	RetryAfter time.Duration

	// MinRetryAfter and MaxRetryAfter bound what the service names. Defaults 2 s,
	// which keeps to the limit of 5 queries in 10 s, and 300 s.
	MinRetryAfter, MaxRetryAfter time.Duration

	// StayConnected is the longest wait that is spent connected. For a longer one the
	// machine disconnects, and dials again when it is over, which is no failure. Default
	// 4 minutes; negative: stays connected in every wait.
	StayConnected time.Duration

	// MinBackoff is the wait after a first failure; each further one doubles it, up
	// to MaxBackoff. A retry-after is the floor. Config.Jitter makes it up to twice as
	// long. Defaults 1 s and 100 s.
	MinBackoff, MaxBackoff time.Duration

	// MaxThrottled is for status 429: a fleet asks for more than the service's quota.
	// The wait is then at least two thirds of the time for which the service has been
	// answering so, up to MaxThrottled, and Config.Jitter makes that up to twice as long
	// too. So a fleet of any size uses the quota up, and the requests that a device needs
	// grow with the logarithm of its size only. Default 2 h.
	MaxThrottled time.Duration

	// MaxAttempts is the number of failures in a row after which the machine gives
	// up: connections lost, answers missing, unreadable or 429 and 5xx. Default 10;
	// negative: no limit.
	MaxAttempts int

	// AtMostOnce sends requests with QoS 0 instead of 1.
	AtMostOnce bool

	// NoResume registers again after a lost connection instead of querying the
	// operation that is already known.
	NoResume bool

	// Pipeline sends CONNECT, SUBSCRIBE and the first request at once, without waiting
	// for the CONNACK and the SUBACK, as MQTT 3.1.1 allows (section 3.1.4): the first
	// answer is there after one round trip instead of three. If the connection fails
	// before an answer came, or is refused, the next ones take the careful order.
	Pipeline bool

	// KeepSession ends an assigned registration without a DISCONNECT: the machine
	// is Done at once, and the transport with its MQTT session is the caller's. Send
	// the output that is left, and go on with Machine.AppendUnread.
	KeepSession bool
}

// maxGarbled is the number of unreadable answers in a row that end a registration.
const maxGarbled = 3

// The part of a wait that jitter adds at most: waits get longer, never shorter. After a
// failure a fleet comes all at once, and has to be spread over all of the time.
const (
	jitterPoll  = 0.2
	jitterRetry = 1
)

func (p *Policy) setDefaults() {
	setDefault(&p.Budget, 5*time.Minute)
	setDefault(&p.RequestTimeout, 30*time.Second)
	setDefault(&p.KeepAlive, 60*time.Second)
	setDefault(&p.RetryAfter, 3*time.Second)
	setDefault(&p.MinRetryAfter, 2*time.Second)
	setDefault(&p.MaxRetryAfter, 300*time.Second)
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
func (p *Policy) check(report func(string, ...any)) {
	positive := func(name string, d time.Duration) {
		if d < 0 {
			report("Policy.%s is %v, expected a positive duration", name, d)
		}
	}
	positive("RequestTimeout", p.RequestTimeout)
	positive("RetryAfter", p.RetryAfter)
	positive("MinRetryAfter", p.MinRetryAfter)
	positive("MinBackoff", p.MinBackoff)
	positive("MaxThrottled", p.MaxThrottled)
	if p.MaxRetryAfter < p.MinRetryAfter {
		report("Policy.MaxRetryAfter is %v, less than MinRetryAfter %v", p.MaxRetryAfter, p.MinRetryAfter)
	}
	if p.MaxBackoff < p.MinBackoff {
		report("Policy.MaxBackoff is %v, less than MinBackoff %v", p.MaxBackoff, p.MinBackoff)
	}
	if k := p.KeepAlive; k > 0 && (k%time.Second != 0 || k > 65535*time.Second) {
		report("Policy.KeepAlive is %v, expected whole seconds up to 65535", k)
	}
}

// poll returns the wait before the next query.
func (p *Policy) poll(asked time.Duration, has bool) time.Duration {
	if !has {
		asked = p.RetryAfter
	}
	return min(max(asked, p.MinRetryAfter), p.MaxRetryAfter)
}

// backoff returns the wait after this many failures in a row, at least 1.
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

// jitter makes a wait longer, by a part of it that is at most this.
func (m *Machine) jitter(d time.Duration, most float64) time.Duration {
	if m.cfg.Jitter == nil {
		return d
	}
	part := m.cfg.Jitter()
	if !(part > 0) { // nor NaN
		part = 0
	}
	return d + time.Duration(most*float64(d)*min(part, 1))
}
