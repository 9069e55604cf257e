package fuzz

import (
	"bytes"
	"errors"
	"testing"

	"example.com/dps/topic"
	"github.com/google/go-cmp/cmp"
)

// Invariant: no input makes a parser panic, and every parsed topic name is
// written as a topic name that parses to the same fields, unless a documented
// limit prevents writing it.
func FuzzTopic(f *testing.F) { f.Fuzz(checkTopic) }

func checkTopic(t *testing.T, b []byte) {
	if len(b) > 60_000 {
		return // its escaped identifiers could make the topic name too long to be written
	}
	checkRequest(t, b)
	checkResponse(t, b)
}

func checkRequest(t *testing.T, b []byte) {
	r, err := topic.ParseRequest(b)
	if err != nil {
		checkParseError(t, err)
		return
	}
	r.Repeated = false // not written
	if len(r.RequestID) == 0 {
		r.RequestID = []byte("1")
	}
	if r.Op == topic.QueryStatus && len(r.OperationID) == 0 {
		r.OperationID = []byte("1")
	}
	r.RequestID = r.RequestID[:min(len(r.RequestID), topic.MaxIDLen)]
	r.OperationID = r.OperationID[:min(len(r.OperationID), topic.MaxIDLen)]
	text, err := r.AppendText(nil)
	if err != nil && r.Extra != nil { // it may contain text that is accepted when parsed, but is never written
		r.Extra = nil
		text, err = r.AppendText(nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	again, err := topic.ParseRequest(text)
	if diff := cmp.Diff(r, again); err != nil || diff != "" {
		t.Fatalf("%q: %v (-parsed +again):\n%s", text, err, diff)
	}
}

func checkResponse(t *testing.T, b []byte) {
	r, err := topic.ParseResponse(b)
	if err != nil {
		checkParseError(t, err)
		return
	}
	if r.HasRetryAfter && r.BadRetryAfter != nil {
		t.Fatalf("retry-after is both valid, %v, and invalid, %q", r.RetryAfter, r.BadRetryAfter)
	}
	r.Repeated = false // not written
	r.RequestID = r.RequestID[:min(len(r.RequestID), topic.MaxIDLen)]
	text, err := r.AppendText(nil)
	if err != nil && r.BadRetryAfter != nil { // it may contain text that is accepted when parsed, but is never written
		r.BadRetryAfter = []byte{}
		text, err = r.AppendText(nil)
	}
	if err != nil && r.Extra != nil { // this may, too
		r.Extra = nil
		text, err = r.AppendText(nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	again, err := topic.ParseResponse(text)
	if diff := cmp.Diff(r, again); err != nil || diff != "" {
		t.Fatalf("%q: %v (-parsed +again):\n%s", text, err, diff)
	}
	if !bytes.HasPrefix(text, []byte("$dps/registrations/res/")) {
		t.Fatalf("ResponseFilter does not match %q", text)
	}
}

func checkParseError(t *testing.T, err error) {
	if errors.Is(err, topic.ErrNotDPS) == errors.Is(err, topic.ErrMalformed) {
		t.Fatalf("neither or both of ErrNotDPS and ErrMalformed: %v", err)
	}
	if n := len(err.Error()); n > 500 {
		t.Fatalf("the error quotes too much, %d bytes", n)
	}
}
