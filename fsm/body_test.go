package fsm

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseBodySaysWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"{":              "unreadable answer: unexpected end of JSON input",
		"{}":             "unreadable answer: neither status nor errorCode",
		`{"status":"x"}`: "<nil>",
		`{"status":"assigning","operationId":"` + strings.Repeat("o", 256) + `"}`: "<nil>",
		`{"status":"assigning","operationId":"` + strings.Repeat("o", 257) + `"}`: "unreadable answer: operationId has 257 bytes, the limit is 256",
		// Decoded, each byte would become the three of U+FFFD.
		`{"status":"assigning","operationId":"` + strings.Repeat("\xff", 256) + `"}`: "unreadable answer: operationId is not UTF-8",
	} {
		if _, err := parseBody([]byte(text)); fmt.Sprint(err) != want {
			t.Errorf("%.30s: %v, want %s", text, err, want)
		}
	}
}

func TestOutcomeOfAStatus(t *testing.T) {
	for status, want := range map[string]outcome{
		"assigning": pending, "unassigned": pending, "Assigned": assigned, "failed": refused, "disabled": refused, "blacklisted": refused,
		"": unknown, "assign": unknown,
	} {
		if got := outcomeOf(status); got != want {
			t.Errorf("%q is %d, want %d", status, got, want)
		}
	}
}

func TestRegistrationIsAppended(t *testing.T) {
	for _, c := range []Config{{EmptyBody: true}, {RegistrationID: "d"}} {
		want := map[bool]string{true: "x", false: `x{"registrationId":"d"}`}[c.EmptyBody]
		if got := string(c.appendRegistration([]byte("x"))); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// Of all bytes just the unreserved ones of RFC 3986 stand as they are.
func TestPercentEncodeLeavesUnreservedBytesAlone(t *testing.T) {
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
	for c := range 256 {
		want := fmt.Sprintf("%%%02X", c)
		if strings.IndexByte(plain, byte(c)) >= 0 {
			want = string(rune(c))
		}
		if got := percentEncode(string([]byte{byte(c)})); got != want {
			t.Errorf("byte %#02x is %s, want %s", c, got, want)
		}
	}
}

func TestAPIVersionsHaveLettersDigitsAndAFewSigns(t *testing.T) {
	const legal = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._"
	for r := range rune(0x100) {
		if got := notVersion(r); got == strings.ContainsRune(legal, r) {
			t.Errorf("%q is refused: %t", r, got)
		}
	}
}
