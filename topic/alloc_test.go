package topic

import (
	"testing"
	"time"
)

func TestHotPathsDoNotAllocate(t *testing.T) {
	request := Request{Op: QueryStatus, RequestID: []byte("a/b"), OperationID: []byte(operationID), Extra: []byte("x=1&y=%20")}
	response := Response{Status: 202, RequestID: []byte("1"), RetryAfter: 3 * time.Second, HasRetryAfter: true, Extra: []byte("x&y")}
	room := make([]byte, 0, 512)
	requestTopic := []byte("$dps/registrations/get/iotdps-get-operationstatus/?a&b&$rid=1&operationId=" + operationID)
	responseTopic := []byte("$dps/registrations/res/202/?$rid=1&retry-after=3&x=%24y&z")
	for name, f := range map[string]func() error{
		"Request.AppendText":  func() error { _, err := request.AppendText(room); return err },
		"Response.AppendText": func() error { _, err := response.AppendText(room); return err },
		"Request with an identifier on the stack": func() error {
			id := [3]byte{'1', '2', '3'}
			_, err := Request{Op: Register, RequestID: id[:]}.AppendText(room)
			return err
		},
		"Response with an identifier on the stack": func() error {
			id := [3]byte{'1', '2', '3'}
			_, err := Response{Status: 202, RequestID: id[:]}.AppendText(room)
			return err
		},
		"ParseRequest":  func() error { _, err := ParseRequest(requestTopic); return err },
		"ParseResponse": func() error { _, err := ParseResponse(responseTopic); return err },
		"Properties": func() error {
			for range Properties(response.Extra) {
			}
			return nil
		},
	} {
		if err := f(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if n := testing.AllocsPerRun(100, func() { _ = f() }); n != 0 {
			t.Errorf("%s: %v allocations, want none", name, n)
		}
	}
}
