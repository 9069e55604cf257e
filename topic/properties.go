package topic

import (
	"bytes"
	"iter"
	"slices"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// The keys that this package knows.
const (
	keyRequestID   = "$rid"
	keyOperationID = "operationId"
	keyRetryAfter  = "retry-after"
)

// MaxIDLen is the greatest length of a RequestID or an OperationID that can be written, in
// bytes before encoding. The identifiers seen in use have up to 36 and 55. Parsing knows no
// such bound.
const MaxIDLen = 256

// Properties iterates over the properties in the Extra of a [Request] or a [Response], in
// their order, key and value decoded. The value is nil for a key without '='. Text with a
// broken escape comes as it stands. A decoded slice is fresh, any other borrows extra.
func Properties(extra []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		for p, ok := next(extra, 0); ok; p, ok = next(extra, p.end) {
			var value []byte
			if p.eq < p.end {
				value = decoded(p.value(extra))
			}
			if !yield(decoded(p.key(extra)), value) {
				return
			}
		}
	}
}

// decoded returns text without its escapes, or as it stands if one of them is broken.
func decoded(s []byte) []byte {
	if d, bad := unescape(s); bad < 0 {
		return d
	}
	return s
}

// A pair says where one property stands in a topic: t[start:end] is "key=value", with the
// '=' at eq, or just "key", with eq equal to end.
type pair struct{ start, eq, end int }

func (p pair) key(t []byte) []byte { return t[p.start:p.eq:p.eq] }

func (p pair) valueStart() int { return min(p.eq+1, p.end) }

// value is empty, not nil, for a key without '='.
func (p pair) value(t []byte) []byte { return t[p.valueStart():p.end:p.end] }

// next finds the first property at or after t[i], beyond any '&'.
func next(t []byte, i int) (p pair, ok bool) {
	for i < len(t) && t[i] == '&' {
		i++
	}
	if i == len(t) {
		return pair{}, false
	}
	p.start = i
	for i < len(t) && t[i] != '=' && t[i] != '&' {
		i++
	}
	p.eq, p.end = i, len(t)
	if n := bytes.IndexByte(t[i:], '&'); n >= 0 {
		p.end = i + n
	}
	return p, true
}

// identifier returns the decoded value of p, which must not hold a broken escape.
func identifier(t []byte, p pair) (id []byte, err error) {
	id, bad := unescape(p.value(t))
	if bad >= 0 {
		err = malformed(t, p.valueStart()+bad, "two hex digits after '%' in a value")
	}
	return id, err
}

// extras joins the properties that nobody knows. It borrows them as long as they stand side
// by side.
type extras struct {
	text      []byte
	start     int // of text in the topic
	neighbour int // where a property would start that stands beside text
}

func (e *extras) add(t []byte, p pair) {
	switch {
	case e.text == nil:
		e.start = p.start
		fallthrough
	case p.start == e.neighbour:
		e.text = t[e.start:p.end:p.end]
		e.neighbour = p.end + 1
	default:
		e.text = append(append(e.text, '&'), t[p.start:p.end]...)
	}
}

// checkExtra refuses what would not be read back as the same Extra, or could not stand in a
// topic name. known are the keys for which the struct has a field.
func checkExtra(extra []byte, known ...string) error {
	if len(extra) == 0 {
		return nil
	}
	if !legal(extra) {
		return invalid("Extra in UTF-8 without control characters, '+' and '#'", quote(extra))
	}
	if bad := brokenEscape(extra); bad >= 0 {
		return invalid("two hex digits after '%' in Extra", quote(extra[bad:])+" at byte "+strconv.Itoa(bad))
	}
	for more := true; more; {
		var property []byte
		property, extra, more = bytes.Cut(extra, []byte{'&'})
		key, _, _ := bytes.Cut(property, []byte{'='})
		if len(key) == 0 {
			return invalid("a key in every property of Extra", quote(property))
		}
		if slices.ContainsFunc(known, func(k string) bool { return equalFold(key, k) }) {
			return invalid("Extra without properties that have their own field", quote(property))
		}
	}
	return nil
}

// maxLen is the size in bytes of the longest string in MQTT.
const maxLen = 0xffff

// bounded returns t, which is b with a topic name appended to it, or b with an error if
// that name is too long.
func bounded(b, t []byte) ([]byte, error) {
	if n := len(t) - len(b); n > maxLen {
		return b, invalid("a topic name of at most "+strconv.Itoa(maxLen)+" bytes", strconv.Itoa(n))
	}
	return t, nil
}

// legal reports whether s may stand in a topic name: UTF-8 (MQTT-1.5.3-1), no U+0000
// (MQTT-1.5.3-2) and no wildcards (MQTT-3.3.2-2). Other control characters are refused too:
// section 1.5.3 advises against them.
func legal(s []byte) bool {
	return utf8.Valid(s) && !bytes.ContainsAny(s, "+#") && !bytes.ContainsFunc(s, unicode.IsControl)
}
