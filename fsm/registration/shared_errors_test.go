package registration_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"example.com/dps/fsm/registration"
	"github.com/google/go-cmp/cmp"
)

// refusals contains answers that lead to errors. Together, their ServiceErrors
// have a value in every field.
var refusals = map[string]string{
	"400": `{"operationId":"4.op","status":"failed","trackingId":"t","message":"m","info":{"a":1},"timestampUtc":"2020",
		"registrationState":{"substatus":"sub","errorCode":400207}}`,
	"401": `{"errorCode":401002,"trackingId":"t","message":"m","info":{"a":1},"timestampUtc":"2020"}`,
	"403": `{"errorCode":403,"registrationState":{"errorMessage":"m","lastUpdatedDateTimeUtc":"2023"}}`,
	"200": `{"operationId":"4.op","status":"odd","message":"m"}`,
	"429": `{"errorCode":429001,"trackingId":"t","message":"m","info":{"a":1},"timestampUtc":"2020"}`,
	"503": `{"errorCode":503001,"trackingId":"t","message":"m","info":{"a":1},"timestampUtc":"2020"}`,
	"202": `{"status":"assigning"}`, // without an operation
	"204": `{"status":1}`,
}

// An error keeps nothing of the answer, not even in a field of another error.
// The caller may read the next packet into the same buffer.
func TestErrorsBorrowNothingOfTheirAnswer(t *testing.T) {
	everything := cmp.Exporter(func(reflect.Type) bool { return true })
	full := map[string]bool{}
	for status, answer := range refusals {
		for _, timeout := range []bool{false, true} { // whether the error comes later, from what is kept of the answer
			want, got := failures(t, status, answer, timeout, false), failures(t, status, answer, timeout, true)
			if diff := cmp.Diff(want, got, everything); diff != "" {
				t.Errorf("%s %s (-want +got):\n%s", status, answer, diff)
			}
			var e *registration.ServiceError
			if errors.As(want[0], &e) {
				for i := range reflect.TypeOf(*e).NumField() {
					full[reflect.TypeOf(*e).Field(i).Name] = full[reflect.TypeOf(*e).Field(i).Name] || !reflect.ValueOf(*e).Field(i).IsZero()
				}
			}
		}
	}
	for name, isSet := range full {
		if !isSet {
			t.Errorf("no answer sets %s", name)
		}
	}
	if len(full) == 0 {
		t.Error("no answer is a refusal")
	}
}

// failures plays a registration that ends with one answer, or when the budget
// is used up. It returns the error of Result and those of all events. If
// overwrite is set, the answer is overwritten after the call to which it was
// passed.
func failures(t *testing.T, status, answer string, timeout, overwrite bool) (all []error) {
	all = []error{nil}
	g := newRig(t, func(c *registration.Config) {
		if c.Policy.MaxAttempts = 1; timeout {
			c.Policy.MaxAttempts = -1
		}
		c.Trace = func(e registration.Event) { all = append(all, e.Err, errors.New(e.Note)) }
	})
	g.next()
	name, payload := []byte("$dps/registrations/res/"+status+"/?$rid=1&retry-after=1x"), []byte(answer)
	if !g.r.Message(g.now, name, payload) {
		t.Fatalf("%s is ignored", answer)
	}
	for _, b := range [][]byte{name, payload} {
		for i := range b {
			if overwrite {
				b[i] = '#'
			}
		}
	}
	if g.r.Lost(g.now, nil); timeout && g.r.Want() == registration.WantDial {
		g.now = g.r.End()
		g.r.Advance(g.now)
	}
	if all[0] = g.end(); all[0] == nil {
		t.Fatalf("%s %s: no error", status, answer)
	}
	return all
}

// Registrations that take turns do the same as each of them alone.
func TestTwoRegistrationsShareNothing(t *testing.T) {
	first := func() *rig { return newRig(t) }
	second := func() *rig {
		return newRig(t, func(c *registration.Config) {
			c.RegistrationID, c.Payload, c.RequestIDPrefix = "device-2", json.RawMessage(`[1]`), "p"
		})
	}
	for _, end := range []string{"200", "401", "503"} {
		body := refusals[end]
		if end == "200" {
			body = assigned
		}
		alone := append(takeTurns(end, body, first()), takeTurns(end, body, second())...)
		if diff := cmp.Diff(alone, takeTurns(end, body, first(), second())); diff != "" {
			t.Errorf("%s (-alone +in turn):\n%s", end, diff)
		}
	}
}

// takeTurns plays a registration with each rig, a step of each in turn. It
// returns what can be seen of each.
func takeTurns(status, body string, all ...*rig) []string {
	got := make([]string, len(all))
	for _, step := range []func(g *rig){
		func(g *rig) { g.r.Ready(g.now) },
		func(g *rig) {
			g.message("202/?$rid=&retry-after=9", strings.Replace(assigning, "4.op", g.r.ClientID(), 1))
		},
		func(g *rig) { g.r.Lost(g.now, nil) },
		func(g *rig) { g.sleep() },
		func(g *rig) { g.r.Ready(g.now) },
		func(g *rig) { g.message("202/?$rid=&retry-after=9", `{"status":"assigning"}`) }, // of the same operation
		func(g *rig) { g.sleep() },
		func(g *rig) { g.message("503/?$rid=", strings.Replace(body, `"m"`, strconv.Quote(g.r.ClientID()), 1)) },
		func(g *rig) { g.sleep() },
		func(g *rig) { g.message(status+"/?$rid=", strings.Replace(body, "dev-1", g.r.ClientID(), 1)) },
		func(g *rig) { g.r.Stop(g.now) },
		func(g *rig) { g.r.Lost(g.now, nil) },
	} {
		for _, g := range all {
			step(g)
		}
		for i, g := range all {
			name, payload, _ := g.r.AppendRequest(nil, nil)
			got[i] += fmt.Sprintf("%v %v %v %q %s\n", g.r, g.r.Want(), g.r.Deadline(), name, payload)
		}
	}
	for i, g := range all {
		a, err := g.r.Result()
		text, _ := json.Marshal(a)
		got[i] += fmt.Sprintf("%s %v %+v", text, err, g.events)
	}
	return got
}
