package sastoken_test

import (
	"bytes"
	"encoding"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"unicode"

	"example.com/dps/sastoken"

	"pgregory.net/rapid"
)

// spellings returns the forms in which common printers show bytes.
func spellings(b []byte) map[string]string {
	m := map[string]string{
		"raw": string(b), "quoted": inner(strconv.Quote(string(b))), "quoted in ASCII": inner(strconv.QuoteToASCII(string(b))),
		"percent-encoded": url.QueryEscape(string(b)),
		"hex":             hex.EncodeToString(b), "HEX": fmt.Sprintf("%X", b), "spaced hex": fmt.Sprintf("% x", b), "spaced HEX": fmt.Sprintf("% X", b),
		"%v": inner(fmt.Sprint(b)), "%x of each": inner(fmt.Sprintf("%x", list(b))), "%o of each": inner(fmt.Sprintf("%o", list(b))),
		"%b of each": inner(fmt.Sprintf("%b", list(b))), "%q of each": inner(fmt.Sprintf("%q", list(b))), "%U of each": inner(fmt.Sprintf("%U", list(b))),
		"%#v": strings.SplitAfter(strings.TrimSuffix(fmt.Sprintf("%#v", b), "}"), "{")[1],
		"%d,": strings.ReplaceAll(inner(fmt.Sprint(b)), " ", ","),
	}
	return m
}

func inner(s string) string { return s[1 : len(s)-1] }

// list makes fmt print the bytes one by one, as it does for an array.
func list(b []byte) []rune {
	var l []rune
	for _, c := range b {
		l = append(l, rune(c))
	}
	return l
}

// leak returns the form in which text contains the beginning, the middle or the
// end of a signature, or "". It searches for six bytes, which are unlikely to
// match by chance.
func leak(text string, sig []byte) string {
	for _, i := range []int{0, 13, 26} {
		for name, s := range spellings(sig[i : i+6]) {
			if strings.Contains(text, s) {
				return name
			}
		}
	}
	folded := strings.ToLower(text)
	for name, encoding := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "URL base64": base64.RawURLEncoding} {
		for _, i := range []int{0, 17, 35} {
			s := encoding.EncodeToString(sig)[i : i+8]
			if strings.Contains(folded, strings.ToLower(s)) || strings.Contains(folded, strings.ToLower(url.QueryEscape(s))) {
				return name
			}
		}
	}
	return ""
}

type (
	exported   struct{ Token sastoken.Token }
	unexported struct{ token sastoken.Token }
	pointer    struct{ Token *sastoken.Token }
	hidden     struct{ token *sastoken.Token }
	embedded   struct{ sastoken.Token }
)

// holders returns the ways in which a token can be passed to a printer.
func holders(t sastoken.Token) map[string]any {
	p := &t
	return map[string]any{
		"token": t, "pointer": p, "pointer to pointer": &p,
		"struct": exported{t}, "pointer to struct": &exported{t}, "unexported": unexported{t}, "pointer to unexported": &unexported{t},
		"pointer in struct": pointer{p}, "hidden pointer": hidden{p}, "embedded": embedded{t}, "struct in struct": struct{ E any }{unexported{t}},
		"slice": []sastoken.Token{t}, "slice of pointers": []*sastoken.Token{p}, "array": [1]sastoken.Token{t}, "slice of any": []any{t, p},
		"map": map[string]sastoken.Token{"k": t}, "map of pointers": map[string]*sastoken.Token{"k": p}, "map of unexported": map[string]unexported{"k": {t}},
		"keys of a map": map[*sastoken.Token]int{p: 1}, "any keys": map[any]int{p: 1},
	}
}

// printed returns the output of all printers for v.
func printed(v any) map[string]string {
	out := map[string]string{"Sprint": fmt.Sprint(v), "Sprintln": fmt.Sprintln(v)}
	for _, wrong := range []string{"", "%!", "%[3]d", "%*d", "%.*d"} { // for which fmt prints the operand
		out[wrong] = fmt.Sprintf(wrong, v, v)
		out["error "+wrong] = fmt.Errorf("%w"+wrong, v, v).Error()
	}
	for _, flags := range []string{"", "+", "#", "-", " ", "0", "+#", "# ", "9", ".3", "200.100"} {
		for verb := rune('A'); verb <= 'z'; verb++ {
			format := "%" + flags + string(verb)
			out[format] = fmt.Sprintf(format, v)
		}
	}
	buf := new(bytes.Buffer)
	take := func(name string) { out[name] = buf.String(); buf.Reset() }
	slog.New(slog.NewTextHandler(buf, nil)).Info("m", "k", v, slog.Group("g", "k", v))
	take("slog text")
	slog.New(slog.NewJSONHandler(buf, nil)).Info("m", "k", v, slog.Group("g", "k", v))
	take("slog JSON")
	out["slog value"] = slog.AnyValue(v).String()
	_ = json.NewEncoder(buf).Encode(v) // JSON does not support a map from any to int
	take("JSON")
	_ = xml.NewEncoder(buf).Encode(v)
	take("XML")
	_ = gob.NewEncoder(buf).Encode(v) // gob does not support a token
	take("gob")
	_ = template.Must(template.New("").Parse("{{.}} {{printf `%x` .}}")).Execute(buf, v)
	take("template")
	return out
}

