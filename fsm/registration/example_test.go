package registration_test

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"example.com/dps/fsm/registration"
)

// A client represents the MQTT client that a program already has.
type client struct{ answers []string }

// Connect connects and subscribes to topic.ResponseFilter.
func (c *client) Connect(clientID, username string) error {
	fmt.Println("CONNECT", clientID, username)
	return nil
}

// Request publishes a message and returns the topic and the payload of the next
// received one.
func (c *client) Request(topic, payload string) (string, string) {
	fmt.Println("PUBLISH", strings.TrimSpace(topic+" "+payload))
	answer := c.answers[0]
	c.answers = c.answers[1:]
	name, body, _ := strings.Cut(answer, " ")
	return name, body
}

// Disconnect closes the connection.
func (c *client) Disconnect() { fmt.Println("DISCONNECT") }

// A Registration decides what to publish and when. The MQTT client that the
// program already has does the rest.
func Example() {
	mqtt := &client{answers: []string{
		`$dps/registrations/res/202/?$rid=1&retry-after=3 {"operationId":"4.op","status":"assigning"}`,
		`$dps/registrations/res/200/?$rid=2 {"operationId":"4.op","status":"assigned","registrationState":{"assignedHub":"hub.example","deviceId":"my-device"}}`,
	}}
	r, err := registration.New(registration.Config{IDScope: "0ne00000A1B", RegistrationID: "my-device"})
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) // a program would use time.Now everywhere
	for r.Want() != registration.WantDone {
		switch r.Want() {
		case registration.WantDial:
			if err := mqtt.Connect(r.ClientID(), r.Username()); err != nil {
				r.DialFailed(now, err)
				continue
			}
			r.Ready(now)
		case registration.WantExchange:
			if topic, payload, ok := r.AppendRequest(nil, nil); ok {
				name, body := mqtt.Request(string(topic), string(payload))
				r.Message(now, []byte(name), []byte(body))
				continue
			}
			fmt.Println("wait", r.Deadline().Sub(now)) // a program would also wait for messages
			now = r.Deadline()
			r.Advance(now)
		case registration.WantClose:
			mqtt.Disconnect()
			r.Lost(now, nil)
		}
	}
	assignment, err := r.Result()
	fmt.Println(assignment.AssignedHub, assignment.DeviceID, err)
	// Output:
	// CONNECT my-device 0ne00000A1B/registrations/my-device/api-version=2019-03-31
	// PUBLISH $dps/registrations/PUT/iotdps-register/?$rid=1 {"registrationId":"my-device"}
	// wait 3s
	// PUBLISH $dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=4.op
	// DISCONNECT
	// hub.example my-device <nil>
}

// A caller that knows that a registration cannot succeed ends it with the
// cause.
func ExampleRegistration_Abort() {
	noHost := errors.New("there is no such host")
	r, _ := registration.New(registration.Config{IDScope: "0ne00000A1B", RegistrationID: "my-device"})
	r.Abort(time.Now(), noHost)
	_, err := r.Result()
	fmt.Println(r.Want(), err == noHost)
	// Output:
	// done true
}
