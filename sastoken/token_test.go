package sastoken_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"time"

	"example.com/dps/sastoken"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var (
	expiry   = time.Unix(1700003600, 0).UTC()
	resource = sastoken.Resource("0ne00000001", "ut-device")
)

func sample() sastoken.Token { return sastoken.Sign(key32, resource, sastoken.KeyName, expiry) }

func TestResourceIsPercentEncodedOnceWithItsCaseKept(t *testing.T) {
	for _, v := range []struct{ idScope, id, want string }{
		{"0ne00000001", "ut-device", "0ne00000001%2Fregistrations%2Fut-device"},
		{"0ne00000001", "Dev:01_a.b-c~", "0ne00000001%2Fregistrations%2FDev%3A01_a.b-c~"},
		{"0ne00000001", "50%25", "0ne00000001%2Fregistrations%2F50%2525"},
		{"a/b", "c&d=e f+g", "a%2Fb%2Fregistrations%2Fc%26d%3De%20f%2Bg"},
		{"ß", "\x00\n\xff", "%C3%9F%2Fregistrations%2F%00%0A%FF"},
		{"", "dev", ""},
		{"0ne00000001", "", ""},
	} {
		if got := sastoken.Resource(v.idScope, v.id); got != v.want {
			t.Errorf("Resource(%q, %q) = %q, want %q", v.idScope, v.id, got, v.want)
		}
	}
}

func TestHubResourceIsPercentEncodedOnceWithItsCaseKept(t *testing.T) {
	for _, v := range []struct{ hub, id, want string }{
		{"contoso.azure-devices.net", "MyDevice01", "contoso.azure-devices.net%2Fdevices%2FMyDevice01"},
		{"hub.example", "a-b.c_d~*!()',:=@$50%25", "hub.example%2Fdevices%2Fa-b.c_d~%2A%21%28%29%27%2C%3A%3D%40%2450%2525"},
		{"", "dev", ""},
		{"hub.example", "", ""},
	} {
		if got := sastoken.HubResource(v.hub, v.id); got != v.want {
			t.Errorf("HubResource(%q, %q) = %q, want %q", v.hub, v.id, got, v.want)
		}
	}
}

