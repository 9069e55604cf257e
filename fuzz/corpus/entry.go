package main

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// header is the first line of a file in testdata/fuzz.
const header = "go test fuzz v1"

// parseEntry returns the arguments in a file of a corpus in the go command's
// format, with one argument on each line. It supports the types of arguments
// that the targets of this repository have.
func parseEntry(text string) ([]any, error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if lines[0] != header {
		return nil, fmt.Errorf("expected %q, got %.50q", header, lines[0])
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
		return nil, fmt.Errorf("there are no arguments")
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
	return nil, fmt.Errorf("arguments of type %s are not supported: add the type to parseEntry", typ)
}

// libFuzzer returns the input from which a target built by go-118-fuzz-build
// receives these arguments. An input of libFuzzer consists of bytes, and the
// code from that tool decodes the arguments from them: a slice is its length in
// four bytes, followed by its bytes; a number is in big-endian order if an odd
// byte follows it; and an even byte is true.
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

// slice returns four bytes for the length of a slice, followed by its bytes.
// The tool does not decode an empty slice at the end of the input, so one more
// byte is added in this case. more reports whether other arguments follow.
func slice(arg []byte, more bool) []byte {
	b := append(make([]byte, 4), arg...)
	if len(arg) == 0 && !more {
		b = append(b, 0)
	}
	return b
}

// length returns the encoded length of a slice of n bytes, where left is the
// number of bytes that follow it. The tool interprets 0 as 30, and then takes
// the remainder of the division by left, unless the two are equal.
func length(n, left int) uint32 {
	if n == 0 {
		return uint32(2 * left)
	}
	return uint32(n)
}
