package topic

import (
	"bytes"
	"strconv"
	"time"
)

// ResponseFilter is the only topic filter that the service allows a device to
// subscribe to. It matches the responses to all operations.
const ResponseFilter = "$dps/registrations/res/#"

const responsePrefix = "$dps/registrations/res/"

// MaxRetryAfter is the longest retry-after that is read or written as a number
// of seconds: 2³¹ s, about 68 years, the limit that RFC 9111, section 1.2.2,
// sets.
const MaxRetryAfter = 1 << 31 * time.Second

// A Response is the topic name of a response from DPS. Use [ParseResponse] to
// parse one.
type Response struct {
	// Status is 100 to 599, with the same meaning as in HTTP. If it disagrees
	// with the status in the body, the body is right: older versions of the
	// service respond with 200 while the device is still being assigned.
	Status int

	// RequestID is $rid, repeated from the request. It is nil if there is none,
	// and empty for "$rid=", with which the service answers a request whose
	// $rid is absent or misspelled. When parsed, text with an invalid escape is
	// left undecoded. To be written it must have at most MaxIDLen bytes, of any
	// value.
	RequestID []byte

	// RetryAfter is retry-after, the time to wait before the next request, if
	// HasRetryAfter is set; otherwise it is zero. It is a whole number of
	// seconds from 0 to MaxRetryAfter.
	RetryAfter    time.Duration
	HasRetryAfter bool

	// BadRetryAfter is the undecoded text of a retry-after that is not such a
	// number in decimal digits; otherwise it is nil. ParseResponse does not
	// return an error for it, since the rest of the message is usable. It is
	// written unchanged, so that a test service can send an invalid value on
	// purpose.
	BadRetryAfter []byte

	// Extra holds all other properties, undecoded and joined by '&'; it is nil
	// if there are none. To be written it must be legal in a topic name, its
	// escapes must be valid, and no key may be empty or one of the above; it is
	// then written unchanged after the others. See [Properties].
	Extra []byte

	// Repeated reports whether $rid or retry-after was present more than once.
	// It is set by ParseResponse and ignored by AppendText.
	Repeated bool
}

// AppendText appends the topic name to b. It implements
// [encoding.TextAppender]. If it returns an error, the error wraps [ErrInvalid]
// and b is returned unchanged.
func (r Response) AppendText(b []byte) ([]byte, error) {
	if err := r.check(); err != nil {
		return b, err
	}
	t := append(b, responsePrefix...)
	t = strconv.AppendInt(t, int64(r.Status), 10)
	t = append(t, "/?"...)
	first := len(t)
	if r.RequestID != nil {
		t = append(t, keyRequestID+"="...)
		t = appendEscaped(t, r.RequestID)
	}
	if r.HasRetryAfter || r.BadRetryAfter != nil {
		t = appendSeparator(t, first)
		t = append(t, keyRetryAfter+"="...)
		if r.HasRetryAfter {
			t = strconv.AppendInt(t, int64(r.RetryAfter/time.Second), 10)
		}
		t = append(t, r.BadRetryAfter...)
	}
	if len(r.Extra) > 0 {
		t = appendSeparator(t, first)
		t = append(t, r.Extra...)
	}
	return bounded(b, t)
}

// appendSeparator appends '&' unless the next property is the first one, which
// begins at b[first].
func appendSeparator(b []byte, first int) []byte {
	if len(b) > first {
		b = append(b, '&')
	}
	return b
}

func (r Response) check() error {
	if r.Status < 100 || r.Status > 599 {
		return invalid("Status from 100 to 599", strconv.Itoa(r.Status))
	}
	if n := len(r.RequestID); n > MaxIDLen {
		return invalid("RequestID of at most "+strconv.Itoa(MaxIDLen)+" bytes", strconv.Itoa(n))
	}
	if err := r.checkRetryAfter(); err != nil {
		return err
	}
	return checkExtra(r.Extra, keyRequestID, keyRetryAfter)
}

