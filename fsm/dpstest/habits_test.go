package dpstest_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/packet"
)

// An operation can be continued on another connection. A new registration is a
// mistake if the device disconnected of its own accord, but not if the
// connection broke.
func TestRegisterAgainElsewhere(t *testing.T) {
	for leaves, want := range map[bool][]string{true: {"register-again at PUBLISH"}, false: {"no-disconnect at PUBLISH"}} {
		o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{})}})
		for range 2 {
			p := newDevice(t, o.Service, "dev-1")
			p.status(registerT, "")
			if leaves {
				p.say(&packet.Disconnect{})
			}
			p.c.Lost(start)
		}
		if got := o.named[:1]; !slices.Equal(got, want) {
			t.Errorf("leaves %t: %q, want %q", leaves, o.named, want)
		}
	}
}

// A request is early if the retry-after of a 429 or a server error, in the
// answer to a request of the same kind, has not elapsed.
func TestEarlyRetry(t *testing.T) {
	for _, test := range []struct {
		status int
		topic  string
		wait   time.Duration
		want   string
	}{
		{429, registerT, 4899 * time.Millisecond, "101ms"}, {429, registerT, 4900 * time.Millisecond, ""}, {503, registerT, 0, "5s"}, {500, registerT, 0, "5s"}, {499, registerT, 0, ""},
		{404, registerT, 0, ""}, {429, queryT("1"), 0, ""},
	} {
		o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{}, dpstest.Fault{At: dpstest.OnRegister, Nth: 1, Status: test.status, RetryAfter: "5"})}})
		p := newDevice(t, o.Service, "dev-1")
		p.status(registerT, "")
		p.now = p.now.Add(test.wait)
		p.status(test.topic, "")
		got := ""
		for i, named := range o.named {
			if strings.HasPrefix(named, "early-retry ") {
				got = o.texts[i]
			}
		}
		if (got == "") != (test.want == "") || !strings.Contains(got, "arrived "+test.want+" before") && got != "" {
			t.Errorf("%+v: %q", test, got)
		}
	}
}

// A query can be early whatever the service answers, but not if a later 429
// contained another retry-after.
func TestEarlyQueryAndThrottling(t *testing.T) {
	for second, want := range map[time.Duration]string{2 * time.Second: "early-retry at PUBLISH", 3 * time.Second: ""} {
		o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{Polls: 9, RetryAfter: "30"}, dpstest.Fault{At: dpstest.OnQuery, Nth: 1, Status: 429, RetryAfter: "2"})}})
		p := newDevice(t, o.Service, "dev-1")
		p.status(registerT, "")
		for i, step := range []struct {
			at   time.Duration
			want string
		}{
			{time.Second, "early-query at PUBLISH"}, {second, want}, {second + 29*time.Second, "early-query at PUBLISH"}, {second + 59*time.Second, ""},
		} {
			p.now, o.named = start.Add(step.at), nil
			p.status(strings.Replace(queryT("1"), "$rid=1", "$rid=q"+string(rune('a'+i)), 1), "")
			if got := strings.Join(o.named, " "); got != step.want {
				t.Errorf("after %v: %q, want %q", step.at, got, step.want)
			}
		}
	}
}

// Each answer that is not acknowledged is counted.
func TestEachMissingPubackCounts(t *testing.T) {
	o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{})}})
	p := newPeer(t, o.Service)
	p.say(connect(), subscribe(1))
	for _, id := range []string{"1", "2", "3"} {
		p.say(publish("POST/x/?$rid="+id, 0, 0, ""))
	}
	p.now = start.Add(time.Second)
	p.say(&packet.Puback{ID: 2}, &packet.Disconnect{})
	if want := "mistakes: operation (3 times), no-puback (2 times)"; !strings.HasSuffix(o.ended(t), want) {
		t.Errorf("%q, want %s", o.ends, want)
	}
}

// An answer that is not acknowledged counts only once.
func TestAMissingPubackCountsOnce(t *testing.T) {
	o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{})}})
	p := newPeer(t, o.Service)
	p.say(connect(), subscribe(1))
	for _, id := range []string{"1", "2", "3"} {
		p.say(publish("POST/x/?$rid="+id, 0, 0, ""))
		p.say(&packet.Puback{ID: 2}, &packet.Puback{ID: 3})
		p.now = p.now.Add(time.Second)
	}
	p.say(&packet.Disconnect{})
	if want := "mistakes: operation (3 times), no-puback"; !strings.HasSuffix(o.ended(t), want) {
		t.Errorf("%q, want %s", o.ends, want)
	}
}

