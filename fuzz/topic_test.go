package fuzz

import (
	"bytes"
	"errors"
	"testing"

	"example.com/dps/topic"
	"github.com/google/go-cmp/cmp"
)

// Invariant: no input makes a parser panic, and what it takes is written as a topic name
// that parses to the same fields, unless a documented limit of writing forbids it.
func FuzzTopic(f *testing.F) {
	for _, seed := range []string{
		"",
		topic.ResponseFilter,
		"$dps/registrations/PUT/iotdps-register/?$rid=1",
		"$dps/registrations/PUT/iotdps-register/?rid=1",
		"$dps/registrations/put/IOTDPS-register/?$rid=a%2fb+c&$rid=2&operationId",
		"$dps/registrations/GET/iotdps-get-operationstatus/?$rid=1&operationId=5.a/b+c d&e=f%2F",
		"$dps/registrations/POST/iotdps-get-deviceupdate/?operationId=%&$rid=1",
		"$dps/registrations/res/202/?$rid=&retry-after=3",
		"$dps/registrations/res/202/?retry-after=1&$rid=1&x=%24y",
		"$dps/registrations/res/429/?a&&b&Retry-After=-1&=c&$RID=%c3%A9&d&retry-after=2",
		"$dps/registrations/res/503/?$rid=1&retry-after=9223372037",
		"$dps/registrations/res/200/?$rid=%4",
		"$dps/registrations/res/600/?$rid=1",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 60_000 {
			return // escaped, its identifiers may make it longer than a topic name may be
		}
		checkRequest(t, b)
		checkResponse(t, b)
	})
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
	if err != nil && r.Extra != nil { // it may hold what is read but not written
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
		t.Fatalf("retry-after is both %v and bad: %q", r.RetryAfter, r.BadRetryAfter)
	}
	r.Repeated = false // not written
	r.RequestID = r.RequestID[:min(len(r.RequestID), topic.MaxIDLen)]
	text, err := r.AppendText(nil)
	if err != nil && r.BadRetryAfter != nil { // it may hold what is read but not written
		r.BadRetryAfter = []byte{}
		text, err = r.AppendText(nil)
	}
	if err != nil && r.Extra != nil { // so may this
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
	if errors.Is(err, topic.ErrNotDPS) == errors.Is(err, topic.ErrSyntax) {
		t.Fatalf("neither ErrNotDPS nor ErrSyntax: %v", err)
	}
	if n := len(err.Error()); n > 500 {
		t.Fatalf("the error quotes too much, %d bytes", n)
	}
}
