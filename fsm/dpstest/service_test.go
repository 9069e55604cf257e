package dpstest_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"testing"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/fsm/dpstest"
	"example.com/dps/packet"
	"example.com/dps/sastoken"
	"pgregory.net/rapid"
)

const scope = "0ne00000A1B"

var (
	start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	key   = []byte("0123456789abcdef0123456789abcdef")
)

func encoded(key []byte) dpstest.Key { return dpstest.Key(base64.StdEncoding.EncodeToString(key)) }

// signed returns a password source for a device with a key.
func signed(key []byte, id string) func(time.Time) []byte {
	return func(now time.Time) []byte {
		text, err := sastoken.Sign(key, sastoken.Resource(scope, id), sastoken.KeyName, now.Add(time.Hour)).AppendPassword(nil)
		if err != nil {
			panic(err)
		}
		return text
	}
}

// device returns an enrollment of dev-1 with an outcome and faults.
func device(o dpstest.Outcome, faults ...dpstest.Fault) dpstest.Enrollment {
	return dpstest.Enrollment{RegistrationID: "dev-1", PrimaryKey: encoded(key), Outcome: o, Faults: faults}
}

func newService(t interface{ Fatal(...any) }, all ...dpstest.Enrollment) *dpstest.Service {
	s, err := dpstest.New(dpstest.Config{IDScope: scope, Enrollments: all})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newMachine(t interface{ Fatal(...any) }, change ...func(*fsm.Config)) *fsm.Machine {
	cfg := fsm.Config{IDScope: scope, RegistrationID: "dev-1"}
	for _, f := range change {
		f(&cfg)
	}
	m, err := fsm.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// run registers dev-1 and returns the result.
func run(t interface{ Fatal(...any) }, l dpstest.Link, s *dpstest.Service, change ...func(*fsm.Config)) (fsm.Assignment, dpstest.Report, error) {
	m := newMachine(t, change...)
	if l.Password == nil && l.Certificate == nil {
		l.Password = signed(key, "dev-1")
	}
	r, err := l.Run(m, s, start)
	if err != nil {
		t.Fatal(err)
	}
	a, err := m.Result()
	return a, r, err
}

func x509(c *fsm.Config) { c.Attestation = fsm.X509 }

func TestAttestation(t *testing.T) {
	group := []byte("a group key of some length")
	for name, test := range map[string]struct {
		e    dpstest.Enrollment
		l    dpstest.Link
		how  func(*fsm.Config)
		code int // 0 if assigned
	}{
		"key":             {device(dpstest.Outcome{}), dpstest.Link{Password: signed(key, "dev-1")}, nil, 0},
		"secondary key":   {dpstest.Enrollment{RegistrationID: "dev-1", PrimaryKey: encoded(group), SecondaryKey: encoded(key)}, dpstest.Link{Password: signed(key, "dev-1")}, nil, 0},
		"group key":       {dpstest.Enrollment{Group: "g", PrimaryKey: encoded(group)}, dpstest.Link{Password: signed(sastoken.DeriveKey(group, "dev-1"), "dev-1")}, nil, 0},
		"group prefix":    {dpstest.Enrollment{Group: "g", Prefix: "sn-", PrimaryKey: encoded(group)}, dpstest.Link{Password: signed(sastoken.DeriveKey(group, "dev-1"), "dev-1")}, nil, 404201},
		"X.509":           {dpstest.Enrollment{RegistrationID: "dev-1", X509: true}, dpstest.Link{Certificate: &dpstest.Certificate{CommonName: "dev-1"}}, x509, 0},
		"X.509 group":     {dpstest.Enrollment{Group: "g", X509: true}, dpstest.Link{Certificate: &dpstest.Certificate{CommonName: "dev-1"}}, x509, 0},
		"another key":     {device(dpstest.Outcome{}), dpstest.Link{Password: signed(group, "dev-1")}, nil, 401000},
		"another device":  {device(dpstest.Outcome{}), dpstest.Link{Password: signed(key, "dev-2")}, nil, 401000},
		"no token":        {device(dpstest.Outcome{}), dpstest.Link{Password: func(time.Time) []byte { return []byte("secret") }}, nil, 401000},
		"expired token":   {device(dpstest.Outcome{}), dpstest.Link{Password: func(now time.Time) []byte { return signed(key, "dev-1")(now.Add(-66 * time.Minute)) }}, nil, 401000},
		"another name":    {dpstest.Enrollment{RegistrationID: "dev-1", X509: true}, dpstest.Link{Certificate: &dpstest.Certificate{CommonName: "dev-2"}}, x509, 401002},
		"no certificate":  {dpstest.Enrollment{RegistrationID: "dev-1", X509: true}, dpstest.Link{Password: signed(key, "dev-1")}, nil, 401002},
		"not enrolled":    {dpstest.Enrollment{RegistrationID: "dev-2", PrimaryKey: encoded(key)}, dpstest.Link{Password: signed(key, "dev-1")}, nil, 404201},
		"disabled status": {device(dpstest.Outcome{Status: "disabled", ErrorCode: 7}), dpstest.Link{Password: signed(key, "dev-1")}, nil, 7},
	} {
		t.Run(name, func(t *testing.T) {
			how := test.how
			if how == nil {
				how = func(*fsm.Config) {}
			}
			a, r, err := run(t, test.l, newService(t, test.e), how)
			var refused *fsm.ServiceError
			if test.code == 0 {
				if err != nil || a.AssignedHub != "hub.azure-devices.example" || a.DeviceID != "dev-1" || a.Substatus != "initialAssignment" {
					t.Errorf("%+v, %v", a, err)
				}
			} else if !errors.As(err, &refused) || refused.ErrorCode != test.code {
				t.Errorf("%v, want error code %d", err, test.code)
			}
			if r.Connections != 1 {
				t.Errorf("%d connections, want 1", r.Connections)
			}
		})
	}
}

// The device recovers from each fault, at each step at which it makes sense, or
// ends with the right error.
func TestFaults(t *testing.T) {
	text := func(s string) *string { return &s }
	qos := func(q packet.QoS) *packet.QoS { return &q }
	for name, test := range map[string]struct {
		fault   dpstest.Fault
		want    error // nil if assigned
		dials   int
		elapsed time.Duration
	}{
		"hang up at connect":       {dpstest.Fault{At: dpstest.OnConnect, Nth: 1, HangUp: true}, nil, 2, 4 * time.Second},
		"hang up at subscribe":     {dpstest.Fault{At: dpstest.OnSubscribe, Nth: 1, HangUp: true}, nil, 2, 4 * time.Second},
		"hang up at register":      {dpstest.Fault{At: dpstest.OnRegister, Nth: 1, HangUp: true}, nil, 2, 4 * time.Second},
		"hang up at query":         {dpstest.Fault{At: dpstest.OnQuery, Nth: 1, HangUp: true}, nil, 2, 4 * time.Second},
		"hang up after register":   {dpstest.Fault{At: dpstest.OnRegister, Nth: 1, HangUpAfter: true}, nil, 2, 3 * time.Second},
		"silence at connect":       {dpstest.Fault{At: dpstest.OnConnect, Nth: 1, Silence: true}, nil, 2, 34 * time.Second},
		"silence at subscribe":     {dpstest.Fault{At: dpstest.OnSubscribe, Nth: 1, Silence: true}, nil, 2, 34 * time.Second},
		"silence at register":      {dpstest.Fault{At: dpstest.OnRegister, Nth: 1, Silence: true}, nil, 2, 34 * time.Second},
		"silence at query":         {dpstest.Fault{At: dpstest.OnQuery, Nth: 1, Silence: true}, nil, 2, 34 * time.Second},
		"CONNACK 3":                {dpstest.Fault{At: dpstest.OnConnect, Nth: 1, ReturnCode: 3}, nil, 2, 4 * time.Second},
		"SUBACK 0x80":              {dpstest.Fault{At: dpstest.OnSubscribe, ReturnCode: 0x80}, fsm.ErrSubscribe, 1, 0},
		"429":                      {dpstest.Fault{At: dpstest.OnRegister, Nth: 1, Status: 429, RetryAfter: "10"}, nil, 1, 13 * time.Second},
		"429 at query":             {dpstest.Fault{At: dpstest.OnQuery, Nth: 1, Status: 429}, nil, 1, 4 * time.Second},
		"HTML":                     {dpstest.Fault{At: dpstest.OnQuery, Nth: 1, Status: 502, Body: text("<html>")}, nil, 1, 8 * time.Second},
		"always 500":               {dpstest.Fault{At: dpstest.OnQuery, Status: 500}, fsm.ErrAttempts, 1, 338 * time.Second},
		"bad JSON":                 {dpstest.Fault{At: dpstest.OnQuery, Nth: 1, Body: text("{")}, nil, 1, 4 * time.Second},
		"always bad JSON":          {dpstest.Fault{At: dpstest.OnQuery, Body: text("{")}, fsm.ErrBody, 1, 6 * time.Second},
		"wrong $rid":               {dpstest.Fault{At: dpstest.OnQuery, Nth: 1, RequestID: text("x")}, nil, 2, 34 * time.Second},
		"empty $rid":               {dpstest.Fault{At: dpstest.OnQuery, RequestID: text("")}, nil, 1, 3 * time.Second},
		"answer first":             {dpstest.Fault{At: dpstest.OnRegister, AnswerFirst: true}, nil, 1, 3 * time.Second},
		"no PUBACK":                {dpstest.Fault{At: dpstest.OnRegister, NoPuback: true}, nil, 1, 3 * time.Second},
		"reversed":                 {dpstest.Fault{At: dpstest.OnRegister, Reversed: true}, nil, 1, 3 * time.Second},
		"repeated":                 {dpstest.Fault{At: dpstest.OnRegister, Repeat: 3}, nil, 1, 3 * time.Second},
		"stale":                    {dpstest.Fault{At: dpstest.OnQuery, Stale: true}, nil, 1, 3 * time.Second},
		"QoS 0":                    {dpstest.Fault{At: dpstest.OnRegister, QoS: qos(0)}, nil, 1, 3 * time.Second},
		"QoS 2":                    {dpstest.Fault{At: dpstest.OnRegister, QoS: qos(2)}, nil, 1, 3 * time.Second},
		"no retry-after":           {dpstest.Fault{At: dpstest.OnRegister, RetryAfter: dpstest.NoRetryAfter}, nil, 1, 3 * time.Second},
		"absurd retry-after":       {dpstest.Fault{At: dpstest.OnRegister, RetryAfter: "soon"}, nil, 1, 3 * time.Second},
		"delayed":                  {dpstest.Fault{At: dpstest.OnRegister, Delay: 12.5}, nil, 1, 15500 * time.Millisecond},
		"delayed too long":         {dpstest.Fault{At: dpstest.OnRegister, Nth: 1, Delay: 31}, nil, 2, 34 * time.Second},
		"garbage":                  {dpstest.Fault{At: dpstest.OnRegister, Nth: 1, Raw: "ffff"}, nil, 2, 4 * time.Second},
		"an extra PINGRESP before": {dpstest.Fault{At: dpstest.OnRegister, Nth: 1, Raw: "d000"}, nil, 1, 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			for _, chunk := range []int{0, 1, 7} {
				_, r, err := run(t, dpstest.Link{Chunk: chunk}, newService(t, device(dpstest.Outcome{}, test.fault)))
				if !errors.Is(err, test.want) {
					t.Fatalf("%v, want %v", err, test.want)
				}
				if r.Dials != test.dials || test.elapsed != 0 && r.Elapsed != test.elapsed {
					t.Errorf("in chunks of %d: %d dials and %v, want %d dials and %v", chunk, r.Dials, r.Elapsed, test.dials, test.elapsed)
				}
			}
		})
	}
}

// Whatever goes wrong, the size of the pieces makes no difference, and a
// registration ends within its budget.
func TestAnySchedule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var faults []dpstest.Fault
		for range rapid.IntRange(0, 5).Draw(t, "faults") {
			sometimes := func(name string) bool { return rapid.IntRange(0, 3).Draw(t, name) == 0 }
			f := dpstest.Fault{
				At: dpstest.Step(rapid.IntRange(1, 4).Draw(t, "at")), Nth: rapid.IntRange(0, 3).Draw(t, "nth"),
				HangUp: sometimes("hang up"), Silence: sometimes("silence"), AnswerFirst: sometimes("answer first"),
				Status: rapid.SampledFrom([]int{0, 0, 202, 401, 404, 412, 429, 500}).Draw(t, "status"), Repeat: rapid.IntRange(0, 2).Draw(t, "repeat"),
				Stale: sometimes("stale"), Reversed: sometimes("reversed"), Delay: float64(rapid.IntRange(0, 40).Draw(t, "delay")),
			}
			if f.HangUp || f.Silence || f.At < dpstest.OnRegister { // then there is no answer to change
				f = dpstest.Fault{At: f.At, Nth: f.Nth, HangUp: f.HangUp, Silence: !f.HangUp, Delay: 0}
			}
			if _, err := dpstest.New(dpstest.Config{IDScope: scope, Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{}, append(faults, f)...)}}); err == nil {
				faults = append(faults, f)
			}
		}
		outcome := dpstest.Outcome{Polls: rapid.IntRange(0, 4).Draw(t, "polls")}
		breaks := []time.Duration{time.Duration(rapid.IntRange(0, 100).Draw(t, "break")) * time.Second}
		try := func(chunk int) string {
			a, r, err := run(t, dpstest.Link{Chunk: chunk, Breaks: breaks, Latency: 50 * time.Millisecond}, newService(t, device(outcome, faults...)))
			if r.Elapsed > 6*time.Minute+time.Second {
				t.Fatalf("took %v: %v", r.Elapsed, err)
			}
			if err == nil && (a.AssignedHub == "" || a.DeviceID == "") {
				t.Fatalf("empty assignment %+v", a)
			}
			return fmt.Sprint(a, r, err)
		}
		if whole, split := try(0), try(rapid.IntRange(1, 20).Draw(t, "chunk")); whole != split {
			t.Errorf("whole: %s\nsplit: %s", whole, split)
		}
	})
}