// The last 16 values of $rid are remembered.
func TestRememberedRequestIDs(t *testing.T) {
	for between, want := range map[int]int{15: 1, 16: 0} {
		o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{})}})
		p := newDevice(t, o.Service, "dev-1")
		for i := range between + 2 {
			p.status("POST/x/?$rid=r"+string(rune('a'+i%(between+1))), "")
		}
		n := 0
		for _, named := range o.named {
			if named == "rid-again at PUBLISH" {
				n++
			}
		}
		if n != want {
			t.Errorf("%d requests between: %q", between, o.named)
		}
	}
}

// Some properties are recognized as misspellings of $rid.
func TestMisspelledRequestIDs(t *testing.T) {
	for property, want := range map[string]string{
		"rid": "rid-name", "$ride": "no-rid", "request-id": "rid-name", "req_id": "rid-name", "request": "rid-name", "%24rid": "rid-name", "$drid": "rid-name", "$ridd": "rid-name",
		"message-id": "rid-name", "mid": "rid-name", "id": "rid-name", "RID": "rid-name", "`rid": "rid-name", "rzid": "no-rid", "other": "no-rid",
	} {
		o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{})}})
		newDevice(t, o.Service, "dev-1").say(publish("PUT/iotdps-register/?"+property+"=1", 0, 0, ""))
		if len(o.named) != 1 || o.named[0] != want+" at PUBLISH" {
			t.Errorf("%s: %q", property, o.named)
		}
	}
}

// A 429 without a retry-after does not change the time before which a query is
// early.
func TestEarlyQueryAfterBare429(t *testing.T) {
	o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{}, dpstest.Fault{At: dpstest.OnQuery, Nth: 1, Status: 429})}})
	p := newDevice(t, o.Service, "dev-1")
	p.status(registerT, "")
	p.status(queryT("1"), "")
	p.status(strings.Replace(queryT("1"), "$rid=1", "$rid=2", 1), "")
	if want := []string{"early-query at PUBLISH", "early-query at PUBLISH"}; !slices.Equal(o.named, want) {
		t.Errorf("%q", o.named)
	}
}

// A device that is assigned may register again.
func TestRegisterAgainAfterTheEnd(t *testing.T) {
	o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{RetryAfter: "0"})}})
	p := newDevice(t, o.Service, "dev-1")
	p.status(registerT, "")
	p.status(queryT("1"), "")
	p.status("PUT/iotdps-register/?$rid=r2", "")
	if len(o.named) > 0 {
		t.Errorf("%q", o.named)
	}
}

// A device that is known only because of its faults has not sent a request yet.
func TestDupInTheFirstRequest(t *testing.T) {
	o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{}, dpstest.Fault{At: dpstest.OnPing, Silence: true})}})
	for _, want := range []int{1, 1} {
		p := newDevice(t, o.Service, "dev-1")
		again := publish(registerT, 1, 7, "")
		again.Dup = true
		p.say(again, again)
		p.say(&packet.Disconnect{})
		n := 0
		for _, named := range o.named {
			if strings.HasPrefix(named, "publish-flags ") {
				n++
			}
		}
		if n != want {
			t.Errorf("%q", o.named)
		}
	}
}

// Only the oldest request ID is forgotten for a new one.
func TestOneRequestIDIsForgottenAtATime(t *testing.T) {
	o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{})}})
	p := newDevice(t, o.Service, "dev-1")
	for _, id := range "abcdefghijklmnopqb" { // 17 different ones
		p.status("POST/x/?$rid="+string(id), "")
	}
	if !slices.Contains(o.named, "rid-again at PUBLISH") {
		t.Errorf("%q", o.named)
	}
}

// A query for the operation of another device is not early: it is wrong.
func TestQueryOfAnotherDeviceIsNotEarly(t *testing.T) {
	o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{}), {RegistrationID: "dev-2", PrimaryKey: encoded(key)}}})
	one, two := newDevice(t, o.Service, "dev-1"), newDevice(t, o.Service, "dev-2")
	one.status(registerT, "")
	one.now, two.now = start.Add(3*time.Second), start.Add(3*time.Second)
	two.status(registerT, "")
	one.status(queryT("2"), "")
	if want := []string{"operation-id at PUBLISH"}; !slices.Equal(o.named, want) {
		t.Errorf("%q, want %q", o.named, want)
	}
}
