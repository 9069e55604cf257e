package sastoken_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"example.com/dps/sastoken"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestDecodeKeyTakesAKeyHoweverItWasPasted(t *testing.T) {
	for _, v := range []struct {
		name, text string
		want       []byte
	}{
		{"one '='", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", key32},
		{"two '='", base64.StdEncoding.EncodeToString(key64), key64},
		{"no '=' needed", "c2VjcmV0", []byte("secret")},
		{"shorter than documented", "cGFzc3dvcmQ=", []byte("password")},
		{"both characters that URL base64 writes in another way", "+/+/", []byte{0xfb, 0xff, 0xbf}},
		{"'=' missing", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", key32},
		{"two '=' missing", strings.TrimRight(base64.StdEncoding.EncodeToString(key64), "="), key64},
		{"one '=' of two missing", base64.StdEncoding.EncodeToString(key64)[:87], key64},
		{"a line of a file", "c2VjcmV0\r\n", []byte("secret")},
		{"white space around", "\t c2VjcmV0 \n", []byte("secret")},
		{"key of V12, with bits after its last byte", "key", []byte{0x91, 0xec}},
		{"the same, padded", "key=", []byte{0x91, 0xec}},
		{"key of V13, with bits after its last byte", "fakeKey", []byte{0x7d, 0xa9, 0x1e, 0x29, 0xec}},
		{"four bits after the last byte", "AP==", []byte{0x00}},
	} {
		t.Run(v.name, func(t *testing.T) {
			got, err := sastoken.DecodeKey(v.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(v.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeKeySaysWhatIsWrong(t *testing.T) {
	for _, v := range []struct{ name, text, want string }{
		{"nothing", "", "the key is empty"},
		{"white space only", " \r\n", "the key is empty"},
		{"'=' only", "==", "2 '=' at the end, expected 0"},
		{"minus", "c2-jcmV0", "a character of the URL alphabet (expected '+' and '/' instead of '-' and '_') at offset 2 of 8"},
		{"underscore", "c2VjcmV_", "a character of the URL alphabet (expected '+' and '/' instead of '-' and '_') at offset 7 of 8"},
		{"line feed inside", "c2Vj\ncmV0", "white space at offset 4 of 9"},
		{"carriage return inside", "c2Vj\rcmV0", "white space at offset 4 of 9"},
		{"space inside", " c2Vj cmV0", "white space at offset 4 of 9"},
		{"'=' inside", "c2U=cmV0", "'=' before the end at offset 3 of 8"},
		{"quotes", `"c2VjcmV0"`, "a character that is not base64 at offset 0 of 10"},
		{"percent-encoding", "c2VjcmU%3D", "a character that is not base64 at offset 7 of 10"},
		{"not ASCII", "c2VjcmVü", "a character that is not base64 at offset 7 of 9"},
		{"truncated", "c2VjcmV0c", "9 characters before any '=', but base64 never has 4n+1: is the key truncated?"},
		{"truncated, with '='", "c2VjcmV0c===", "9 characters before any '=', but base64 never has 4n+1: is the key truncated?"},
		{"one '=' where none belongs", "c2VjcmV0=", "1 '=' at the end, expected 0"},
		{"one '=' too many", "c2VjcmU==", "2 '=' at the end, expected 1"},
	} {
		t.Run(v.name, func(t *testing.T) {
			key, err := sastoken.DecodeKey(v.text)
			if want := "sastoken: bad key: " + v.want; err == nil || err.Error() != want || !errors.Is(err, sastoken.ErrKey) {
				t.Errorf("error %v, want %s", err, want)
			}
			if key != nil {
				t.Errorf("%d bytes with the error", len(key))
			}
		})
	}
}

func TestDecodeKeyKnowsEveryCharacter(t *testing.T) {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for c := range 256 {
		want := "sastoken: bad key: a character that is not base64 at offset 3 of 8"
		switch {
		case strings.IndexByte(digits, byte(c)) >= 0:
			want = "<nil>"
		case c == '-' || c == '_':
			want = "sastoken: bad key: a character of the URL alphabet (expected '+' and '/' instead of '-' and '_') at offset 3 of 8"
		case c == '=':
			want = "sastoken: bad key: '=' before the end at offset 3 of 8"
		case c < 0x80 && unicode.IsSpace(rune(c)):
			want = "sastoken: bad key: white space at offset 3 of 8"
		}
		if _, err := sastoken.DecodeKey("AAA" + string([]byte{byte(c)}) + "AAAA"); fmt.Sprint(err) != want {
			t.Errorf("byte %#x: %v, want %s", c, err, want)
		}
	}
}

func TestDecodeKeyUndoesBase64(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOfN(rapid.Byte(), 1, 100).Draw(t, "key")
		for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding} {
			got, err := sastoken.DecodeKey(encoding.EncodeToString(key))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(key, got); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

// A text that DecodeKey accepts has only one meaning: with its '=' restored,
// and without the bits after its last byte, it is the base64 of the key. There
// are at most four such bits, all in the last character, so all other
// characters are unchanged.
func TestDecodeKeyTakesNothingButBase64(t *testing.T) {
	char := rapid.SampledFrom([]rune("AZaz09+/=-_ \n%ü"))
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(char).Draw(t, "text")
		key, err := sastoken.DecodeKey(text)
		if err != nil {
			if key != nil || !errors.Is(err, sastoken.ErrKey) {
				t.Fatalf("%q: %v, %v", text, key, err)
			}
			return
		}
		want := base64.RawStdEncoding.EncodeToString(key)
		got := strings.TrimRight(strings.TrimSpace(text), "=")
		if spare := len(got) % 4; len(key) == 0 || len(got) != len(want) || got[:len(got)-1] != want[:len(want)-1] || spare == 0 && got != want {
			t.Fatalf("%q decodes to %v", text, key)
		}
	})
}

func TestErrorsOfDecodeKeyDoNotShowTheKey(t *testing.T) {
	const key = "O+H9VTcdJP0Tqkl7bh4nVG0OJNrAataMpuWB54D0VEc"
	for i := range len(key) {
		for _, c := range []string{"", "-", " ", "\n", "%", "=", "AA"} {
			_, err := sastoken.DecodeKey(key[:i] + c + key[i+1:])
			for j := range len(key) - 3 {
				if err != nil && strings.Contains(err.Error(), key[j:j+4]) {
					t.Fatalf("%v contains a part of the key", err)
				}
			}
		}
	}
}

func TestKeysHaveTheLengthThatTheDocumentationAsksFor(t *testing.T) {
	if sastoken.MinKeyLen != 16 || sastoken.MaxKeyLen != 64 {
		t.Errorf("%d to %d bytes, want 16 to 64", sastoken.MinKeyLen, sastoken.MaxKeyLen)
	}
}

func TestDeriveKeyMakesNoKeyOfNone(t *testing.T) {
	for _, group := range [][]byte{nil, {}} {
		if got := sastoken.DeriveKey(group, "dev"); got != nil {
			t.Errorf("DeriveKey(%v) = %d bytes, want nil", group, len(got))
		}
	}
	if got := sastoken.DeriveKey(key64, ""); len(got) != 32 {
		t.Errorf("%d bytes, want 32", len(got))
	}
}
