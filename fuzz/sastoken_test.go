package fuzz

import (
	"errors"
	"testing"

	"example.com/dps/sastoken"
)

// Invariant: no text makes the parser panic, and every parsed token is written
// as a text that parses to an equal token, which verifies with the same keys.
func FuzzSASToken(f *testing.F) { f.Fuzz(checkSASToken) }

func checkSASToken(t *testing.T, text []byte) {
	key := []byte("password")
	token, err := sastoken.Parse(text)
	if err != nil {
		if !errors.Is(err, sastoken.ErrMalformed) || !token.Equal(sastoken.Token{}) {
			t.Fatalf("token %v with the error %v", token, err)
		}
		return
	}
	written, err := token.AppendPassword(nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := sastoken.Parse(written)
	if err != nil || !again.Equal(token) {
		t.Fatalf("%q is written as %q, which is %v, %v", text, written, again, err)
	}
	// A fuzzer cannot guess a signature, so sign the parsed fields to have a
	// correct one.
	name, _ := token.KeyName()
	good := sastoken.Sign(key, token.Resource(), name, token.Expiry())
	if err := good.Verify(key); err != nil {
		t.Fatalf("%v, signed: %v", good, err)
	}
	for _, k := range [][]byte{key, []byte("another key")} {
		if token.Verify(k) != again.Verify(k) {
			t.Fatalf("with the key %q, the token verifies only when it is parsed from one of %q and %q", k, text, written)
		}
	}
}
