package topic_test

import (
	"errors"
	"fmt"
	"time"

	"example.com/dps/topic"
)

func ExampleRequest_AppendText() {
	b, err := topic.Request{Op: topic.Register, RequestID: []byte("1")}.AppendText(nil)
	fmt.Printf("%s %v\n", b, err)

	b, err = topic.Request{
		Op:          topic.QueryStatus,
		RequestID:   []byte("2"),
		OperationID: []byte("4.7d1e6a0c.11111111-2222-4333-8444-555555555555"),
	}.AppendText(b[:0])
	fmt.Printf("%s %v\n", b, err)
	// Output:
	// $dps/registrations/PUT/iotdps-register/?$rid=1 <nil>
	// $dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=4.7d1e6a0c.11111111-2222-4333-8444-555555555555 <nil>
}

func ExampleParseResponse() {
	for _, t := range []string{
		"$dps/registrations/res/202/?$rid=1&retry-after=3",
		"$dps/registrations/res/429/?$rid=2&retry-after=soon",
		"$dps/registrations/res/OK/?$rid=3",
		"devices/lamp/light",
	} {
		r, err := topic.ParseResponse([]byte(t))
		switch {
		case errors.Is(err, topic.ErrNotDPS):
			fmt.Println("not a DPS topic")
		case err != nil:
			fmt.Println(err)
		case r.HasRetryAfter:
			fmt.Printf("%d for request %s, wait %v\n", r.Status, r.RequestID, r.RetryAfter)
		default:
			fmt.Printf("%d for request %s, retry-after %q\n", r.Status, r.RequestID, r.BadRetryAfter)
		}
	}
	// Output:
	// 202 for request 1, wait 3s
	// 429 for request 2, retry-after "soon"
	// topic: malformed: expected a status of three digits from 100 to 599, got "OK/?$rid=3" at byte 23
	// not a DPS topic
}

func ExampleParseRequest() {
	r, err := topic.ParseRequest([]byte("$dps/registrations/PUT/iotdps-register/?$rid=a%2Fb"))
	fmt.Printf("%s %s %v\n", r.Op, r.RequestID, err)
	// Output:
	// PUT/iotdps-register a/b <nil>
}

func ExampleResponse_AppendText() {
	r := topic.Response{Status: 202, RequestID: []byte("1"), RetryAfter: 3 * time.Second, HasRetryAfter: true}
	b, err := r.AppendText(nil)
	fmt.Printf("%s %v\n", b, err)
	// Output:
	// $dps/registrations/res/202/?$rid=1&retry-after=3 <nil>
}

func ExampleProperties() {
	r, err := topic.ParseResponse([]byte("$dps/registrations/res/200/?region=west%20europe&$rid=1&draft"))
	if err != nil {
		fmt.Println(err)
	}
	for key, value := range topic.Properties(r.Extra) {
		fmt.Printf("%s: %q, present: %t\n", key, value, value != nil)
	}
	// Output:
	// region: "west europe", present: true
	// draft: "", present: false
}
