package dpstest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/fsm/dpstest"
)

// A client that makes no mistakes gets no diagnosis: package fsm with each of
// its policies, over a network that is slow and breaks, and with each fault of
// the service.
func TestMachineMakesNoMistakes(t *testing.T) {
	text := func(s string) *string { return &s }
	policies := map[string]fsm.Policy{
		"default": {}, "no resume": {NoResume: true}, "at most once": {AtMostOnce: true}, "pipeline": {Pipeline: true}, "keep-alive 5 s": {KeepAlive: 5 * time.Second},
		"no keep-alive": {KeepAlive: -1}, "keep session": {KeepSession: true}, "disconnects": {StayConnected: time.Second}, "fleet": {FleetSize: 100_000}, "long waits": {MinRetryAfter: 20 * time.Second},
		"impatient": {RequestTimeout: 2 * time.Second, MinBackoff: time.Second},
	}
	faults := map[string][]dpstest.Fault{
		"none": nil, "hang up": {{At: dpstest.OnRegister, Nth: 1, HangUp: true}, {At: dpstest.OnQuery, Nth: 2, HangUpAfter: true}},
		"silence":   {{At: dpstest.OnConnect, Nth: 1, Silence: true}, {At: dpstest.OnRegister, Nth: 1, Silence: true}, {At: dpstest.OnQuery, Nth: 2, Silence: true}},
		"throttled": {{At: dpstest.OnRegister, Nth: 1, Status: 429, RetryAfter: "7"}, {At: dpstest.OnQuery, Nth: 1, Status: 503, RetryAfter: "9"}, {At: dpstest.OnQuery, Nth: 2, Status: 429}},
		"odd":       {{At: dpstest.OnRegister, Nth: 1, Body: text("{")}, {At: dpstest.OnQuery, Nth: 1, RequestID: text("x")}, {At: dpstest.OnQuery, Nth: 2, Repeat: 2, Delay: 1}, {At: dpstest.OnQuery, Nth: 3, Stale: true}},
		"lost":      {{At: dpstest.OnQuery, Nth: 1, Status: 404}, {At: dpstest.OnQuery, Nth: 2, Status: 412}},
		"empty rid": {{At: dpstest.OnRegister, RequestID: text("")}, {At: dpstest.OnQuery, AnswerFirst: true}},
	}
	for name, policy := range policies {
		for fault := range faults {
			for _, breaks := range [][]time.Duration{nil, {500 * time.Millisecond, 4 * time.Second}} {
				t.Run(fmt.Sprint(name, ", ", fault, ", ", breaks), func(t *testing.T) {
					o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{Polls: 3}, faults[fault]...)}})
					_, _, err := run(t, dpstest.Link{Latency: 40 * time.Millisecond, Breaks: breaks, Password: signed(key, "dev-1")}, o.Service, func(c *fsm.Config) { c.Policy, c.Jitter = policy, func() float64 { return 0.5 } })
					for _, named := range o.named {
						if breaks != nil && strings.HasPrefix(named, "no-disconnect ") {
							continue // a network that breaks looks like this mistake
						}
						t.Errorf("%s (%v): %q\n%s", named, err, o.texts, strings.Join(o.all, "\n"))
						break
					}
				})
			}
		}
	}
}
