package registration_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/registration"
	"example.com/dps/topic"
)

// begin is the time at which tests begin.
var begin = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

const (
	assigning = `{"operationId":"4.op","status":"assigning"}`
	assigned  = `{"operationId":"4.op","status":"assigned","registrationState":{"registrationId":"dev-1","assignedHub":"hub.example","deviceId":"dev-1","status":"assigned"}}`
	throttled = `{"errorCode":429001,"trackingId":"","message":"Operations are being throttled for this tenant."}`
	gone      = `{"errorCode":404203,"trackingId":"t","message":"Operation not found."}`
)

// A rig drives a Registration step by step in virtual time, and plays the
// service. It overwrites all data that it has passed or received as soon as
// this is allowed.
type rig struct {
	*testing.T
	r      *registration.Registration
	now    time.Time
	rid    string // $rid of the last request
	puts   int    // registrations sent
	gets   int    // queries sent
	events []registration.Event
}

func newRig(t *testing.T, change ...func(*registration.Config)) *rig {
	t.Helper()
	g := &rig{T: t, now: begin}
	cfg := registration.Config{IDScope: "0ne00000A1B", RegistrationID: "dev-1"}
	cfg.Trace = func(e registration.Event) { g.events = append(g.events, e) }
	for _, f := range change {
		f(&cfg)
	}
	r, err := registration.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	g.r = r
	return g
}

// endless removes the limits.
func endless(c *registration.Config) { c.Policy.Budget, c.Policy.MaxAttempts = -1, -1 }

func (g *rig) want(state registration.State, want registration.Want) {
	g.Helper()
	if g.r.State() != state || g.r.Want() != want {
		_, err := g.r.Result()
		g.Fatalf("in state %v wanting %v, want %v and %v; result %v", g.r.State(), g.r.Want(), state, want, err)
	}
}

// sleep advances the time to the deadline and returns the difference.
func (g *rig) sleep() time.Duration {
	g.Helper()
	at := g.r.Deadline()
	d := max(at.Sub(g.now), 0)
	g.now = g.now.Add(d)
	g.r.Advance(g.now)
	return d
}

// wait returns the time until the next attempt. It closes a link immediately if
// the registration wants that.
func (g *rig) wait() time.Duration {
	if g.r.Want() == registration.WantClose {
		g.r.Lost(g.now, nil)
	}
	return g.r.Deadline().Sub(g.now)
}

// request takes the next request. It returns "PUT", "GET " with the operation
// ID, or "" if there is no request, and the payload.
func (g *rig) request() (kind, payload string) {
	g.Helper()
	name, body, ok := g.r.AppendRequest([]byte("dirty"), []byte("prefix"))
	if !ok {
		if string(name) != "dirty" || string(body) != "prefix" {
			g.Fatalf("without a request %q and %q were appended", name, body)
		}
		return "", ""
	}
	name, isName := bytes.CutPrefix(name, []byte("dirty"))
	body, isBody := bytes.CutPrefix(body, []byte("prefix"))
	q, err := topic.ParseRequest(name)
	if err != nil || !isName || !isBody {
		g.Fatalf("request %q %q: %v", name, body, err)
	}
	if kind, payload, g.rid = "PUT", string(body), string(q.RequestID); q.Op == topic.QueryStatus {
		kind = "GET " + string(q.OperationID)
		g.gets++
	} else {
		g.puts++
	}
	clear(name)
	clear(body)
	if again, _ := g.request(); again != "" {
		g.Fatalf("%s comes twice", kind)
	}
	return kind, payload
}

// message passes a message to the registration. rest is the part of its topic
// after "res/".
func (g *rig) message(rest, body string) bool {
	name, payload := []byte("$dps/registrations/res/"+rest), []byte(body)
	is := g.r.Message(g.now, name, payload)
	for _, b := range [][]byte{name, payload} {
		for i := range b {
			b[i] = '#'
		}
	}
	return is
}

// answer answers the last request that was taken. after is a retry-after or "".
func (g *rig) answer(status int, after, body string) {
	g.Helper()
	if after != "" {
		after = "&retry-after=" + after
	}
	if !g.message(fmt.Sprintf("%d/?$rid=%s%s", status, g.rid, after), body) {
		g.Fatalf("the answer %d %s to request %s is ignored in state %v", status, body, g.rid, g.r.State())
	}
}

// exchange waits until a request is due, with a new link if one is wanted,
// takes the request and answers it. It returns the kind of the request and the
// time that it waited.
func (g *rig) exchange(status int, after, body string) (kind string, waited time.Duration) {
	g.Helper()
	kind, waited = g.next()
	g.answer(status, after, body)
	return kind, waited
}

// next waits until a request is due, with a new link if one is wanted, and
// takes the request. kind is "" at the end.
func (g *rig) next() (kind string, waited time.Duration) {
	g.Helper()
	from := g.now
	for range 10 {
		switch g.r.Want() {
		case registration.WantClose:
			g.r.Lost(g.now, nil)
		case registration.WantDial:
			g.sleep()
			if g.r.Want() == registration.WantDial {
				g.r.Ready(g.now)
			}
		case registration.WantDone:
			return "", g.now.Sub(from)
		default:
			if kind, _ = g.request(); kind != "" {
				return kind, g.now.Sub(from)
			}
			g.sleep()
		}
	}
	g.Fatalf("no request is due; state %v", g.r.State())
	return "", 0
}

// polling plays a normal registration until the first query has been taken.
func (g *rig) polling() {
	g.Helper()
	g.exchange(202, "3", assigning)
	if kind, _ := g.next(); kind != "GET 4.op" {
		g.Fatalf("%s, want a query", kind)
	}
}

// lose reports that the link is lost.
func (g *rig) lose() { g.r.Lost(g.now, io.ErrUnexpectedEOF) }

// end plays the end of the registration and returns the error of Result.
func (g *rig) end() error {
	g.Helper()
	if g.r.Want() == registration.WantClose {
		g.r.Lost(g.now, nil)
	}
	g.want(registration.Finished, registration.WantDone)
	a, err := g.r.Result()
	if err == nil && (a.AssignedHub != "hub.example" || a.DeviceID != "dev-1") {
		g.Fatalf("result %+v without error", a)
	}
	return err
}

// gaveUp plays the end of the registration and returns its GiveUpError.
func (g *rig) gaveUp(reason error) *registration.GiveUpError {
	g.Helper()
	var e *registration.GiveUpError
	if err := g.end(); !errors.As(err, &e) || !errors.Is(err, reason) || e.Reason != reason {
		g.Fatalf("result %v, want a GiveUpError because of %v", err, reason)
	}
	return e
}

// refusal plays the end of the registration and returns its ServiceError.
func (g *rig) refusal() *registration.ServiceError {
	g.Helper()
	var e *registration.ServiceError
	if err := g.end(); !errors.As(err, &e) {
		g.Fatalf("result %v, want a ServiceError", err)
	}
	return e
}

// kinds returns the kinds of the events so far and removes the events.
func (g *rig) kinds() string {
	var all []string
	for _, e := range g.events {
		all = append(all, e.Kind.String())
	}
	g.events = nil
	return strings.Join(all, " ")
}
