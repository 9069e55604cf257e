package registration

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// fullAnswer has everything that an answer may contain.
const fullAnswer = `{"operationId":"4.op","status":"assigned","future":[1,{"a":null}],"registrationState":{
"x509":{"enrollmentGroupId":"g1","certificateInfo":{"subjectName":"CN=dev-1","sha1Thumbprint":"s1","sha256Thumbprint":"s2","issuerName":"CN=ca","notBeforeUtc":"2020","notAfterUtc":"2030","serialNumber":"7","version":3},"signingCertificateInfo":{"subjectName":"CN=ca"}},
"symmetricKey":{"enrollmentGroupId":"g2"},"tpm":{"authenticationKey":"c2VjcmV0"},
"registrationId":"dev-1","createdDateTimeUtc":"2023-01-10T21:52:50.5898405Z","assignedHub":"hub.example","deviceId":"dev-2",
"status":"Assigned","substatus":"deviceDataMigrated","lastUpdatedDateTimeUtc":"2023-01-10T21:52:52.1928267Z","etag":"IjYy","generationId":"gen","errorCode":7,"errorMessage":"odd",
"payload":{"b":[1,2]},"issuedCertificateChain":["AAAA","BBBB"],"issuedClientCertificate":"PEM","connectionProfile":"mqttV5"},
"trustBundle":{"id":"tb"}}`

func fullAssignment() *Assignment {
	return &Assignment{
		AssignedHub: "hub.example", DeviceID: "dev-2", RegistrationID: "dev-1", OperationID: "4.op", Status: "Assigned",
		Substatus: "deviceDataMigrated", CreatedDateTimeUTC: "2023-01-10T21:52:50.5898405Z", LastUpdatedDateTimeUTC: "2023-01-10T21:52:52.1928267Z",
		ETag: "IjYy", GenerationID: "gen", Payload: json.RawMessage(`{"b":[1,2]}`),
		X509: &X509State{EnrollmentGroupID: "g1", CertificateInfo: &CertificateInfo{SubjectName: "CN=dev-1", SHA1Thumbprint: "s1",
			SHA256Thumbprint: "s2", IssuerName: "CN=ca", NotBeforeUTC: "2020", NotAfterUTC: "2030", SerialNumber: "7", Version: 3},
			SigningCertificateInfo: &CertificateInfo{SubjectName: "CN=ca"}},
		SymmetricKey:           &SymmetricKeyState{EnrollmentGroupID: "g2"},
		IssuedCertificateChain: []string{"AAAA", "BBBB"}, ConnectionProfile: "mqttV5",
		TrustBundle: json.RawMessage(`{"id":"tb"}`), ErrorCode: 7, ErrorMessage: "odd",
	}
}

// parsed returns the parsed body of an answer.
func parsed(text []byte) (b body, err error) {
	err = b.parse(text)
	return b, err
}

