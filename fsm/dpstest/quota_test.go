package dpstest_test

import (
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/packet"
)

// as returns the first packets that a device sends, CONNECT and SUBSCRIBE. The
// token is signed with the key of dev-1.
func as(id string) (*packet.Connect, *packet.Subscribe) {
	return connect(func(c *packet.Connect) {
		c.KeepAlive, c.ClientID, c.Username, c.Password = 0, []byte(id), []byte(scope+"/registrations/"+id+"/api-version=2019-03-31"), signed(key, id)(start)
	}), subscribe(0)
}

// newDevice returns a peer that has connected and subscribed as a device.
func newDevice(t *testing.T, s *dpstest.Service, id string) *peer {
	t.Helper()
	p := newPeer(t, s)
	hello, filter := as(id)
	p.expect(p.say(hello, filter), false, "CONNACK accepted", "SUBACK")
	return p
}

// status sends a request and returns what follows "res/" in the topic of the
// answer, such as "202/?$rid=r1&retry-after=3".
func (p *peer) status(name, body string) string {
	p.Helper()
	all := p.say(publish(name, 0, 0, body))
	if len(all) != 1 {
		p.Fatalf("answers %q, want one", all)
	}
	_, rest, _ := strings.Cut(all[0], "/res/")
	rest, _, _ = strings.Cut(rest, `"`)
	return rest
}

// queryT returns the topic of a query for the nth operation.
func queryT(n string) string {
	return "GET/iotdps-get-operationstatus/?$rid=1&operationId=4.000000000000000" + n + ".00000000-0000-4000-8000-00000000000" + n
}

const waiting = "202/?$rid=1&retry-after=3"

// endless returns a service with two devices whose registrations never end.
func endless(t *testing.T, change func(*dpstest.Config)) *dpstest.Service {
	cfg := dpstest.Config{IDScope: scope, Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{Status: "assigning"}),
		{RegistrationID: "dev-2", PrimaryKey: encoded(key), Outcome: dpstest.Outcome{Status: "assigning"}}}}
	change(&cfg)
	s, err := dpstest.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// All devices share one quota of registrations. Its window lasts a minute and
// begins with the first registration.
func TestRegistrationQuota(t *testing.T) {
	s := endless(t, func(c *dpstest.Config) { c.RegistrationsPerMinute = 3 })
	one, two := newDevice(t, s, "dev-1"), newDevice(t, s, "dev-2")
	at := func(d time.Duration) { one.now, two.now = start.Add(d), start.Add(d) }
	for _, step := range []struct {
		p    *peer
		at   time.Duration
		want string
	}{
		{one, 7 * time.Second, "202/?$rid=r1&retry-after=3"},
		{two, 27 * time.Second, "202/?$rid=r1&retry-after=3"},
		{one, 57 * time.Second, "202/?$rid=r1&retry-after=3"},
		{two, 57 * time.Second, "429/?$rid=r1&retry-after=10"},
		{one, 66*time.Second + 1, "429/?$rid=r1&retry-after=1"},
		{two, 67*time.Second - 1, "429/?$rid=r1&retry-after=1"},
		{two, 67 * time.Second, "202/?$rid=r1&retry-after=3"},
		{one, 100 * time.Second, "202/?$rid=r1&retry-after=3"},
		{one, 126 * time.Second, "202/?$rid=r1&retry-after=3"},
		{one, 126 * time.Second, "429/?$rid=r1&retry-after=1"},
		{one, 127 * time.Second, "202/?$rid=r1&retry-after=3"},
	} {
		if at(step.at); step.p.status(registerT, "") != step.want {
			t.Errorf("after %v: want %s", step.at, step.want)
		}
	}
}

