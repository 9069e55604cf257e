package fsm_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"example.com/dps/fsm"
	"github.com/google/go-cmp/cmp"
)

// An answer with everything that answers may contain.
const fullAnswer = `{"operationId":"4.op","status":"assigned","future":[1,{"a":null}],"registrationState":{
"x509":{"enrollmentGroupId":"g1","certificateInfo":{"subjectName":"CN=dev-1","sha1Thumbprint":"s1","sha256Thumbprint":"s2","issuerName":"CN=ca","notBeforeUtc":"2020","notAfterUtc":"2030","serialNumber":"7","version":3},"signingCertificateInfo":{"subjectName":"CN=ca"}},
"symmetricKey":{"enrollmentGroupId":"g2"},"tpm":{"authenticationKey":"c2VjcmV0"},
"registrationId":"dev-1","createdDateTimeUtc":"2023-01-10T21:52:50.5898405Z","assignedHub":"hub.example","deviceId":"dev-1",
"status":"assigned","substatus":"deviceDataMigrated","lastUpdatedDateTimeUtc":"2023-01-10T21:52:52.1928267Z","etag":"IjYy","generationId":"gen","errorCode":7,"errorMessage":"odd",
"payload":{"b":[1,2]},"issuedCertificateChain":["AAAA","BBBB"],"issuedClientCertificate":"PEM","connectionProfile":"mqttV5"},
"trustBundle":{"id":"tb"}}`

func TestAssignmentHasEverything(t *testing.T) {
	b := newBench(t)
	b.connect()
	b.answer(200, "1", "", fullAnswer)
	got, err := b.m.Result()
	if err != nil {
		t.Fatal(err)
	}
	want := fsm.Assignment{
		AssignedHub: "hub.example", DeviceID: "dev-1", RegistrationID: "dev-1", OperationID: "4.op", Status: "assigned",
		Substatus: "deviceDataMigrated", CreatedDateTimeUTC: "2023-01-10T21:52:50.5898405Z", LastUpdatedDateTimeUTC: "2023-01-10T21:52:52.1928267Z",
		ETag: "IjYy", GenerationID: "gen", Payload: json.RawMessage(`{"b":[1,2]}`),
		X509: &fsm.X509State{EnrollmentGroupID: "g1", CertificateInfo: &fsm.CertificateInfo{SubjectName: "CN=dev-1", SHA1Thumbprint: "s1",
			SHA256Thumbprint: "s2", IssuerName: "CN=ca", NotBeforeUTC: "2020", NotAfterUTC: "2030", SerialNumber: "7", Version: 3},
			SigningCertificateInfo: &fsm.CertificateInfo{SubjectName: "CN=ca"}},
		SymmetricKey:           &fsm.SymmetricKeyState{EnrollmentGroupID: "g2"},
		IssuedCertificateChain: []string{"AAAA", "BBBB"}, ConnectionProfile: "mqttV5",
		TrustBundle: json.RawMessage(`{"id":"tb"}`), ErrorCode: 7, ErrorMessage: "odd",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("assignment (-want +got):\n%s", diff)
	}
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var again fsm.Assignment
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, again); diff != "" {
		t.Errorf("kept as JSON (-want +got):\n%s", diff)
	}
}

