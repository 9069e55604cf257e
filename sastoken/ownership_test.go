package sastoken_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"go/types"
	"slices"
	"strings"
	"testing"

	"example.com/dps/sastoken"

	"github.com/google/go-cmp/cmp"
)

// made returns what each function makes of n, except for functions whose result
// cannot be changed: an error, a bool, a string or a time. The methods are
// those of the same token, however often they are called. The bytes that a
// function receives are overwritten before made returns.
func made() map[string]func(t *testing.T, n byte) any {
	var token [4]sastoken.Token
	for n := range token {
		token[n] = sastoken.Sign(sastoken.DeriveKey(key32, fmt.Sprint(n)), resource, fmt.Sprint("name", n), expiry)
	}
	id := func(n byte) string { return strings.Repeat(string('a'+rune(n)), 32) }
	key := func(n byte) []byte { return []byte(id(n)) }
	// with returns f of some bytes, which it then overwrites. f must not have
	// changed them.
	with := func(t *testing.T, in []byte, f func(in []byte) any) any {
		was := string(in)
		out := f(in)
		if string(in) != was {
			t.Errorf("the bytes received changed to %q", in)
		}
		spoil(in)
		return out
	}
	return map[string]func(t *testing.T, n byte) any{
		"AppendStringToSign": func(_ *testing.T, n byte) any { return sastoken.AppendStringToSign(nil, id(n), expiry) },
		"DecodeKey": func(t *testing.T, n byte) any {
			out, err := sastoken.DecodeKey(base64.StdEncoding.EncodeToString(key(n)))
			return must(t, out, err)
		},
		"DeriveKey": func(t *testing.T, n byte) any {
			return with(t, key(n), func(key []byte) any { return sastoken.DeriveKey(key, "dev") })
		},
		"FromSignature": func(t *testing.T, n byte) any {
			return with(t, key(n), func(sig []byte) any { return sastoken.FromSignature(resource, "", expiry, sig) })
		},
		"Parse": func(t *testing.T, n byte) any {
			text := "SharedAccessSignature sr=" + id(n) + "&se=1&skn=" + id(n) + "&sig=" + upper.Replace(base64.StdEncoding.EncodeToString(key(n)))
			return with(t, []byte(text), func(text []byte) any {
				out, err := sastoken.Parse(text)
				return must(t, out, err)
			})
		},
		"Sign": func(t *testing.T, n byte) any {
			return with(t, key(n), func(key []byte) any { return sastoken.Sign(key, resource, "", expiry) })
		},
		"Token.AppendPassword": func(t *testing.T, n byte) any {
			out, err := token[n].AppendPassword(nil)
			return must(t, out, err)
		},
		"Token.MarshalText": func(t *testing.T, n byte) any {
			out, err := token[n].MarshalText()
			return must(t, out, err)
		},
		"Token.Signature": func(_ *testing.T, n byte) any { return token[n].Signature() },
	}
}

func must[T any](t *testing.T, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// contents returns everything that a slice or a token contains.
func contents(v any) string {
	if token, ok := v.(sastoken.Token); ok {
		text, err := token.AppendPassword(nil)
		return fmt.Sprintf("%s, %v, signature %x", text, err, token.Signature())
	}
	return fmt.Sprintf("%q", v)
}

// spoil overwrites all memory that can be reached through a slice or a token.
func spoil(v any) {
	switch v := v.(type) {
	case []byte:
		copy(v[:cap(v)], bytes.Repeat([]byte{'!'}, cap(v)))
	case sastoken.Token:
		text, _ := v.AppendPassword(nil)
		redacted, _ := v.MarshalText()
		for _, b := range [][]byte{text, redacted, v.Signature()} {
			spoil(b)
		}
	}
}

// Each function is called several times, with equal and with different
// arguments. Neither another call nor overwriting its arguments and its result
// changes a result, and overwriting a result does not change what later calls
// return.
func TestTwoOfEachShareNothing(t *testing.T) {
	for name, call := range made() {
		t.Run(name, func(t *testing.T) {
			first := call(t, 1)
			was := contents(first)
			for _, n := range []byte{1, 2, 1, 3} {
				next := call(t, n)
				if after := contents(first); after != was {
					t.Fatalf("another call changed %s to %s", was, after)
				}
				if got := contents(next); (got == was) != (n == 1) {
					t.Fatalf("call with %d: got %s, the first call with 1: %s", n, got, was)
				}
				spoil(next)
				if after := contents(first); after != was {
					t.Fatalf("overwriting another result changed %s to %s", was, after)
				}
			}
			spoil(first)
			if after := contents(call(t, 1)); after != was {
				t.Fatalf("overwriting a result changed what later calls return from %s to %s", was, after)
			}
		})
	}
}

// A new function cannot be forgotten.
func TestTwoOfEachFunctionAreCompared(t *testing.T) {
	harmless := []string{"bool", "error", "string", "time.Time"}
	var want, got []string
	_, functions := source(t)
	for _, f := range functions {
		name := f.Name.Name
		if !f.Name.IsExported() || f.Type.Results == nil {
			continue
		}
		if f.Recv != nil {
			name = types.ExprString(f.Recv.List[0].Type) + "." + name
		}
		for _, result := range f.Type.Results.List {
			if !slices.Contains(harmless, types.ExprString(result.Type)) {
				want = append(want, name)
			}
		}
	}
	for name := range made() {
		got = append(got, name)
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
