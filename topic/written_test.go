package topic

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// These are all fields that are not parsed as they were written. The round-trip
// tests exclude them.
func TestWhatIsWrittenComesBackButForThreeFields(t *testing.T) {
	id := []byte("1")
	inAnotherCase := map[Op]bool{} // whether the row has an OperationID
	for _, tt := range []struct{ written, want Request }{
		{Request{Op: "put/IOTDPS-register", RequestID: id}, Request{Op: Register, RequestID: id}},
		{Request{Op: "Get/iotdps-get-OperationStatus", RequestID: id, OperationID: id}, Request{Op: QueryStatus, RequestID: id, OperationID: id}},
		{Request{Op: "post/X", RequestID: id}, Request{Op: "post/X", RequestID: id}},
		{Request{Op: Register, RequestID: id, Extra: []byte{}}, Request{Op: Register, RequestID: id}},
		{Request{Op: Register, RequestID: id, Repeated: true}, Request{Op: Register, RequestID: id}},
	} {
		text, err := tt.written.AppendText(nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseRequest(text)
		if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", text, err, diff)
		}
		if tt.written.Op != tt.want.Op {
			inAnotherCase[tt.want.Op] = tt.written.OperationID != nil
		}
	}
	for _, o := range operations {
		if hasID, ok := inAnotherCase[o.op]; !ok || hasID != o.needsID {
			t.Errorf("no row has %s in a different case, and an OperationID only if it is required", o.op)
		}
	}
	for _, tt := range []struct{ written, want Response }{
		{Response{Status: 200, Extra: []byte{}}, Response{Status: 200}},
		{Response{Status: 200, Repeated: true}, Response{Status: 200}},
	} {
		text, err := tt.written.AppendText(nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseResponse(text)
		if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", text, err, diff)
		}
	}
}

// A topic name is an MQTT string, whose length is encoded in two bytes. The
// limit does not depend on the prefix of the slice.
func TestTopicNamesHaveAtMost65535Bytes(t *testing.T) {
	for _, prefix := range []string{"", "before"} {
		for _, tt := range []struct {
			kind string
			long func(text []byte) textAppender
		}{
			{"Extra of a request", func(b []byte) textAppender { return Request{Op: Register, RequestID: b[:1], Extra: b} }},
			{"Op", func(b []byte) textAppender { return Request{Op: "PUT/" + Op(b), RequestID: b[:1]} }},
			{"Extra of a response", func(b []byte) textAppender { return Response{Status: 200, RequestID: b[:9], Extra: b} }},
			{"BadRetryAfter", func(b []byte) textAppender { return Response{Status: 200, BadRetryAfter: b} }},
		} {
			text := bytes.Repeat([]byte("x"), 70_000)
			short, err := tt.long(text[:100]).AppendText(nil)
			if err != nil {
				t.Fatal(err)
			}
			longest := 65535 - len(short) + 100
			if b, err := tt.long(text[:longest]).AppendText([]byte(prefix)); err != nil || len(b) != len(prefix)+65535 {
				t.Errorf("%s of %d bytes: %d bytes, %v", tt.kind, longest, len(b), err)
			}
			for _, n := range []int{longest + 1, len(text)} {
				room := []byte(prefix + strings.Repeat("-", 10))
				b, err := tt.long(text[:n]).AppendText(room[:len(prefix)])
				const want = "topic: cannot be written: expected a topic name of at most 65535 bytes, got "
				if !errors.Is(err, ErrInvalid) || !strings.HasPrefix(err.Error(), want) {
					t.Errorf("%s of %d bytes: %v, want %s…", tt.kind, n, err, want)
				}
				if string(b) != prefix || &b[:1][0] != &room[0] {
					t.Errorf("%s of %d bytes: %d bytes returned, want only the prefix", tt.kind, n, len(b))
				}
			}
		}
	}
}
