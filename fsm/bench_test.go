package fsm_test

import (
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/packet"
	"example.com/dps/sastoken"
)

// realAssigned is an answer as the service sends it, of 478 bytes.
var realAssigned = fmt.Sprintf(`{"operationId":"4.65f62b2644c85bb1.331ffb1b-35e2-4b5a-9e68-f1fa7d5efc33","status":"assigned","registrationState":{"x509":{"enrollmentGroupId":"dac6db18-b4fb-48ed-b79a-c9f9954956a9"},"registrationId":"dev-1","createdDateTimeUtc":"2023-01-10T21:52:50.5898405Z","assignedHub":"%s","deviceId":"dev-1","status":"assigned","substatus":"initialAssignment","lastUpdatedDateTimeUtc":"2023-01-10T21:52:52.1928267Z","etag":"IjYyMDI0NGRkLTAwMDAtMDcwMC0wMDAwLTYzYmRkZTM0MDAwMCI="}}`, "iotc-524cd5bf.azure-devices.example")

const realAssigning = `{"operationId":"4.65f62b2644c85bb1.331ffb1b-35e2-4b5a-9e68-f1fa7d5efc33","status":"assigning"}`

// wholeRegistration is what a service sends in a registration with two polls.
func wholeRegistration() (parts [][]byte) {
	for _, part := range [][]packet.Packet{
		{&packet.Connack{}},
		{&packet.Suback{ID: 1, ReturnCodes: []byte{1}}},
		{&packet.Puback{ID: 2}, message("202/?$rid=1&retry-after=3", realAssigning)},
		{&packet.Puback{ID: 3}, message("202/?$rid=2&retry-after=3", realAssigning)},
		{&packet.Puback{ID: 4}, message("200/?$rid=3", realAssigned)},
	} {
		var b []byte
		for _, p := range part {
			b, _ = p.AppendBinary(b)
		}
		parts = append(parts, b)
	}
	return parts
}

// register drives a new machine from Open to the end. out is a buffer for its
// output.
func register(parts [][]byte, token, out []byte) (*fsm.Machine, error) {
	m, err := fsm.New(testConfig())
	if err != nil {
		return nil, err
	}
	now := start
	if err := m.Open(now, token); err != nil {
		return nil, err
	}
	for _, in := range parts {
		out = m.AppendOutput(out[:0])
		m.Receive(now, in)
		if m.State() == fsm.Waiting {
			out = m.AppendOutput(out[:0])
			now = m.Deadline()
			m.Advance(now)
		}
	}
	m.AppendOutput(out[:0])
	m.Lost(now, nil)
	_, err = m.Result()
	return m, err
}

func BenchmarkRegistration(b *testing.B) {
	parts, token, out := wholeRegistration(), []byte(testToken), make([]byte, 0, 1024)
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		if _, err := register(parts, token, out); err != nil {
			b.Fatal(err)
		}
	}
}

func TestRegistrationAllocations(t *testing.T) {
	parts, token, out := wholeRegistration(), []byte(testToken), make([]byte, 0, 1024)
	n := testing.AllocsPerRun(100, func() {
		if _, err := register(parts, token, out); err != nil {
			t.Fatal(err)
		}
	})
	most := 19.0
	if testing.Short() { // set when the race detector runs, which allocates as well
		most += 6
	}
	if n > most {
		t.Errorf("%v allocations for a whole registration, want at most %v", n, most)
	}
	t.Logf("%v allocations", n)
}

// The sum of all allocations of a registration, from the key to the result, is
// an upper bound of its heap, even without garbage collection. The caller's
// buffers are not counted.
func TestRegistrationTakesLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector allocates as well")
	}
	parts, token, out := wholeRegistration(), make([]byte, 0, 512), make([]byte, 0, 1024)
	var pieces [][]byte
	for _, part := range parts {
		pieces = slices.AppendSeq(pieces, slices.Chunk(part, 20))
	}
	for _, test := range []struct {
		name  string
		parts [][]byte
		most  uint64
	}{
		{"whole packets", parts, 4 << 10},
		{"pieces of 20 bytes", pieces, 8 << 10},
	} {
		size := allocated(func() {
			key, err := sastoken.DecodeKey("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
			if err != nil {
				t.Fatal(err)
			}
			password, err := sastoken.Sign(key, sastoken.Resource("0ne00000A1B", "dev-1"), sastoken.KeyName, start.Add(time.Hour)).AppendPassword(token)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := register(test.parts, password, out); err != nil {
				t.Fatal(err)
			}
		})
		t.Logf("%s: %d bytes", test.name, size)
		if size > test.most {
			t.Errorf("%s: a registration allocates %d bytes, want at most %d", test.name, size, test.most)
		}
		if size < 1<<10 {
			t.Errorf("%s: %d bytes were measured, which is less than a machine and its result have", test.name, size)
		}
	}
}

// allocated returns the number of bytes that f allocates on the heap, including
// those that it drops.
func allocated(f func()) uint64 {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	least := uint64(math.MaxUint64)
	for range 5 { // the runtime allocates as well
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	return least
}
