package dpstest_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/packet"
	"github.com/google/go-cmp/cmp"
)

// paths returns where the mistakes of a Config are.
func paths(t *testing.T, cfg dpstest.Config) (all []string) {
	t.Helper()
	s, err := dpstest.New(cfg)
	if err == nil {
		return nil
	}
	var bad *dpstest.ConfigError
	if !errors.As(err, &bad) || s != nil {
		t.Fatalf("%v, %v, want a ConfigError", s, err)
	}
	for _, m := range bad.Mistakes {
		if all = append(all, m.Path); m.Text == "" || !strings.Contains(err.Error(), m.Path+": "+m.Text) {
			t.Errorf("%q is not in %q", m, err)
		}
	}
	return all
}

func TestConfigMistakes(t *testing.T) {
	cfg := dpstest.Config{
		RetryAfter: "a&b", Remember: -1,
		Choices: dpstest.Choices{
			ConnectTimeout: -1, UsernameCode: 6, IDScopeCode: 7, ClientIDCode: 8, TokenSkew: math.NaN(), APIVersions: []string{"2019-03-31", "latest"},
			OtherTopic: "drop", OperationCode: 200, QuotaWindow: "sliding",
		},
		Enrollments: []dpstest.Enrollment{
			{},
			{RegistrationID: "a/b", X509: true},
			{RegistrationID: "a", PrimaryKey: "???"},
			{Group: "g", X509: true, PrimaryKey: "AAAA", Thumbprints: []string{"0123"}},
			device(dpstest.Outcome{Polls: -1, RetryAfter: "\n"}),
			device(dpstest.Outcome{Payload: json.RawMessage("{"), X509: json.RawMessage("x"), SymmetricKey: json.RawMessage("y")}),
			{Group: "g", RegistrationID: "b", X509: true},
			{Group: "g", X509: true},
			{RegistrationID: "c", Prefix: "c", PrimaryKey: encoded(key), Authority: "CA", Thumbprints: []string{strings.Repeat("a", 40), strings.Repeat("a", 40) + "zz", strings.Repeat("a", 42)}},
			{RegistrationID: "x", X509: true, SecondaryKey: encoded(key)},
			{RegistrationID: "d", PrimaryKey: encoded(make([]byte, 65)), SecondaryKey: encoded(make([]byte, 15))},
		},
	}
	want := []string{
		"idScope", "retryAfter", "remember",
		"choices.connectTimeout", "choices.tokenSkew", "choices.usernameCode", "choices.idScopeCode", "choices.clientIdCode", "choices.apiVersions[1]",
		"choices.operationCode", "choices.otherTopic", "choices.quotaWindow",
		"enrollments[0]", "enrollments[0]",
		"enrollments[1].registrationId",
		"enrollments[2].primaryKey",
		"enrollments[3].primaryKey", "enrollments[3]", "enrollments[3].thumbprints[0]", "enrollments[3].thumbprints",
		"enrollments[4].outcome.polls", "enrollments[4].outcome.retryAfter",
		"enrollments[5].registrationId", "enrollments[5].outcome.payload", "enrollments[5].outcome.x509", "enrollments[5].outcome.symmetricKey",
		"enrollments[6]", "enrollments[7].group",
		"enrollments[8].prefix", "enrollments[8].thumbprints[1]", "enrollments[8].thumbprints[2]", "enrollments[8].thumbprints", "enrollments[8].authority",
		"enrollments[9]",
		"enrollments[10].primaryKey", "enrollments[10].secondaryKey",
	}
	if d := cmp.Diff(want, paths(t, cfg)); d != "" {
		t.Error(d)
	}
}

