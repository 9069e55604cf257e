package fsm_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"example.com/dps/fsm"
	"example.com/dps/packet"
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

// register takes a new machine from Open to the end. out is room for its output.
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
	most := 29.0
	if strings.HasPrefix(runtime.Version(), "go1.23") { // which does not inline the iterators over JSON
		most *= 3
	}
	if testing.Short() { // as it is run with the race detector, which allocates as well
		most += 6
	}
	if n > most {
		t.Errorf("%v allocations for a whole registration, want at most %v", n, most)
	}
	t.Logf("%v allocations", n)
}
