package sastoken_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/dps/sastoken"
)

// recordedKey is the key that the clients below were given. It was created for
// the recording and gives access to nothing.
const recordedKey = "cGVlcnMtd29yayB0aHJvdy1hd2F5IGtleSwgMzIgYnk="

// recorded are MQTT passwords that real clients sent.
var recorded = []struct{ client, id, text string }{
	{"Node SDK 1.9.1", "dev-sym-01",
		"SharedAccessSignature sr=0ne00000A1B/registrations/dev-sym-01&sig=QaKZ4unqxhKEb3bNbDKImz2%2FlNfeJ63Oa0yHZrtVOW8%3D&skn=registration&se=1795388007"},
	{"Python SDK 2.14.0", "dev-sym-01",
		"SharedAccessSignature sr=0ne00000A1B%2Fregistrations%2Fdev-sym-01&sig=mzansERcoGCtDFewkDvehzHRiEZ60jB%2FzZ9qKpgcCFA%3D&se=1795389900"},
	{"Python SDK 2.14.0, an ID with a colon", "Dev-1._:a",
		"SharedAccessSignature sr=0ne00000A1B%2Fregistrations%2FDev-1._%3Aa&sig=DG3iIrEffNzCG%2FPrBL3pq3349SzGp4LSLru5nmDVoe0%3D&se=1795390116"},
	{"IoT C SDK 1.15.0", "dev-sym-01",
		"SharedAccessSignature sr=0ne00000A1B%2fregistrations%2fdev-sym-01&sig=LAXPGTNTZ%2f5i974Jy9o5d%2fAKEZG4P%2bOoCks0iS87AnI%3d&se=1795388946&skn=registration"},
	{"azure-sdk-for-c sample", "dev-sym-01",
		"SharedAccessSignature sr=0ne00000A1B%2fregistrations%2fdev-sym-01&sig=kphUvzLnPqc%2FVgxKp7IZQggo8edp5MNbNM4vwqY9zmg%3D&se=1795391810"},
	{"paho.mqtt.golang 1.5.1", "dev-sym-01",
		"SharedAccessSignature sr=0ne00000A1B%2Fregistrations%2Fdev-sym-01&sig=sBxRWtIevf4Qqy7Wa1hrQzjRNhufjm0ESDdScVIV9rI%3D&se=1795388470&skn=registration"},
}

