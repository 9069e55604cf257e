package fuzz

import (
	"errors"
	"testing"
	"time"

	"example.com/dps/sastoken"
)

// Invariant: no text makes the parser panic, and what it takes is written as a token that parses to the same
// and verifies with the same keys.
func FuzzSASToken(f *testing.F) {
	key := []byte("password")
	signed, err := sastoken.Sign(key, "uri", "encode('Me')", time.Unix(12345, 0)).AppendPassword(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(signed)
	for _, seed := range []string{
		"",
		"SharedAccessSignature ",
		"SharedAccessSignature sr=uri&sig=kcWxXAK2OAaAoq2oCkaGzX2NMqDB8nCyNuq2fPYCDhk%3d&skn=&se=12345",
		"SharedAccessSignature sig=kcWxXAK2OAaAoq2oCkaGzX2NMqDB8nCyNuq2fPYCDhk=&se=12345&skn=a+b%00&sr=uri",
		"SharedAccessSignature sr=a/registrations/b&skn=registration&sig=hwgBlMB6G2Zg5ZcYtwmtLVKRbifiSCPfUMyscbVWa8o=&se=253402300799",
		"SharedAccessSignature sr=a%2fregistrations%2Fb+c&sig=nfgjIUfmDHBv8oCGcLAcWu2fieJcGyogj/8V3iBMPHo%3D&se=1&x=%41&=",
		"SharedAccessSignature sr=a&sig=nfgjIUfmDHBv8oCGcLAcWu2fieJcGyogj/8V3iBMPHo%3D&se=01",
		"SharedAccessSignature sr=a&sr=a&sig=%0A&se=-1&skn=%4",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		token, err := sastoken.Parse(text)
		if err != nil {
			if !errors.Is(err, sastoken.ErrSyntax) || !token.Equal(sastoken.Token{}) {
				t.Fatalf("%v beside the error %v", token, err)
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
		// Nobody guesses a signature, so sign what was read to have one that is right.
		name, _ := token.KeyName()
		good := sastoken.Sign(key, token.Resource(), name, token.Expiry())
		if err := good.Verify(key); err != nil {
			t.Fatalf("%v, signed: %v", good, err)
		}
		for _, k := range [][]byte{key, []byte("another key")} {
			if token.Verify(k) != again.Verify(k) {
				t.Fatalf("%q verifies with a key when read from %q or from %q alone", k, text, written)
			}
		}
	})
}
