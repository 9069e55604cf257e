package fsm_test

import (
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/packet"
)

func TestErrorsAreOneLine(t *testing.T) {
	lost := &fsm.StepError{State: fsm.Polling, Err: fsm.ErrLost}
	for want, err := range map[string]error{
		"fsm: registration refused with status 500": &fsm.ServiceError{State: fsm.Registering, Status: 500},
		"fsm: registration refused with status 401, error code 1: no (tracking id t)": &fsm.ServiceError{
			State: fsm.Registering, Status: 401, ErrorCode: 1, Message: "no", TrackingID: "t"},
		"fsm: query refused with status 404, error code -1": &fsm.ServiceError{State: fsm.Polling, Status: 404, ErrorCode: -1},
		`fsm: registration ended with status "disabled"`:    &fsm.ServiceError{State: fsm.Polling, Status: 200, RegistrationStatus: "disabled"},

		"fsm: connection refused by the service: not authorized (CONNACK 5)":             &fsm.ConnectError{ReturnCode: packet.NotAuthorized},
		"fsm: connecting: connection refused by the service: not authorized (CONNACK 5)": &fsm.StepError{State: fsm.Connecting, Err: &fsm.ConnectError{ReturnCode: packet.NotAuthorized}},

		"fsm: polling: connection lost":       lost,
		"fsm: registering: no answer in time": &fsm.StepError{State: fsm.Registering, Err: fsm.ErrNoAnswer},
		"fsm: registering: connection lost (the service closes without an answer when it does not accept the certificate or its chain, " +
			"or has no such enrollment)": &fsm.StepError{State: fsm.Registering, Err: fsm.ErrLost},

		"fsm: budget used up after 1.001s while idle": &fsm.GiveUpError{Reason: fsm.ErrTimeout, State: fsm.Idle, Elapsed: 1000500 * time.Microsecond},
		"fsm: too many failed attempts after 1m0s while polling, 1 failed in a row; the last failure: fsm: polling: connection lost": &fsm.GiveUpError{
			Reason: fsm.ErrAttempts, State: fsm.Polling, Elapsed: time.Minute, Attempts: 1, Last: lost},
	} {
		if err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

func TestErrorsCanBeToldApart(t *testing.T) {
	step := &fsm.StepError{State: fsm.Idle, Err: io.EOF}
	for _, v := range []struct {
		err, target error
		want        bool
	}{
		{step, io.EOF, true},
		{&fsm.GiveUpError{Reason: fsm.ErrTimeout, Last: step}, io.EOF, true},
		{&fsm.GiveUpError{Reason: fsm.ErrTimeout, Last: step}, fsm.ErrTimeout, true},
		{&fsm.GiveUpError{Reason: fsm.ErrTimeout}, fsm.ErrTimeout, true},
		{&fsm.ServiceError{RegistrationStatus: "surprise"}, fsm.ErrUnknownStatus, true},
		{&fsm.ServiceError{RegistrationStatus: "surprise"}, fsm.ErrTimeout, false},
		{&fsm.ServiceError{RegistrationStatus: "failed"}, fsm.ErrUnknownStatus, false},
		{&fsm.ServiceError{}, fsm.ErrUnknownStatus, false},
	} {
		if got := errors.Is(v.err, v.target); got != v.want {
			t.Errorf("%v is %v: %t", v.err, v.target, got)
		}
	}
	for _, e := range []*fsm.GiveUpError{{Reason: fsm.ErrTimeout}, {Reason: fsm.ErrTimeout, Last: step}} {
		want := []error{fsm.ErrTimeout, step}
		if e.Last == nil {
			want = want[:1]
		}
		if got := e.Unwrap(); !slices.Equal(got, want) {
			t.Errorf("%v wraps %v, want %v", e, got, want)
		}
	}
}
