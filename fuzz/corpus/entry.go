package main

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// header is the first line of a file in testdata/fuzz.
const header = "go test fuzz v1"

// parseEntry returns the arguments in a file that the go command keeps in a
// corpus, one on each line. It knows the types that the targets of this
// repository take.
func parseEntry(text string) ([]any, error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if lines[0] != header {
		return nil, fmt.Errorf("expected %q, found %.50q", header, lines[0])
	}
	var args []any
	for _, line := range lines[1:] {
		arg, err := parseArg(line)
		if err != nil {
			return nil, fmt.Errorf("%.50q: %w", line, err)
		}
		args = append(args, arg)
	}
	if args == nil {
		return nil, fmt.Errorf("no argument")
	}
	return args, nil
}

func parseArg(line string) (any, error) {
	typ, rest, _ := strings.Cut(line, "(")
	value, ok := strings.CutSuffix(rest, ")")
	if !ok {
		return nil, fmt.Errorf("expected type(value)")
	}
	switch typ {
	case "[]byte":
		s, err := strconv.Unquote(value)
		return []byte(s), err
	case "bool":
		return strconv.ParseBool(value)
	case "int":
		return strconv.Atoi(value)
	case "uint16":
		n, err := strconv.ParseUint(value, 10, 16)
		return uint16(n), err
	case "byte":
		r, _, tail, err := strconv.UnquoteChar(strings.TrimPrefix(value, "'"), '\'')
		if err != nil || r > 0xff || tail != "'" {
			return nil, fmt.Errorf("expected one byte in quotes")
		}
		return byte(r), nil
	}
	return nil, fmt.Errorf("a target with an argument of type %s is new: add it here", typ)
}

// libFuzzer returns the input from which a target built by go-118-fuzz-build
// receives these arguments. libFuzzer knows only bytes, and that tool decodes
// the arguments from them: a slice is its length in four bytes and then its
// bytes, a number is in big-endian order if an odd byte follows it, and an even
// byte is true.
func libFuzzer(args []any) []byte {
	var b []byte // everything after the current argument
	for i := len(args) - 1; i >= 0; i-- {
		switch arg := args[i].(type) {
		case []byte:
			b = append(slice(arg, len(b) > 0), b...)
			binary.BigEndian.PutUint32(b, length(len(arg), len(b)-4))
		case bool:
			odd := byte(1)
			if arg {
				odd = 0
			}
			b = append([]byte{odd}, b...)
		case byte:
			b = append([]byte{arg}, b...)
		case uint16:
			b = append(append(binary.BigEndian.AppendUint16(nil, arg), 1), b...)
		case int:
			b = append(append(binary.BigEndian.AppendUint64(nil, uint64(arg)), 1), b...)
		}
	}
	return b
}

// slice returns four bytes for the length of a slice, and its bytes. The tool
// does not decode an empty slice at the end of the input, so that it needs one
// more byte there; more reports whether other arguments follow.
func slice(arg []byte, more bool) []byte {
	b := append(make([]byte, 4), arg...)
	if len(arg) == 0 && !more {
		b = append(b, 0)
	}
	return b
}

// length returns the number that stands for a slice of n bytes where so many
// bytes are left. The tool takes 0 to mean 30, and then the remainder of the
// division by the bytes left, unless the two are equal.
func length(n, left int) uint32 {
	if n == 0 {
		return uint32(2 * left)
	}
	return uint32(n)
}
