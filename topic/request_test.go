package topic

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A textAppender is an encoding.TextAppender, which was added in Go 1.24.
type textAppender interface {
	AppendText(b []byte) ([]byte, error)
}

var _, _ textAppender = Request{}, Response{}

const operationID = "4.7d1e6a0c.11111111-2222-4333-8444-555555555555"

// These topics were recorded from the clients on loopback, and taken from the
// published log of a modem.
func TestParseRequestTakesWhatRealClientsSend(t *testing.T) {
	const query = "$dps/registrations/GET/iotdps-get-operationstatus/?$rid="
	for _, tt := range []struct {
		client, topic string
		want          Request
	}{
		{"azure-iot-sdk-c 1.15.0", "$dps/registrations/PUT/iotdps-register/?$rid=1",
			Request{Op: Register, RequestID: []byte("1")}},
		{"azure-iot-sdk-c 1.15.0", query + "2&operationId=" + operationID,
			Request{Op: QueryStatus, RequestID: []byte("2"), OperationID: []byte(operationID)}},
		{"azure-iot-sdk-node 1.9.1", "$dps/registrations/PUT/iotdps-register/?$rid=e1fdf85b-ce47-44fd-beb9-386e360cc54c",
			Request{Op: Register, RequestID: []byte("e1fdf85b-ce47-44fd-beb9-386e360cc54c")}},
		{"azure-iot-sdk-python 2.14.0", query + "99d16bd5-14ab-41d8-b361-fc24de7da86b&operationId=" + operationID,
			Request{Op: QueryStatus, RequestID: []byte("99d16bd5-14ab-41d8-b361-fc24de7da86b"), OperationID: []byte(operationID)}},
		{"azure-sdk-for-c, Paho sample", query + "1&operationId=" + operationID,
			Request{Op: QueryStatus, RequestID: []byte("1"), OperationID: []byte(operationID)}},
		{"azure-sdk-for-c, Paho sample, operation ID 5.a/b+c d&e=f%2F", query + "1&operationId=5.a/b+c d&e=f%2F",
			Request{Op: QueryStatus, RequestID: []byte("1"), OperationID: []byte("5.a/b+c d"), Extra: []byte("e=f%2F")}},
		{"Microchip AT modem", "$dps/registrations/PUT/iotdps-register/?rid=1",
			Request{Op: Register, Extra: []byte("rid=1")}},
		{"azure-iot-sdk, device update", "$dps/registrations/POST/iotdps-get-onboarding-deviceupdate/?$rid=7",
			Request{Op: "POST/iotdps-get-onboarding-deviceupdate", RequestID: []byte("7")}},
	} {
		got, err := ParseRequest([]byte(tt.topic))
		if err != nil {
			t.Errorf("%s: %v", tt.client, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", tt.client, tt.topic, diff)
		}
	}
}

func TestParseRequestIsLenient(t *testing.T) {
	for _, tt := range []struct {
		topic string // after the common prefix
		want  Request
	}{
		{"PUT/iotdps-register/?", Request{Op: Register}},
		{"PUT/iotdps-register/?$rid", Request{Op: Register, RequestID: []byte{}}},
		{"PUT/iotdps-register/?$rid=", Request{Op: Register, RequestID: []byte{}}},
		{"PUT/iotdps-register/?$rid=a=b", Request{Op: Register, RequestID: []byte("a=b")}},
		{"PUT/iotdps-register/?$rid=a+b/?c", Request{Op: Register, RequestID: []byte("a+b/?c")}},
		{"PUT/iotdps-register/?$rid=%41%c3%A9%00", Request{Op: Register, RequestID: []byte("Aé\x00")}},
		{"put/IoTDPS-Register/?$RID=1", Request{Op: Register, RequestID: []byte("1")}},
		{"Get/iotdps-Get-OperationStatus/?operationid=x&$rid=1",
			Request{Op: QueryStatus, RequestID: []byte("1"), OperationID: []byte("x")}},
		{"GET/iotdps-get-operationstatus/?$rid=1&operationId=",
			Request{Op: QueryStatus, RequestID: []byte("1"), OperationID: []byte{}}},
		{"PUT/iotdps-regiſter/?$rid=1", Request{}}, // U+017F equals s only under Unicode case folding
		{"PUT/iotdps-register/?$rid=1&$rid=2&$rid=%", Request{Op: Register, RequestID: []byte("1"), Repeated: true}},
		{"PUT/iotdps-register/?$rid=&$rid=2", Request{Op: Register, RequestID: []byte{}, Repeated: true}},
		{"PUT/x/?operationId=1&operationId=2", Request{Op: "PUT/x", OperationID: []byte("1"), Repeated: true}},
		{"PUT/x/?&&a&$rid=1&&b=%zz&=c&", Request{Op: "PUT/x", RequestID: []byte("1"), Extra: []byte("a&b=%zz&=c")}},
		{"PUT/x/?retry-after=3&%24rid=1", Request{Op: "PUT/x", Extra: []byte("retry-after=3&%24rid=1")}},
	} {
		got, err := ParseRequest([]byte(requestPrefix + tt.topic))
		if (err != nil) != (tt.want.Op == "") {
			t.Errorf("%s: %v", tt.topic, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.topic, diff)
		}
	}
}

func TestParseRequestSaysWhatIsWrongAndWhere(t *testing.T) {
	const notDPS, malformed = "topic: not a DPS topic: ", "topic: malformed: "
	for _, tt := range []struct {
		topic string
		kind  error
		text  string
	}{
		{"", ErrNotDPS, notDPS + `expected prefix "$dps/registrations/", got "" at byte 0`},
		{"$dps/registrations", ErrNotDPS, notDPS + `expected prefix "$dps/registrations/", got "$dps/registrations" at byte 0`},
		{"$DPS/registrations/PUT/iotdps-register/?$rid=1", ErrNotDPS,
			notDPS + `expected prefix "$dps/registrations/", got "$DPS/registrations/PUT/iotdps-re" at byte 0`},
		{"$dps/registrations/", ErrMalformed, malformed + `expected verb/operation and then "/?", got "" at byte 19`},
		{"$dps/registrations/PUT/iotdps-register?$rid=1", ErrMalformed,
			malformed + `expected verb/operation and then "/?", got "PUT/iotdps-register?$rid=1" at byte 19`},
		{"$dps/registrations//?$rid=1", ErrMalformed, malformed + `expected verb/operation, got "/?$rid=1" at byte 19`},
		{"$dps/registrations/?$rid=1", ErrMalformed, malformed + `expected verb/operation and then "/?", got "?$rid=1" at byte 19`},
		{"$dps/registrations/PUT/?$rid=1", ErrMalformed, malformed + `expected verb/operation, got "PUT/?$rid=1" at byte 19`},
		{"$dps/registrations/PUT//?$rid=1", ErrMalformed, malformed + `expected verb/operation, got "PUT//?$rid=1" at byte 19`},
		{"$dps/registrations//x/?$rid=1", ErrMalformed, malformed + `expected verb/operation, got "/x/?$rid=1" at byte 19`},
		{"$dps/registrations/PUT/x/y/?$rid=1", ErrMalformed, malformed + `expected verb/operation, got "PUT/x/y/?$rid=1" at byte 19`},
		{"$dps/registrations/PUT/x y/?$rid=1", ErrMalformed, malformed + `expected verb/operation, got "PUT/x y/?$rid=1" at byte 19`},
		{"$dps/registrations/res/200/?$rid=1", ErrMalformed, malformed + `expected verb/operation, got "res/200/?$rid=1" at byte 19`},
		{"$dps/registrations/res/#", ErrMalformed, malformed + `expected verb/operation and then "/?", got "res/#" at byte 19`},
		{"$dps/registrations/PUT/x/?$rid=a%2", ErrMalformed,
			malformed + `expected two hex digits after '%' in a value, got "%2" at byte 32`},
		{"$dps/registrations/PUT/x/?$rid=%g0", ErrMalformed,
			malformed + `expected two hex digits after '%' in a value, got "%g0" at byte 31`},
		{"$dps/registrations/PUT/x/?$rid=1&operationId=50%&a", ErrMalformed,
			malformed + `expected two hex digits after '%' in a value, got "%&a" at byte 47`},
		{"$dps/registrations/PUT/" + strings.Repeat("é", 1000) + "/?", ErrMalformed,
			malformed + `expected verb/operation, got "PUT/` + strings.Repeat("é", 28) + `" at byte 19`},
	} {
		got, err := ParseRequest([]byte(tt.topic))
		if !errors.Is(err, tt.kind) || err.Error() != tt.text {
			t.Errorf("%.60s:\n got %v\nwant %v", tt.topic, err, tt.text)
		}
		if diff := cmp.Diff(Request{}, got); diff != "" {
			t.Errorf("%.60s: a request with the error (-want +got):\n%s", tt.topic, diff)
		}
	}
}

func TestRequestIsWrittenEscaped(t *testing.T) {
	for _, tt := range []struct {
		request Request
		want    string
	}{
		{Request{Op: Register, RequestID: []byte("1")}, "PUT/iotdps-register/?$rid=1"},
		{Request{Op: QueryStatus, RequestID: []byte("1"), OperationID: []byte("5.a/b+c d&e=f%2F")},
			"GET/iotdps-get-operationstatus/?$rid=1&operationId=5.a%2Fb%2Bc%20d%26e%3Df%252F"},
		{Request{Op: "POST/a-b_c.d~e", RequestID: []byte("AZaz09-._~ é\x00\xff#$:@"), OperationID: []byte{}, Extra: []byte("x=%24y&z")},
			"POST/a-b_c.d~e/?$rid=AZaz09-._~%20%C3%A9%00%FF%23%24%3A%40&operationId=&x=%24y&z"},
		{Request{Op: Register, RequestID: []byte("1"), Extra: []byte{}, Repeated: true}, "PUT/iotdps-register/?$rid=1"},
	} {
		got, err := tt.request.AppendText(nil)
		if err != nil || string(got) != requestPrefix+tt.want {
			t.Errorf("got %s, %v\nwant %s", got, err, requestPrefix+tt.want)
		}
	}
}

func TestRequestThatCannotBeWrittenLeavesTheBufferAlone(t *testing.T) {
	long := make([]byte, MaxIDLen+1)
	ok := Request{Op: QueryStatus, RequestID: long[:MaxIDLen], OperationID: long[:MaxIDLen], Extra: []byte("a=b")}
	if _, err := ok.AppendText(nil); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		text string
		edit func(*Request)
	}{
		{`Op of the form verb/operation, got ""`, func(r *Request) { r.Op = "" }},
		{`Op of the form verb/operation, got "PUT"`, func(r *Request) { r.Op = "PUT" }},
		{`Op of the form verb/operation, got "PUT/a/b"`, func(r *Request) { r.Op = "PUT/a/b" }},
		{`Op of the form verb/operation, got "PUT/a?"`, func(r *Request) { r.Op = "PUT/a?" }},
		{`Op of the form verb/operation, got "PUT/#"`, func(r *Request) { r.Op = "PUT/#" }},
		{`Op of the form verb/operation, got "res/200"`, func(r *Request) { r.Op = "res/200" }},
		{`RequestID of 1 to 256 bytes, got 0`, func(r *Request) { r.RequestID = nil }},
		{`RequestID of 1 to 256 bytes, got 0`, func(r *Request) { r.RequestID = []byte{} }},
		{`RequestID of 1 to 256 bytes, got 257`, func(r *Request) { r.RequestID = long }},
		{`OperationID of at most 256 bytes, got 257`, func(r *Request) { r.OperationID = long }},
		{`OperationID for GET/iotdps-get-operationstatus, got none`, func(r *Request) { r.OperationID = nil }},
		{`OperationID for GET/iotdps-get-operationstatus, got none`, func(r *Request) { r.OperationID = []byte{} }},
		{`OperationID for GET/iotdps-get-operationstatus, got none`, func(r *Request) { r.Op, r.OperationID = "get/IOTDPS-get-operationstatus", nil }},
		{`Extra without properties that have their own field, got "$RID=1"`, func(r *Request) { r.Extra = []byte("a&$RID=1") }},
		{`Extra without properties that have their own field, got "operationid"`, func(r *Request) { r.Extra = []byte("operationid") }},
	} {
		r := ok
		tt.edit(&r)
		_, err := r.AppendText(nil)
		if want := "topic: cannot be written: expected " + tt.text; !errors.Is(err, ErrInvalid) || err.Error() != want {
			t.Errorf("\n got %v\nwant %v", err, want)
		}
		checkUnchanged(t, r)
	}
}

