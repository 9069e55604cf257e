package main

import (
	"fmt"
	"testing"
)

// BenchmarkFleet registers whole fleets of real machines. The processor time
// per request and the heap per device should hardly grow with the fleet. (The
// requests per device grow with its logarithm.)
func BenchmarkFleet(b *testing.B) {
	for _, devices := range []int{100, 1000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("devices=%d", devices), func(b *testing.B) {
			b.ReportAllocs()
			var r result
			for b.Loop() {
				r = real(b, devices)
			}
			b.ReportMetric(float64(r.cost.cpu), "cpu-ns/device")
			b.ReportMetric(float64(r.cost.cpu)/r.perDevice(), "cpu-ns/request")
			b.ReportMetric(r.perDevice(), "requests/device")
			b.ReportMetric(float64(r.cost.bytes), "B/device")
		})
	}
}
