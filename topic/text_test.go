package topic

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// checkText compares what AppendText appends with the text that the package
// comment describes: the first part of the topic, "/?", and the properties that
// are present, joined by '&'. The text is compared exactly, since a parser
// would accept other separators, other encodings and another case.
func checkText(t interface{ Errorf(string, ...any) }, written textAppender) {
	var want string
	var properties []string
	add := func(key string, value []byte) {
		if value != nil {
			properties = append(properties, key+string(value))
		}
	}
	var extra []byte
	switch r := written.(type) {
	case Request:
		want, extra = "$dps/registrations/"+string(r.Op), r.Extra
		add("$rid=", escaped(r.RequestID))
		add("operationId=", escaped(r.OperationID))
	case Response:
		want, extra = fmt.Sprint("$dps/registrations/res/", r.Status), r.Extra
		add("$rid=", escaped(r.RequestID))
		add("retry-after=", r.BadRetryAfter)
		if r.HasRetryAfter {
			add("retry-after=", fmt.Append(nil, int64(r.RetryAfter/time.Second)))
		}
	}
	if len(extra) > 0 {
		add("", extra)
	}
	want += "/?" + strings.Join(properties, "&")
	if got, err := written.AppendText(nil); err != nil || string(got) != want {
		t.Errorf("%v\n got %s\nwant %s", err, got, want)
	}
}

// escaped returns id percent-encoded, or nil if it is nil.
func escaped(id []byte) []byte {
	if id == nil {
		return nil
	}
	b := []byte{}
	for _, c := range id {
		if strings.IndexByte(unreservedBytes, c) >= 0 {
			b = append(b, c)
		} else {
			b = fmt.Appendf(b, "%%%02X", c)
		}
	}
	return b
}

const unreservedBytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

// Every property is preceded by its separator, whatever the last byte of the
// property before it and its own first byte are.
func TestEveryPropertyHasItsSeparatorAfterAnyByte(t *testing.T) {
	ids := [][]byte{nil, {}}
	for c := range 256 {
		ids = append(ids, []byte{byte(c)}, []byte{'a', byte(c)})
	}
	bad, extras := [][]byte{nil, {}}, [][]byte{nil, {}, []byte("%41=1")}
	for c := ' '; c < 0x140; c++ { // U+0100 to U+013F end in each byte that a character beyond ASCII can end in
		if strings.ContainsRune("&+#", c) || 0x7f <= c && c < 0xa0 {
			continue // not legal
		}
		bad = append(bad, []byte("a"+string(c)))
		if c != '=' && c != '%' {
			extras = append(extras, []byte(string(c)+"=1"))
		}
	}
	for i, id := range ids {
		for _, other := range [][]byte{[]byte("a"), ids[len(ids)-1-i], id} {
			if len(id) > 0 {
				checkText(t, Request{Op: Register, RequestID: id, OperationID: other, Extra: []byte("x=1")})
			}
			checkText(t, Request{Op: Register, RequestID: []byte("a"), OperationID: id, Extra: other[:0]})
		}
		for _, extra := range extras {
			checkText(t, Request{Op: Register, RequestID: []byte("a"), OperationID: id, Extra: extra})
			checkText(t, Response{Status: 202, RequestID: id, Extra: extra})
		}
		for _, b := range bad {
			checkText(t, Response{Status: 202, RequestID: id, BadRetryAfter: b, Extra: []byte("x=1")})
		}
	}
	for _, b := range bad {
		for _, extra := range extras {
			checkText(t, Response{Status: 202, BadRetryAfter: b, Extra: extra})
		}
	}
	for seconds := range 100 {
		checkText(t, Response{Status: 202, HasRetryAfter: true, RetryAfter: time.Duration(seconds) * time.Second, Extra: []byte("x=1")})
	}
	for status := 100; status < 600; status++ {
		checkText(t, Response{Status: status})
		checkText(t, Response{Status: status, Extra: []byte("x=1")})
	}
}

// An Op is written as the caller wrote it, although the parser returns a known
// one as its constant.
func TestAnOpIsWrittenAsItStands(t *testing.T) {
	ops := []string{"x/x", "resx/x", "RES/x", "x/res", "PUT/iotdps-registers", "post/iotdps-register", "GET/iotdps-get-operationstatus-", "get/iotdps-register"}
	for _, c := range unreservedBytes {
		ops = append(ops, string(c)+"/"+string(c), "POST/x"+string(c), string(c)+"x/X")
	}
	for _, o := range operations {
		op := string(o.op)
		ops = append(ops, op, strings.ToLower(op), strings.ToUpper(op))
		for i := range op {
			ops = append(ops, op[:i]+strings.ToUpper(op[i:i+1])+op[i+1:], op[:i]+strings.ToLower(op[i:i+1])+op[i+1:])
		}
	}
	for _, op := range ops {
		checkText(t, Request{Op: Op(op), RequestID: []byte("1"), OperationID: []byte("2")})
	}
}

func TestAnyTopicIsWrittenAsTheCommentDescribes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		request := genRequest(t)
		request.Op += Op(rapid.SampledFrom([]string{"", "x", "~", "-X"}).Draw(t, "end of the op"))
		checkText(t, request)
		checkText(t, genResponse(t))
	})
}
