package dpstest_test

import (
	"encoding/json"
	"fmt"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/fsm/dpstest"
	"example.com/dps/packet"
)

// This example runs a registration in virtual time. The service throttles it
// once and assigns the device after one additional query.
func ExampleLink() {
	service, err := dpstest.New(dpstest.Config{
		IDScope: "0ne00000A1B",
		Enrollments: []dpstest.Enrollment{{
			RegistrationID: "dev-1",
			X509:           true,
			Outcome:        dpstest.Outcome{Polls: 1, AssignedHub: "hub.example"},
			Faults:         []dpstest.Fault{{At: dpstest.OnRegister, Nth: 1, Status: 429, RetryAfter: "60"}},
		}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	machine, err := fsm.New(fsm.Config{IDScope: "0ne00000A1B", RegistrationID: "dev-1", Attestation: fsm.X509})
	if err != nil {
		fmt.Println(err)
		return
	}
	link := dpstest.Link{Certificate: &dpstest.Certificate{CommonName: "dev-1"}, Chunk: 1}
	report, err := link.Run(machine, service, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	if err != nil {
		fmt.Println(err)
		return
	}
	a, err := machine.Result()
	fmt.Println(a.AssignedHub, err)
	fmt.Println(report.Elapsed, report.Connections, report.Requests)
	// Output:
	// hub.example <nil>
	// 1m6s 1 4
}

// A Config can be read from JSON, and New reports all of its mistakes together.
func ExampleConfig() {
	const file = `{
		"idScope": "0ne00000A1B",
		"enrollments": [
			{"registrationId": "dev-1", "primaryKey": "c2VjcmV0", "outcome": {"polls": 2, "retryAfter": 1}},
			{"group": "lab", "x509": true, "outcome": {"status": "disabled"},
			 "faults": [{"at": "query", "nth": 1, "silence": true}, {"at": "connect", "returnCode": 9}]}
		]
	}`
	var cfg dpstest.Config
	if err := json.Unmarshal([]byte(file), &cfg); err != nil {
		fmt.Println(err)
		return
	}
	_, err := dpstest.New(cfg)
	fmt.Println(err)
	// Output:
	// dpstest: bad Config: enrollments[0].primaryKey: it has 6 bytes, expected 16 to 64
	// enrollments[1].faults[1].returnCode: it is 9, expected 1 to 5 at connect
}

// A connection takes bytes, returns bytes, and has a deadline.
func ExampleService_Open() {
	service, err := dpstest.New(dpstest.Config{IDScope: "0ne00000A1B"})
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	conn := service.Open(now, nil)
	hello, _ := (&packet.Connect{
		CleanSession: true, KeepAlive: 60, ClientID: []byte("dev-1"),
		Username: []byte("0ne00000A1B/registrations/dev-1/api-version=2019-03-31"),
	}).AppendBinary(nil)
	conn.Receive(now, hello)
	fmt.Printf("% x\n", conn.AppendOutput(nil))
	fmt.Println(conn.Hungup(), conn.Deadline().Sub(now)) // one and a half times the keep-alive
	conn.Lost(now)
	// Output:
	// 20 02 00 00
	// false 1m30s
}
