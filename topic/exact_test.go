package topic

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The output is compared as text, since a parser would also accept stray
// separators. It does not depend on the prefix of the slice.
func TestWhatIsWrittenIsTheSameTextBehindAnyPrefix(t *testing.T) {
	id := []byte("a%&=")
	for _, tt := range []struct {
		want    string
		written textAppender
	}{
		{"$dps/registrations/PUT/iotdps-register/?$rid=a%25%26%3D", Request{Op: Register, RequestID: id}},
		{"$dps/registrations/PUT/iotdps-register/?$rid=a%25%26%3D&operationId=&x=1", Request{Op: Register, RequestID: id, OperationID: []byte{}, Extra: []byte("x=1")}},
		{"$dps/registrations/GET/iotdps-get-operationstatus/?$rid=a%25%26%3D&operationId=a%25%26%3D", Request{Op: QueryStatus, RequestID: id, OperationID: id}},
		{"$dps/registrations/res/202/?", Response{Status: 202}},
		{"$dps/registrations/res/202/?$rid=", Response{Status: 202, RequestID: []byte{}}},
		{"$dps/registrations/res/202/?retry-after=3", Response{Status: 202, HasRetryAfter: true, RetryAfter: 3 * time.Second}},
		{"$dps/registrations/res/202/?retry-after=x", Response{Status: 202, BadRetryAfter: []byte("x")}},
		{"$dps/registrations/res/202/?x=1", Response{Status: 202, Extra: []byte("x=1")}},
		{"$dps/registrations/res/202/?retry-after=3&x=1", Response{Status: 202, HasRetryAfter: true, RetryAfter: 3 * time.Second, Extra: []byte("x=1")}},
		{"$dps/registrations/res/202/?$rid=a%25%26%3D&retry-after=3&x=1",
			Response{Status: 202, RequestID: id, HasRetryAfter: true, RetryAfter: 3 * time.Second, Extra: []byte("x=1")}},
	} {
		for _, prefix := range []string{"", "&", "?", "/?", "x=1&", "$dps/registrations/res/200/?", "$dps/registrations/res/200/?$rid=1"} {
			got, err := tt.written.AppendText([]byte(prefix))
			if err != nil || string(got) != prefix+tt.want {
				t.Errorf("after %q: %v\n got %s\nwant %s", prefix, err, got, prefix+tt.want)
			}
		}
	}
}

// A value that looks like an escape after it was decoded is not decoded again.
func TestEverythingIsDecodedOnce(t *testing.T) {
	request, err := ParseRequest([]byte("$dps/registrations/PUT/x/?$rid=%2541&operationId=%2542&a=%2543"))
	wantRequest := Request{Op: "PUT/x", RequestID: []byte("%41"), OperationID: []byte("%42"), Extra: []byte("a=%2543")}
	if diff := cmp.Diff(wantRequest, request); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	response, err := ParseResponse([]byte("$dps/registrations/res/202/?$rid=%2541&retry-after=%2533&a=%2543"))
	wantResponse := Response{Status: 202, RequestID: []byte("%41"), BadRetryAfter: []byte("%2533"), Extra: []byte("a=%2543")}
	if diff := cmp.Diff(wantResponse, response); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for key, value := range Properties([]byte("%2541=%2542")) {
		if string(key) != "%41" || string(value) != "%42" {
			t.Errorf("property %q is %q", key, value)
		}
	}
}

// Repeated reports a repeated property even if no information is lost.
func TestRepeatedIsSetForEqualValuesToo(t *testing.T) {
	for _, v := range []string{"", "=", "=1", "=%41"} {
		for _, tt := range []struct {
			key     string
			request bool
		}{{"$rid", true}, {"operationId", true}, {"$rid", false}, {"retry-after", false}} {
			for n, want := range []bool{false, false, true, true} {
				properties := "x"
				for range n {
					properties += "&" + tt.key + v
				}
				var got bool
				var err error
				if tt.request {
					var r Request
					r, err = ParseRequest([]byte(requestPrefix + "PUT/x/?" + properties))
					got = r.Repeated
				} else {
					var r Response
					r, err = ParseResponse([]byte(responsePrefix + "200/?" + properties))
					got = r.Repeated
				}
				if err != nil || got != want {
					t.Errorf("%s, request %t: Repeated is %t, %v, want %t", properties, tt.request, got, err, want)
				}
			}
		}
	}
	r, err := ParseResponse([]byte(responsePrefix + "200/?x=1&x=1&$rid=1&retry-after=1"))
	if err != nil || r.Repeated {
		t.Errorf("Repeated is %t, %v, though only a property of Extra was repeated", r.Repeated, err)
	}
}

// Two topics are parsed. Overwriting everything that the second result contains
// does not change the first result.
func TestParsedTopicsShareNothing(t *testing.T) {
	const text = "$dps/registrations/PUT/x/?a=1&$rid=%41bc&b=%44ef&operationId=%47hi&c"
	const answer = "$dps/registrations/res/202/?a=1&$rid=%41bc&b=%44ef&retry-after=%4A&c"
	parse := func() [][]byte {
		request, err := ParseRequest([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		response, err := ParseResponse([]byte(answer))
		if err != nil {
			t.Fatal(err)
		}
		all := [][]byte{request.RequestID, request.OperationID, request.Extra, response.RequestID, response.BadRetryAfter, response.Extra}
		for key, value := range Properties([]byte("%4Bx=%4Cy")) {
			all = append(all, key, value)
		}
		return all
	}
	all := parse()
	before := fmt.Sprintf("%q", all)
	for _, b := range parse() {
		for i := range b[:cap(b)] {
			b[:cap(b)][i] = '!'
		}
	}
	if after := fmt.Sprintf("%q", all); after != before {
		t.Errorf("%s became %s", before, after)
	}
}
