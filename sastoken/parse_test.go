package sastoken_test

import (
	"errors"
	"strings"
	"testing"

	"example.com/dps/sastoken"

	"pgregory.net/rapid"
)

// sigText is a well-formed sig that was not computed with any key.
const sigText = "hwgBlMB6G2Zg5ZcYtwmtLVKRbifiSCPfUMyscbVWa8o%3D"

func TestParseRefuses(t *testing.T) {
	const p, sr, sig, se = "SharedAccessSignature ", "sr=a%2Fb", "&sig=" + sigText, "&se=1700003600"
	for _, v := range []struct{ name, text, want string }{
		{"nothing", "", `text of 0 bytes does not begin with "SharedAccessSignature "`},
		{"no prefix", sr + sig + se, `text of 73 bytes does not begin with "SharedAccessSignature "`},
		{"lower-case prefix", strings.ToLower(p) + sr + sig + se, `text of 95 bytes does not begin with "SharedAccessSignature "`},
		{"space before the prefix", " " + p + sr + sig + se, `text of 96 bytes does not begin with "SharedAccessSignature "`},
		{"tab after the prefix", p[:21] + "\t" + sr + sig + se, `text of 95 bytes does not begin with "SharedAccessSignature "`},
		{"two spaces", p + " " + sr + sig + se, "byte 0x20 at offset 22, expected visible ASCII"},
		{"line feed at the end", p + sr + sig + se + "\n", "byte 0x0a at offset 95, expected visible ASCII"},
		{"NUL at the end", p + sr + sig + se + "\x00", "byte 0x00 at offset 95, expected visible ASCII"},
		{"not ASCII", p + "sr=\u00fc" + sig + se, "byte 0xc3 at offset 25, expected visible ASCII"},
		{"DEL", p + "sr=\x7f" + sig + se, "byte 0x7f at offset 25, expected visible ASCII"},
		{"broken escape", p + "sr=a%2g" + sig + se, "'%' without two hex digits at offset 26"},
		{"broken escape in a foreign field", p + sr + sig + se + "&x=%", "'%' without two hex digits at offset 98"},
		{"broken escape in the middle of a field", p + "sr=a%2&sig=" + sigText + se, "'%' without two hex digits at offset 26"},
		{"prefix alone", p, "field without '=' at offset 22"},
		{"empty field", p + sr + "&" + sig + se, "field without '=' at offset 31"},
		{"ampersand at the end", p + sr + sig + se + "&", "field without '=' at offset 96"},
		{"field without a value", p + sr + "&skn" + sig + se, "field without '=' at offset 31"},
		{"no sr", p + sig[1:] + se, "sr is missing"},
		{"no sig", p + sr + se, "sig is missing"},
		{"no se", p + sr + sig, "se is missing"},
		{"upper-case name", p + "SR=a" + sig + se, "sr is missing"},
		{"two sr", p + sr + sig + se + "&sr=a%2Fb", "duplicate sr at offset 96"},
		{"two sig", p + sr + sig + se + "&sig=", "duplicate sig at offset 96"},
		{"two se", p + sr + "&se=" + sig + se, "duplicate se at offset 86"},
		{"two skn", p + "skn=&skn=&" + sr + sig + se, "duplicate skn at offset 27"},
		{"empty sr", p + "sr=" + sig + se, "resource (sr) is empty"},
		{"long sr", p + "sr=" + strings.Repeat("a", 1025) + sig + se, "resource (sr) of 1025 bytes, expected at most 1024"},
		{"long skn", p + sr + sig + se + "&skn=" + strings.Repeat("%61", 257), "key name (skn) of 257 bytes, expected at most 256"},
		{"long text", p + sr + sig + se + "&x=" + strings.Repeat("a", 4096-97), "text of 4097 bytes, expected at most 4096"},
		{"empty se", p + sr + sig + "&se=", "se of 0 characters is not a plain decimal number"},
		{"leading zero", p + sr + sig + "&se=01", "se of 2 characters is not a plain decimal number"},
		{"plus sign", p + sr + sig + "&se=+1", "se of 2 characters is not a plain decimal number"},
		{"fraction", p + sr + sig + "&se=1.5", "se of 3 characters is not a plain decimal number"},
		{"exponent", p + sr + sig + "&se=1e9", "se of 3 characters is not a plain decimal number"},
		{"hexadecimal", p + sr + sig + "&se=0x1", "se of 3 characters is not a plain decimal number"},
		{"underscore", p + sr + sig + "&se=1_0", "se of 3 characters is not a plain decimal number"},
		{"escaped digit", p + sr + sig + "&se=%31", "se of 3 characters is not a plain decimal number"},
		{"over 64 bits", p + sr + sig + "&se=9223372036854775808", "se of 19 characters is not a plain decimal number"},
		{"largest of 64 bits", p + sr + sig + "&se=9223372036854775807",
			"expiry (se) of 9223372036854775807 s since 1970, expected 1 to 253402300799: is the clock set?"},
		{"zero", p + sr + sig + "&se=0", "expiry (se) of 0 s since 1970, expected 1 to 253402300799: is the clock set?"},
		{"negative", p + sr + sig + "&se=-1", "expiry (se) of -1 s since 1970, expected 1 to 253402300799: is the clock set?"},
		{"year 10000", p + sr + sig + "&se=253402300800",
			"expiry (se) of 253402300800 s since 1970, expected 1 to 253402300799: is the clock set?"},
		{"empty sig", p + sr + se + "&sig=", "sig of 0 characters, expected the 44 that base64 makes of 32 bytes"},
		{"sig of 16 bytes", p + sr + se + "&sig=AAECAwQFBgcICQoLDA0ODw==", "sig of 24 characters, expected the 44 that base64 makes of 32 bytes"},
		{"sig without padding", p + sr + se + "&sig=" + strings.TrimSuffix(sigText, "%3D"),
			"sig of 43 characters, expected the 44 that base64 makes of 32 bytes"},
		{"sig escaped twice", p + sr + se + "&sig=" + strings.ReplaceAll(sigText, "%", "%25"),
			"sig of 46 characters, expected the 44 that base64 makes of 32 bytes"},
		{"sig of 33 bytes", p + sr + se + "&sig=" + strings.Repeat("A", 44), "sig of 44 characters is not the padded base64 of 32 bytes"},
		{"sig of 31 bytes", p + sr + se + "&sig=" + strings.Repeat("A", 42) + "==", "sig of 44 characters is not the padded base64 of 32 bytes"},
		{"URL alphabet in sig", p + sr + se + "&sig=-" + sigText[1:], "sig of 44 characters is not the padded base64 of 32 bytes"},
		{"line feed in sig", p + sr + se + "&sig=%0A" + sigText[1:], "sig of 44 characters is not the padded base64 of 32 bytes"},
		{"bits to spare in sig", p + sr + se + "&sig=" + strings.Replace(sigText, "o%3D", "p%3D", 1),
			"sig of 44 characters is not the padded base64 of 32 bytes"},
	} {
		t.Run(v.name, func(t *testing.T) {
			token, err := sastoken.Parse([]byte(v.text))
			if want := "sastoken: malformed token: " + v.want; err == nil || err.Error() != want || !errors.Is(err, sastoken.ErrMalformed) {
				t.Errorf("error %v, want %s", err, want)
			}
			if !token.Equal(sastoken.Token{}) {
				t.Errorf("token %v with the error", token)
			}
		})
	}
}