func TestNoPrinterShowsTheSignature(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sig := rapid.SliceOfNDistinct(rapid.Byte(), 32, 32, rapid.ID).Draw(t, "sig")
		token := sastoken.FromSignature(resource, sastoken.KeyName, expiry, sig)
		holder := rapid.SampledFrom([]string{"token", "pointer", "unexported"}).Draw(t, "holder")
		for printer, text := range printed(holders(token)[holder]) {
			if how := leak(text, sig); how != "" {
				t.Fatalf("%s of %s shows the signature (%s): %s", printer, holder, how, text)
			}
		}
	})
}

func TestNoHolderShowsTheSignature(t *testing.T) {
	token := sample()
	for holder, v := range holders(token) {
		for printer, text := range printed(v) {
			if how := leak(text, token.Signature()); how != "" {
				t.Errorf("%s of %s shows the signature (%s): %s", printer, holder, how, text)
			}
		}
	}
}

// This checks the tests above: leak finds a signature where one is shown.
func TestLeaksAreFound(t *testing.T) {
	sig := sample().Signature()
	text, err := sample().AppendPassword(nil)
	if err != nil {
		t.Fatal(err)
	}
	array, slice := printed(struct{ Sig [32]byte }{[32]byte(sig)}), printed(struct{ Sig []byte }{sig})
	for _, printer := range []string{"Sprint", "%v", "%+v", "%#v", "%d", "%x", "%X", "%o", "%b", "%q", "%U", "%p", "%*d", "slog text", "slog JSON", "template"} {
		if leak(array[printer], sig) == "" {
			t.Errorf("not found in %s: %s", printer, array[printer])
		}
	}
	for _, printer := range []string{"%s", "%q", "%x", "% x", "JSON", "gob"} {
		if leak(slice[printer], sig) == "" {
			t.Errorf("not found in %s: %s", printer, slice[printer])
		}
	}
	for _, s := range []string{string(text), strings.ToLower(string(text)), url.QueryEscape(string(text)), string(sig), fmt.Sprintf("%q", sig),
		fmt.Sprintf("% x", sig), base64.URLEncoding.EncodeToString(sig), hex.EncodeToString(sig[:6]), url.QueryEscape(string(sig))} {
		if leak(s, sig) == "" {
			t.Errorf("not found: %q", s)
		}
	}
	if how := leak(sample().String(), sig); how != "" {
		t.Errorf("found (%s) in a redacted token: %v", how, sample())
	}
}

func TestPrintedTokenIsReadableAndDoesNotParse(t *testing.T) {
	const want = "SharedAccessSignature sr=0ne00000001%2Fregistrations%2Fut-device&sig=REDACTED&se=1700003600&skn=registration"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%9.3f"} {
		if got := fmt.Sprintf(verb, sample()); got != want {
			t.Errorf("%s yields %s", verb, got)
		}
	}
	if token, err := sastoken.Parse([]byte(want)); err == nil {
		t.Errorf("a redacted token parses as %v", token)
	}
}

// Encoders prefer encoding.TextAppender to encoding.TextMarshaler, so Token
// must implement only the latter, which redacts.
func TestTokenHasNoMethodThatEncodersTakeForItsText(t *testing.T) {
	var token any = new(sastoken.Token)
	if _, ok := token.(interface{ AppendText([]byte) ([]byte, error) }); ok {
		t.Error("Token is an encoding.TextAppender")
	}
	if _, ok := token.(interface{ AppendBinary([]byte) ([]byte, error) }); ok {
		t.Error("Token is an encoding.BinaryAppender")
	}
	if _, ok := token.(encoding.TextMarshaler); !ok {
		t.Error("Token is not an encoding.TextMarshaler")
	}
}

func TestJSONOfATokenIsItsRedactedText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sr := rapid.StringOfN(rapid.RuneFrom(nil, visible), 0, 100, -1).Draw(t, "sr") // includes some that cannot be sent
		token := sastoken.Sign(key32, sr, rapid.String().Draw(t, "key name"), expiry)
		text, err := json.Marshal([]any{token, &token})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		if got[0] != token.String() || got[1] != token.String() {
			t.Fatalf("JSON %s of %s", text, token.String())
		}
	})
}

// visible contains the characters that are legal in an sr, and those next to
// them.
var visible = &unicode.RangeTable{R16: []unicode.Range16{{Lo: 0x20, Hi: 0x7f, Stride: 1}}, LatinOffset: 1}
