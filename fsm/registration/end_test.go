package registration_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/registration"
	"github.com/google/go-cmp/cmp"
)

func TestAbortEndsWithItsCause(t *testing.T) {
	hopeless := errors.New("no such host")
	for cause, want := range map[error]error{hopeless: hopeless, io.EOF: io.EOF, nil: registration.ErrStopped, registration.ErrPending: registration.ErrStopped} {
		for name, course := range courses {
			g := newRig(t)
			course(g)
			linked := g.r.Want() != registration.WantDial
			g.r.Abort(g.now, cause)
			if got := g.r.Want(); linked != (got == registration.WantClose) || !linked && got != registration.WantDone {
				t.Errorf("%s: wants %v", name, got)
			}
			if _, err := g.r.Result(); err != want {
				t.Errorf("%s: result %v, want %v", name, err, want)
			}
			g.r.Abort(g.now, errors.New("later"))
			g.r.Stop(g.now)
			if err := g.end(); err != want {
				t.Errorf("%s: result %v, want %v", name, err, want)
			}
			if e := g.events[len(g.events)-1]; e.Kind != registration.EventEnd || e.Err != want {
				t.Errorf("%s: last event %+v", name, e)
			}
		}
	}
}

// courses lead to every state before the end.
var courses = map[string]func(g *rig){
	"new":         func(g *rig) {},
	"idle":        func(g *rig) { g.r.DialFailed(g.now, nil) },
	"registering": func(g *rig) { g.next() },
	"waiting":     func(g *rig) { g.exchange(202, "3", assigning) },
	"polling":     func(g *rig) { g.polling() },
	"closing":     func(g *rig) { g.polling(); g.sleep() },
	"no link":     func(g *rig) { g.polling(); g.lose() },
}

func TestStopEndsWithErrStopped(t *testing.T) {
	for name, course := range courses {
		g := newRig(t)
		course(g)
		id := g.r.OperationID()
		g.r.Stop(g.now)
		if err := g.end(); err != registration.ErrStopped {
			t.Errorf("%s: result %v", name, err)
		}
		if g.r.OperationID() != id {
			t.Errorf("%s: the operation in progress is forgotten", name)
		}
	}
}

// The result does not change after the end, whatever happens.
func TestTheEndIsTheEnd(t *testing.T) {
	for name, end := range map[string]func(g *rig){
		"assigned": func(g *rig) { g.polling(); g.answer(200, "", assigned) },
		"refused":  func(g *rig) { g.next(); g.answer(401, "", "") },
		"stopped":  func(g *rig) { g.r.Stop(g.now) },
		"gave up":  func(g *rig) { g.polling(); g.now = begin.Add(time.Hour); g.r.Advance(g.now) },
	} {
		g := newRig(t)
		end(g)
		a, err := g.r.Result()
		g.r.Lost(g.now, io.EOF)
		for i := range 4 {
			g.now = g.now.Add(time.Hour)
			g.r.Ready(g.now)
			g.r.DialFailed(g.now, nil)
			g.message(fmt.Sprintf("200/?$rid=%d", i), assigned)
			g.r.Lost(g.now, nil)
			g.r.Advance(g.now)
			g.want(registration.Finished, registration.WantDone)
			again, errAgain := g.r.Result()
			if diff := cmp.Diff(a, again); diff != "" || err != errAgain {
				t.Errorf("%s: result %v, then %v (-first +then):\n%s", name, err, errAgain, diff)
			}
		}
	}
}

// OperationID returns the ID of an operation in progress, for a later run.
func TestOperationIDAfterEachKindOfEnd(t *testing.T) {
	const id = "4.op"
	for name, test := range map[string]struct {
		course func(g *rig)
		want   string
	}{
		"assigned":          {func(g *rig) { g.polling(); g.answer(200, "", assigned) }, ""},
		"failed":            {func(g *rig) { g.polling(); g.answer(200, "", `{"operationId":"4.op","status":"failed"}`) }, ""},
		"disabled":          {func(g *rig) { g.polling(); g.answer(200, "", `{"operationId":"4.op","status":"disabled"}`) }, ""},
		"unknown":           {func(g *rig) { g.polling(); g.answer(200, "", `{"operationId":"4.op","status":"odd"}`) }, ""},
		"register, refused": {func(g *rig) { g.next(); g.answer(400, "", `{"operationId":"4.op","errorCode":400}`) }, ""},
		"register, failed":  {func(g *rig) { g.next(); g.answer(200, "", `{"operationId":"4.op","status":"failed"}`) }, ""},
		"query, 403":        {func(g *rig) { g.polling(); g.answer(403, "", "") }, id},
		"query, 404, twice": {func(g *rig) {
			g.polling()
			g.answer(404, "", "")
			g.exchange(202, "", assigning)
			g.exchange(404, "", gone)
		}, ""},
		"resume, refused":    {func(g *rig) { g.polling(); g.lose(); g.exchange(400, "", ""); g.exchange(400, "", "") }, ""},
		"stopped":            {func(g *rig) { g.polling(); g.r.Stop(g.now) }, id},
		"stopped, no answer": {func(g *rig) { g.next(); g.r.Stop(g.now) }, ""},
		"time":               {func(g *rig) { g.polling(); g.now = begin.Add(time.Hour); g.r.Advance(g.now) }, id},
		"attempts": {func(g *rig) {
			g.polling()
			for g.r.Want() != registration.WantDone {
				g.lose()
				g.next()
			}
		}, id},
	} {
		g := newRig(t)
		test.course(g)
		err := g.end()
		if got := g.r.OperationID(); got != test.want {
			t.Errorf("%s (%v): operation %q, want %q", name, err, got, test.want)
		}
	}
}

