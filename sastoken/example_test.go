package sastoken_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"example.com/dps/sastoken"
)

// A device with its own key creates its MQTT password. The token expires one
// hour from now; the clock must be set.
func ExampleSign() {
	key, err := sastoken.DecodeKey("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Unix(1700000000, 0)
	token := sastoken.Sign(key, sastoken.Resource("0ne00000001", "ut-device"), sastoken.KeyName, now.Add(time.Hour))
	password, err := token.AppendPassword(nil)
	fmt.Println(string(password), err)
	// Output: SharedAccessSignature sr=0ne00000001%2Fregistrations%2Fut-device&sig=cVu11JkJFpvaSoHu%2FJfxIzTR5AAZYtNitfA7oxPHKJg%3D&se=1700003600&skn=registration <nil>
}

// A device of an enrollment group signs with a key that is derived from the
// group's key. Derive it where the device is manufactured: the group's key
// gives access to any device of the group, and must not be stored on one.
func ExampleDeriveKey() {
	groupKey, err := sastoken.DecodeKey("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==")
	if err != nil {
		fmt.Println(err)
		return
	}
	deviceKey := sastoken.DeriveKey(groupKey, "ut-device")
	fmt.Println(base64.StdEncoding.EncodeToString(deviceKey))
	// Output: s5o47KaZCZrDal4Vkht+L7zOZU87BuBJ28rt3mJ6Gsc=
}

// A device whose key is stored in an HSM has the HSM sign.
func ExampleFromSignature() {
	hsm := func(message []byte) []byte { return sastoken.DeriveKey(key32, string(message)) } // the HMAC-SHA256 of message

	resource := sastoken.Resource("0ne00000001", "ut-device")
	expiry := time.Unix(1700003600, 0)
	toSign := sastoken.AppendStringToSign(nil, resource, expiry)
	fmt.Printf("%q\n", toSign)

	token := sastoken.FromSignature(resource, sastoken.KeyName, expiry, hsm(toSign))
	password, err := token.AppendPassword(nil)
	fmt.Println(len(password), err)
	// Output:
	// "0ne00000001%2Fregistrations%2Fut-device\n1700003600"
	// 148 <nil>
}

// A service checks four properties of a password.
func ExampleParse() {
	password := []byte("SharedAccessSignature sr=0ne00000001/registrations/ut-device&sig=PD7NhShGS8hvk%2bgFxDTRTfestEqeu2WUtZdU4Z0vZTs%3d&skn=&se=1700003600")
	now := time.Unix(1700003700, 0)

	token, err := sastoken.Parse(password)
	fmt.Println("is a token:", err == nil)
	fmt.Println("is for this device:", token.IsFor("0ne00000001", "ut-device"))
	fmt.Println("is signed with its key:", token.Verify(key32) == nil)
	fmt.Println("has expired:", token.Expired(now, 5*time.Minute))
	// Output:
	// is a token: true
	// is for this device: true
	// is signed with its key: true
	// has expired: false
}

func ExampleToken_Verify() {
	token := sastoken.Sign([]byte("one key"), sastoken.Resource("0ne00000001", "ut-device"), "", time.Unix(1700003600, 0))
	err := token.Verify([]byte("another key"))
	fmt.Println(err, errors.Is(err, sastoken.ErrSignature))
	// Output: sastoken: signature does not match the key true
}

// A device creates a new token before the old one expires: a negative skew is a
// margin.
func ExampleToken_Expired() {
	token := sastoken.Sign(key32, sastoken.Resource("0ne00000001", "ut-device"), "", time.Unix(1700003600, 0))
	for _, now := range []int64{1700003000, 1700003400, 1700003600} {
		at := time.Unix(now, 0)
		fmt.Println(token.Expired(at, 0), token.Expired(at, -5*time.Minute))
	}
	// Output:
	// false false
	// false true
	// true true
}

// These are typical mistakes in a key that was copied by hand.
func ExampleDecodeKey() {
	for _, text := range []string{"c2VjcmV0\n", "c2VjcmV_", "c2VjcmV0c", "key="} {
		key, err := sastoken.DecodeKey(text)
		fmt.Println(len(key), err)
	}
	// Output:
	// 6 <nil>
	// 0 sastoken: bad key: a character of the URL alphabet (expected '+' and '/' instead of '-' and '_') at offset 7 of 8
	// 0 sastoken: bad key: 9 characters before any '=', but base64 never has 4n+1: is the key truncated?
	// 2 <nil>
}

func ExampleResource() {
	fmt.Println(sastoken.Resource("0ne00000001", "Dev:01"))
	// Output: 0ne00000001%2Fregistrations%2FDev%3A01
}

// A device creates a token for the IoT hub that it was assigned to. An example
// in package fsm shows all steps from a registration to this password.
func ExampleHubResource() {
	resource := sastoken.HubResource("contoso.azure-devices.net", "Dev:01")
	fmt.Println(sastoken.Sign(key32, resource, "", time.Unix(1700003600, 0)))
	// Output: SharedAccessSignature sr=contoso.azure-devices.net%2Fdevices%2FDev%3A01&sig=REDACTED&se=1700003600
}

// A token can be logged, since its signature is redacted.
func ExampleToken_String() {
	token := sastoken.Sign(key32, sastoken.Resource("0ne00000001", "ut-device"), sastoken.KeyName, time.Unix(1700003600, 0))
	fmt.Println(token)
	fmt.Println(sastoken.Sign(key32, "", "", time.Unix(1700003600, 0)))
	// Output:
	// SharedAccessSignature sr=0ne00000001%2Fregistrations%2Fut-device&sig=REDACTED&se=1700003600&skn=registration
	// sastoken: invalid token: resource (sr) is empty
}