// checkUnchanged checks that AppendText with an error returns b unchanged, and
// writes nothing after it.
func checkUnchanged(t *testing.T, a textAppender) {
	t.Helper()
	room := []byte("before and behind, with room for a topic: " + strings.Repeat("-", 200))
	kept := string(room)
	got, err := a.AppendText(room[:6])
	if err == nil || string(got) != "before" || &got[0] != &room[0] || string(room) != kept {
		t.Errorf("got %q, %v; the spare capacity contains %q", got, err, room)
	}
}

func genRequest(t *rapid.T) Request {
	ops, needsID := []Op{"POST/x", "put/~"}, map[Op]bool{}
	for _, o := range operations {
		ops, needsID[o.op] = append(ops, o.op), o.needsID
	}
	r := Request{
		Op:          rapid.SampledFrom(ops).Draw(t, "op"),
		RequestID:   rapid.SliceOfN(rapid.Byte(), 1, MaxIDLen).Draw(t, "rid"),
		OperationID: genID.Draw(t, "operationId"),
		Extra:       genExtra.Draw(t, "extra"),
	}
	if needsID[r.Op] && len(r.OperationID) == 0 {
		r.OperationID = []byte("1")
	}
	return r
}

func TestRequestRoundTripsBehindAnyPrefix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := genRequest(t)
		prefix := rapid.SliceOf(rapid.Byte()).Draw(t, "prefix")
		b, err := want.AppendText(prefix)
		if err != nil {
			t.Fatal(err)
		}
		if string(b[:len(prefix)]) != string(prefix) {
			t.Fatalf("prefix became %q", b[:len(prefix)])
		}
		got, err := ParseRequest(b[len(prefix):])
		if err != nil {
			t.Fatalf("%q: %v", b, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q (-want +got):\n%s", b, diff)
		}
	})
}