func TestTokensOfRealClientsVerify(t *testing.T) {
	key, err := sastoken.DecodeKey(recordedKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range recorded {
		t.Run(v.client, func(t *testing.T) {
			token, err := sastoken.Parse([]byte(v.text))
			if err != nil {
				t.Fatal(err)
			}
			if err := token.Verify(key); err != nil {
				t.Error(err)
			}
			if !token.IsFor("0ne00000A1B", v.id) {
				t.Errorf("IsFor(%s) is false", v.id)
			}
		})
	}
}

// The real tokens of Python and of paho.mqtt.golang have the same encoding as
// ours: signing again yields the same bytes.
func TestSignRepeatsTheTokensOfClientsThatEncodeAlike(t *testing.T) {
	for _, i := range []int{1, 2, 5} {
		v := recorded[i]
		token, err := sastoken.Parse([]byte(v.text))
		if err != nil {
			t.Fatal(err)
		}
		name, _ := token.KeyName()
		again := sastoken.Sign(unbase64(recordedKey), sastoken.Resource("0ne00000A1B", v.id), name, token.Expiry())
		if got, err := again.AppendPassword(nil); err != nil || string(got) != v.text {
			t.Errorf("%s: got %s, %v\nwant %s", v.client, got, err, v.text)
		}
	}
}

// signature computes an HMAC independently of the package.
func signature(key []byte, resource, expiry string) string {
	return hmacOf(key, resource+"\n"+expiry)
}

// hmacOf returns an HMAC in base64.
func hmacOf(key []byte, text string) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

var (
	upper = strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D")
	lower = strings.NewReplacer("+", "%2b", "/", "%2f", "=", "%3d")
	plain = strings.NewReplacer()
)

func TestTokensInTheManyWritingsInUseParseVerifyAndStayTheSame(t *testing.T) {
	absent, empty, given := [2]any{"", false}, [2]any{"", true}, [2]any{"registration", true}
	for _, v := range []struct {
		client string
		sr     string
		sig    *strings.Replacer
		layout string // format of the fields
		skn    [2]any // name, and whether it is present
	}{
		{"Node", "0ne00000A1B/registrations/Dev:1", upper, "sr=%[1]s&sig=%[2]s&skn=registration&se=%[3]s", given},
		{"Node, TPM path", "0ne00000A1B%2fregistrations%2fDev%3a1", lower, "sr=%[1]s&sig=%[2]s&skn=registration&se=%[3]s", given},
		{"Python", "0ne00000A1B%2Fregistrations%2FDev%3A1", upper, "sr=%[1]s&sig=%[2]s&se=%[3]s", absent},
		{"IoT C SDK", "0ne00000A1B%2fregistrations%2fDev%3a1", lower, "sr=%[1]s&sig=%[2]s&se=%[3]s&skn=registration", given},
		{"azure-sdk-for-c", "0ne00000A1B%2fregistrations%2fDev%3A1", upper, "sr=%[1]s&sig=%[2]s&se=%[3]s", absent},
		{"NetX Duo", "0ne00000A1B%2fregistrations%2fDev%3A1", upper, "sr=%[1]s&sig=%[2]s&se=%[3]s&skn=registration", given},
		{"Java", "0ne00000A1B/registrations/Dev:1", upper, "sr=%[1]s&sig=%[2]s&se=%[3]s&skn=", empty},
		{".NET", "0ne00000A1B%2Fregistrations%2FDev%3A1", upper, "sr=%[1]s&sig=%[2]s&se=%[3]s&skn=registration", given},
		{"Rust", "0ne00000A1B%2fregistrations%2fDev:1", upper, "sr=%[1]s&sig=%[2]s&se=%[3]s", absent},
		{"built by hand", "0ne00000A1B%2Fregistrations%2FDev%3A1", upper, "sr=%[1]s&skn=registration&sig=%[2]s&se=%[3]s", given},
		{"documentation", "0ne00000A1B%2Fregistrations%2FDev%3A1", upper, "sig=%[2]s&se=%[3]s&skn=registration&sr=%[1]s", given},
		{"sig not escaped", "0ne00000A1B%2Fregistrations%2FDev%3A1", plain, "sr=%[1]s&sig=%[2]s&se=%[3]s", absent},
		{"an unknown field", "0ne00000A1B%2Fregistrations%2FDev%3A1", upper, "v=2&sr=%[1]s&sig=%[2]s&se=%[3]s&v=", absent},
	} {
		t.Run(v.client, func(t *testing.T) {
			const se = "1700003600"
			sig := signature(key64, v.sr, se) // 4 of its characters are escaped
			token, err := sastoken.Parse(fmt.Appendf(nil, "SharedAccessSignature "+v.layout, v.sr, v.sig.Replace(sig), se))
			if err != nil {
				t.Fatal(err)
			}
			if token.Resource() != v.sr {
				t.Errorf("Resource() = %q, want %q", token.Resource(), v.sr)
			}
			if name, present := token.KeyName(); [2]any{name, present} != v.skn {
				t.Errorf("KeyName() = %q, %t, want %v", name, present, v.skn)
			}
			if !token.Expiry().Equal(time.Unix(1700003600, 0)) {
				t.Errorf("Expiry() = %v", token.Expiry())
			}
			if got := base64.StdEncoding.EncodeToString(token.Signature()); got != sig {
				t.Errorf("Signature() = %s, want %s", got, sig)
			}
			if err := token.Verify(key64); err != nil {
				t.Error(err)
			}
			if !token.IsFor("0ne00000A1B", "Dev:1") {
				t.Error("IsFor is false")
			}
			text, err := token.AppendPassword(nil)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := sastoken.Parse(text); err != nil || !again.Equal(token) {
				t.Errorf("writing and parsing it again yields %v, %v, want %v", again, err, token)
			}
		})
	}
}

// .NET's WebUtility writes a space as '+'. No registration ID contains a space,
// but the signature over such an sr is valid.
func TestPlusInTheResourceIsSignedAsItStands(t *testing.T) {
	const sr, se = "0ne00000A1B%2Fregistrations%2Fa+b", "1700003600"
	token, err := sastoken.Parse([]byte("SharedAccessSignature sr=" + sr + "&sig=" + upper.Replace(signature(key64, sr, se)) + "&se=" + se))
	if err != nil {
		t.Fatal(err)
	}
	if err := token.Verify(key64); err != nil {
		t.Error(err)
	}
	if token.IsFor("0ne00000A1B", "a b") || !token.IsFor("0ne00000A1B", "a+b") {
		t.Error("'+' is not a plus sign")
	}
}

// The service does not canonicalize the sr, and neither does Verify.
func TestAnotherWritingOfTheResourceDoesNotVerify(t *testing.T) {
	const se = "1700003600"
	sig := upper.Replace(signature(key64, "0ne00000A1B%2Fregistrations%2Fdev", se))
	for _, sr := range []string{"0ne00000A1B%2fregistrations%2fdev", "0ne00000A1B/registrations/dev", "0ne00000a1b%2Fregistrations%2Fdev"} {
		token, err := sastoken.Parse([]byte("SharedAccessSignature sr=" + sr + "&sig=" + sig + "&se=" + se))
		if err != nil {
			t.Fatal(err)
		}
		if err := token.Verify(key64); !errors.Is(err, sastoken.ErrSignature) {
			t.Errorf("%s: Verify = %v, want ErrSignature", sr, err)
		}
	}
}
