package registration_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/registration"
)

// These are answers as the service sends them.
const (
	realAssigning = `{"operationId":"4.65f62b2644c85bb1.331ffb1b-35e2-4b5a-9e68-f1fa7d5efc33","status":"assigning"}`
	realAssigned  = `{"operationId":"4.65f62b2644c85bb1.331ffb1b-35e2-4b5a-9e68-f1fa7d5efc33","status":"assigned","registrationState":{"x509":{"enrollmentGroupId":"dac6db18-b4fb-48ed-b79a-c9f9954956a9"},"registrationId":"dev-1","createdDateTimeUtc":"2023-01-10T21:52:50.5898405Z","assignedHub":"iotc-524cd5bf.azure-devices.example","deviceId":"dev-1","status":"assigned","substatus":"initialAssignment","lastUpdatedDateTimeUtc":"2023-01-10T21:52:52.1928267Z","etag":"IjYyMDI0NGRkLTAwMDAtMDcwMC0wMDAwLTYzYmRkZTM0MDAwMCI="}}`
)

// realAnswers are the answers in a registration with two queries.
var realAnswers = [][2][]byte{
	{[]byte("$dps/registrations/res/202/?$rid=1&retry-after=3"), []byte(realAssigning)},
	{[]byte("$dps/registrations/res/202/?$rid=2&retry-after=3"), []byte(realAssigning)},
	{[]byte("$dps/registrations/res/200/?$rid=3"), []byte(realAssigned)},
}

// register drives a new registration to its end. name and payload are buffers
// for requests.
func register(cfg registration.Config, name, payload []byte) (*registration.Registration, error) {
	r, err := registration.New(cfg)
	if err != nil {
		return nil, err
	}
	now := begin
	r.Ready(now)
	for _, answer := range realAnswers {
		r.AppendRequest(name[:0], payload[:0])
		r.Message(now, answer[0], answer[1])
		if r.State() == registration.Waiting {
			now = r.Deadline()
			r.Advance(now)
		}
	}
	r.Lost(now, nil)
	_, err = r.Result()
	return r, err
}

// most returns the allowed number of allocations. In short mode, in which these
// tests run with the race detector, it includes those of the race detector.
func most(n float64) float64 {
	if testing.Short() {
		return n + 6
	}
	return n
}

func TestRegistrationAllocatesLittle(t *testing.T) {
	cfg := registration.Config{IDScope: "0ne00000A1B", RegistrationID: "dev-1"}
	name, payload := make([]byte, 0, 512), make([]byte, 0, 512)
	n := testing.AllocsPerRun(100, func() {
		if _, err := register(cfg, name, payload); err != nil {
			t.Fatal(err)
		}
	})
	t.Logf("%v allocations for a registration with two queries", n)
	if n > most(14) {
		t.Errorf("%v allocations, want at most %v", n, most(14))
	}
}

func TestAQueryAllocatesNothing(t *testing.T) {
	g := newRig(t, endless, func(c *registration.Config) { c.Trace = nil })
	g.next()
	name, payload := make([]byte, 0, 512), make([]byte, 0, 512)
	topic, answer := []byte("$dps/registrations/res/202/?$rid=&retry-after=3"), []byte(realAssigning)
	n := testing.AllocsPerRun(100, func() {
		if !g.r.Message(g.now, topic, answer) {
			t.Fatal("ignored")
		}
		g.now = g.r.Deadline()
		g.r.Advance(g.now)
		g.r.AppendRequest(name[:0], payload[:0])
	})
	t.Logf("%v allocations a query", n)
	if n > most(0) {
		t.Errorf("%v allocations a query, want none", n)
	}
}

// heap returns the size on the heap of each of n values.
func heap(n int, f func(i int)) int {
	var before, after runtime.MemStats
	for range 3 { // the second one empties pools
		runtime.GC()
	}
	runtime.ReadMemStats(&before)
	for i := range n {
		f(i)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	return (int(after.HeapAlloc) - int(before.HeapAlloc)) / n
}

// A waiting registration keeps little of its input.
func TestAWaitingRegistrationIsSmall(t *testing.T) {
	if testing.Short() {
		t.Skip("heaps differ with the race detector and on other systems")
	}
	const n, limit = 100, 640
	long := strings.Repeat("x", 200_000)
	bodies := map[string]struct {
		status int
		body   string
	}{
		"202":                 {202, realAssigning},
		"429":                 {429, `{"errorCode":429001,"trackingId":"8ad0463c-6427-4479-9dfa-3e8bb7003e9b","message":"Operations are being throttled for this tenant."}`},
		"429, long message":   {429, `{"errorCode":429001,"trackingId":"t","message":"` + long + `"}`},
		"429, long in all":    {429, strings.ReplaceAll(`{"status":"L","operationId":"L","trackingId":"L","message":"L","timestampUtc":"L","info":{"a":"L"},"registrationState":{"substatus":"L","errorMessage":"L"}}`, "L", long)},
		"503, long, escaped":  {503, `{"errorCode":5,"message":"` + strings.Repeat(`\u20ac`, 30_000) + `"}`},
		"412, long message":   {412, `{"message":"` + long + `","errorCode":412000}`},
		"200, long, not JSON": {200, `{"message":"` + long},
		"202, long status":    {202, `{"status":"` + long + `","operationId":"4.op"}`},
		"202, no operation":   {202, `{"status":"` + long + `"}`},
		"202, long operation": {202, `{"status":"assigning","operationId":"` + long + `"}`},
	}
	for name, answer := range bodies {
		t.Run(name, func(t *testing.T) {
			topic, payload := fmt.Appendf(nil, "$dps/registrations/res/%d/?$rid=1", answer.status), []byte(answer.body)
			all := make([]*registration.Registration, n)
			size := heap(n, func(i int) {
				r, err := registration.New(registration.Config{IDScope: "0ne00000A1B", RegistrationID: "dev-1", Policy: registration.Policy{Budget: -1}})
				if err != nil {
					t.Fatal(err)
				}
				r.Ready(begin)
				r.AppendRequest(nil, nil)
				r.Message(begin, topic, payload)
				if r.State() != registration.Waiting {
					t.Fatalf("%s: %v", name, r)
				}
				all[i] = r
			})
			t.Logf("%d bytes", size)
			if size > limit {
				t.Errorf("a waiting registration takes %d bytes, want at most %d", size, limit)
			}
			if size < 200 {
				t.Errorf("%d bytes were measured, which is less than the struct has", size)
			}
			runtime.KeepAlive(all)
			runtime.KeepAlive(payload)
		})
	}
}

func BenchmarkRegistration(b *testing.B) {
	cfg := registration.Config{IDScope: "0ne00000A1B", RegistrationID: "dev-1"}
	name, payload := make([]byte, 0, 512), make([]byte, 0, 512)
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		if _, err := register(cfg, name, payload); err != nil {
			b.Fatal(err)
		}
	}
}

// Only the last failure is kept.
func TestFailuresDoNotPileUp(t *testing.T) {
	g := newRig(t, endless, func(c *registration.Config) { c.Trace = nil })
	long := strings.Repeat("x", 100_000)
	size := heap(1, func(int) {
		for range 50 {
			g.exchange(429, "1", `{"errorCode":429001,"message":"`+long+`"}`)
		}
	})
	t.Logf("%d bytes after 50 failures in %v", size, g.now.Sub(begin).Round(time.Second))
	runtime.KeepAlive(g)
	runtime.KeepAlive(long)
	if size > 20_000 {
		t.Errorf("%d bytes are kept after 50 failures", size)
	}
}
