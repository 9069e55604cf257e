package fsm_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm"
	"github.com/google/go-cmp/cmp"
)

// These tests are about unusual answers. Those of package registration are
// complete; these check what the user of a machine sees.

// After an answer 429 or 5xx, the request is repeated, whatever the body
// contains.
func TestThrottlingWithAnUnknownStatusIsTriedAgain(t *testing.T) {
	for body, status := range map[string]int{
		`{"status":"Throttled","errorCode":429001}`: 429,
		`{"status":"ServiceUnavailable"}`:           503,
		`{"status":500}`:                            500,
	} {
		b := newBench(t)
		b.connect()
		b.answer(status, "1", "", body)
		b.want(fsm.Waiting, fsm.WantExchange)
		b.sleepToDeadline()
		b.answer(200, "2", "", assigned)
		b.ends(nil)
	}
}

// registrations plays, for a day, a service that gives the same answer to each
// registration and the same answer to each query, or closes the link if the
// status is
// 0. It returns the number of registrations that were sent.
func registrations(b *bench, query int) (sent int) {
	b.connect()
	for rid := 1; b.m.Want() != fsm.WantDone && b.now.Sub(start) < 24*time.Hour; {
		switch b.m.State() {
		case fsm.Registering:
			sent++
			b.answer(202, fmt.Sprint(rid), "", assigning)
			if rid++; query == 0 {
				b.m.Lost(b.now, io.EOF)
			}
		case fsm.Polling:
			b.answer(max(query, 404), fmt.Sprint(rid), "", "")
			rid++
		case fsm.Closing:
			b.m.Lost(b.now, nil)
		case fsm.Idle:
			b.sleep(max(0, b.m.Deadline().Sub(b.now)))
			b.connect()
		default:
			b.sleepToDeadline()
		}
		b.sent()
	}
	return sent
}

// Registrations are billed: starting over is a failure that is counted
// permanently.
func TestStartingOverIsBounded(t *testing.T) {
	for name, query := range map[string]int{"412 on the query": 412, "lost after the 202, and 404": 0} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, func(c *fsm.Config) { c.Policy.Budget, c.Policy.KeepAlive = -1, -1 })
			if n := registrations(b, query); n > 10 {
				t.Errorf("%d registrations, want at most MaxAttempts", n)
			}
			b.ends(fsm.ErrAttempts)
		})
	}
}

func TestStartingOverWaitsLongerEachTime(t *testing.T) {
	b := newBench(t, endless)
	b.polling()
	last := time.Duration(0)
	for rid := 2; rid < 12; rid += 2 {
		b.answer(412, fmt.Sprint(rid), "", "")
		d := b.sleepToDeadline()
		if d <= last {
			t.Errorf("starts over after %v, the time before after %v", d, last)
		}
		last = d
		b.answer(202, fmt.Sprint(rid+1), "", assigning)
		b.sleepToDeadline()
	}
}

// The last failure of a registration is reported unless there was progress
// after it.
func TestAFailureOvercomeIsNotTheLastOne(t *testing.T) {
	b := newBench(t, func(c *fsm.Config) { c.Policy.Budget = time.Minute })
	b.m.DialFailed(b.now, errors.New("no route"))
	b.sleepToDeadline()
	b.connect()
	for rid := 1; b.m.Want() == fsm.WantExchange; rid++ {
		b.answer(202, fmt.Sprint(rid), "&retry-after=5", assigning)
		if b.m.Want() == fsm.WantExchange {
			b.sleepToDeadline()
		}
	}
	err := b.ends(fsm.ErrTimeout)
	if errors.Is(err, fsm.ErrDial) || strings.Contains(err.Error(), "no route") {
		t.Errorf("%v", err)
	}
}

// OperationID returns only an operation in progress, for a later run.
func TestOperationIDIsThatOfWhatIsUnderWay(t *testing.T) {
	for status, want := range map[string]string{"assigning": "4.op", "failed": "", "disabled": "", "surprise": ""} {
		b := newBench(t)
		b.polling()
		b.answer(200, "2", "", fmt.Sprintf(`{"operationId":"4.op","status":%q}`, status))
		b.m.Stop(b.now)
		b.m.Lost(b.now, nil)
		if got := b.m.OperationID(); got != want {
			t.Errorf("%s: operation %q, want %q", status, got, want)
		}
	}
	b := newBench(t)
	b.polling()
	b.answer(404, "2", "", "")
	if got := b.m.OperationID(); got != "" {
		t.Errorf("operation %q, which the service does not know", got)
	}
}

// A certificate chain of the wrong type counts as absent, wherever it is.
func TestAWrongTypeIsAbsent(t *testing.T) {
	const hub = `"assignedHub":"hub.example","deviceId":"dev-1"`
	for chain, want := range map[string][]string{
		`"oops"`: nil, `{}`: nil, `[1]`: nil, `["a",null,"b"]`: nil, `null`: nil, `[]`: nil, `["a","b"]`: {"a", "b"},
	} {
		for _, state := range []string{`{"issuedCertificateChain":` + chain + `,` + hub + `}`, `{` + hub + `,"issuedCertificateChain":` + chain + `}`} {
			b := newBench(t)
			b.connect()
			b.answer(200, "1", "", `{"status":"assigned","registrationState":`+state+`}`)
			b.ends(nil)
			a, _ := b.m.Result()
			if diff := cmp.Diff(want, a.IssuedCertificateChain); diff != "" {
				t.Errorf("%s (-want +got):\n%s", state, diff)
			}
		}
	}
}

