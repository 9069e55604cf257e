package sastoken_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
	"time"

	"example.com/dps/sastoken"
)

// The output is compared as text, since Parse would also accept other
// encodings.
func TestKeyNamesAreWrittenAndReadAsTheyStand(t *testing.T) {
	for name, want := range map[string]string{
		"a+b": "a%2Bb", "a b": "a%20b", "%41": "%2541", "%2541": "%252541", "+": "%2B", " ": "%20", "a&b=c": "a%26b%3Dc", "ÿ": "%C3%BF", "~-._": "~-._",
	} {
		made := sastoken.FromSignature("a", name, time.Unix(1, 0), make([]byte, 32))
		text, err := made.AppendPassword(nil)
		if _, got, _ := strings.Cut(string(text), "&skn="); err != nil || got != want {
			t.Errorf("%q is written as %q, %v, want %q", name, got, err, want)
		}
		for _, skn := range []string{want, strings.ReplaceAll(want, "%2B", "+")} {
			read, err := sastoken.Parse([]byte("SharedAccessSignature sr=a&se=1&sig=" + sigText + "&skn=" + skn))
			if got, present := read.KeyName(); err != nil || !present || got != name {
				t.Errorf("skn=%s is read as %q, %t, %v, want %q", skn, got, present, err, name)
			}
		}
	}
}

// Expiry does not depend on the local time zone, so that it is compared, logged
// and stored in the same way on every machine.
func TestExpiryIsInUTC(t *testing.T) {
	local := time.Local
	defer func() { time.Local = local }()
	time.Local = time.FixedZone("elsewhere", 3600)
	read, err := sastoken.Parse([]byte("SharedAccessSignature sr=a&se=1700003600&sig=" + sigText))
	if err != nil {
		t.Fatal(err)
	}
	made := sastoken.Sign(key32, "a", "", time.Unix(1700003600, 999).In(time.Local))
	for _, token := range []sastoken.Token{read, made} {
		if got := token.Expiry(); got.Location() != time.UTC || got.String() != "2023-11-14 23:13:20 +0000 UTC" {
			t.Errorf("got %v", got)
		}
	}
}

// A registration ID, an ID scope and a key are used as they are: nothing is
// trimmed or case-folded.
func TestIDsAndKeysCountAsTheyStand(t *testing.T) {
	key := []byte(" a key with blanks ")
	for _, id := range []string{"dev", "Dev", " dev", "dev ", "\tdev\n", "dev\x00", "dév", "d%65v", ""} {
		if got, want := sastoken.DeriveKey(key, id), unbase64(hmacOf(key, id)); !bytes.Equal(got, want) {
			t.Errorf("the key derived for %q is %x, want %x", id, got, want)
		}
	}
	want := "%20s%2Fregistrations%2Fdev%20"
	if got := sastoken.Resource(" s", "dev "); got != want {
		t.Errorf("resource %s, want %s", got, want)
	}
	if token := sastoken.Sign(key, want, "", expiry); !token.IsFor(" s", "dev ") || token.IsFor("s", "dev") {
		t.Error("IsFor trims")
	}
}

// Neither Sign nor Verify converts the sr to another form: the signature covers
// it as it is.
func TestSignatureOverTheDecodedResourceDoesNotVerify(t *testing.T) {
	const sr, decoded, se = "s%2Fregistrations%2Fdev", "s/registrations/dev", "1700003600"
	for signed, want := range map[string]error{sr: nil, decoded: sastoken.ErrSignature, strings.ToLower(sr): sastoken.ErrSignature} {
		token, err := sastoken.Parse([]byte("SharedAccessSignature sr=" + sr + "&sig=" + upper.Replace(signature(key32, signed, se)) + "&se=" + se))
		if err != nil {
			t.Fatal(err)
		}
		if err := token.Verify(key32); err != want {
			t.Errorf("signed over %s: %v, want %v", signed, err, want)
		}
	}
	made := sastoken.Sign(key32, sr, "", expiry)
	if want := unbase64(signature(key32, sr, se)); !bytes.Equal(made.Signature(), want) {
		t.Errorf("Sign returns %x, want %x", made.Signature(), want)
	}
}

// The duration of a comparison cannot be tested reliably, so this test checks
// the source: the functions that compare signatures call hmac.Equal, and
// nothing in the package compares bytes in another way.
func TestSignaturesAreComparedInConstantTime(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	calls := map[string]bool{} // the functions that call hmac.Equal
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, e.Name(), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				s, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				switch x, _ := s.X.(*ast.Ident); {
				case x == nil:
				case x.Name == "hmac" && s.Sel.Name == "Equal":
					calls[f.Name.Name] = true
				case s.Sel.Name == "Equal" || s.Sel.Name == "Compare" || s.Sel.Name == "DeepEqual":
					t.Errorf("%v uses %s.%s", set.Position(s.Pos()), x.Name, s.Sel.Name)
				}
				return true
			})
		}
	}
	if !calls["Verify"] || !calls["Equal"] {
		t.Errorf("hmac.Equal is called by %v, want Verify and Equal", calls)
	}
}
