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

// A registration ID, a device ID, an ID scope, a hub and a key are used as they
// are: nothing is trimmed or case-folded. What is written is compared as text.
func TestIDsAndKeysCountAsTheyStand(t *testing.T) {
	key := []byte(" a key with blanks ")
	ids := map[string]string{
		"dev": "dev", "Dev": "Dev", "DEV": "DEV", "d.e-v_~": "d.e-v_~", " dev": "%20dev", "dev ": "dev%20", "\tdev\n": "%09dev%0A", "dev\x00": "dev%00",
		"+dev": "%2Bdev", "dev+": "dev%2B", "/dev": "%2Fdev", "dev/": "dev%2F", "%dev": "%25dev", "dev%": "dev%25", "d%65v": "d%2565v", "d%2Fv": "d%252Fv",
		".dev": ".dev", "dev.": "dev.", "dév": "d%C3%A9v", "DÉV": "D%C3%89V", "\xa0dev\xff": "%A0dev%FF",
	}
	for id, escaped := range ids {
		if got, want := sastoken.DeriveKey(key, id), unbase64(hmacOf(key, id)); !bytes.Equal(got, want) {
			t.Errorf("the key derived for %q is %x, want %x", id, got, want)
		}
		for other, escapedOther := range ids {
			want := escaped + "%2Fregistrations%2F" + escapedOther
			if got := sastoken.Resource(id, other); got != want {
				t.Errorf("Resource(%q, %q) = %s, want %s", id, other, got, want)
			}
			if got, want := sastoken.HubResource(id, other), escaped+"%2Fdevices%2F"+escapedOther; got != want {
				t.Errorf("HubResource(%q, %q) = %s, want %s", id, other, got, want)
			}
			signed := sastoken.Sign(key, want, "", expiry)
			for another := range ids {
				if got := signed.IsFor(id, another); got != (another == other) {
					t.Errorf("IsFor(%q, %q) is %t for %s", id, another, got, want)
				}
				if got := signed.IsFor(another, other); got != (another == id) {
					t.Errorf("IsFor(%q, %q) is %t for %s", another, other, got, want)
				}
			}
		}
	}
	if got, want := sastoken.DeriveKey(key, ""), unbase64(hmacOf(key, "")); !bytes.Equal(got, want) {
		t.Errorf("the key derived for no ID is %x, want %x", got, want)
	}
}

// Whatever its encoding, a resource is signed and written unchanged, and so is
// a resource that was parsed.
func TestResourcesAreSignedAndWrittenAsTheyStand(t *testing.T) {
	const se = "1700003600"
	for _, sr := range []string{
		"a", "A", "a%2fB", "a%2FB", "a/B", "a%2Fb/", "+a+", "%20a%20", "%2b", "a%41", "a%2541", "a=b", "=", "a?b", "~a-._", "%7Ea", "'\"", "%C3%A9", "%c3%a9",
	} {
		sig := signature(key32, sr, se)
		if got := string(sastoken.AppendStringToSign(nil, sr, expiry)); got != sr+"\n"+se {
			t.Errorf("%s: the string to sign is %q", sr, got)
		}
		want := "SharedAccessSignature sr=" + sr + "&sig=" + upper.Replace(sig) + "&se=" + se
		read, err := sastoken.Parse([]byte(want))
		if err != nil {
			t.Fatal(err)
		}
		for _, token := range []sastoken.Token{sastoken.Sign(key32, sr, "", expiry), sastoken.FromSignature(sr, "", expiry, unbase64(sig)), read} {
			if got, err := token.AppendPassword(nil); err != nil || string(got) != want || token.Resource() != sr {
				t.Errorf("resource %s, written as %s, %v, want %s", token.Resource(), got, err, want)
			}
		}
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
	calls := map[string]bool{} // the functions that call hmac.Equal
	set, functions := source(t)
	for _, f := range functions {
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
	if !calls["Verify"] || !calls["Equal"] {
		t.Errorf("hmac.Equal is called by %v, want Verify and Equal", calls)
	}
}

// source returns the functions and methods of the package.
func source(t *testing.T) (*token.FileSet, []*ast.FuncDecl) {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	var all []*ast.FuncDecl
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, e.Name(), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok {
				all = append(all, f)
			}
		}
	}
	return set, all
}