func TestAnOperationOfAnEarlierRunIsQueriedFirst(t *testing.T) {
	g := newRig(t, func(c *registration.Config) { c.OperationID = "4.old" })
	if kind, _ := g.exchange(200, "", assigned); kind != "GET 4.old" {
		t.Errorf("%s", kind)
	}
	if a, _ := g.r.Result(); a.OperationID != "4.op" {
		t.Errorf("operation %q", a.OperationID)
	}
	for _, status := range []int{400, 401, 403, 404, 409, 412} {
		g := newRig(t, func(c *registration.Config) { c.OperationID = "4.old" })
		g.exchange(status, "", "")
		if kind, waited := g.exchange(202, "", assigning); kind != "PUT" || waited != time.Second {
			t.Errorf("after %d: %s after %v", status, kind, waited)
		}
	}
}

func TestOperationIDIsTheLastOneThatTheServiceNamed(t *testing.T) {
	g := newRig(t)
	g.polling()
	g.answer(202, "", `{"operationId":"5.n\u0065w","status":"assigning"}`)
	if kind, _ := g.exchange(202, "", `{"status":"assigning"}`); kind != "GET 5.new" { // and need not repeat it
		t.Errorf("%s", kind)
	}
	if kind, _ := g.exchange(200, "", strings.Replace(assigned, `"operationId":"4.op",`, "", 1)); kind != "GET 5.new" {
		t.Errorf("%s", kind)
	}
	if a, err := g.r.Result(); err != nil || a.OperationID != "5.new" {
		t.Errorf("operation %q, %v", a.OperationID, err)
	}
}

func TestResultAndNewShareNoMemoryWithTheCaller(t *testing.T) {
	payload := json.RawMessage(`{"a":1}`)
	g := newRig(t, func(c *registration.Config) { c.Payload = payload })
	copy(payload, `{"b":2}`)
	g.r.Ready(g.now)
	if _, body := g.request(); body != `{"registrationId":"dev-1","payload":{"a":1}}` {
		t.Errorf("sent %s", body)
	}
	g.answer(200, "", `{"status":"assigned","trustBundle":{"t":1},"registrationState":{"assignedHub":"hub.example","deviceId":"dev-1","payload":[1],
		"x509":{"enrollmentGroupId":"g","certificateInfo":{"version":3},"signingCertificateInfo":{"version":4}},
		"symmetricKey":{"enrollmentGroupId":"g"},"issuedCertificateChain":["a","b"]}}`)
	first, _ := g.r.Result()
	want := fmt.Sprintf("%s %s %+v %+v %+v %+v %q", first.Payload, first.TrustBundle, *first.X509.CertificateInfo, *first.X509.SigningCertificateInfo,
		first.X509.EnrollmentGroupID, *first.SymmetricKey, first.IssuedCertificateChain)
	clear(first.Payload)
	clear(first.TrustBundle)
	*first.X509.CertificateInfo, *first.X509.SigningCertificateInfo = registration.CertificateInfo{}, registration.CertificateInfo{}
	*first.X509, *first.SymmetricKey = registration.X509State{}, registration.SymmetricKeyState{}
	clear(first.IssuedCertificateChain)
	second, _ := g.r.Result()
	got := fmt.Sprintf("%s %s %+v %+v %+v %+v %q", second.Payload, second.TrustBundle, *second.X509.CertificateInfo, *second.X509.SigningCertificateInfo,
		second.X509.EnrollmentGroupID, *second.SymmetricKey, second.IssuedCertificateChain)
	if got != want {
		t.Errorf("result %s, want %s", got, want)
	}
}

func TestCSRThatIsIgnoredIsVisible(t *testing.T) {
	for _, test := range []struct {
		csr, chain string
		want       bool
	}{{"AAAA", `["a"]`, false}, {"AAAA", `null`, true}, {"AAAA", `[1]`, true}, {"", `null`, false}} {
		g := newRig(t, func(c *registration.Config) { c.CSR, c.APIVersion = test.csr, "2025-07-01-preview" })
		g.exchange(200, "", strings.Replace(assigned, `"status":"assigned"}`, `"issuedCertificateChain":`+test.chain+`}`, 1))
		if a, err := g.r.Result(); err != nil || a.CSRIgnored != test.want {
			t.Errorf("%+v: ignored %t, %v", test, a.CSRIgnored, err)
		}
	}
}

func TestOneLineForLogs(t *testing.T) {
	g := newRig(t, func(c *registration.Config) { c.Payload = json.RawMessage(`"secret"`) })
	for _, text := range []string{g.r.String(), fmt.Sprintf("%v", g.r), fmt.Sprintf("%+v", g.r), fmt.Sprintf("%#v", g.r)} {
		if text != `registration.Registration("dev-1", idle)` {
			t.Errorf("%s", text)
		}
	}
	if g.r.ClientID() != "dev-1" || g.r.Username() != "0ne00000A1B/registrations/dev-1/api-version=2019-03-31" {
		t.Errorf("%s, %s", g.r.ClientID(), g.r.Username())
	}
}
