package registration

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The text of an answer belongs to the caller, which may read the next packet
// into the same buffer.
func TestAnAssignmentBorrowsNothingOfItsAnswer(t *testing.T) {
	inside := strings.Replace(fullAnswer, "},\n\"trustBundle\":{\"id\":\"tb\"}}", ",\"trustBundle\":{\"id\":\"tb\"}}}", 1)
	if inside == fullAnswer {
		t.Fatal("the trust bundle was not moved")
	}
	for _, answer := range []string{fullAnswer, inside} {
		text := []byte(answer)
		b, err := parsed(text)
		if err != nil {
			t.Fatal(err)
		}
		a, err := b.assignment("")
		if err != nil {
			t.Fatal(err)
		}
		refusal := b.refusal(Polling, 418)
		before := fmt.Sprintf("%+v", *refusal)
		for i := range text {
			text[i] = '#'
		}
		if diff := cmp.Diff(fullAssignment(), a); diff != "" {
			t.Errorf("the assignment changed with the text (-want +got):\n%s", diff)
		}
		if after := fmt.Sprintf("%+v", *refusal); after != before {
			t.Errorf("the refusal changed with the text: %s, was %s", after, before)
		}
	}
}

// The same holds for everything between Message and Result.
func TestAResultBorrowsNothingOfItsMessage(t *testing.T) {
	r, err := New(Config{IDScope: "scope", RegistrationID: "dev-1"})
	if err != nil {
		t.Fatal(err)
	}
	r.Ready(r.now)
	r.AppendRequest(nil, nil)
	name, payload := []byte("$dps/registrations/res/200/?$rid=1"), []byte(fullAnswer)
	if !r.Message(r.now, name, payload) {
		t.Fatal("the answer is ignored")
	}
	for _, b := range [][]byte{name, payload} {
		for i := range b {
			b[i] = '#'
		}
	}
	got, err := r.Result()
	if diff := cmp.Diff(*fullAssignment(), got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// The result of Clone is checked field by field, so that the test also covers
// fields that are added later.
func TestAClonedAssignmentSharesNoMemory(t *testing.T) {
	a := fullAssignment()
	a.CSRIgnored = true
	c := a.Clone()
	if diff := cmp.Diff(*a, c); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	checkShared(t, "Assignment", reflect.ValueOf(*a), reflect.ValueOf(c))
}

// checkShared reports memory that can be modified and that both values point
// to. It also reports fields that are zero, which it cannot check.
func checkShared(t *testing.T, path string, a, b reflect.Value) {
	switch a.Kind() {
	case reflect.Struct:
		for i := range a.NumField() {
			name := path + "." + a.Type().Field(i).Name
			if a.Field(i).IsZero() && !strings.Contains(path, "SigningCertificateInfo") {
				t.Errorf("%s is zero", name)
			}
			checkShared(t, name, a.Field(i), b.Field(i))
		}
	case reflect.Pointer:
		if a.Pointer() == b.Pointer() && !a.IsNil() {
			t.Errorf("%s is shared", path)
		} else if !a.IsNil() {
			checkShared(t, path, a.Elem(), b.Elem())
		}
	case reflect.Slice:
		if a.Len() > 0 && a.Pointer() == b.Pointer() {
			t.Errorf("%s is shared", path)
		}
	case reflect.String, reflect.Int, reflect.Bool:
	default:
		t.Errorf("%s has a kind that this test does not support", path)
	}
}

// New copies what its Config points to.
func TestNewSharesNoMemoryWithItsConfig(t *testing.T) {
	payload := json.RawMessage(`{"a":1}`)
	r, err := New(Config{IDScope: "scope", RegistrationID: "dev-1", Payload: payload})
	if err != nil {
		t.Fatal(err)
	}
	if copy(payload, `[9,9,9]`); string(r.cfg.Payload) != `{"a":1}` {
		t.Errorf("the payload became %s", r.cfg.Payload)
	}
}
