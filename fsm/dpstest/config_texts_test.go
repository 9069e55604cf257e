package dpstest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/packet"
	"github.com/google/go-cmp/cmp"
)

// The text of each mistake in a Config states what was found and what was
// expected.
func TestConfigTexts(t *testing.T) {
	qos, long := packet.QoS(3), strings.Repeat("r", 257)
	unknown := dpstest.Step(len(stepNames()) + 1)
	cfg := dpstest.Config{
		IDScope: "a/b", Remember: -1,
		Choices: dpstest.Choices{
			ConnectTimeout: -1, UsernameCode: 6, TokenSkew: 2e6, APIVersions: []string{"latest"}, OtherTopic: "drop", OperationCode: 200,
		},
		Enrollments: []dpstest.Enrollment{
			{PrimaryKey: encoded(key)},
			{Group: "g", RegistrationID: "b", X509: true},
			{RegistrationID: "a b", X509: true},
			{RegistrationID: "c", X509: true},
			{RegistrationID: "C", X509: true},
			{Group: "g", X509: true, Thumbprints: []string{"0123"}},
			{RegistrationID: "d", Prefix: "p", PrimaryKey: "AAAA", Authority: "CA"},
			{RegistrationID: "e", Outcome: dpstest.Outcome{Polls: -1, Payload: json.RawMessage("{")}},
			device(dpstest.Outcome{}, dpstest.Fault{}, dpstest.Fault{At: unknown}, dpstest.Fault{At: dpstest.OnRegister, Nth: -1, Repeat: -1, Delay: -1, Status: 600, QoS: &qos, RequestID: &long, Raw: "x"},
				dpstest.Fault{At: dpstest.OnConnect, ReturnCode: 6}, dpstest.Fault{At: dpstest.OnSubscribe, ReturnCode: 1}, dpstest.Fault{At: dpstest.OnQuery}, dpstest.Fault{At: dpstest.OnQuery, Nth: 1, ReturnCode: 5},
				dpstest.Fault{At: dpstest.OnPing, Status: 429}, dpstest.Fault{At: dpstest.OnPing, ReturnCode: 1}, dpstest.Fault{At: dpstest.OnUnsubscribe, HangUp: true, Raw: "00"},
				dpstest.Fault{At: dpstest.OnRegister, Nth: 3, Silence: true, Stale: true}, dpstest.Fault{At: dpstest.OnRegister, Nth: 4, NoPuback: true, AnswerFirst: true}, dpstest.Fault{At: dpstest.OnRegister, Nth: 5, RetryAfter: "#"}),
			{RegistrationID: "f", SecondaryKey: "AAAA"},
			{RegistrationID: "g", PrimaryKey: "#"},
		},
	}
	steps := fmt.Sprintf("%q", stepNames())
	want := `idScope: it is "a/b", expected something like "0ne00000A1B"
remember: it is -1, expected a positive number
choices.connectTimeout: it is -1, expected a positive number of seconds
choices.tokenSkew: it is 2e+06, expected at most 1000000 seconds
choices.usernameCode: it is 6, expected a return code of CONNACK, 1 to 5
choices.apiVersions[0]: it is "latest", expected something like "2019-03-31"
choices.operationCode: it is 200, expected 400000 to 599999
choices.otherTopic: it is "drop", expected one of ["close" "ignore"]
enrollments[0]: expected either registrationId or group, got neither
enrollments[1]: expected either registrationId or group, got both
enrollments[2].registrationId: it is "a b", expected 1 to 128 letters, digits and "-._:", with a letter, a digit or "-" at the end
enrollments[4].registrationId: "C" is enrolled twice
enrollments[5].group: "g" is enrolled twice
enrollments[5].thumbprints[0]: it is "0123", expected the SHA-1 or the SHA-256 of a certificate in hex
enrollments[5].thumbprints: they are only for individual enrollments with x509
enrollments[6].prefix: it is only for groups
enrollments[6].primaryKey: it has 3 bytes, expected 16 to 64
enrollments[6].authority: it is only for enrollments with x509
enrollments[7]: expected either primaryKey, optionally with secondaryKey, or x509
enrollments[7].outcome.polls: it is -1; for a registration that never ends, set status to "assigning"
enrollments[7].outcome.payload: it is not JSON
enrollments[8].faults[0].at: it is missing, expected one of ` + steps + `
enrollments[8].faults[1].at: it is ` + unknown.String() + `, expected one of ` + steps + `
enrollments[8].faults[2].nth: it is -1, expected 1 for the first, 2 for the second, …; 0 for all
enrollments[8].faults[2].repeat: it is -1, expected 0 to 1000
enrollments[8].faults[2].delay: it is -1, expected 0 to 1000000 seconds
enrollments[8].faults[2].status: it is 600, expected 100 to 599
enrollments[8].faults[2].qos: it is 3, expected 0 to 2
enrollments[8].faults[2].requestId: it has 257 bytes, expected at most 256
enrollments[8].faults[2].raw: encoding/hex: invalid byte: U+0078 'x'
enrollments[8].faults[3].returnCode: it is 6, expected 1 to 5 at connect
enrollments[8].faults[4].returnCode: it is 1, expected 128 at subscribe
enrollments[8].faults[5]: it changes nothing: at and nth only select the step that it disturbs
enrollments[8].faults[6].returnCode: it has no effect at query
enrollments[8].faults[6]: it never happens because faults[5] comes first
enrollments[8].faults[7].status: it has no effect at ping
enrollments[8].faults[8].returnCode: it has no effect at ping
enrollments[8].faults[8]: it never happens because faults[7] comes first
enrollments[8].faults[9].raw: it has no effect with hangUp
enrollments[8].faults[10].stale: it has no effect with silence
enrollments[8].faults[11].answerFirst: it has no effect with noPuback
enrollments[8].faults[12].retryAfter: it is "#", expected a number of seconds, or other text in UTF-8 without control characters, '&', '+' or '#'
enrollments[9].secondaryKey: it has 3 bytes, expected 16 to 64
enrollments[9]: expected either primaryKey, optionally with secondaryKey, or x509
enrollments[10].primaryKey: sastoken: bad key: a character that is not base64 at offset 0 of 1`
	_, err := dpstest.New(cfg)
	var bad *dpstest.ConfigError
	if !errors.As(err, &bad) {
		t.Fatal(err)
	}
	if d := cmp.Diff("dpstest: bad Config: "+want, err.Error()); d != "" {
		t.Error(d)
	}
}
