package sastoken_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/dps/sastoken"
)

// These keys consist of consecutive byte values, as in the SAS tests of
// Azure/azure-iot-sdk.
var (
	key32 = counting(32)
	key64 = counting(64)
)

func counting(n int) []byte {
	key := make([]byte, n)
	for i := range key {
		key[i] = byte(i)
	}
	return key
}

// unbase64 decodes base64 with or without padding, and ignores bits after the
// last byte.
func unbase64(s string) []byte {
	b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
	if err != nil {
		panic(err)
	}
	return b
}

type signatureVector struct {
	name, source string
	key          []byte
	resource     string
	expiry       int64
	sig          string // base64
}

// signatureVectors were published by others, unless their source is marked as
// supplementary.
var signatureVectors = []signatureVector{
	{"V1", "damienpontifex/azure-iot-sdk-rs src/provision.rs",
		unbase64("O+H9VTcdJP0Tqkl7bh4nVG0OJNrAataMpuWB54D0VEc="),
		"0ne000EEBBD%2fregistrations%2fFirstDevice", 1591921306, "hwgBlMB6G2Zg5ZcYtwmtLVKRbifiSCPfUMyscbVWa8o="},
	{"V2", "Azure/azure-iot-sdk SAS test",
		key32, "0ne00000001%2fregistrations%2fut-device", 1700003600, "nfgjIUfmDHBv8oCGcLAcWu2fieJcGyogj/8V3iBMPHo="},
	{"V4", "Azure/azure-iot-sdk SAS test, with the key that V3 derives",
		unbase64("s5o47KaZCZrDal4Vkht+L7zOZU87BuBJ28rt3mJ6Gsc="),
		"0ne00000001%2fregistrations%2fut-device", 1700000600, "9nM2SzDCAOl/zsYjmXT/u5JwUmodICuLzA2jNfMfHAg="},
	{"V6", "Azure/azure-iot-sdk-node common/core/test/_shared_access_signature_test.js",
		[]byte("password"), "uri", 12345, "kcWxXAK2OAaAoq2oCkaGzX2NMqDB8nCyNuq2fPYCDhk="},
	{"V9", "Azure/azure-iot-sdk SAS test",
		key32, "broker.example%2Fdevices%2Fut-device", 1700003600, "gqgacRa/NHRRK0/Cjw6CUls+kHtn3nhT2hrASNZQan0="},
	{"V10", "damienpontifex/azure-iot-sdk-rs token tests",
		unbase64("O+H9VTcdJP0TQkl7bh4nVG0OJNrEataMpuWB54D0VEc="),
		"pontifex.azure-devices.net%2Fdevices%2FFirstDevice", 1593353305, "CKYVArtLm72J2UNWLb4V3XqPc679Ig3LX83G3nPExUc="},
	{"V11", "amenzhinsky/iothub tests",
		[]byte("secret"), "test.azure-devices.net", 1546308061, "uux4PSAK1s9efNcBHin0pm7O5oENedTWkhqGp8JAyFY="},
	{"V12", "Azure/azure-iot-sdk-node device/core/test/_shared_access_signature_test.js",
		unbase64("key"), "host%2Fdevices%2Fdevice", 12345, "wM3XiP6gD960IxP7J5WHqnxQHEcWC6YaQCtoMT+kKHc="},
	{"V13", "Azure/azure-iot-sdk-node device/core/test/_sak_authentication_provider_test.js",
		unbase64("fakeKey"), "fake.host.name%2Fdevices%2FfakeDeviceId", 10, "bYz5R2IFTaejB6pgYOxns2mw6lcuA4VSy8kJbYQp0Sc="},
	{"raw", "supplementary, computed with Python's hmac",
		key32, "0ne00000001/registrations/ut-device", 1700003600, "PD7NhShGS8hvk+gFxDTRTfestEqeu2WUtZdU4Z0vZTs="},
	{"upper", "supplementary, computed with Python's hmac",
		key32, "0ne00000001%2Fregistrations%2Fut-device", 1700003600, "cVu11JkJFpvaSoHu/JfxIzTR5AAZYtNitfA7oxPHKJg="},
	{"colon", "supplementary, computed with Python's hmac",
		key32, "0ne00000001%2Fregistrations%2FDev%3A01_a.b-c", 1700003600, "j04auIn7rpyZoNk9P0IqvHHl4vMxxrrz0x+mOGIxHIQ="},
}

func TestSignGivesThePublishedSignatures(t *testing.T) {
	for _, v := range signatureVectors {
		t.Run(v.name, func(t *testing.T) {
			token := sastoken.Sign(v.key, v.resource, "", time.Unix(v.expiry, 0))
			if got := base64.StdEncoding.EncodeToString(token.Signature()); got != v.sig {
				t.Errorf("signature %s, want %s (%s)", got, v.sig, v.source)
			}
			if err := token.Verify(v.key); err != nil {
				t.Errorf("Verify: %v", err)
			}
		})
	}
}

