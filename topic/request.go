package topic

import (
	"bytes"
	"strconv"
	"strings"
)

const requestPrefix = "$dps/registrations/"

// An Op is the operation that a [Request] requests: "verb/operation", as it
// appears in the topic. Both parts consist of unreserved characters (letters,
// digits, - . _ ~), and the verb is not "res", which is the first part of a
// response topic. Any such Op may be used; newer versions of the service add
// operations.
type Op string

// The operations that all versions of the service support over MQTT.
const (
	Register    Op = "PUT/iotdps-register"
	QueryStatus Op = "GET/iotdps-get-operationstatus"
)

// operations has a row for each Op above, which says whether it cannot be
// written without an OperationID.
var operations = [...]struct {
	op      Op
	needsID bool
}{
	{Register, false},
	{QueryStatus, true},
}

// A Request is the topic name of a request to DPS. Use [ParseRequest] to parse
// one.
type Request struct {
	Op Op

	// RequestID is $rid, which the service repeats in its response. To be
	// written it must have 1 to MaxIDLen bytes, of any value. When parsed, it
	// is empty for "$rid=" and nil if there is no $rid, which the service
	// tolerates (it accepts "?rid=1" and answers with "$rid=").
	RequestID []byte

	// OperationID is operationId, from the body of the response to Register; it
	// is nil if there is none. QueryStatus, in any ASCII case, cannot be
	// written without it. To be written it must have at most MaxIDLen bytes, of
	// any value.
	OperationID []byte

	// Extra holds all other properties, undecoded and joined by '&'; it is nil
	// if there are none. To be written it must be legal in a topic name, its
	// escapes must be valid, and no key may be empty or one of the above; it is
	// then written unchanged after the others. See [Properties].
	Extra []byte

	// Repeated reports whether $rid or operationId was present more than once.
	// It is set by ParseRequest and ignored by AppendText.
	Repeated bool
}

// AppendText appends the topic name to b. It implements
// [encoding.TextAppender]. If it returns an error, the error wraps [ErrInvalid]
// and b is returned unchanged.
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
		if o.needsID && equalFold(r.Op, string(o.op)) && len(r.OperationID) == 0 {
			return invalid("OperationID for "+string(o.op), "none")
		}
	}
	return checkExtra(r.Extra, keyRequestID, keyOperationID)
}

// ParseRequest parses the topic name of a request. An operation that differs
// from [Register] or [QueryStatus] only in ASCII case is returned as that
// constant: the service's documentation states for its newer operations that
// case does not matter. Slices may borrow t; see the package comment.
//
// The error wraps [ErrNotDPS] if t does not begin with "$dps/registrations/".
// It wraps [ErrMalformed] for a response topic, a malformed operation, or a
// $rid or operationId with an invalid escape.
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
