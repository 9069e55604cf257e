package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
)

// The device sends no request before the time that the service asks for has
// passed. If that would be after the end of -timeout, the registration ends
// immediately and reports why.
func TestRetryAfterBeyondTheTimeout(t *testing.T) {
	t.Parallel()
	together := &group{t: t}
	defer together.wait()
	for name, c := range map[string]struct {
		retryAfter dpstest.RetryAfter
		timeout    string
		fault      []dpstest.Fault
		want       string
	}{
		"202":         {"30", "6s", nil, " s while registering: the next attempt would come in 30 s, after the limit of 6 s\n"},
		"202, longer": {"3600", "30m", nil, " s while registering: the next attempt would come in 3600 s, after the limit of 1800 s\n"},
		"429":         {"", "6s", []dpstest.Fault{{At: dpstest.OnRegister, Status: 429, RetryAfter: "30"}}, ", after the limit of 6 s; failures: 1, the last one: refused with status 429"},
		"503":         {"", "6s", []dpstest.Fault{{At: dpstest.OnRegister, Status: 503, RetryAfter: "30"}}, ", after the limit of 6 s; failures: 1, the last one: refused with status 503"},
	} {
		together.run(name, func(t *testing.T) {
			d := newDesk(t, dpstest.Enrollment{RegistrationID: "dev", PrimaryKey: testKey, Outcome: dpstest.Outcome{RetryAfter: c.retryAfter}, Faults: c.fault})
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second) // in case the device waits
			defer cancel()
			got := tryIn(ctx, nil, d.flags("tls", "-registration-id", "dev", "-key", testKey, "-timeout", c.timeout)...)
			if got.code != 3 || !strings.Contains(got.stderr, "Not registered: gave up after 0") || !strings.Contains(got.stderr, c.want) {
				t.Errorf("exit code %d, want %q in\n%s%s", got.code, c.want, got.stdout, got.stderr)
			}
			if d.count("PUT/") != 1 || d.count("GET/") != 0 || !eventually(func() bool { return d.count("DISCONNECT") == 1 }) {
				t.Errorf("the service received %d registrations, %d queries and %d DISCONNECT packets", d.count("PUT/"), d.count("GET/"), d.count("DISCONNECT"))
			}
		})
	}
}