// Each device has its own quota of queries. Its window lasts ten seconds.
func TestQueryQuota(t *testing.T) {
	s := endless(t, func(c *dpstest.Config) { c.PollsPer10s = 2 })
	one, two := newDevice(t, s, "dev-1"), newDevice(t, s, "dev-2")
	one.status(registerT, "")
	two.status(registerT, "")
	for _, step := range []struct {
		p       *peer
		n, want string
		at      time.Duration
	}{
		{one, "1", waiting, 1 * time.Second}, {one, "1", waiting, 2 * time.Second}, {one, "1", "429/?$rid=1&retry-after=9", 2 * time.Second},
		{two, "2", waiting, 2 * time.Second}, {two, "2", waiting, 2 * time.Second}, {two, "2", "429/?$rid=1&retry-after=10", 2 * time.Second},
		{one, "1", "429/?$rid=1&retry-after=1", 11*time.Second - 1}, {one, "1", waiting, 11 * time.Second}, {two, "2", "429/?$rid=1&retry-after=1", 11 * time.Second},
	} {
		step.p.now = start.Add(step.at)
		if got := step.p.status(queryT(step.n), ""); got != step.want {
			t.Errorf("after %v: %s, want %s", step.at, got, step.want)
		}
	}
}

// The answer to a request above a quota states the reason.
func TestThrottledBody(t *testing.T) {
	p := newDevice(t, endless(t, func(c *dpstest.Config) { c.RegistrationsPerMinute = 1 }), "dev-1")
	p.status(registerT, "")
	all := p.say(publish(registerT, 0, 0, ""))
	const want = `{"errorCode":429001,"trackingId":"00000000-0000-4000-8000-000000000001","message":"Operations are being throttled for this tenant.","timestampUtc":"2026-11-22T12:00:00.0000000Z"}`
	if len(all) != 1 || !strings.HasSuffix(all[0], " "+want) {
		t.Errorf("%q", all)
	}
}

// Requests that are refused before their content is processed do not count
// toward the quota. Requests whose content is wrong do.
func TestRefusedRequestsAndQuotas(t *testing.T) {
	for name, test := range map[string]struct {
		password []byte
		faults   []dpstest.Fault
		topic    string
		body     string
		counts   bool
	}{
		"bad token":        {signed(groupKey, "dev-1")(start), nil, registerT, "", false},
		"scripted refusal": {nil, []dpstest.Fault{{At: dpstest.OnRegister, Nth: 1, Status: 503}}, registerT, "", false},
		"bad body":         {nil, nil, registerT, "{", true},
		"other operation":  {nil, nil, "POST/no-such-operation/?$rid=1", "", false},
	} {
		s := endless(t, func(c *dpstest.Config) { c.RegistrationsPerMinute, c.Enrollments[0].Faults = 1, test.faults })
		p := newPeer(t, s)
		hello, filter := as("dev-1")
		if test.password != nil {
			hello.Password = test.password
		}
		p.say(hello, filter)
		if got := p.status(test.topic, test.body); got[0] == '2' {
			t.Fatalf("%s: %s", name, got)
		}
		got := newDevice(t, s, "dev-2").status(registerT, "")
		if counted := got == "429/?$rid=r1&retry-after=60"; counted != test.counts {
			t.Errorf("%s: the next request is answered %s", name, got)
		}
	}
}

// The quotas of the real service apply by default, and a negative number turns
// a quota off.
func TestQuotasByDefault(t *testing.T) {
	for _, off := range []bool{false, true} {
		s := endless(t, func(c *dpstest.Config) {
			if off {
				c.RegistrationsPerMinute, c.PollsPer10s = -1, -1
			}
		})
		p := newDevice(t, s, "dev-1")
		count := func(topic string) (n int) {
			for ; n < 1100 && p.status(topic, "")[0] == '2'; n++ {
			}
			return n
		}
		registrations, queries := count(registerT), count(queryT("1"))
		if !off && (registrations != 1000 || queries != 5) || off && (registrations != 1100 || queries != 1100) {
			t.Errorf("off %t: %d registrations and %d queries", off, registrations, queries)
		}
	}
}
