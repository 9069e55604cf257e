package fsm

import (
	"bytes"
	"encoding/json"
	"iter"
	"strings"
	"unicode/utf8"
)

// Most answers say "assigning", and of those only two members count. So the answer
// is checked by encoding/json, walked over in place, and decoded where it counts.

// members ranges over the members of a JSON object: keys without their quotes and
// otherwise as they stand, and values as they stand. The text must be valid JSON and
// without white space at its ends. Anything but an object has no members.
func members(text []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		if text[0] != '{' {
			return
		}
		for i := skip(text, 1, " \t\r\n,"); text[i] != '}'; i = skip(text, i, " \t\r\n,") {
			keyEnd := valueEnd(text, i)
			start := skip(text, keyEnd, " \t\r\n:")
			end := valueEnd(text, start)
			if !yield(text[i+1:keyEnd-1], text[start:end]) {
				return
			}
			i = end
		}
	}
}

// skip returns the index of the first byte from i on that is none of these.
func skip(text []byte, i int, these string) int {
	for strings.IndexByte(these, text[i]) >= 0 {
		i++
	}
	return i
}

// valueEnd returns the end of the value that starts at i in valid JSON.
func valueEnd(text []byte, i int) int {
	for depth := 0; ; i++ {
		switch text[i] {
		case '"':
			for i++; text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		default:
			// A number or a name goes on to the next delimiter, which a whole
			// object around it always has.
			if strings.IndexByte(",:}] \t\r\n", text[i+1]) < 0 {
				continue
			}
		}
		if depth == 0 {
			return i + 1
		}
	}
}

// inner returns what stands between the quotes of a JSON string, and nil for anything
// else, nil included.
func inner(value []byte) []byte {
	if len(value) == 0 || value[0] != '"' {
		return nil
	}
	return value[1 : len(value)-1]
}

// stringOf decodes a JSON string. Anything else, nil included, is empty.
func stringOf(value []byte) (s string) {
	if in := inner(value); bytes.IndexByte(in, '\\') < 0 && utf8.Valid(in) {
		return string(in)
	}
	json.Unmarshal(value, &s) // valid already
	return s
}

// decode decodes what it can: a field of another type than expected counts as
// absent, since the service adds and changes fields, and only a few decide.
func decode(value []byte, into any) {
	json.Unmarshal(value, into) // nil or valid already: only a type can be wrong
}
