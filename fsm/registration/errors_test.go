package registration_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/registration"
)

func TestErrorsAreOneLine(t *testing.T) {
	lost := &registration.StepError{State: registration.Polling, Err: registration.ErrLost}
	refused := &registration.ServiceError{State: registration.Registering, Status: 503}
	for want, err := range map[string]error{
		"registration: refused with status 500": &registration.ServiceError{State: registration.Registering, Status: 500},
		`registration: refused with status 401, error code 1: "no" (tracking ID "t")`: &registration.ServiceError{
			State: registration.Registering, Status: 401, ErrorCode: 1, Message: "no", TrackingID: "t"},
		"registration: query refused with status 404, error code 404203": &registration.ServiceError{State: registration.Polling, Status: 404, ErrorCode: 404203},
		`registration: ended with status "disabled"`:                     &registration.ServiceError{State: registration.Polling, Status: 200, RegistrationStatus: "disabled"},
		`registration: ended with status "a\r\nb\x1b[2J": "c\r\n\x1b[2J\u202e" (tracking ID "\x00\"")`: &registration.ServiceError{
			State: registration.Polling, Status: 200, RegistrationStatus: "a\r\nb\x1b[2J", Message: "c\r\n\x1b[2J\u202e", TrackingID: "\x00\""},

		"registration: polling: connection lost":       lost,
		"registration: registering: no answer in time": &registration.StepError{State: registration.Registering, Err: registration.ErrNoAnswer},
		"registration: connecting: timed out":          &registration.StepError{State: registration.Connecting, Err: errors.New("fsm: timed out")},
		"registration: registering: connection lost (the service closes without an answer when it does not accept the certificate or its chain, " +
			"or has no such enrollment)": &registration.StepError{State: registration.Registering, Err: registration.ErrLost},

		"registration: out of time after 1.001s without a connection": &registration.GiveUpError{
			Reason: registration.ErrTimeout, State: registration.Idle, Elapsed: 1000500 * time.Microsecond},
		"registration: too many failures after 1m0s while polling, with the next attempt due in 2s; failures: 1, the last one: polling: connection lost": &registration.GiveUpError{
			Reason: registration.ErrAttempts, State: registration.Polling, Elapsed: time.Minute, Attempts: 1, Last: lost, Wait: 2 * time.Second},
		"registration: out of time after 0s while registering; failures: 2, the last one: refused with status 503": &registration.GiveUpError{
			Reason: registration.ErrTimeout, State: registration.Registering, Attempts: 2, Last: refused},

		"registration: not finished": registration.ErrPending, "registration: stopped": registration.ErrStopped, "registration: refused by the service": registration.ErrRefused,
		"registration: credentials not accepted": registration.ErrUnauthorized, "registration: enrollment disabled": registration.ErrDisabled,
		"registration: device or ID scope not known": registration.ErrNotFound, "registration: assignment failed": registration.ErrFailed,
		"registration: invalid request": registration.ErrInvalid, "registration: unknown status": registration.ErrUnknownStatus,
	} {
		if err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

// what lists the errors that say what to do.
var what = []error{registration.ErrUnauthorized, registration.ErrDisabled, registration.ErrNotFound, registration.ErrFailed, registration.ErrInvalid, registration.ErrStopped}

// class returns the only one of them that err matches. errGaveUp stands for a
// GiveUpError.
func class(t *testing.T, err error) error {
	t.Helper()
	var all []error
	for _, e := range what {
		if errors.Is(err, e) {
			all = append(all, e)
		}
	}
	var gaveUp *registration.GiveUpError
	var refusal *registration.ServiceError
	if errors.As(err, &gaveUp) {
		all = append(all, errGaveUp)
		if errors.Is(err, registration.ErrRefused) || errors.Is(err, registration.ErrUnknownStatus) || errors.As(err, &refusal) {
			t.Errorf("%v matches a refusal", err)
		}
		if errors.Is(err, registration.ErrTimeout) == errors.Is(err, registration.ErrAttempts) {
			t.Errorf("%v does not have exactly one reason", err)
		}
	}
	if len(all) != 1 {
		t.Fatalf("%v matches %v, want one", err, all)
	}
	if errors.As(err, &refusal) != errors.Is(err, registration.ErrRefused) {
		t.Errorf("%v is a refusal, or not", err)
	}
	return all[0]
}

var errGaveUp = errors.New("GiveUpError")

// wantClass is an independent formulation of the outcome of an answer that is
// given to a registration and its repetitions. nil means that it does not end
// the registration.
func wantClass(status int, word string) error {
	switch word {
	case "assigning", "unassigned", "assigned":
		return nil
	case "failed", "Failed":
		return registration.ErrFailed
	case "disabled", "BLACKLISTED":
		return registration.ErrDisabled
	}
	switch {
	case status == 429 || status >= 500 || status == 412:
		return errGaveUp
	case status < 400 && word == "":
		return errGaveUp
	case status < 400:
		return registration.ErrFailed
	case status == 401 || status == 403:
		return registration.ErrUnauthorized
	case status == 404:
		return registration.ErrNotFound
	case status == 409:
		return registration.ErrFailed
	}
	return registration.ErrInvalid
}

// Whatever the service sends, each error of Result matches one error that says
// what to do. This also applies to errors that callers create in their tests.
func TestEmptyErrorsArePrinted(t *testing.T) {
	for want, err := range map[string]error{
		"registration: refused with status 0":               &registration.ServiceError{},
		"registration: idle: <nil>":                         &registration.StepError{},
		"registration: <nil> after 0s without a connection": &registration.GiveUpError{},
	} {
		if got := err.Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestEachErrorSaysWhatToDo(t *testing.T) {
	statuses := []int{100, 199, 200, 201, 204, 299, 301, 399}
	for status := 400; status < 600; status++ {
		statuses = append(statuses, status)
	}
	met := map[error]int{}
	for _, status := range statuses {
		for _, word := range []string{"", "failed", "Failed", "disabled", "BLACKLISTED", "surprise"} {
			for _, code := range []string{"", "400004", "401002", "404201", "404203", "409000", "429001", "500000", `"x"`, "7"} {
				body := strings.Replace(`{"status":"`+word+`","errorCode":`+code+`,"operationId":"4.op"}`, `"errorCode":,`, "", 1)
				g := newRig(t, func(c *registration.Config) { c.Policy.MaxAttempts = 3 })
				for kind, _ := g.next(); kind != ""; kind, _ = g.next() {
					g.answer(status, "", body)
				}
				want := wantClass(status, word)
				if want != errGaveUp && want != registration.ErrDisabled && status >= 400 && (word == "" || word == "surprise") && strings.HasPrefix(code, "404") {
					want = registration.ErrNotFound
				}
				err := g.end()
				if got := class(t, err); got != want {
					t.Errorf("%d %s: %v matches %v, want %v", status, body, err, got, want)
				}
				if errors.Is(err, registration.ErrUnknownStatus) != (word == "surprise" && want != errGaveUp) {
					t.Errorf("%d %s: %v matches ErrUnknownStatus, or not", status, body, err)
				}
				met[want]++
			}
		}
	}
	if len(met) != len(what) { // all but ErrStopped, plus errGaveUp
		t.Errorf("only these occurred: %v", met)
	}
}

func TestErrorsOfQueriesSayWhatToDo(t *testing.T) {
	for status := 400; status < 600; status++ {
		for _, code := range []string{"0", "404203", "401000"} {
			g := newRig(t, func(c *registration.Config) { c.Policy.MaxAttempts = 3 })
			for kind, _ := g.next(); kind != ""; kind, _ = g.next() {
				if kind == "PUT" {
					g.answer(202, "", assigning)
					continue
				}
				g.answer(status, "", `{"message":"m","errorCode":`+code+`}`)
			}
			want := wantClass(status, "")
			if want != errGaveUp && code == "404203" {
				want = registration.ErrNotFound
			}
			if err := g.end(); class(t, err) != want {
				t.Errorf("%d %s: %v, want %v", status, code, err, want)
			}
		}
	}
}

func TestOtherEndsSayWhatToDo(t *testing.T) {
	for name, test := range map[string]struct {
		course func(g *rig)
		want   error
	}{
		"stopped":        {func(g *rig) { g.r.Stop(g.now) }, registration.ErrStopped},
		"dark":           {func(g *rig) { dark(g) }, errGaveUp},
		"time":           {func(g *rig) { g.polling(); g.now = begin.Add(time.Hour); g.r.Advance(g.now) }, errGaveUp},
		"time, with 401": {func(g *rig) { g.polling(); g.answer(401, "", ""); g.now = begin.Add(time.Hour); g.r.Advance(g.now) }, errGaveUp},
		"time, with 412": {func(g *rig) { g.exchange(412, "", ""); g.now = begin.Add(time.Hour); g.r.Advance(g.now) }, errGaveUp},
		"time, with 404": {func(g *rig) { g.polling(); g.answer(404, "", gone); g.now = begin.Add(time.Hour); g.r.Advance(g.now) }, errGaveUp},
		"time, with a word": {func(g *rig) {
			g.exchange(503, "", `{"status":"surprise"}`)
			g.now = begin.Add(time.Hour)
			g.r.Advance(g.now)
		}, errGaveUp},
	} {
		g := newRig(t)
		test.course(g)
		if got := class(t, g.end()); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	_, err := registration.New(registration.Config{})
	if class(t, err) != registration.ErrInvalid || errors.Is(err, registration.ErrRefused) {
		t.Errorf("%v", err)
	}
}

func TestGiveUpErrorWrapsItsReasonAndAFailureOfTheNetwork(t *testing.T) {
	step := &registration.StepError{State: registration.Dialing, Err: fmt.Errorf("%w: %w", registration.ErrDial, io.EOF)}
	for _, test := range []struct {
		last error
		want []error
	}{
		{nil, []error{registration.ErrTimeout}},
		{step, []error{registration.ErrTimeout, step}},
		{&registration.ServiceError{Status: 503}, []error{registration.ErrTimeout}},
		{&registration.ServiceError{Status: 401}, []error{registration.ErrTimeout}},
		{&registration.StepError{State: registration.Connecting, Err: registration.ErrRefused}, []error{registration.ErrTimeout}},
	} {
		e := &registration.GiveUpError{Reason: registration.ErrTimeout, Last: test.last}
		if got := e.Unwrap(); !slices.Equal(got, test.want) {
			t.Errorf("%v wraps %v, want %v", e, got, test.want)
		}
	}
	if !errors.Is(&registration.GiveUpError{Reason: registration.ErrTimeout, Last: step}, io.EOF) {
		t.Error("the cause of a failed dial is lost")
	}
}

// Texts of the service contain no line breaks or control characters when they
// are printed, and are limited.
func TestTextsOfTheServiceAreQuotedInErrorsAndTrace(t *testing.T) {
	odd := `a\r\n\u001b[2J\u009b\u2028\u202e` + "\u0085\u007f"
	long := strings.Repeat(`\u001b`, 50_000)
	for _, text := range []string{odd, long} {
		for status, body := range map[int]string{
			401: `{"errorCode":401002,"message":"L","trackingId":"L","timestampUtc":"L","info":{"a":"L"}}`,
			200: `{"status":"L","operationId":"4","registrationState":{"errorMessage":"L","substatus":"L"}}`,
			429: `{"status":"L","message":"L","trackingId":"L"}`,
			202: `{"status":"L"}`,
			299: `L`,
		} {
			g := newRig(t, func(c *registration.Config) { c.Policy.MaxAttempts = 1 })
			g.message("202/?$rid="+text, "") // a stale answer
			g.exchange(status, strings.NewReplacer("\\", "", "\u0085", "", "\u007f", "").Replace(text), strings.ReplaceAll(body, "L", text))
			lines := []string{g.end().Error()}
			for _, e := range g.events {
				lines = append(lines, e.Note)
				if e.Err != nil {
					lines = append(lines, e.Err.Error())
				}
			}
			for _, line := range lines {
				if i := strings.IndexFunc(line, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u202e' }); i >= 0 {
					t.Errorf("%d: %.100q has a character at %d that is not printable", status, line, i)
				}
				if len(line) > 4*4*1024 {
					t.Errorf("%d: a line of %d bytes", status, len(line))
				}
			}
		}
	}
}