// These are the texts of all published keys, as in their sources. V12 and V13
// have bits set after the last byte.
func TestPublishedKeysAreDecodedAndSign(t *testing.T) {
	for name, text := range map[string]string{
		"V1":  "O+H9VTcdJP0Tqkl7bh4nVG0OJNrAataMpuWB54D0VEc=",
		"V4":  "s5o47KaZCZrDal4Vkht+L7zOZU87BuBJ28rt3mJ6Gsc=",
		"V10": "O+H9VTcdJP0TQkl7bh4nVG0OJNrEataMpuWB54D0VEc=",
		"V12": "key",
		"V13": "fakeKey",
	} {
		key, err := sastoken.DecodeKey(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		i := slices.IndexFunc(signatureVectors, func(v signatureVector) bool { return v.name == name })
		v := signatureVectors[i]
		token := sastoken.Sign(key, v.resource, "", time.Unix(v.expiry, 0))
		if got := base64.StdEncoding.EncodeToString(token.Signature()); got != v.sig {
			t.Errorf("%s: signature %s, want %s", name, got, v.sig)
		}
	}
}

func TestTokensAreThePublishedTexts(t *testing.T) {
	for _, v := range []struct {
		name, source string
		token        sastoken.Token
		want         string
	}{
		{"V1", "damienpontifex/azure-iot-sdk-rs src/provision.rs",
			sastoken.Sign(unbase64("O+H9VTcdJP0Tqkl7bh4nVG0OJNrAataMpuWB54D0VEc="), "0ne000EEBBD%2fregistrations%2fFirstDevice", "", time.Unix(1591921306, 0)),
			"SharedAccessSignature sr=0ne000EEBBD%2fregistrations%2fFirstDevice&sig=hwgBlMB6G2Zg5ZcYtwmtLVKRbifiSCPfUMyscbVWa8o%3D&se=1591921306"},
		{"V2", "Azure/azure-iot-sdk SAS test",
			sastoken.Sign(key32, "0ne00000001%2fregistrations%2fut-device", sastoken.KeyName, time.Unix(1700003600, 0)),
			"SharedAccessSignature sr=0ne00000001%2fregistrations%2fut-device&sig=nfgjIUfmDHBv8oCGcLAcWu2fieJcGyogj%2F8V3iBMPHo%3D&se=1700003600&skn=registration"},
		{"V6", "Azure/azure-iot-sdk-node common/core/test/_shared_access_signature_test.js, there with skn before se",
			sastoken.Sign([]byte("password"), "uri", "encode('Me')", time.Unix(12345, 0)),
			"SharedAccessSignature sr=uri&sig=kcWxXAK2OAaAoq2oCkaGzX2NMqDB8nCyNuq2fPYCDhk%3D&se=12345&skn=encode%28%27Me%27%29"},
		{"V14", "Azure/azure-sdk-for-c sdk/tests/iot/provisioning/test_az_iot_provisioning_client_sas.c, there without the %3D",
			sastoken.FromSignature("0neFEEDC0DE%2fregistrations%2fmyRegistrationId", "", time.Unix(1578941692, 0),
				unbase64("cS1eHM/lDjsRsrZV9508wOFrgmZk4g8FNg8NwHVSiSQ")),
			"SharedAccessSignature sr=0neFEEDC0DE%2fregistrations%2fmyRegistrationId&sig=cS1eHM%2FlDjsRsrZV9508wOFrgmZk4g8FNg8NwHVSiSQ%3D&se=1578941692"},
	} {
		t.Run(v.name, func(t *testing.T) {
			got, err := v.token.AppendPassword(nil)
			if err != nil || string(got) != v.want {
				t.Errorf("AppendPassword = %s, %v\nwant %s (%s)", got, err, v.want, v.source)
			}
		})
	}
}

func TestStringToSignIsThePublishedOne(t *testing.T) { // V14
	got := sastoken.AppendStringToSign([]byte("> "), "0neFEEDC0DE%2fregistrations%2fmyRegistrationId", time.Unix(1578941692, 999_999_999))
	if want := "> 0neFEEDC0DE%2fregistrations%2fmyRegistrationId\n1578941692"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDeriveKeyGivesThePublishedKeys(t *testing.T) {
	for _, v := range []struct {
		name, source string
		key          []byte
		id, want     string
	}{
		{"V3", "Azure/azure-iot-sdk SAS test", key64, "ut-device", "s5o47KaZCZrDal4Vkht+L7zOZU87BuBJ28rt3mJ6Gsc="},
		{"V5", "Azure documentation, concepts-symmetric-key-attestation",
			unbase64("8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw=="),
			"sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6", "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc="},
		{"V7", "Azure/azure-iot-sdk-node common/core/test, there a plain HMAC", []byte("password"), "string-to-sign", "o1n1hiIVgzVA2+krq9ty1Z4xsIJKJZP3dYT8MOi65Y4="},
		{"V8", "Azure/azure-iot-sdk-python tests/unit/common/auth/test_signing_mechanism.py, there a plain HMAC",
			unbase64("NMgJDvdKTxjLi+xBxxkDDEwDJxEvOE5u8BiT0mVgPeg="), "sign this message", "8NJRMT83CcplGrAGaUVIUM/md5914KpWVNngSVoF9/M="},
		{"mixed case", "supplementary, computed with Python's hmac", key64, "Dev:01_a.b-c", "cMIFDnqsUgbekXLTPV843LSHclYZiy8eAONHi800Sr4="},
		{"lower case", "supplementary, computed with Python's hmac", key64, "dev:01_a.b-c", "4jwcwFtqs0vFUMX5r2NgzTC/n2dFMQjHwDlL8gjKJAs="},
	} {
		t.Run(v.name, func(t *testing.T) {
			if got := base64.StdEncoding.EncodeToString(sastoken.DeriveKey(v.key, v.id)); got != v.want {
				t.Errorf("got %s, want %s (%s)", got, v.want, v.source)
			}
		})
	}
}
