package topic

import (
	"testing"
	"time"
)

const uuid = "eec9e495-ea9e-4c0c-9da4-e820ce7aef2e"

func BenchmarkParseResponse(b *testing.B) {
	for _, bm := range []struct{ name, topic string }{
		{"Short", responsePrefix + "202/?$rid=1&retry-after=3"},
		{"UUID", responsePrefix + "202/?$rid=" + uuid + "&retry-after=3"},
		{"Escaped", responsePrefix + "202/?$rid=a%2Fb&retry-after=3"},
	} {
		t := []byte(bm.topic)
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; i < b.N; i++ {
				if _, err := ParseResponse(t); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParseRequest(b *testing.B) {
	t := []byte(requestPrefix + string(QueryStatus) + "/?$rid=" + uuid + "&operationId=" + operationID)
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		if _, err := ParseRequest(t); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendRequest(b *testing.B) {
	r := Request{Op: QueryStatus, RequestID: []byte(uuid), OperationID: []byte(operationID)}
	benchmarkAppend(b, r.AppendText)
}

func BenchmarkAppendResponse(b *testing.B) {
	r := Response{Status: 202, RequestID: []byte(uuid), RetryAfter: 3 * time.Second, HasRetryAfter: true}
	benchmarkAppend(b, r.AppendText)
}

func benchmarkAppend(b *testing.B, appendText func([]byte) ([]byte, error)) {
	room := make([]byte, 0, 512)
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		if _, err := appendText(room); err != nil {
			b.Fatal(err)
		}
	}
}