// The stored JSON has the names that the service uses.
func TestAssignmentHasTheNamesOfTheService(t *testing.T) {
	b := newBench(t)
	b.connect()
	b.answer(200, "1", "", fullAnswer)
	assignment, err := b.m.Result()
	if err != nil {
		t.Fatal(err)
	}
	tree := func(text []byte) (v map[string]any) {
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	answer := tree([]byte(fullAnswer))
	want := answer["registrationState"].(map[string]any)
	want["operationId"], want["trustBundle"] = answer["operationId"], answer["trustBundle"]
	delete(want, "tpm") // not available over MQTT
	delete(want, "issuedClientCertificate")
	text, err := json.Marshal(assignment)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, tree(text)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Unexpected types in fields that decide nothing do not make an assignment
// invalid.
func TestTolerantReader(t *testing.T) {
	const body = `{"operationId":"4.op","status":"assigned","registrationState":{"assignedHub":"hub.example","deviceId":"dev-1",%s}}`
	for _, odd := range []string{
		`"x509":{}`, `"x509":null`, `"x509":7`, `"x509":"a"`, `"etag":7`, `"payload":null`, `"payload":7`, `"errorCode":"0"`, `"errorCode":"x"`,
		`"errorCode":{}`, `"errorCode":99999999999999999999`, `"substatus":"future"`, `"substatus":1`, `"issuedCertificateChain":null`, `"issuedCertificateChain":"x"`,
		`"issuedCertificateChain":["1","2","3","4","5","6"]`, `"tpm":[]`, `"createdDateTimeUtc":12`, `"new":{"a":[{}]}`, `"status":null`,
	} {
		b := newBench(t)
		b.connect()
		b.answer(200, "1", "", fmt.Sprintf(body, odd))
		b.ends(nil)
	}
}

func TestEndedOtherwise(t *testing.T) {
	for _, status := range []string{"failed", "disabled", "blacklisted", "Failed", "surprise"} {
		body := fmt.Sprintf(`{"operationId":"4.op","status":%q,"registrationState":{"registrationId":"dev-1","status":%q,"substatus":"sub","errorCode":400207,"errorMessage":"Custom allocation failed","lastUpdatedDateTimeUtc":"2023"}}`, status, status)
		b := newBench(t)
		b.polling()
		b.answer(200, "2", "", body)
		e := b.refusal()
		want := fsm.ServiceError{State: fsm.Polling, Status: 200, ErrorCode: 400207, Message: "Custom allocation failed", Timestamp: "2023",
			RegistrationStatus: status, Substatus: "sub", OperationID: "4.op"}
		if diff := cmp.Diff(want, *e); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if errors.Is(e, fsm.ErrUnknownStatus) != (status == "surprise") {
			t.Errorf("%v: ErrUnknownStatus", e)
		}
	}
}

// With an unknown status, 202 means that the operation is in progress.
func TestUnknownStatusWith202GoesOn(t *testing.T) {
	for _, status := range []string{"surprise", "x"} {
		b := newBench(t)
		b.connect()
		b.answer(202, "1", "", fmt.Sprintf(`{"operationId":"4.op","status":%q}`, status))
		b.want(fsm.Waiting, fsm.WantExchange)
	}
}

// The status and the trust bundle may be inside the registrationState or beside
// it.
func TestAssignmentTakesWhatStandsOutside(t *testing.T) {
	for body, want := range map[string][2]string{
		`{"status":"Assigned","registrationState":{"assignedHub":"h","deviceId":"d","status":"assigned","trustBundle":{"a":1}}}`: {"assigned", `{"a":1}`},
		`{"status":"Assigned","registrationState":{"assignedHub":"h","deviceId":"d"},"trustBundle":{"b":2}}`:                     {"Assigned", `{"b":2}`},
	} {
		b := newBench(t)
		b.connect()
		b.answer(200, "1", "", body)
		if a, err := b.m.Result(); err != nil || a.Status != want[0] || string(a.TrustBundle) != want[1] {
			t.Errorf("%s: %+v, %v", body, a, err)
		}
	}
}

func TestPendingWithoutOperationID(t *testing.T) {
	b := newBench(t)
	b.connect()
	b.sent()
	b.answer(202, "1", "&retry-after=4", `{"status":"unassigned"}`)
	if d := b.sleepToDeadline(); d.Seconds() != 4 {
		t.Errorf("waited %v", d)
	}
	b.expect("PUBACK", `PUBLISH id=3 qos=1 topic="$dps/registrations/PUT/`)
}
