package fsm_test

import (
	"encoding/base64"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/packet"
)

func TestErrorsAreOneLine(t *testing.T) {
	lost := &fsm.StepError{State: fsm.Polling, Err: fsm.ErrLost}
	for want, err := range map[string]error{
		"registration: refused with status 500": &fsm.ServiceError{State: fsm.Registering, Status: 500},
		"registration: refused with status 401, error code 1: \"no\" (tracking ID \"t\")": &fsm.ServiceError{
			State: fsm.Registering, Status: 401, ErrorCode: 1, Message: "no", TrackingID: "t"},
		"registration: query refused with status 404, error code -1": &fsm.ServiceError{State: fsm.Polling, Status: 404, ErrorCode: -1},
		`registration: ended with status "disabled"`:                 &fsm.ServiceError{State: fsm.Polling, Status: 200, RegistrationStatus: "disabled"},

		"fsm: connection refused by the service: not authorized (CONNACK 5)":                      &fsm.ConnectError{ReturnCode: packet.NotAuthorized},
		"registration: connecting: connection refused by the service: not authorized (CONNACK 5)": &fsm.StepError{State: fsm.Connecting, Err: &fsm.ConnectError{ReturnCode: packet.NotAuthorized}},

		"registration: polling: connection lost":       lost,
		"registration: registering: no answer in time": &fsm.StepError{State: fsm.Registering, Err: fsm.ErrNoAnswer},
		"registration: registering: connection lost (the service closes without an answer when it does not accept the certificate or its chain, " +
			"or has no such enrollment)": &fsm.StepError{State: fsm.Registering, Err: fsm.ErrLost},

		"fsm: subscription refused by the service (SUBACK 0x80)": fsm.ErrSubscribe,
		"registration: registering: output was not taken":        &fsm.StepError{State: fsm.Registering, Err: fsm.ErrBacklog},

		"registration: out of time after 1.001s without a connection": &fsm.GiveUpError{Reason: fsm.ErrTimeout, State: fsm.Idle, Elapsed: 1000500 * time.Microsecond},
		"registration: too many failures after 1m0s while polling; failures: 1, the last one: polling: connection lost": &fsm.GiveUpError{
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

// classes returns the errors that say what to do about err. Each error of
// Result matches exactly one of them.
func classes(err error) (all []string) {
	for name, class := range map[string]error{
		"unauthorized": fsm.ErrUnauthorized, "disabled": fsm.ErrDisabled, "not found": fsm.ErrNotFound, "failed": fsm.ErrFailed,
		"invalid": fsm.ErrInvalid, "stopped": fsm.ErrStopped, "the caller's": errHopeless,
	} {
		if errors.Is(err, class) {
			all = append(all, name)
		}
	}
	if gaveUp := (*fsm.GiveUpError)(nil); errors.As(err, &gaveUp) {
		all = append(all, "gave up")
	}
	slices.Sort(all)
	return all
}

var errHopeless = errors.New("hopeless")

// Every error of Result belongs to one class, so that the cases of a switch can
// be in any order.
func TestEachErrorHasOneClass(t *testing.T) {
	connack := func(code packet.ReturnCode) func(*bench) {
		return func(b *bench) { b.open(); b.receive(&packet.Connack{ReturnCode: code}) }
	}
	answer := func(status int, body string) func(*bench) {
		return func(b *bench) { b.connect(); b.answer(status, "1", "", body) }
	}
	for _, test := range []struct {
		name, class string
		refused     bool // ErrRefused
		end         func(*bench)
	}{
		{"CONNACK 1", "gave up", false, connack(1)}, {"CONNACK 2", "unauthorized", true, connack(2)}, {"CONNACK 3", "gave up", false, connack(3)},
		{"CONNACK 4", "unauthorized", true, connack(4)}, {"CONNACK 5", "unauthorized", true, connack(5)},
		{"SUBACK 0x80", "unauthorized", true, func(b *bench) {
			b.open()
			b.receive(&packet.Connack{}, &packet.Suback{ID: 1, ReturnCodes: []byte{packet.SubackFailure}})
		}},
		{"password", "invalid", false, func(b *bench) { b.m.Open(b.now, nil) }},
		{"abort", "the caller's", false, func(b *bench) { b.m.Abort(b.now, errHopeless) }},
		{"abort in a session", "the caller's", false, func(b *bench) { b.connect(); b.m.Abort(b.now, errHopeless) }},
		{"abort for no reason", "stopped", false, func(b *bench) { b.m.Abort(b.now, nil) }},
		{"stop", "stopped", false, func(b *bench) { b.m.Stop(b.now) }},
		{"dial", "gave up", false, func(b *bench) { b.m.DialFailed(b.now, io.EOF) }},
		{"lost", "gave up", false, func(b *bench) { b.connect(); b.m.Lost(b.now, io.EOF) }},
		{"violation", "gave up", false, func(b *bench) { b.connect(); b.m.Receive(b.now, []byte{0xc0, 0}) }},
		{"no answer", "gave up", false, func(b *bench) { b.connect(); b.sleep(31 * time.Second) }},
		{"budget", "gave up", false, func(b *bench) { b.sleep(0); b.sleep(time.Hour) }},
		{"400", "invalid", true, answer(400, "")}, {"401", "unauthorized", true, answer(401, "")}, {"403", "unauthorized", true, answer(403, "")},
		{"404", "not found", true, answer(404, "")}, {"409", "failed", true, answer(409, "")}, {"418", "invalid", true, answer(418, "")},
		{"412", "gave up", false, answer(412, "")}, {"429", "gave up", false, answer(429, throttled)}, {"503", "gave up", false, answer(503, "")},
		{"unreadable", "gave up", false, answer(200, "")},
		{"failed", "failed", true, answer(200, `{"status":"failed"}`)}, {"disabled", "disabled", true, answer(200, `{"status":"Disabled"}`)},
		{"blacklisted", "disabled", true, answer(200, `{"status":"blacklisted"}`)}, {"surprise", "failed", true, answer(200, `{"status":"surprise"}`)},
	} {
		b := newBench(t, func(c *fsm.Config) { c.Policy.MaxAttempts = 1 })
		test.end(b)
		if b.m.Want() == fsm.WantClose {
			b.m.Lost(b.now, nil)
		}
		b.want(fsm.Finished, fsm.WantDone)
		_, err := b.m.Result()
		if got := classes(err); !slices.Equal(got, []string{test.class}) || errors.Is(err, fsm.ErrRefused) != test.refused {
			t.Errorf("%s: %v; refused: %t: %v", test.name, got, errors.Is(err, fsm.ErrRefused), err)
		}
		if errors.Is(err, fsm.ErrPending) || strings.Count(err.Error(), "fsm: ")+strings.Count(err.Error(), "registration: ") != 1 && !errors.Is(err, errHopeless) {
			t.Errorf("%s: the error is not prefixed once: %v", test.name, err)
		}
	}
}

// After a mistake in the configuration, New returns ErrInvalid and no machine.
func TestAMistakeInConfigIsInvalid(t *testing.T) {
	if _, err := fsm.New(fsm.Config{}); !slices.Equal(classes(err), []string{"invalid"}) {
		t.Errorf("%v is %v", err, classes(err))
	}
	_, err := fsm.New(fsm.Config{IDScope: "s", RegistrationID: "d", APIVersion: csrVersion, CSR: "_AAA"})
	var corrupt base64.CorruptInputError
	if !errors.As(err, &corrupt) {
		t.Errorf("the cause is lost: %v", err)
	}
}

// A GiveUpError has the last failure, but it does not match a refusal in it,
// which would make it look like a final refusal.
func TestTheLastFailureOfWhoGivesUp(t *testing.T) {
	b := newBench(t, func(c *fsm.Config) { c.Policy.MaxAttempts = 1 })
	b.open()
	b.receive(&packet.Connack{ReturnCode: packet.ServerUnavailable})
	err := b.ends(fsm.ErrAttempts)
	var gaveUp *fsm.GiveUpError
	var refused *fsm.ConnectError
	if !errors.As(err, &gaveUp) || errors.As(err, &refused) || errors.Is(err, fsm.ErrRefused) {
		t.Errorf("%v", err)
	}
	if !errors.As(gaveUp.Last, &refused) || refused.ReturnCode != packet.ServerUnavailable || !errors.Is(gaveUp.Last, fsm.ErrRefused) || errors.Is(gaveUp.Last, fsm.ErrUnauthorized) {
		t.Errorf("the last failure is %v", gaveUp.Last)
	}
}