// read returns the assignment in an answer.
func read(t *testing.T, text string) *Assignment {
	t.Helper()
	b, err := parsed([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	a, err := b.assignment("")
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return a
}

func TestParseBodySaysWhatIsWrong(t *testing.T) {
	const operation = `{"status":"assigning","operationId":"`
	for text, want := range map[string]string{
		"{":                                  "unreadable answer: JSON ends at byte 1, in the middle of a value",
		"":                                   "unreadable answer: JSON ends at byte 0, in the middle of a value",
		"{}":                                 "unreadable answer: neither status nor errorCode",
		"7":                                  "unreadable answer: neither status nor errorCode",
		`{"status":""}`:                      "unreadable answer: neither status nor errorCode",
		`{"status":7,"errorCode":0}`:         "unreadable answer: neither status nor errorCode",
		`[{"status":"x"}]`:                   "unreadable answer: neither status nor errorCode",
		`{"registrationState":{"status":1}}`: "unreadable answer: neither status nor errorCode",
		`{"status":"x"}`:                     "<nil>",
		`{"errorCode":1}`:                    "<nil>",
		operation + strings.Repeat("o", 256) + `"}`:      "<nil>",
		operation + strings.Repeat("o", 257) + `"}`:      "unreadable answer: operationId has 257 bytes, the limit is 256",
		operation + strings.Repeat(`\u006f`, 256) + `"}`: "<nil>",
		operation + strings.Repeat(`\u006f`, 257) + `"}`: "unreadable answer: operationId has 257 bytes, the limit is 256",
		// Decoded, each byte would become the three of U+FFFD.
		operation + strings.Repeat("\xff", 256) + `"}`: "unreadable answer: operationId is not UTF-8",
	} {
		if _, err := parsed([]byte(text)); fmt.Sprint(err) != want {
			t.Errorf("%.50s: %v, want %s", text, err, want)
		}
	}
}

func TestAnOperationIDTakesThePlaceOfTheKnownOne(t *testing.T) {
	for value, want := range map[string]string{`"x"`: "x", `"known"`: "known", `"\u0078"`: "x", `""`: "known", ``: "known"} {
		b := body{operationID: []byte(value)}
		if got := b.operation("known"); got != want {
			t.Errorf("%s: %q, want %q", value, got, want)
		}
	}
}

func TestOutcomeOfAStatus(t *testing.T) {
	for status, want := range map[string]outcome{
		"assigning": pending, "unassigned": pending, "UNASSIGNED": pending, "Assigned": assigned, "failed": ended, "Disabled": ended, "blackListed": ended,
		"": none, "assign": unknown, "assigned ": unknown, "Throttled": unknown,
	} {
		if got := outcomeOf([]byte(status)); got != want {
			t.Errorf("%q is %d, want %d", status, got, want)
		}
	}
}

func TestWhatTheServiceDidNotSendIsZero(t *testing.T) {
	got := read(t, `{"status":"assigned","registrationState":{"assignedHub":"h","deviceId":"d"}}`)
	if diff := cmp.Diff(&Assignment{AssignedHub: "h", DeviceID: "d", Status: "assigned"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	got = read(t, `{"status":"assigned","registrationState":{"assignedHub":"h","deviceId":"d","symmetricKey":{"a":"b","enrollmentGroupId":"g","c":"d"}}}`)
	if got.SymmetricKey.EnrollmentGroupID != "g" {
		t.Errorf("group %q", got.SymmetricKey.EnrollmentGroupID)
	}
}

func TestAssignmentHasEverything(t *testing.T) {
	got := read(t, fullAnswer)
	if diff := cmp.Diff(fullAssignment(), got); diff != "" {
		t.Errorf("assignment (-want +got):\n%s", diff)
	}
}

// Keys may be in any case and contain escapes, and values may contain escapes.
func TestAssignmentIsReadAsEncodingJSONWould(t *testing.T) {
	upper := strings.ToUpper
	odd := strings.NewReplacer(`"status"`, `"st\u0061tus"`, `"assigned"`, `"assign\u0065d"`, `"registrationState"`, `"REGISTRATIONſTATE"`, `"assignedHub"`, `"a\u0053signedhub"`,
		`"symmetricKey"`, "\"symmetric\u212aey\"", `"etag"`, `"ETag"`, `"x509"`, `"X509"`, `"sha1Thumbprint"`, upper(`"sha1Thumbprint"`), `"version"`, upper(`"version"`),
		`"certificateInfo"`, upper(`"certificateInfo"`), `"hub.example"`, `"hub\u002eexample"`, `"CN=ca"`, `"CN\u003dca"`, `"AAAA"`, `"\u0041AAA"`, `"payload"`, `"\u0070ayload"`)
	if diff := cmp.Diff(fullAssignment(), read(t, odd.Replace(fullAnswer))); diff != "" {
		t.Errorf("assignment (-want +got):\n%s", diff)
	}
}

// The stored JSON has the names that the service uses.
func TestAssignmentHasTheNamesOfTheService(t *testing.T) {
	tree := func(text []byte) (v map[string]any) {
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	answer := tree([]byte(fullAnswer))
	want := answer["registrationState"].(map[string]any)
	want["operationId"], want["trustBundle"] = answer["operationId"], answer["trustBundle"]
	delete(want, "tpm")
	delete(want, "issuedClientCertificate")
	a := read(t, fullAnswer)
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, tree(text)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	again := new(Assignment)
	if err := json.Unmarshal(text, again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a, again); diff != "" {
		t.Errorf("kept as JSON (-want +got):\n%s", diff)
	}
}

// The status and the trust bundle may be inside the registrationState or beside
// it.
func TestAssignmentTakesWhatStandsOutside(t *testing.T) {
	for text, want := range map[string]string{
		`"status":"Assigned","registrationState":{"assignedHub":"h","deviceId":"d","status":"assigned","trustBundle":{"a":1}}`: `assigned {"a":1}`,
		`"status":"Assigned","registrationState":{"assignedHub":"h","deviceId":"d"},"trustBundle":{"b":2}`:                     `Assigned {"b":2}`,
		`"status":"Assigned","registrationState":{"assignedHub":"h","deviceId":"d","trustBundle":{"a":1}},"trustBundle":{}`:    `Assigned {}`,
	} {
		if a := read(t, "{"+text+"}"); a.Status+" "+string(a.TrustBundle) != want {
			t.Errorf("%s: %s %s, want %s", text, a.Status, a.TrustBundle, want)
		}
	}
}

func TestAssignedWithoutHubOrDeviceIsUnreadable(t *testing.T) {
	for _, state := range []string{`{}`, `null`, `{"assignedHub":"h"}`, `{"deviceId":"d"}`, `{"assignedHub":"h","deviceId":""}`, `{"assignedHub":7,"deviceId":"d"}`} {
		b, err := parsed([]byte(`{"status":"assigned","registrationState":` + state + `}`))
		if err != nil {
			t.Fatal(err)
		}
		if a, err := b.assignment(""); a != nil || fmt.Sprint(err) != "unreadable answer: assigned without assignedHub or deviceId" {
			t.Errorf("%s: %+v, %v", state, a, err)
		}
	}
}

// wrongTypes are values of all types. Each field accepts only those of its own
// type.
var wrongTypes = []string{`"oops"`, `{}`, `[]`, `[1]`, `["a",null,"b"]`, `[["a"]]`, `{"a":["b"]}`, `7`, `-1`, `1.5`, `true`, `false`, `null`, `99999999999999999999`}

// stateFields are the members of the registrationState, each with a valid
// value.
var stateFields = map[string]string{
	"registrationId": `"r"`, "status": `"s"`, "substatus": `"u"`, "createdDateTimeUtc": `"c"`, "lastUpdatedDateTimeUtc": `"l"`, "etag": `"e"`, "generationId": `"g"`,
	"errorMessage": `"m"`, "connectionProfile": `"p"`, "errorCode": `5`, "x509": `{"enrollmentGroupId":"x"}`, "symmetricKey": `{"enrollmentGroupId":"y"}`,
	"trustBundle": `{"t":1}`, "issuedCertificateChain": `["a","b"]`,
}

// sameType reports whether a value has a valid type for a field, of which right
// is a valid value.
func sameType(right, value string) bool {
	isCode := func(s string) bool { return s[0] >= '0' && s[0] <= '9' || s[0] == '"' }
	return right[0] == value[0] || right == "5" && isCode(value)
}

// A value of a wrong type counts as absent, wherever it is, and affects nothing
// else.
func TestWrongTypesCountAsAbsent(t *testing.T) {
	for key, right := range stateFields {
		for _, value := range wrongTypes {
			if sameType(right, value) {
				continue
			}
			for _, order := range []string{`%s,"assignedHub":"h","deviceId":"d"`, `"assignedHub":"h",%s,"deviceId":"d"`, `"assignedHub":"h","deviceId":"d",%s`} {
				text := func(member string) string {
					return strings.Replace(`{"status":"assigned","registrationState":{`+fmt.Sprintf(order, member)+`}}`, ",,", ",", 1)
				}
				absent := read(t, text(`"x":0`))
				if diff := cmp.Diff(absent, read(t, text(`"`+key+`":`+value))); diff != "" {
					t.Errorf("%s: %s (-absent +got):\n%s", key, value, diff)
				}
				member := `"` + key + `":` + right
				want := read(t, text(member))
				if cmp.Equal(want, absent) {
					t.Fatalf("%s is not read", member)
				}
				for _, both := range []string{member + `,"` + key + `":` + value, `"` + key + `":` + value + `,` + member} {
					if diff := cmp.Diff(want, read(t, text(both))); diff != "" {
						t.Errorf("%s (-want +got):\n%s", both, diff)
					}
				}
			}
		}
	}
}

func TestChainOfAnythingButStringsIsAbsent(t *testing.T) {
	for value, want := range map[string][]string{
		`"oops"`: nil, `{}`: nil, `[1]`: nil, `["a",null,"b"]`: nil, `["a",{}]`: nil, `[["a"]]`: nil, `[]`: nil, `null`: nil, `[null]`: nil, `["a",7]`: nil,
		`["a"]`: {"a"}, ` [ "\u0061" , "" ] `: {"a", ""}, `["1","2","3","4","5","6","7","8","9"]`: {"1", "2", "3", "4", "5", "6", "7", "8", "9"},
	} {
		for _, text := range []string{`{"issuedCertificateChain":%s,"assignedHub":"h","deviceId":"d"}`, `{"assignedHub":"h","deviceId":"d","issuedCertificateChain":%s}`} {
			a := read(t, `{"status":"assigned","registrationState":`+fmt.Sprintf(text, value)+`}`)
			if diff := cmp.Diff(want, a.IssuedCertificateChain); diff != "" || a.AssignedHub != "h" || a.DeviceID != "d" {
				t.Errorf("%s: %+v (-want +got):\n%s", value, a, diff)
			}
		}
	}
}

func TestWrongTypesInCertificatesCountAsAbsent(t *testing.T) {
	const form = `{"status":"assigned","registrationState":{"assignedHub":"h","deviceId":"d","x509":%s}}`
	for value, want := range map[string]*X509State{
		`{}`: {}, `null`: nil, `7`: nil, `{"enrollmentGroupId":7,"certificateInfo":"x","signingCertificateInfo":[]}`: {},
		`{"enrollmentGroupId":"g","enrollmentGroupId":null}`:                                       {EnrollmentGroupID: "g"},
		`{"certificateInfo":{"version":3,"version":{}},"certificateInfo":7}`:                       {CertificateInfo: &CertificateInfo{Version: 3}},
		`{"signingCertificateInfo":{"subjectName":1,"sha1Thumbprint":[],"version":"3"}}`:           {SigningCertificateInfo: &CertificateInfo{Version: 3}},
		`{"certificateInfo":{"serialNumber":"1","serialNumber":1,"notAfterUtc":"x","version":-1}}`: {CertificateInfo: &CertificateInfo{SerialNumber: "1", NotAfterUTC: "x"}},
	} {
		if diff := cmp.Diff(want, read(t, fmt.Sprintf(form, value)).X509); diff != "" {
			t.Errorf("%s (-want +got):\n%s", value, diff)
		}
	}
}

func TestRefusalHasWhatTheServiceSaid(t *testing.T) {
	for text, want := range map[string]ServiceError{
		`{"errorCode":401002,"trackingId":"t","message":"m","info":{"a":1},"timestampUtc":"2020"}`: {ErrorCode: 401002, TrackingID: "t", Message: "m", Info: `{"a":1}`, Timestamp: "2020"},
		`{"operationId":"4.op","status":"failed","registrationState":{"status":"x","substatus":"sub","errorCode":"400207","errorMessage":"c","lastUpdatedDateTimeUtc":"2023"}}`: {
			RegistrationStatus: "failed", OperationID: "4.op", Substatus: "sub", ErrorCode: 400207, Message: "c", Timestamp: "2023"},
		`{"errorCode":1,"message":"outer","timestampUtc":"a","registrationState":{"errorCode":2,"errorMessage":"","lastUpdatedDateTimeUtc":"b"}}`: {ErrorCode: 2, Timestamp: "a"},
		`{"errorCode":{},"trackingId":7,"message":["m"],"info":"i","timestampUtc":null,"status":{},"operationId":1}`:                              {},
		`not JSON`: {},
	} {
		b, _ := parsed([]byte(text))
		want.State, want.Status = Polling, 418
		if diff := cmp.Diff(&want, b.refusal(Polling, 418)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

// Whatever the service sends, each text of a refusal is limited, and the texts
// that are kept while the registration waits are even shorter.
func TestTextsOfARefusalAreBounded(t *testing.T) {
	for _, letter := range []string{"x", "é", "€", "😀", `\u20ac`, "\xff", `\ud83d`} {
		long := `"` + strings.Repeat(letter, 200_000/len(letter)) + `"`
		text := strings.ReplaceAll(`{"status":L,"operationId":L,"errorCode":1,"trackingId":L,"message":L,"info":{"a":L},"timestampUtc":L,"registrationState":{"substatus":L}}`, "L", long)
		b, err := parsed([]byte(text))
		if err == nil {
			t.Fatal("an endless operation ID is accepted")
		}
		e := b.refusal(Registering, 401)
		for i, s := range []string{e.Message, e.TrackingID, e.Timestamp, e.RegistrationStatus, e.Substatus, e.OperationID} {
			if len(s) > maxText || len(s) < maxText-3 || !strings.HasSuffix(s, "…") || !utf8.ValidString(s) {
				t.Errorf("text %d of %q has %d bytes", i, letter, len(s))
			}
		}
		if e.Info != "" {
			t.Errorf("info of %d bytes is kept", len(e.Info))
		}
		kept := keep(e).(*note)
		if s := recall(kept).(*ServiceError); len(kept.text) > maxNote || len(s.TrackingID) < maxNote-3 || !utf8.ValidString(kept.text) {
			t.Errorf("%q and %q are kept of %q", s.Message, s.TrackingID, letter)
		}
	}
	for most, want := range map[int]string{5: "abcde", 4: "a…", 3: "…", 2: "", 0: ""} {
		if got := clip([]byte(`"abcde"`), most); got != want {
			t.Errorf("clipped to %d bytes: %q, want %q", most, got, want)
		}
	}
	for size, want := range map[int]int{1023: 1023, 1024: 1024, 1025: 1024, 1026: 1024} {
		b, _ := parsed([]byte(`{"errorCode":1,"message":"` + strings.Repeat("x", size) + `"}`))
		if e := b.refusal(Polling, 400); len(e.Message) != want {
			t.Errorf("%d bytes are kept of a message of %d", len(e.Message), size)
		}
	}
	for size, kept := range map[int]bool{maxText: true, maxText + 1: false} {
		info := `{"a":"` + strings.Repeat("x", size-8) + `"}`
		b, _ := parsed([]byte(`{"errorCode":1,"info":` + info + `}`))
		if e := b.refusal(Polling, 400); (e.Info == info) != kept {
			t.Errorf("info of %d bytes: %d are kept", size, len(e.Info))
		}
	}
}

// The shortened form of a failure, which is kept while the registration waits,
// describes what happened.
func TestEnoughIsKeptOfAFailure(t *testing.T) {
	e := &ServiceError{State: Polling, Status: 599, ErrorCode: 999_999_999, Message: "m", TrackingID: "t", Timestamp: "u", Info: "{}", Substatus: "s", OperationID: "o"}
	if diff := cmp.Diff(&ServiceError{State: Polling, Status: 599, ErrorCode: 999_999_999, Message: "m", TrackingID: "t"}, recall(keep(e))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if keep(e).Error() != recall(keep(e)).Error() {
		t.Errorf("%v is not %v", keep(e), recall(keep(e)))
	}
	e.Message, e.TrackingID = strings.Repeat("m", 100), strings.Repeat("t", 36)
	if got := recall(keep(e)).(*ServiceError); got.TrackingID != e.TrackingID || got.Message != strings.Repeat("m", 64-36-3)+"…" {
		t.Errorf("%q and %q", got.Message, got.TrackingID)
	}
	lost := &StepError{Waiting, ErrLost}
	if keep(lost) != error(lost) || recall(lost) != error(lost) || recall(nil) != nil {
		t.Error("a lost link is not kept unchanged")
	}
	if got := keep(&StepError{Polling, fmt.Errorf("%w: with a long text", ErrBody)}); got.Error() != "registration: polling: unreadable answer" {
		t.Errorf("%v", got)
	}
}