func TestWhatWasSignedReadsBackAndVerifiesWithThatKeyAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOfN(rapid.Byte(), 1, 100).Draw(t, "key")
		idScope, id := rapid.StringN(1, 64, 64).Draw(t, "idScope"), rapid.StringN(1, 128, 128).Draw(t, "id")
		name := rapid.StringN(0, 64, 256).Draw(t, "key name")
		at := time.Unix(rapid.Int64Range(1, 253402300799).Draw(t, "expiry"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns"))

		signed := sastoken.Sign(key, sastoken.Resource(idScope, id), name, at)
		text, err := signed.AppendPassword(nil)
		if err != nil {
			t.Fatal(err)
		}
		token, err := sastoken.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if !token.Equal(signed) || !token.IsFor(idScope, id) || token.Verify(key) != nil {
			t.Fatalf("%s parses as %v", text, token)
		}
		if got, present := token.KeyName(); got != name || present != (name != "") {
			t.Fatalf("key name %q, %t, want %q", got, present, name)
		}
		if want := at.Truncate(time.Second); !token.Expiry().Equal(want) {
			t.Fatalf("expiry %v, want %v", token.Expiry(), want)
		}
		key[rapid.IntRange(0, len(key)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if err := token.Verify(key); err != sastoken.ErrSignature {
			t.Fatalf("with another key Verify = %v, want ErrSignature", err)
		}
	})
}

func TestFromSignatureIsSignInTwoSteps(t *testing.T) {
	toSign := sastoken.AppendStringToSign(nil, resource, expiry)
	sig := sastoken.DeriveKey(key32, string(toSign)) // the HMAC-SHA256 of a text, as an HSM computes it
	token := sastoken.FromSignature(resource, sastoken.KeyName, expiry, sig)
	clear(sig) // the token has a copy
	if !token.Equal(sample()) {
		t.Errorf("got %v, whose signature differs from that of %v", token, sample())
	}
	clear(token.Signature()) // this is a copy too
	if err := token.Verify(key32); err != nil {
		t.Error(err)
	}
}

func TestAppendPasswordRefusesWhatCannotBeSent(t *testing.T) {
	long := strings.Repeat("a", 1025)
	for _, v := range []struct {
		name  string
		token sastoken.Token
		want  string
		is    error
	}{
		{"zero token", sastoken.Token{}, "sastoken: invalid token: resource (sr) is empty", sastoken.ErrInvalid},
		{"no key", sastoken.Sign(nil, resource, "", expiry), "sastoken: bad key: the key is empty", sastoken.ErrKey},
		{"empty key", sastoken.Sign([]byte{}, resource, "", expiry), "sastoken: bad key: the key is empty", sastoken.ErrKey},
		{"no group key", sastoken.Sign(sastoken.DeriveKey([]byte{}, "dev"), resource, "", expiry), "sastoken: bad key: the key is empty", sastoken.ErrKey},
		{"no resource", sastoken.Sign(key32, sastoken.Resource("", "dev"), "", expiry),
			"sastoken: invalid token: resource (sr) is empty", sastoken.ErrInvalid},
		{"long resource", sastoken.Sign(key32, long, "", expiry),
			"sastoken: invalid token: resource (sr) of 1025 bytes, expected at most 1024", sastoken.ErrInvalid},
		{"resource with a line feed", sastoken.Sign(key32, "a\n1", "", expiry),
			"sastoken: invalid token: resource (sr): byte 0x0a at offset 1, expected visible ASCII", sastoken.ErrInvalid},
		{"resource with a space", sastoken.Sign(key32, "a b", "", expiry),
			"sastoken: invalid token: resource (sr): byte 0x20 at offset 1, expected visible ASCII", sastoken.ErrInvalid},
		{"resource with an ampersand", sastoken.Sign(key32, "a&se=9", "", expiry),
			"sastoken: invalid token: resource (sr): '&' at offset 1, expected it percent-encoded", sastoken.ErrInvalid},
		{"resource with a broken escape", sastoken.Sign(key32, "a%2", "", expiry),
			"sastoken: invalid token: resource (sr): '%' without two hex digits at offset 1", sastoken.ErrInvalid},
		{"zero time", sastoken.Sign(key32, resource, "", time.Time{}),
			"sastoken: invalid token: expiry (se) of -62135596800 s since 1970, expected 1 to 253402300799: is the clock set?", sastoken.ErrInvalid},
		{"start of 1970", sastoken.Sign(key32, resource, "", time.Unix(0, 999_999_999)),
			"sastoken: invalid token: expiry (se) of 0 s since 1970, expected 1 to 253402300799: is the clock set?", sastoken.ErrInvalid},
		{"year 10000", sastoken.Sign(key32, resource, "", time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)),
			"sastoken: invalid token: expiry (se) of 253402300800 s since 1970, expected 1 to 253402300799: is the clock set?", sastoken.ErrInvalid},
		{"ampersand first", sastoken.Sign(key32, "&", "", expiry),
			"sastoken: invalid token: resource (sr): '&' at offset 0, expected it percent-encoded", sastoken.ErrInvalid},
		{"long key name", sastoken.Sign(key32, resource, long[:257], expiry),
			"sastoken: invalid token: key name (skn) of 257 bytes, expected at most 256", sastoken.ErrInvalid},
		{"short signature", sastoken.FromSignature(resource, "", expiry, make([]byte, 31)),
			"sastoken: invalid token: signature of 31 bytes, expected 32", sastoken.ErrInvalid},
		{"signature still in base64", sastoken.FromSignature(resource, "", expiry, make([]byte, 44)),
			"sastoken: invalid token: signature of 44 bytes, expected 32", sastoken.ErrInvalid},
	} {
		t.Run(v.name, func(t *testing.T) {
			got, err := v.token.AppendPassword([]byte("kept"))
			if err == nil || err.Error() != v.want || !errors.Is(err, v.is) {
				t.Errorf("error %v, want %s", err, v.want)
			}
			if string(got) != "kept" {
				t.Errorf("b became %q", got)
			}
			if err := v.token.Verify(key32); err == nil || err.Error() != v.want {
				t.Errorf("Verify = %v, want the same error", err)
			}
			if v.token.String() != v.want {
				t.Errorf("String() = %q, want the error", v.token)
			}
		})
	}
}

func TestAppendPasswordAtItsLimitsParses(t *testing.T) {
	const last = 253402300799
	token := sastoken.Sign(key32, strings.Repeat("%2F", 341)+"/", strings.Repeat("ÿ", 128), time.Unix(last, 0))
	text, err := token.AppendPassword(nil)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := sastoken.Parse(text); err != nil || !again.Equal(token) {
		t.Errorf("got %v, %v", again, err)
	}
}

