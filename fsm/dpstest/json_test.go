package dpstest_test

import (
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/packet"
	"github.com/google/go-cmp/cmp"
)

// Every field of a Config can be decoded from JSON, and encodes to the same
// JSON.
func TestConfigFromJSON(t *testing.T) {
	const text = `{"idScope":"0ne00000A1B","retryAfter":"4","assignedHub":"h","registrationsPerMinute":1,"pollsPer10s":2,"remember":3,
		"choices":{"connectTimeout":1.5,"usernameCode":1,"idScopeCode":2,"clientIdCode":3,"tokenSkew":4,"literalPlus":true,"apiVersions":["2019-03-31"],
			"otherTopic":"ignore","operationCode":404000,"certificateHangUp":true,"quotaWindow":"clock"},
		"enrollments":[
			{"registrationId":"dev-1","primaryKey":"MDEyMzQ1Njc4OWFiY2RlZg==","secondaryKey":"MDEyMzQ1Njc4OWFiY2RlZg==",
				"outcome":{"status":"assigned","polls":2,"atOnce":true,"retryAfter":"soon","assignedHub":"h2","deviceId":"d","substatus":"s","errorCode":5,
					"errorMessage":"m","payload":{"a":1},"x509":{},"symmetricKey":{"b":2},"issuedCertificateChain":["AA=="]},
				"faults":[{"at":"query","nth":1,"noPuback":true,"delay":0.5,"status":429,"body":"b","retryAfter":"7","requestId":"","reversed":true,"repeat":2,"stale":true,"qos":1,"raw":"00","hangUpAfter":true},
					{"at":"register","answerFirst":true},{"at":"connect","returnCode":5},{"at":"ping","silence":true},{"at":"subscribe","hangUp":true}]},
			{"group":"g","prefix":"p","x509":true,"authority":"CA"},
			{"registrationId":"dev-2","x509":true,"thumbprints":["aa"]}]}`
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	var got dpstest.Config
	if err := d.Decode(&got); err != nil {
		t.Fatal(err)
	}
	body, rid, qos := "b", "", packet.QoS1
	want := dpstest.Config{
		IDScope: scope, RetryAfter: "4", AssignedHub: "h", RegistrationsPerMinute: 1, PollsPer10s: 2, Remember: 3,
		Choices: dpstest.Choices{ConnectTimeout: 1.5, UsernameCode: 1, IDScopeCode: 2, ClientIDCode: 3, TokenSkew: 4, LiteralPlus: true, APIVersions: []string{"2019-03-31"},
			OtherTopic: "ignore", OperationCode: 404000, CertificateHangUp: true, QuotaWindow: "clock"},
		Enrollments: []dpstest.Enrollment{
			{RegistrationID: "dev-1", PrimaryKey: "MDEyMzQ1Njc4OWFiY2RlZg==", SecondaryKey: "MDEyMzQ1Njc4OWFiY2RlZg==",
				Outcome: dpstest.Outcome{Status: "assigned", Polls: 2, AtOnce: true, RetryAfter: "soon", AssignedHub: "h2", DeviceID: "d", Substatus: "s", ErrorCode: 5,
					ErrorMessage: "m", Payload: json.RawMessage(`{"a":1}`), X509: json.RawMessage(`{}`), SymmetricKey: json.RawMessage(`{"b":2}`), IssuedCertificateChain: []string{"AA=="}},
				Faults: []dpstest.Fault{
					{At: dpstest.OnQuery, Nth: 1, NoPuback: true, Delay: 0.5, Status: 429, Body: &body, RetryAfter: "7", RequestID: &rid, Reversed: true, Repeat: 2, Stale: true, QoS: &qos, Raw: "00", HangUpAfter: true},
					{At: dpstest.OnRegister, AnswerFirst: true}, {At: dpstest.OnConnect, ReturnCode: 5}, {At: dpstest.OnPing, Silence: true}, {At: dpstest.OnSubscribe, HangUp: true}}},
			{Group: "g", Prefix: "p", X509: true, Authority: "CA"},
			{RegistrationID: "dev-2", X509: true, Thumbprints: []string{"aa"}},
		},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	back, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var in, out any
	if err := errors.Join(json.Unmarshal([]byte(text), &in), json.Unmarshal(back, &out)); err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{1, 2} { // it is encoded although it is empty
		delete(out.(map[string]any)["enrollments"].([]any)[i].(map[string]any), "outcome")
	}
	if d := cmp.Diff(in, out); d != "" {
		t.Error(d)
	}
}

// A service works with a Config that was decoded from JSON.
func TestServiceFromJSON(t *testing.T) {
	const text = `{"idScope":"0ne00000A1B","enrollments":[
		{"registrationId":"dev-1","primaryKey":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=","outcome":{"polls":2,"retryAfter":4,"payload":{"a":1}},
		 "faults":[{"at":"query","nth":1,"status":429,"delay":0.5,"requestId":""}]}]}`
	var cfg dpstest.Config
	if err := json.Unmarshal([]byte(text), &cfg); err != nil {
		t.Fatal(err)
	}
	s, err := dpstest.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	a, r, err := run(t, dpstest.Link{}, s)
	if err != nil || string(a.Payload) != `{"a":1}` || r.Elapsed != 13500*time.Millisecond {
		t.Errorf("%+v, %+v, %v", a, r, err)
	}
}

// The documentation of the package and the function Diagnoses list all
// diagnoses in the order of their declarations.
func TestDiagnosesAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("diagnosis.go")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(doc), "\n// # Diagnoses\n")
	var documented, declared, listed []string
	for _, m := range regexp.MustCompile(`(?m)^//   - ([a-z-]+: .*)$`).FindAllStringSubmatch(text, -1) {
		documented = append(documented, m[1])
	}
	for _, m := range regexp.MustCompile(`(?m)^\t\w+ +Diagnosis = "([a-z-]+)" +// (.*)$`).FindAllStringSubmatch(string(source), -1) {
		declared = append(declared, m[1]+": "+m[2])
	}
	for _, d := range dpstest.Diagnoses() {
		listed = append(listed, string(d))
	}
	if d := cmp.Diff(declared, documented); d != "" {
		t.Error(d)
	}
	var names []string
	for _, line := range declared {
		name, _, _ := strings.Cut(line, ":")
		names = append(names, name)
	}
	if d := cmp.Diff(names, listed); d != "" || len(names) < 50 {
		t.Error(d)
	}
}