// A connection breaks once at each of the times, if it is open then.
func TestBreaks(t *testing.T) {
	for _, test := range []struct {
		breaks      []time.Duration
		connections int
		elapsed     time.Duration
	}{
		{nil, 1, 6 * time.Second},
		{[]time.Duration{time.Second}, 2, 6 * time.Second},
		{[]time.Duration{time.Second, 1500 * time.Millisecond}, 2, 6 * time.Second},
		{[]time.Duration{time.Second, 4 * time.Second, time.Hour}, 3, 6 * time.Second},
	} {
		_, r, err := run(t, dpstest.Link{Breaks: test.breaks}, newService(t, device(dpstest.Outcome{Polls: 1})))
		if err != nil || r.Connections != test.connections || r.Elapsed != test.elapsed {
			t.Errorf("%v: %+v, %v", test.breaks, r, err)
		}
	}
}

// The requests on a connection that is left open are counted, too.
func TestRequestsAreCounted(t *testing.T) {
	for _, keep := range []bool{false, true} {
		_, r, err := run(t, dpstest.Link{}, newService(t, device(dpstest.Outcome{})), func(c *fsm.Config) { c.Policy.KeepSession = keep })
		if err != nil || r.Requests != 2 {
			t.Errorf("%t: %+v, %v", keep, r, err)
		}
	}
}

func TestNoRoute(t *testing.T) {
	_, r, err := run(t, dpstest.Link{NoRoute: time.Minute}, newService(t, device(dpstest.Outcome{})))
	if err != nil || r.Dials != 7 || r.Connections != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

// certificate returns a certificate with a common name, or nil if the name is
// empty.
func certificate(cn string) *dpstest.Certificate {
	if cn == "" {
		return nil
	}
	return &dpstest.Certificate{CommonName: cn}
}
