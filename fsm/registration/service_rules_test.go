package registration_test

import (
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/registration"
	"github.com/google/go-cmp/cmp"
)

// The wall clock may be set while a registration waits. This does not affect
// the monotonic reading, which every deadline keeps.
func TestDeadlinesKeepTheMonotonicReading(t *testing.T) {
	monotonic := func(at time.Time) bool { return strings.Contains(at.String(), " m=") }
	g := newRig(t)
	if g.now = time.Now(); !monotonic(g.now) {
		t.Skip("this system has no monotonic clock")
	}
	check := func() {
		t.Helper()
		if !monotonic(g.r.Deadline()) || !monotonic(g.r.End()) {
			t.Errorf("%v: deadline %v, end %v", g.r.State(), g.r.Deadline(), g.r.End())
		}
	}
	g.r.DialFailed(g.now, nil)
	check()
	g.sleep()
	g.r.Ready(g.now)
	check()
	g.request()
	g.answer(202, "3", assigning)
	check()
	g.sleep()
	check()
	g.request()
	g.answer(503, "", "")
	check()
	g.lose()
	check()
	g.now = g.now.Add(340 * time.Second)
	g.r.Ready(g.now) // the end of the budget comes before that of the request
	check()
	for _, e := range g.events {
		if !monotonic(e.Time) || !e.Until.IsZero() && !monotonic(e.Until) {
			t.Errorf("event %v at %v until %v", e.Kind, e.Time, e.Until)
		}
	}
}

// The status in the body determines the outcome, whatever the code in the topic
// and the case of the status are.
func TestS6_WordsOfTheServiceAndCodes(t *testing.T) {
	for word, want := range map[string]string{
		"assigning": "waiting", "unassigned": "waiting", "assigned": "result", "failed": "final", "disabled": "final", "blacklisted": "final",
	} {
		for _, code := range []int{200, 202, 204, 400, 401, 404, 412, 429, 500, 503} {
			for _, spelling := range []string{word, strings.ToUpper(word[:1]) + word[1:], strings.ToUpper(word)} {
				for _, polling := range []bool{false, true} {
					g := newRig(t)
					if g.nextWithPayload(); polling {
						g.answer(202, "", assigning)
						g.nextWithPayload()
					}
					g.answer(code, "", strings.NewReplacer(`"status":"assigned"}}`, `"x":0}}`, `"status":"assigned",`, `"status":"`+spelling+`",`).Replace(assigned))
					_, err := g.r.Result()
					got := "result"
					switch err {
					case nil:
					case registration.ErrPending:
						got = g.r.State().String()
						if g.events[len(g.events)-1].Kind != registration.EventWait || g.r.OperationID() != "4.op" {
							got = "a failure"
						}
					default:
						got = "final"
					}
					if got != want {
						t.Errorf("%d %s, polling %t: %s (%v), want %s", code, spelling, polling, got, err, want)
					}
				}
			}
		}
	}
}

// The default wait, which is used without a valid retry-after, has the same
// bounds as a wait that the service asks for.
func TestS7_TheDefaultWaitIsWithinItsBounds(t *testing.T) {
	for wait, want := range map[time.Duration]time.Duration{1: 5, 4: 5, 5: 5, 6: 6, 7: 7, 8: 7, 3600: 7} {
		for _, after := range []string{"", "x", "7s"} { // none of them is a number
			g := newRig(t, func(c *registration.Config) {
				c.Policy.MinRetryAfter, c.Policy.MaxRetryAfter, c.Policy.RetryAfter = 5*time.Second, 7*time.Second, wait*time.Second
			})
			g.exchange(202, after, assigning)
			if d := g.wait(); d != want*time.Second {
				t.Errorf("RetryAfter %d s, retry-after=%s: waits %v, want %d s", wait, after, d, want)
			}
		}
	}
}

// Missing fields of an answer are not taken from elsewhere, and a field in the
// registrationState takes precedence over the same field outside.
func TestNothingTakesThePlaceOfWhatTheServiceSays(t *testing.T) {
	for _, state := range []string{
		`"assignedHub":"h","registrationId":"dev-1"`, `"assignedHub":"h","registrationId":"dev-1","deviceId":""`, `"assignedHub":"h","registrationId":"dev-1","deviceId":null`,
		`"deviceId":"dev-1","registrationId":"dev-1"`,
	} {
		g := newRig(t)
		g.exchange(200, "", `{"operationId":"4.op","status":"assigned","registrationState":{`+state+`}}`)
		if a, err := g.r.Result(); err != registration.ErrPending {
			t.Errorf("%s: %+v, %v", state, a, err)
		}
	}
	g := newRig(t)
	g.exchange(200, "", `{"operationId":"4.op","status":"assigned","registrationState":{"assignedHub":"h","deviceId":"d"}}`)
	want := registration.Assignment{AssignedHub: "h", DeviceID: "d", OperationID: "4.op", Status: "assigned"}
	if a, err := g.r.Result(); err != nil || !cmp.Equal(want, a) {
		t.Errorf("%v (-want +got):\n%s", err, cmp.Diff(want, a))
	}
	g = newRig(t)
	g.exchange(200, "", `{"status":"failed","errorCode":400001,"message":"outer","trackingId":"t","timestampUtc":"2020",
		"registrationState":{"errorCode":400207,"errorMessage":"inner","lastUpdatedDateTimeUtc":"2023"}}`)
	if e := g.refusal(); e.Message != "inner" || e.ErrorCode != 400207 || e.TrackingID != "t" || e.Timestamp != "2020" {
		t.Errorf("%+v", *e)
	}
}
