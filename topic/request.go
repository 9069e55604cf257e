package topic

import (
	"bytes"
	"strconv"
	"strings"
)

const requestPrefix = "$dps/registrations/"

// An Op says what a [Request] asks for: "verb/operation", as it stands in the topic. Each
// of the two is made of unreserved characters (letters, digits, - . _ ~), and the verb is
// not "res", which begins the responses. Any such Op may be used; newer versions of the
// service add some.
type Op string

// The operations of DPS over MQTT that all versions of the service know.
const (
	Register    Op = "PUT/iotdps-register"
	QueryStatus Op = "GET/iotdps-get-operationstatus"
)

// operations has a row for each Op above, which says whether it cannot be written without an
// OperationID.
var operations = [...]struct {
	op      Op
	needsID bool
}{
	{Register, false},
	{QueryStatus, true},
}

// A Request is the topic name of a request to DPS. It is read with [ParseRequest].
type Request struct {
	Op Op

	// RequestID is $rid: the service repeats it in its response. To be written it must have
	// 1 to MaxIDLen bytes, of any value. A parsed one is nil if there is no $rid, which the
	// service tolerates (it takes "?rid=1" and answers "$rid="), and empty for "$rid=".
	RequestID []byte

	// OperationID is operationId, from the body of the response to Register; nil if there
	// is none. QueryStatus, in any case, cannot be written without it. It has at most
	// MaxIDLen bytes to be written, of any value.
	OperationID []byte

	// Extra holds all other properties, undecoded, joined by '&'; nil if there are none. It
	// is written as it stands, after the others, if it is legal in a topic name, its
	// escapes are whole, and no key is empty or one of the above. See [Properties].
	Extra []byte

	// Repeated: $rid or operationId came more than once. Set by ParseRequest and not
	// written.
	Repeated bool
}

// AppendText appends the topic name to b. It implements [encoding.TextAppender]. The error,
// if any, is an [ErrInvalid], and b comes back unchanged.
func (r Request) AppendText(b []byte) ([]byte, error) {
	if err := r.check(); err != nil {
		return b, err
	}
	t := append(b, requestPrefix...)
	t = append(t, r.Op...)
	t = append(t, "/?"+keyRequestID+"="...)
	t = appendEscaped(t, r.RequestID)
	if r.OperationID != nil {
		t = append(t, "&"+keyOperationID+"="...)
		t = appendEscaped(t, r.OperationID)
	}
	if len(r.Extra) > 0 {
		t = append(append(t, '&'), r.Extra...)
	}
	return bounded(b, t)
}

func (r Request) check() error {
	if !wellFormed(r.Op) {
		return invalid("Op of the form verb/operation", quote([]byte(r.Op)))
	}
	if n := len(r.RequestID); n < 1 || n > MaxIDLen {
		return invalid("RequestID of 1 to "+strconv.Itoa(MaxIDLen)+" bytes", strconv.Itoa(n))
	}
	if n := len(r.OperationID); n > MaxIDLen {
		return invalid("OperationID of at most "+strconv.Itoa(MaxIDLen)+" bytes", strconv.Itoa(n))
	}
	for _, o := range operations {
		if o.op == r.Op && o.needsID && len(r.OperationID) == 0 {
			return invalid("OperationID for "+string(o.op), "none")
		}
	}
	return checkExtra(r.Extra, keyRequestID, keyOperationID)
}

// ParseRequest parses the topic name of a request. An operation that differs from
// [Register] or [QueryStatus] in ASCII case alone is taken for it: the service's
// documentation says of its newer operations that case does not matter. Slices borrow t,
// see the package comment.
//
// The error is an [ErrNotDPS] if t does not begin with "$dps/registrations/", and an
// [ErrSyntax] for a response topic, a malformed operation, or a $rid or operationId with a
// broken escape.
func ParseRequest(t []byte) (Request, error) {
	const n = len(requestPrefix)
	if len(t) < n || string(t[:n]) != requestPrefix {
		return Request{}, notDPS(t, requestPrefix)
	}
	end := bytes.Index(t[n:], []byte("/?"))
	if end < 0 {
		return Request{}, malformed(t, n, `verb/operation and then "/?"`)
	}
	end += n
	op, ok := parseOp(t[n:end])
	if !ok {
		return Request{}, malformed(t, n, "verb/operation")
	}
	r := Request{Op: op}
	var extra extras
	var err error
	for p, ok := next(t, end+len("/?")); ok; p, ok = next(t, p.end) {
		field := &r.RequestID
		switch key := p.key(t); {
		case equalFold(key, keyRequestID):
		case equalFold(key, keyOperationID):
			field = &r.OperationID
		default:
			extra.add(t, p)
			continue
		}
		if *field != nil {
			r.Repeated = true
		} else if *field, err = identifier(t, p); err != nil {
			return Request{}, err
		}
	}
	r.Extra = extra.text
	return r, nil
}

func parseOp(s []byte) (Op, bool) {
	for _, o := range operations {
		if equalFold(s, string(o.op)) {
			return o.op, true
		}
	}
	op := Op(s)
	return op, wellFormed(op)
}

func wellFormed(op Op) bool {
	verb, operation, _ := strings.Cut(string(op), "/")
	return verb != "res" && segment(verb) && segment(operation)
}

func segment(s string) bool {
	for i := range len(s) {
		if !unreserved(s[i]) {
			return false
		}
	}
	return s != ""
}