// Keys and values may be written in any way that encoding/json accepts.
func TestAnswersAreReadAsEncodingJSONDoes(t *testing.T) {
	for _, body := range []string{
		`{"operationId":"4.op","status":"assign\u0065d","registrationState":{"assignedHub":"hub.example","deviceId":"dev-1"}}`,
		`{"st\u0061tus":"assigned","registrationState":{"assignedHub":"hub.ex\u0061mple","deviceId":"dev-1"}}`,
		`{"STATUS":"assigned","RegistrationState":{"ASSIGNEDHUB":"hub.example","deviceid":"dev-1"}}`,
		`{"status":"failed","status":"assigned","registrationState":{"assignedHub":"h","assignedHub":"hub.example","deviceId":"dev-1"}}`,
	} {
		b := newBench(t)
		b.connect()
		b.answer(200, "1", "", body)
		b.ends(nil)
	}
}

// Texts of the service can neither add lines to a log nor fill it.
func TestTextsOfTheServiceAreQuotedAndBounded(t *testing.T) {
	evil := "a\r\nb\x1b[2J" + strings.Repeat("x", 5000)
	quoted, _ := json.Marshal(evil)
	error_ := fmt.Sprintf(`{"errorCode":401002,"message":%s,"trackingId":%s,"timestampUtc":%s}`, quoted, quoted, quoted)
	ended := fmt.Sprintf(`{"status":%s,"registrationState":{"errorMessage":%s,"substatus":%s}}`, quoted, quoted, quoted)
	for body, status := range map[string]int{error_: 401, ended: 200} {
		var lines []string
		b := newBench(t, func(c *fsm.Config) {
			c.Trace = func(e fsm.Event) { lines = append(lines, e.Note, fmt.Sprint(e.Err)) }
		})
		b.connect()
		b.answer(202, "1", "&retry-after=a%0D%0Ab", assigning)
		b.sleepToDeadline()
		b.answer(429, "2", "", error_)
		b.sleepToDeadline()
		b.answer(status, "3", "", body)
		if b.m.Want() == fsm.WantClose && b.m.State() == fsm.Closing {
			b.m.Lost(b.now, nil)
		}
		if b.m.Want() == fsm.WantDial { // a fresh password
			b.connect()
			b.answer(status, "4", "", body)
			b.m.Lost(b.now, nil)
		}
		lines = append(lines, b.refusal().Error())
		for _, line := range lines {
			if strings.ContainsAny(line, "\r\n\x1b") || len(line) > 4096 {
				t.Errorf("%d bytes: %q", len(line), line)
			}
		}
		if e := b.refusal(); len(e.Message) > 1024 || len(e.TrackingID) > 1024 || len(e.Timestamp) > 1024 ||
			len(e.RegistrationStatus) > 1024 || len(e.Substatus) > 1024 || !strings.HasPrefix(e.Message, "a\r\n") {
			t.Errorf("%+v", e)
		}
	}
}

// The caller and the machine share no memory.
func TestNothingIsSharedWithTheCaller(t *testing.T) {
	payload := json.RawMessage(`{"a":1}`)
	b := newBench(t, func(c *fsm.Config) { c.Payload = payload })
	copy(payload, `{"b":2}`)
	b.connect()
	if out := b.m.AppendOutput(nil); !bytes.Contains(out, []byte(`"payload":{"a":1}`)) {
		t.Errorf("sent %q", out)
	}
	b.answer(200, "1", "", fullAnswer)
	b.m.Lost(b.now, nil)
	want, _ := b.m.Result()
	got, _ := b.m.Result()
	if len(got.Payload) == 0 || got.X509 == nil || got.SymmetricKey == nil || len(got.IssuedCertificateChain) == 0 || len(got.TrustBundle) == 0 {
		t.Fatalf("%+v", got)
	}
	got.Payload[0], got.TrustBundle[0], got.IssuedCertificateChain[0] = 'x', 'x', "x"
	got.X509.EnrollmentGroupID, got.X509.CertificateInfo.Version, got.X509.SigningCertificateInfo.SubjectName = "x", 9, "x"
	got.SymmetricKey.EnrollmentGroupID = "x"
	again, _ := b.m.Result()
	if diff := cmp.Diff(want, again); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The result reports that a certificate chain was requested but none was
// returned.
func TestAnIgnoredCSRShows(t *testing.T) {
	for body, want := range map[string]bool{assigned: true, fullAnswer: false} {
		b := newBench(t, func(c *fsm.Config) { c.APIVersion, c.CSR = csrVersion, "AAAA" })
		b.connect()
		b.answer(200, "1", "", body)
		if a, err := b.m.Result(); err != nil || a.CSRIgnored != want {
			t.Errorf("CSRIgnored is %t, want %t; %v", a.CSRIgnored, want, err)
		}
	}
}

// The service checks the token with each request, and it may have expired: the
// machine tries one connection with a fresh token.
func TestAnExpiredTokenIsWorthOneReconnect(t *testing.T) {
	b := newBench(t)
	b.polling()
	b.answer(401, "2", "", `{"errorCode":401000}`)
	b.want(fsm.Closing, fsm.WantClose)
	b.expect("PUBACK", "DISCONNECT")
	b.m.Lost(b.now, nil)
	b.want(fsm.Idle, fsm.WantDial)
	b.connect()
	b.want(fsm.Polling, fsm.WantExchange)
	b.answer(401, "3", "", `{"errorCode":401000}`)
	err := b.ends(fsm.ErrUnauthorized)
	if e := b.refusal(); e.State != fsm.Polling {
		t.Errorf("%v", err)
	}
}