func TestAppendPasswordLeavesWhatIsThere(t *testing.T) {
	alone, err := sample().AppendPassword(nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := sample().AppendPassword([]byte("x="))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("x="+string(alone), string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestVerifyRefusesAnEmptyKey(t *testing.T) {
	for _, key := range [][]byte{nil, {}} {
		if err := sample().Verify(key); !errors.Is(err, sastoken.ErrKey) {
			t.Errorf("Verify = %v, want ErrKey", err)
		}
	}
}

func TestVerifySeesEveryChangedBitOfTheSignature(t *testing.T) {
	for i := range 256 {
		sig := sample().Signature()
		sig[i/8] ^= 1 << (i % 8)
		forged := sastoken.FromSignature(resource, sastoken.KeyName, expiry, sig)
		if err := forged.Verify(key32); err != sastoken.ErrSignature {
			t.Fatalf("bit %d changed: Verify = %v, want ErrSignature", i, err)
		}
	}
}

func TestExpiredFromTheVerySecondOfTheExpiry(t *testing.T) {
	for _, v := range []struct {
		now  time.Duration // relative to the expiry
		skew time.Duration
		want bool
	}{
		{-1, 0, false}, {0, 0, true}, {time.Hour, 0, true}, {-time.Hour, 0, false},
		{5*time.Minute - 1, 5 * time.Minute, false}, {5 * time.Minute, 5 * time.Minute, true},
		{-time.Minute - 1, -time.Minute, false}, {-time.Minute, -time.Minute, true},
	} {
		if got := sample().Expired(expiry.Add(v.now), v.skew); got != v.want {
			t.Errorf("%v after the expiry, with a skew of %v: %t, want %t", v.now, v.skew, got, v.want)
		}
	}
	if !(sastoken.Token{}).Expired(expiry, 0) {
		t.Error("the zero token has not expired")
	}
}

func TestIsForTellsDevicesApart(t *testing.T) {
	for _, v := range []struct {
		sr, idScope, id string
		want            bool
	}{
		{"s%2Fregistrations%2Fd", "s", "d", true},
		{"s%2Fregistrations%2Fd", "s", "D", false},
		{"s%2Fregistrations%2Fd", "S", "d", false},
		{"s%2Fregistrations%2Fd", "s", "", false},
		{"s%2Fregistrations%2F", "s", "", false},
		{"/registrations/d", "", "d", false},
		{"s/registrations/d%253A", "s", "d%3A", true}, // decoded once
		{"s/registrations/d%253A", "s", "d:", false},
		{"s%2Fdevices%2Fd", "s", "d", false},
		{"s%2Fregistrations%2Fd%2", "s", "d", false}, // cannot be sent
		{"s%2Fregistrations%2Fd%", "s", "d", false},
	} {
		if got := sastoken.Sign(key32, v.sr, "", expiry).IsFor(v.idScope, v.id); got != v.want {
			t.Errorf("%s: IsFor(%q, %q) = %t, want %t", v.sr, v.idScope, v.id, got, v.want)
		}
	}
}

func TestNoSignatureIsNil(t *testing.T) {
	if got := (sastoken.Token{}).Signature(); got != nil {
		t.Errorf("got %v", got)
	}
}

func TestEqualSeesEveryField(t *testing.T) {
	token := sample()
	sig := token.Signature()
	for _, v := range []struct {
		name string
		u    sastoken.Token
		want bool
	}{
		{"a copy", token, true},
		{"made again", sample(), true},
		{"resource", sastoken.FromSignature(resource+"x", sastoken.KeyName, expiry, sig), false},
		{"key name", sastoken.FromSignature(resource, "x", expiry, sig), false},
		{"no skn", sastoken.FromSignature(resource, "", expiry, sig), false},
		{"expiry", sastoken.FromSignature(resource, sastoken.KeyName, expiry.Add(time.Second), sig), false},
		{"signature", sastoken.FromSignature(resource, sastoken.KeyName, expiry, make([]byte, 32)), false},
		{"no signature", sastoken.FromSignature(resource, sastoken.KeyName, expiry, nil), false},
	} {
		if got := token.Equal(v.u); got != v.want {
			t.Errorf("%s: %t, want %t", v.name, got, v.want)
		}
	}
	// An empty skn is not equal to an absent one.
	parse := func(text string) sastoken.Token {
		token, err := sastoken.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	bare := "SharedAccessSignature sr=a&se=1&sig=" + upper.Replace(signature(key32, "a", "1"))
	if parse(bare).Equal(parse(bare + "&skn=")) {
		t.Error("an empty skn equals an absent one")
	}
}

func TestAppendingDoesNotAllocate(t *testing.T) {
	token, b := sample(), make([]byte, 0, 256)
	if n := testing.AllocsPerRun(100, func() { _, _ = token.AppendPassword(b) }); n != 0 {
		t.Errorf("AppendPassword: %v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() { sastoken.AppendStringToSign(b, resource, expiry) }); n != 0 {
		t.Errorf("AppendStringToSign: %v allocations", n)
	}
}

func TestSigningAllocatesOnceMoreThanABareHMAC(t *testing.T) {
	toSign := sastoken.AppendStringToSign(nil, resource, expiry)
	bare := testing.AllocsPerRun(100, func() {
		h := hmac.New(sha256.New, key32)
		h.Write(toSign)
		h.Sum(nil)
	})
	if n := testing.AllocsPerRun(100, func() { sastoken.Sign(key32, resource, sastoken.KeyName, expiry) }); n > bare+1 {
		t.Errorf("Sign: %v allocations, a bare HMAC %v", n, bare)
	}
	if n := testing.AllocsPerRun(100, func() { sastoken.Sign(key32, "a", sastoken.KeyName, expiry) }); n > bare+1 {
		t.Errorf("Sign for a short resource: %v allocations, a bare HMAC %v", n, bare)
	}
	token := sample()
	if n := testing.AllocsPerRun(100, func() { _ = token.Verify(key32) }); n > bare {
		t.Errorf("Verify: %v allocations, a bare HMAC %v", n, bare)
	}
}
