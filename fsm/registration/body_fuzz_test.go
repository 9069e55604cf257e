package registration

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// An answer has the fields of a body, for encoding/json. A field is nil if it
// is absent.
type answer struct {
	OperationID, Status, TrustBundle                   json.RawMessage
	ErrorCode, TrackingID, Message, Info, TimestampUTC json.RawMessage
	RegistrationState                                  answerState
}

type answerState struct {
	AssignedHub, DeviceID, RegistrationID, Status, Substatus                json.RawMessage
	CreatedDateTimeUTC, LastUpdatedDateTimeUTC, ETag, GenerationID, Payload json.RawMessage
	ErrorCode, ErrorMessage, X509, SymmetricKey, TrustBundle                json.RawMessage
	IssuedCertificateChain, ConnectionProfile                               json.RawMessage
}

// pairs returns the fields of a body with those of an answer, by the accepted
// types; "" stands for any type.
func pairs(b *body, a *answer) map[string][][2][]byte {
	s, r := &b.state, &a.RegistrationState
	return map[string][][2][]byte{
		`"`: {
			{b.operationID, a.OperationID}, {b.status, a.Status}, {b.trackingID, a.TrackingID}, {b.message, a.Message}, {b.timestampUTC, a.TimestampUTC},
			{s.assignedHub, r.AssignedHub}, {s.deviceID, r.DeviceID}, {s.registrationID, r.RegistrationID}, {s.status, r.Status}, {s.substatus, r.Substatus},
			{s.created, r.CreatedDateTimeUTC}, {s.lastUpdated, r.LastUpdatedDateTimeUTC}, {s.etag, r.ETag}, {s.generationID, r.GenerationID},
			{s.errorMessage, r.ErrorMessage}, {s.connectionProfile, r.ConnectionProfile},
		},
		`{`:           {{b.trustBundle, a.TrustBundle}, {b.info, a.Info}, {s.x509, r.X509}, {s.symmetricKey, r.SymmetricKey}, {s.trustBundle, r.TrustBundle}},
		`[`:           {{s.issuedCertificateChain, r.IssuedCertificateChain}},
		`"0123456789`: {{b.errorCode, a.ErrorCode}, {s.errorCode, r.ErrorCode}},
		"":            {{s.payload, r.Payload}},
	}
}

// Invariant: a body and its assignment have the same members as encoding/json
// finds in the text, except that a member of the wrong type counts as absent.
func FuzzBody(f *testing.F) { f.Fuzz(checkBody) }

func checkBody(t *testing.T, text []byte) {
	var b body
	err := b.parse(text)
	if err != nil && !errors.Is(err, ErrBody) {
		t.Fatalf("%v is not ErrBody", err)
	}
	if checkJSON(text) != nil {
		return
	}
	var a answer
	wrong := json.Unmarshal(text, &a) != nil // for example, a state that is not an object
	for types, all := range pairs(&b, &a) {
		for i, pair := range all {
			got, want := string(pair[0]), string(pair[1])
			if types == "" && want == "null" {
				want = ""
			}
			if want != "" && types != "" && !strings.Contains(types, want[:1]) {
				wrong = true // there may be a duplicate of the right type before it
				continue
			}
			if got != want {
				t.Errorf("%q: field %d of type %s is %q, want %q", text, i, types, got, want)
			}
		}
	}
	if assignment, err := b.assignment(""); err == nil && !wrong {
		checkAssignment(t, text, assignment)
	}
}

// checkAssignment compares an assignment with the registrationState that
// encoding/json finds, if all its types are right.
func checkAssignment(t *testing.T, text []byte, got *Assignment) {
	var want struct {
		Status, OperationID string
		TrustBundle         json.RawMessage
		RegistrationState   Assignment
	}
	var codes struct {
		RegistrationState struct{ ErrorCode, CSRIgnored json.RawMessage }
	}
	if json.Unmarshal(text, &want) != nil || json.Unmarshal(text, &codes) != nil {
		return // the types of nested values are wrong, or a code is a string
	}
	w := &want.RegistrationState
	w.OperationID, w.CSRIgnored, w.ErrorCode = want.OperationID, false, numberOf(codes.RegistrationState.ErrorCode)
	if w.Status == "" {
		w.Status = want.Status
	}
	if want.TrustBundle != nil {
		w.TrustBundle = want.TrustBundle
	}
	if len(w.IssuedCertificateChain) == 0 {
		w.IssuedCertificateChain = nil
	}
	if strings.Contains(string(text), "null") {
		return // package registration treats null as absent, even in a chain
	}
	// encoding/json merges duplicates, but in package registration, the last
	// one counts.
	w.X509, w.SymmetricKey, got.X509, got.SymmetricKey = nil, nil, nil, nil
	if diff := cmp.Diff(w, got); diff != "" {
		t.Errorf("%q (-want +got):\n%s", text, diff)
	}
}