func (r Response) checkRetryAfter() error {
	if !r.HasRetryAfter && r.RetryAfter != 0 {
		return invalid("HasRetryAfter to be set with RetryAfter", r.RetryAfter.String()+" alone")
	}
	if r.RetryAfter < 0 || r.RetryAfter > MaxRetryAfter || r.RetryAfter%time.Second != 0 {
		return invalid("RetryAfter in whole seconds from 0 to "+MaxRetryAfter.String(), r.RetryAfter.String())
	}
	if r.BadRetryAfter == nil {
		return nil
	}
	if r.HasRetryAfter {
		return invalid("either RetryAfter or BadRetryAfter", "both "+r.RetryAfter.String()+" and "+quote(r.BadRetryAfter))
	}
	if bytes.IndexByte(r.BadRetryAfter, '&') >= 0 || !legal(r.BadRetryAfter) {
		return invalid("BadRetryAfter in UTF-8 without control characters, '&', '+' and '#'", quote(r.BadRetryAfter))
	}
	if _, ok := parseSeconds(r.BadRetryAfter); ok {
		return invalid("BadRetryAfter that is not a number of seconds", quote(r.BadRetryAfter))
	}
	return nil
}

// ParseResponse parses the topic name of a response. Slices may borrow t; see
// the package comment.
//
// The error wraps [ErrNotDPS] if t does not begin with
// "$dps/registrations/res/". It wraps [ErrMalformed] if the status is not a
// three-digit number from 100 to 599, or is not followed by "/?".
func ParseResponse(t []byte) (Response, error) {
	const n = len(responsePrefix)
	if len(t) < n || string(t[:n]) != responsePrefix {
		return Response{}, notDPS(t, responsePrefix)
	}
	status := parseStatus(t[n:])
	if status == 0 {
		return Response{}, malformed(t, n, "a status of three digits from 100 to 599")
	}
	if !bytes.HasPrefix(t[n+3:], []byte("/?")) {
		return Response{}, malformed(t, n+3, `"/?"`)
	}
	r := Response{Status: status}
	var extra extras
	for p, ok := next(t, n+5); ok; p, ok = next(t, p.end) {
		switch key := p.key(t); {
		case equalFold(key, keyRequestID):
			if r.RequestID != nil {
				r.Repeated = true
			} else {
				r.RequestID = decoded(p.value(t))
			}
		case equalFold(key, keyRetryAfter):
			if r.HasRetryAfter || r.BadRetryAfter != nil {
				r.Repeated = true
			} else if r.RetryAfter, r.HasRetryAfter = parseSeconds(p.value(t)); !r.HasRetryAfter {
				r.BadRetryAfter = p.value(t)
			}
		default:
			extra.add(t, p)
		}
	}
	r.Extra = extra.text
	return r, nil
}

// parseStatus returns the status at the start of s, which must be followed by
// '/' or the end of s, or 0 if there is none.
func parseStatus(s []byte) int {
	if len(s) < 3 || len(s) > 3 && s[3] != '/' {
		return 0
	}
	status := 0
	for _, c := range s[:3] {
		if c < '0' || c > '9' {
			return 0
		}
		status = status*10 + int(c-'0')
	}
	if status < 100 || status > 599 {
		return 0
	}
	return status
}

// parseSeconds parses a retry-after, which consists of decimal digits only and
// is at most MaxRetryAfter. Leading zeros are allowed.
func parseSeconds(s []byte) (d time.Duration, ok bool) {
	if s, _ = unescape(s); len(s) == 0 { // also if an escape is invalid
		return 0, false
	}
	var seconds int64
	for _, c := range s {
		if c < '0' || c > '9' {
			return 0, false
		}
		seconds = seconds*10 + int64(c-'0')
		if seconds > int64(MaxRetryAfter/time.Second) {
			return 0, false
		}
	}
	return time.Duration(seconds) * time.Second, true
}
