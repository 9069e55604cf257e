package sastoken_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"testing"

	"example.com/dps/sastoken"
)

// BenchmarkHMAC is the baseline: a bare HMAC-SHA256 of the same bytes, which
// every signature requires. BenchmarkSign takes at most 1.2 times as long.
func BenchmarkHMAC(b *testing.B) {
	toSign := sastoken.AppendStringToSign(nil, resource, expiry)
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		h := hmac.New(sha256.New, key32)
		h.Write(toSign)
		h.Sum(nil)
	}
}

func BenchmarkSign(b *testing.B) {
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		sastoken.Sign(key32, resource, sastoken.KeyName, expiry)
	}
}

func BenchmarkAppendPassword(b *testing.B) {
	token, buf := sample(), make([]byte, 0, 256)
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		if _, err := token.AppendPassword(buf); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	text, err := sample().AppendPassword(nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		if _, err := sastoken.Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	token := sample()
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		if err := token.Verify(key32); err != nil {
			b.Fatal(err)
		}
	}
}
