package sastoken_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.com/dps/sastoken"
)

// The three verbs are those for which fmt does not call the methods of a value.
func TestEveryVerbButThreeShowsREDACTED(t *testing.T) {
	token := sample()
	for _, v := range []any{token, &token} {
		for _, verb := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" {
			text := fmt.Sprintf("%"+string(verb), v)
			if got, want := strings.Contains(text, "&sig=REDACTED&"), !strings.ContainsRune("Tpw", verb); got != want {
				t.Errorf("%%%c of a %T yields %s", verb, v, text)
			}
			if how := leak(text, token.Signature()); how != "" {
				t.Errorf("%%%c of a %T shows the signature (%s): %s", verb, v, how, text)
			}
		}
	}
	if got := fmt.Sprintf("%T", token); got != "sastoken.Token" {
		t.Errorf("%%T yields %s", got)
	}
}

// The text of a token is damaged at each byte in many ways. Except for an se
// out of range and bytes that are not visible, no error contains three
// consecutive characters of any value.
func TestErrorsOfParseShowOfTheTextOnlyAnExpiryOutOfRangeAndInvisibleBytes(t *testing.T) {
	const sr, skn, se = "0neQWJ%2Fregistrations%2FxKzVqM", "YjWqKxZv", "1700003600"
	text := "SharedAccessSignature sr=" + sr + "&sig=" + sigText + "&skn=" + skn + "&se=" + se + "&zQxJw=KvYqXz"
	values := []string{"0neQWJ", "xKzVqM", sigText, skn, se, "zQxJw", "KvYqXz"}
	broken := []string{strings.Replace(text, "sr=", "SR=", 1), strings.Replace(text, sr, "", 1), strings.Replace(text, sr, strings.Repeat(sr, 50), 1),
		strings.Replace(text, skn, strings.Repeat(skn, 50), 1), strings.Repeat(text, 30)}
	for i := range len(text) {
		for _, c := range []string{"", "&", "=", "%", "%2", "\x00", "ü", " ", "A", "&sig=", "&sr=", "&se=", "&skn="} {
			broken = append(broken, text[:i]+c+text[i+1:], text[:i]+c+text[i:])
		}
	}
	kinds := 0
	for _, text := range broken {
		_, err := sastoken.Parse([]byte(text))
		if err == nil || strings.Contains(err.Error(), "expiry (se) of ") {
			continue
		}
		kinds++
		for _, value := range values {
			for i := range len(value) - 2 {
				if part := value[i : i+3]; strings.Contains(err.Error(), part) && !slices.Contains([]string{"000", "003"}, part) {
					t.Fatalf("%q: %v contains %s", text, err, part)
				}
			}
		}
	}
	if kinds < 1000 {
		t.Errorf("only %d errors", kinds)
	}
	const far = "999999999999"
	if _, err := sastoken.Parse([]byte(strings.Replace(text, se, far, 1))); err == nil || !strings.Contains(err.Error(), far) {
		t.Errorf("an expiry out of range: %v", err)
	}
	if _, err := sastoken.Parse([]byte(text + "\x07")); err == nil || !strings.Contains(err.Error(), "0x07") {
		t.Errorf("a byte that is not visible: %v", err)
	}
}
