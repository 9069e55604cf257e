package main

import (
	"fmt"
	"testing"
)

// BenchmarkFleet registers whole fleets of real machines. What counts is ns/device and
// ns/request: the latter hardly grows with the fleet.
func BenchmarkFleet(b *testing.B) {
	for _, devices := range []int{1, 100, 10_000, 100_000} {
		b.Run(fmt.Sprintf("devices=%d", devices), func(b *testing.B) {
			b.ReportAllocs()
			var requests, bytes int
			for b.Loop() {
				r := real(b, devices)
				requests, bytes = r.requests, r.cost.bytes
			}
			each := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
			b.ReportMetric(each/float64(devices), "ns/device")
			b.ReportMetric(each/float64(requests), "ns/request")
			b.ReportMetric(float64(bytes), "B/device")
		})
	}
}
