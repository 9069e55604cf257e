package dpstest_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/packet"
)

// Serve connects a service to one end of a net.Conn.
func Serve(service *dpstest.Service, conn net.Conn) {
	defer conn.Close()
	c, in := service.Open(time.Now(), nil), make([]byte, 4096)
	defer func() { c.Lost(time.Now()) }()
	for {
		if out := c.AppendOutput(nil); len(out) > 0 {
			if _, err := conn.Write(out); err != nil {
				return
			}
		}
		if c.Hungup() {
			return
		}
		conn.SetReadDeadline(c.Deadline())
		n, err := conn.Read(in)
		c.Receive(time.Now(), in[:n])
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
	}
}

// client stands for the client under test. It has a bug.
func client(conn net.Conn) error {
	defer conn.Close()
	b, _ := (&packet.Connect{
		CleanSession: true, ClientID: []byte("dev-1"), Username: []byte("hub.example/dev-1/?api-version=2021-04-12"), Password: []byte("secret"),
	}).AppendBinary(nil)
	if _, err := conn.Write(b); err != nil {
		return err
	}
	answer := make([]byte, 4)
	if _, err := io.ReadFull(conn, answer); err != nil {
		return err
	}
	if answer[3] != 0 {
		return fmt.Errorf("the CONNECT was refused with %d", answer[3])
	}
	return nil
}

// This example tests a client: the service is at one end of a pipe, and the
// client is at the other. The mistakes of the client are reported as events.
func ExampleService() {
	service, err := dpstest.New(dpstest.Config{
		IDScope:     "0ne00000A1B",
		Enrollments: []dpstest.Enrollment{{RegistrationID: "dev-1", PrimaryKey: "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}},
		Log: func(e dpstest.Event) {
			if e.Kind == dpstest.EventDiagnosis { // a test would call t.Errorf
				fmt.Println(e.Diagnosis)
				fmt.Println(e.Text)
			}
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ours, theirs := net.Pipe()
	done := make(chan bool)
	go func() {
		Serve(service, theirs)
		close(done)
	}()
	fmt.Println(client(ours))
	<-done
	// Output:
	// username-hub
	// the user name "hub.example/dev-1/?api-version=2021-04-12" is that of a device at an IoT hub, not of a device that registers: expected "0ne00000A1B/registrations/{registrationId}/api-version=2019-03-31"
	// the CONNECT was refused with 4
}

// This example tests that a client makes certain mistakes: each kind of mistake
// has a name.
func ExampleDiagnosis() {
	named := map[dpstest.Diagnosis]int{}
	service, err := dpstest.New(dpstest.Config{
		IDScope:     "0ne00000A1B",
		Enrollments: []dpstest.Enrollment{{RegistrationID: "dev-1", X509: true}},
		Log: func(e dpstest.Event) {
			if e.Kind == dpstest.EventDiagnosis {
				named[e.Diagnosis]++
			}
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	conn := service.Open(now, &dpstest.Certificate{CommonName: "dev-1", NotAfter: now.AddDate(0, 0, -1)})
	for _, p := range []packet.Packet{
		&packet.Connect{CleanSession: true, ClientID: []byte("dev-1"), Username: []byte("0ne00000A1B/registrations/dev-1/api-version=2019-03-31")},
		&packet.Publish{Topic: []byte("$dps/registrations/PUT/iotdps-register/?$rid=1")},
		&packet.Disconnect{},
	} {
		b, _ := p.AppendBinary(nil)
		conn.Receive(now, b)
	}
	fmt.Println(named)
	fmt.Println(named[dpstest.CertificateExpired] == 1, named[dpstest.NoSubscription] == 1)
	// Output:
	// map[certificate-expired:1 no-subscription:1]
	// true true
}