func TestParseTakesTheLongestText(t *testing.T) {
	text := "SharedAccessSignature sr=a&se=1&sig=" + sigText + "&x="
	text += strings.Repeat("a", 4096-len(text))
	if _, err := sastoken.Parse([]byte(text)); err != nil {
		t.Error(err)
	}
}

func TestParseKeepsNothingOfItsText(t *testing.T) {
	text := []byte("SharedAccessSignature sr=a&se=1&skn=name&sig=" + sigText)
	token, err := sastoken.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	before, _ := token.AppendPassword(nil)
	clear(text)
	if after, _ := token.AppendPassword(nil); string(after) != string(before) {
		t.Errorf("the token became %q, was %q", after, before)
	}
}

func TestEveryTruncationIsRefused(t *testing.T) {
	text, err := sastoken.Sign(key32, resource, "", expiry).AppendPassword(nil)
	if err != nil {
		t.Fatal(err)
	}
	// If a token ends with se, it still parses with fewer digits, and only its
	// signature is wrong. So this token ends with sig.
	i := strings.Index(string(text), "&se=")
	j := strings.Index(string(text), "&sig=")
	text = []byte(string(text[:j]) + string(text[i:]) + string(text[j:i]))
	for n := range text {
		if token, err := sastoken.Parse(text[:n]); !errors.Is(err, sastoken.ErrMalformed) {
			t.Errorf("cut to %d of %d bytes: %v, %v", n, len(text), token, err)
		}
	}
	if token, err := sastoken.Parse(text); err != nil || token.Verify(key32) != nil {
		t.Errorf("complete text: %v, %v", token, err)
	}
}

func TestTheOrderOfTheFieldsDoesNotMatter(t *testing.T) {
	want, err := sastoken.Parse([]byte("SharedAccessSignature sr=a&se=1&skn=name&sig=" + sigText))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		order := rapid.Permutation([]string{"sr=a", "se=1", "skn=name", "sig=" + sigText, "x=", "=", "y=z=1"}).Draw(t, "fields")
		got, err := sastoken.Parse([]byte("SharedAccessSignature " + strings.Join(order, "&")))
		if err != nil || !got.Equal(want) {
			t.Fatalf("got %v, %v", got, err)
		}
	})
}

// Random mixtures of the parts of a token reach the code after the first checks
// more often than random text.
func TestWhatParsesIsTheSameWhenWrittenAgain(t *testing.T) {
	piece := rapid.SampledFrom([]string{"sr=", "&sr=", "&sig=", sigText, "&se=", "1", "0", "9", "&skn=", "%2f", "%", "+", "a", "&", "=", " ", "\n", "ü"})
	rapid.Check(t, func(t *rapid.T) {
		text := "SharedAccessSignature sr=a&sig=" + sigText + "&se=1" + strings.Join(rapid.SliceOf(piece).Draw(t, "pieces"), "")
		token, err := sastoken.Parse([]byte(text))
		if err != nil {
			if !errors.Is(err, sastoken.ErrMalformed) {
				t.Fatalf("%q: error %v does not wrap ErrMalformed", text, err)
			}
			return
		}
		again, err := token.AppendPassword(nil)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if got, err := sastoken.Parse(again); err != nil || !got.Equal(token) {
			t.Fatalf("%q: got %v, %v, want %v", text, got, err, token)
		}
	})
}