// The largest and smallest values that a Config may hold are accepted.
func TestConfigLimits(t *testing.T) {
	text := strings.Repeat("r", 256)
	s := dpstest.Config{IDScope: strings.Repeat("s", 64), Remember: 1, RegistrationsPerMinute: -1, PollsPer10s: -1, Enrollments: []dpstest.Enrollment{
		{RegistrationID: strings.Repeat("a", 128), PrimaryKey: encoded(make([]byte, 16)), SecondaryKey: encoded(make([]byte, 64)), Faults: []dpstest.Fault{
			{At: dpstest.OnConnect, ReturnCode: 5}, {At: dpstest.OnSubscribe, ReturnCode: 0x80}, {At: dpstest.OnRegister, Nth: 1, Status: 100},
			{At: dpstest.OnRegister, Nth: 2, Status: 599}, {At: dpstest.OnQuery, Repeat: 1000, Delay: 1e6, RequestID: &text}, {At: dpstest.OnPing, Delay: 0.001},
			{At: dpstest.OnUnsubscribe, Raw: "00"},
		}},
		{RegistrationID: "b", X509: true, Thumbprints: []string{strings.Repeat("aB", 20), strings.Repeat("0f:", 31) + "0F"}, Authority: "CA"},
		{Group: "g", X509: true, Authority: "CA"},
	}, Choices: dpstest.Choices{UsernameCode: 5, ConnectTimeout: 1e6, TokenSkew: -1e6, OperationCode: 599999, OtherTopic: "ignore", QuotaWindow: "clock"}}
	if all := paths(t, s); all != nil {
		t.Error(all)
	}
	s.Choices.ConnectTimeout = 0.001
	if all := paths(t, s); all != nil {
		t.Error(all)
	}
}

