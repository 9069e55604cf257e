package topic

import (
	"bytes"
	"iter"
	"slices"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// The keys that the structs have fields for.
const (
	keyRequestID   = "$rid"
	keyOperationID = "operationId"
	keyRetryAfter  = "retry-after"
)

// MaxIDLen is the maximum length of a RequestID or an OperationID that can be
// written, in bytes before encoding. The identifiers observed in use have up to
// 36 and 55 bytes, respectively. Parsing imposes no such limit.
const MaxIDLen = 256

// Properties returns an iterator over the properties in the Extra of a
// [Request] or a [Response], in their order, with keys and values decoded. The
// value is nil for a key without '='. Text with an invalid escape is returned
// undecoded. A slice is newly allocated if it was decoded, and otherwise
// borrows extra.
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

// decoded returns s with its escapes decoded, or s itself if one of them is
// invalid.
func decoded(s []byte) []byte {
	if d, bad := unescape(s); bad < 0 {
		return d
	}
	return s
}

// A pair holds the position of one property in a topic: t[start:end] is
// "key=value", with the '=' at eq, or just "key", with eq equal to end.
type pair struct{ start, eq, end int }

func (p pair) key(t []byte) []byte { return t[p.start:p.eq:p.eq] }

func (p pair) valueStart() int { return min(p.eq+1, p.end) }

// value returns the undecoded value, which is empty, not nil, for a key without
// '='.
func (p pair) value(t []byte) []byte { return t[p.valueStart():p.end:p.end] }

// next returns the first property at or after t[i], after skipping any '&'.
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

// identifier returns the decoded value of p, or an error if it contains an
// invalid escape.
func identifier(t []byte, p pair) (id []byte, err error) {
	id, bad := unescape(p.value(t))
	if bad >= 0 {
		err = malformed(t, p.valueStart()+bad, "two hex digits after '%' in a value")
	}
	return id, err
}

// extras collects the properties that have no field of their own. It borrows
// them as long as they are adjacent.
type extras struct {
	text     []byte
	start    int // offset of text in the topic
	neighbor int // offset at which a property adjacent to text would start
}

func (e *extras) add(t []byte, p pair) {
	switch {
	case e.text == nil:
		e.start = p.start
		fallthrough
	case p.start == e.neighbor:
		e.text = t[e.start:p.end:p.end]
		e.neighbor = p.end + 1
	default:
		e.text = append(append(e.text, '&'), t[p.start:p.end]...)
	}
}

// checkExtra returns an error if extra would not be read back as the same
// Extra, or is not legal in a topic name. known lists the keys for which the
// struct has a field.
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

// bounded returns t, which is b with a topic name appended to it, or b and an
// error if that topic name is too long.
func bounded(b, t []byte) ([]byte, error) {
	if n := len(t) - len(b); n > maxLen {
		return b, invalid("a topic name of at most "+strconv.Itoa(maxLen)+" bytes", strconv.Itoa(n))
	}
	return t, nil
}

// legal reports whether s is legal in a topic name: it must be UTF-8
// (MQTT-1.5.3-1) without U+0000 (MQTT-1.5.3-2) and wildcards (MQTT-3.3.2-2).
// Other control characters are rejected too, since section 1.5.3 advises
// against them.
func legal(s []byte) bool {
	return utf8.Valid(s) && !bytes.ContainsAny(s, "+#") && !bytes.ContainsFunc(s, unicode.IsControl)
}
