package fsm_test

import (
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/fsm/dpstest"
	"example.com/dps/sastoken"
)

// now replaces time.Now in examples, so that their output does not vary.
var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// A device registers with a simulated service in virtual time. With a
// [net.Conn], use the loop in the package documentation instead of
// dpstest.Link.
func Example() {
	const scope, device, key = "0ne00000A1B", "my-device", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	service, err := dpstest.New(dpstest.Config{IDScope: scope, Enrollments: []dpstest.Enrollment{
		{RegistrationID: device, PrimaryKey: key, Outcome: dpstest.Outcome{Polls: 1}},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := fsm.New(fsm.Config{IDScope: scope, RegistrationID: device})
	if err != nil {
		fmt.Println(err)
		return
	}
	link := dpstest.Link{Password: func(now time.Time) []byte {
		key, _ := sastoken.DecodeKey(key)
		password, _ := sastoken.Sign(key, sastoken.Resource(scope, device), sastoken.KeyName, now.Add(time.Hour)).AppendPassword(nil)
		return password
	}}
	report, err := link.Run(m, service, now)
	if err != nil {
		fmt.Println(err)
		return
	}
	assignment, err := m.Result()
	fmt.Println(assignment.AssignedHub, assignment.DeviceID, err)
	fmt.Println("after", report.Elapsed)
	// Output:
	// hub.azure-devices.example my-device <nil>
	// after 6s
}

// This example shows how firmware can act on the outcome of a registration. The
// cases can be in any order, since an error matches only one of them.
func Example_switch() {
	whatToDo := func(m *fsm.Machine) string {
		assignment, err := m.Result()
		var gaveUp *fsm.GiveUpError
		switch {
		case err == nil:
			return "connect to " + assignment.AssignedHub
		case errors.Is(err, fsm.ErrUnauthorized):
			return "report to the administrator: the credentials are wrong"
		case errors.Is(err, fsm.ErrDisabled):
			return "try again tomorrow"
		case errors.Is(err, fsm.ErrNotFound):
			return "wait for enrollment: the device or the ID scope is not known"
		case errors.Is(err, fsm.ErrFailed):
			return "report to the administrator: the service cannot assign a hub"
		case errors.Is(err, fsm.ErrInvalid):
			return "report a bug: the device sent something invalid"
		case errors.As(err, &gaveUp): // throttled, unavailable, no network, no answer in time
			return fmt.Sprintf("try again, but not before %v have passed", gaveUp.Wait)
		case errors.Is(err, fsm.ErrStopped):
			return "do nothing: the program called Stop"
		}
		return "do nothing: the program called Abort: " + err.Error()
	}

	cfg := fsm.Config{IDScope: "0ne00000A1B", RegistrationID: "my-device", Attestation: fsm.X509}
	cfg.Policy.MaxAttempts = 1
	for _, fault := range []dpstest.Enrollment{
		{},
		{Outcome: dpstest.Outcome{Status: "disabled"}},
		{Faults: []dpstest.Fault{{At: dpstest.OnRegister, Status: 401}}},
		{Faults: []dpstest.Fault{{At: dpstest.OnRegister, Status: 404}}},
		{Faults: []dpstest.Fault{{At: dpstest.OnRegister, Status: 400}}},
		{Faults: []dpstest.Fault{{At: dpstest.OnRegister, Status: 503, RetryAfter: "30"}}},
	} {
		fault.RegistrationID, fault.X509 = "my-device", true
		service, _ := dpstest.New(dpstest.Config{IDScope: "0ne00000A1B", Enrollments: []dpstest.Enrollment{fault}})
		m, _ := fsm.New(cfg)
		dpstest.Link{Certificate: &dpstest.Certificate{CommonName: "my-device"}}.Run(m, service, now)
		fmt.Println(whatToDo(m))
	}
	m, _ := fsm.New(cfg)
	m.Abort(now, x509.UnknownAuthorityError{})
	fmt.Println(whatToDo(m))
	// Output:
	// connect to hub.azure-devices.example
	// try again tomorrow
	// report to the administrator: the credentials are wrong
	// wait for enrollment: the device or the ID scope is not known
	// report a bug: the device sent something invalid
	// try again, but not before 30s have passed
	// do nothing: the program called Abort: x509: certificate signed by unknown authority
}

// New reports every mistake in a configuration in one error.
func ExampleNew() {
	_, err := fsm.New(fsm.Config{RegistrationID: "a/b", Attestation: fsm.TPM})
	fmt.Println(err)
	// Output:
	// fsm: bad Config: IDScope is empty
	// RegistrationID "a/b" has a '/', '#', '+' or a control character
	// Attestation is TPM, which the service does not offer over MQTT: use HTTPS or AMQP
}

// The result of Want changes only with inputs.
func ExampleMachine_Want() {
	m, _ := fsm.New(fsm.Config{IDScope: "0ne00000A1B", RegistrationID: "my-device", Attestation: fsm.X509})
	fmt.Println(m.Want())
	m.Open(now, nil)
	fmt.Println(m.Want(), "until", m.Deadline().Sub(now))
	m.Lost(now, errors.New("connection reset"))
	fmt.Println(m.Want(), "after", m.Deadline().Sub(now))
	m.Stop(now)
	fmt.Println(m.Want())
	// Output:
	// dial
	// exchange until 30s
	// dial after 1s
	// done
}

// A ServiceError has everything that the service reported about a refusal.
func ExampleServiceError() {
	service, _ := dpstest.New(dpstest.Config{IDScope: "0ne00000A1B", Enrollments: []dpstest.Enrollment{{Group: "line 4", X509: true}}})
	m, _ := fsm.New(fsm.Config{IDScope: "0ne00000A1B", RegistrationID: "my-device", Attestation: fsm.X509})
	dpstest.Link{Certificate: &dpstest.Certificate{CommonName: "another-device"}}.Run(m, service, now)
	_, err := m.Result()
	fmt.Println(err)
	var refused *fsm.ServiceError
	if errors.As(err, &refused) {
		fmt.Println(refused.State, refused.Status, refused.ErrorCode)
	}
	// Output:
	// registration: refused with status 401, error code 401002: "Invalid certificate." (tracking ID "00000000-0000-4000-8000-000000000001")
	// registering 401 401002
}

// A later run resumes an operation that had not ended when the first run gave
// up.
func ExampleMachine_OperationID() {
	service, _ := dpstest.New(dpstest.Config{IDScope: "0ne00000A1B", Enrollments: []dpstest.Enrollment{
		{RegistrationID: "my-device", X509: true, Outcome: dpstest.Outcome{Polls: 3, RetryAfter: "20"}},
	}})
	cfg := fsm.Config{IDScope: "0ne00000A1B", RegistrationID: "my-device", Attestation: fsm.X509}
	cfg.Policy.Budget = 30 * time.Second
	first, _ := fsm.New(cfg)
	report, _ := dpstest.Link{Certificate: &dpstest.Certificate{CommonName: "my-device"}}.Run(first, service, now)
	_, err := first.Result()
	fmt.Println(errors.Is(err, fsm.ErrTimeout))

	cfg.OperationID = first.OperationID()
	cfg.Policy.Budget = 5 * time.Minute
	second, _ := fsm.New(cfg)
	dpstest.Link{Certificate: &dpstest.Certificate{CommonName: "my-device"}}.Run(second, service, now.Add(report.Elapsed))
	assignment, err := second.Result()
	fmt.Println(assignment.AssignedHub, err)
	// Output:
	// true
	// hub.azure-devices.example <nil>
}