// A fault that cannot make a difference is a mistake, and is reported with the
// name of the field.
func TestUselessFaults(t *testing.T) {
	text, qos := "", packet.QoS(0)
	many := strings.Repeat("r", 257)
	answer := dpstest.Fault{Body: &text, RetryAfter: "1", RequestID: &text, AnswerFirst: true, Reversed: true, Repeat: 1, Stale: true, QoS: &qos}
	answers := []string{".body", ".retryAfter", ".requestId", ".answerFirst", ".reversed", ".repeat", ".stale", ".qos"}
	with := func(f dpstest.Fault, change func(*dpstest.Fault)) dpstest.Fault { change(&f); return f }
	for name, test := range map[string]struct {
		faults []dpstest.Fault
		want   []string // after "enrollments[0].faults"
	}{
		"no step":             {[]dpstest.Fault{{Status: 429}}, []string{"[0].at"}},
		"an unknown step":     {[]dpstest.Fault{{At: dpstest.Step(len(stepNames()) + 1), HangUp: true}}, []string{"[0].at"}},
		"nothing":             {[]dpstest.Fault{{At: dpstest.OnRegister, Nth: 1}}, []string{"[0]"}},
		"values":              {[]dpstest.Fault{{At: dpstest.OnRegister, Nth: -1, Repeat: 1001, Delay: 1e6 + 1, Status: 600, RequestID: &many, Raw: "x", RetryAfter: "#"}}, []string{"[0].nth", "[0].repeat", "[0].delay", "[0].status", "[0].requestId", "[0].raw", "[0].retryAfter"}},
		"negative values":     {[]dpstest.Fault{{At: dpstest.OnRegister, Repeat: -1, Delay: -1, Status: 99}}, []string{"[0].repeat", "[0].delay", "[0].status"}},
		"not a number":        {[]dpstest.Fault{{At: dpstest.OnRegister, Delay: math.NaN()}}, []string{"[0].delay"}},
		"CONNACK 6":           {[]dpstest.Fault{{At: dpstest.OnConnect, ReturnCode: 6}}, []string{"[0].returnCode"}},
		"SUBACK 5":            {[]dpstest.Fault{{At: dpstest.OnSubscribe, ReturnCode: 5}}, []string{"[0].returnCode"}},
		"SUBACK 0x81":         {[]dpstest.Fault{{At: dpstest.OnSubscribe, ReturnCode: 0x81}}, []string{"[0].returnCode"}},
		"a code at register":  {[]dpstest.Fault{{At: dpstest.OnRegister, ReturnCode: 5}}, []string{"[0].returnCode"}},
		"a code at ping":      {[]dpstest.Fault{{At: dpstest.OnPing, ReturnCode: 0x80, Silence: true}}, []string{"[0].returnCode"}},
		"QoS 3":               {[]dpstest.Fault{{At: dpstest.OnQuery, QoS: func() *packet.QoS { q := packet.QoS(3); return &q }()}}, []string{"[0].qos"}},
		"status at connect":   {[]dpstest.Fault{{At: dpstest.OnConnect, Status: 429}}, []string{"[0].status"}},
		"no PUBACK at ping":   {[]dpstest.Fault{{At: dpstest.OnPing, NoPuback: true}}, []string{"[0].noPuback"}},
		"answer at subscribe": {[]dpstest.Fault{with(answer, func(f *dpstest.Fault) { f.At = dpstest.OnSubscribe })}, answers},
		"answer with hangUp":  {[]dpstest.Fault{with(answer, func(f *dpstest.Fault) { f.At, f.HangUp = dpstest.OnQuery, true })}, answers},
		"answer with silence": {[]dpstest.Fault{with(answer, func(f *dpstest.Fault) { f.At, f.Silence = dpstest.OnQuery, true })}, answers},
		"more with hangUp":    {[]dpstest.Fault{{At: dpstest.OnQuery, HangUp: true, HangUpAfter: true, Silence: true, Raw: "00", NoPuback: true, Status: 399}}, []string{".hangUpAfter", ".silence", ".raw", ".noPuback", ".status"}},
		"code with hangUp":    {[]dpstest.Fault{{At: dpstest.OnConnect, HangUp: true, ReturnCode: 5}}, []string{".returnCode"}},
		"hung up at connect":  {[]dpstest.Fault{{At: dpstest.OnConnect, HangUp: true, Body: &text}}, []string{".body"}},
		"more with silence":   {[]dpstest.Fault{{At: dpstest.OnQuery, Silence: true, Delay: 1, Status: 200}}, []string{".status", ".delay"}},
		"no PUBACK, first":    {[]dpstest.Fault{{At: dpstest.OnQuery, NoPuback: true, AnswerFirst: true}}, []string{".answerFirst"}},
		"after one for all":   {[]dpstest.Fault{{At: dpstest.OnQuery, HangUp: true}, {At: dpstest.OnQuery, Nth: 2, Status: 500}}, []string{"[1]"}},
		"two without a step":  {[]dpstest.Fault{{Status: 500}, {Status: 500}}, []string{"[0].at", "[1].at"}},
		"two after one":       {[]dpstest.Fault{{At: dpstest.OnQuery, HangUp: true}, {At: dpstest.OnQuery, Status: 500}, {At: dpstest.OnQuery, Status: 501}}, []string{"[1]", "[2]"}},
		"twice at connect":    {[]dpstest.Fault{{At: dpstest.OnConnect, HangUp: true}, {At: dpstest.OnConnect, HangUp: true}}, []string{"[1]"}},
		"all with hangUp":     {[]dpstest.Fault{{At: dpstest.OnConnect, HangUp: true, ReturnCode: 5, HangUpAfter: true, Silence: true, Raw: "00"}}, []string{".returnCode", ".hangUpAfter", ".silence", ".raw"}},
		"requests at connect": {[]dpstest.Fault{{At: dpstest.OnConnect, NoPuback: true, Status: 500}}, []string{".noPuback", ".status"}},
		"399 and silence":     {[]dpstest.Fault{{At: dpstest.OnQuery, Silence: true, Status: 399}}, []string{".status"}},
		"twice the same":      {[]dpstest.Fault{{At: dpstest.OnQuery, Nth: 2, HangUp: true}, {At: dpstest.OnQuery, Nth: 2, Status: 500}}, []string{"[1]"}},

		"refused, then hung up":   {[]dpstest.Fault{{At: dpstest.OnQuery, HangUp: true, Status: 400, Delay: 1}}, nil},
		"refused and silent":      {[]dpstest.Fault{{At: dpstest.OnQuery, Silence: true, Status: 400, NoPuback: true}}, nil},
		"late and silent":         {[]dpstest.Fault{{At: dpstest.OnQuery, Silence: true, Delay: 1, HangUpAfter: true}}, nil},
		"bytes for an answer":     {[]dpstest.Fault{{At: dpstest.OnPing, Silence: true, Delay: 1, Raw: "00"}}, nil},
		"the second and the rest": {[]dpstest.Fault{{At: dpstest.OnQuery, Nth: 2, HangUp: true}, {At: dpstest.OnQuery, Status: 500}, {At: dpstest.OnRegister, Nth: 2, NoPuback: true}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var want []string
			for _, w := range test.want {
				if w[0] != '[' {
					w = "[0]" + w
				}
				want = append(want, "enrollments[0].faults"+w)
			}
			got := paths(t, dpstest.Config{IDScope: scope, Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{}, test.faults...)}})
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}
