package fsm_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/fsm/registration"
	"example.com/dps/packet"
	"github.com/google/go-cmp/cmp"
)

// A row of fields shows that a field of Config or Policy has an effect on each
// connection.
type row struct {
	set      func(c *fsm.Config) // sets the field, whose effect is part of a course
	provedBy func(t *testing.T)  // the test of the field, instead of set
	passedOn bool                // only the registration uses the field, and its package tests it
}

var passedOn = row{passedOn: true}

// fields has a row for each field of Config and Policy.
var fields = map[string]row{
	"IDScope": passedOn, "RegistrationID": passedOn, "Payload": passedOn, "CSR": passedOn, "EmptyBody": passedOn,
	"APIVersion": passedOn, "UserAgent": passedOn, "OperationID": passedOn, "RequestIDPrefix": passedOn, "Jitter": passedOn,
	"Attestation": {set: func(c *fsm.Config) { c.Attestation = fsm.X509 }},
	"Limit":       {provedBy: TestTheLimitHoldsOnEveryConnection},
	"Trace":       {set: func(c *fsm.Config) { c.Trace = func(fsm.Event) { tracedEvents++ } }},

	"Policy.Budget": passedOn, "Policy.RetryAfter": passedOn, "Policy.MinRetryAfter": passedOn, "Policy.MaxRetryAfter": passedOn,
	"Policy.StayConnected": passedOn, "Policy.MinBackoff": passedOn, "Policy.MaxBackoff": passedOn, "Policy.MaxThrottled": passedOn,
	"Policy.FleetSize": passedOn, "Policy.MaxAttempts": passedOn, "Policy.NoResume": passedOn,
	"Policy.RequestTimeout": {set: func(c *fsm.Config) { c.Policy.RequestTimeout = 7 * time.Second }},
	"Policy.DialTimeout":    {set: func(c *fsm.Config) { c.Policy.DialTimeout = 8 * time.Second }},
	"Policy.KeepAlive":      {set: func(c *fsm.Config) { c.Policy.KeepAlive = 9 * time.Second }},
	"Policy.AtMostOnce":     {set: func(c *fsm.Config) { c.Policy.AtMostOnce = true }},
	"Policy.Pipeline":       {provedBy: TestPipelineGoesOnAfterALongWait}, // and TestPipelineIsNotTriedAgain
	"Policy.KeepSession":    {set: func(c *fsm.Config) { c.Policy.KeepSession = true }},
}

var tracedEvents int // events of the row for Trace

// course plays a connection up to the assignment. It returns what the machine
// wants, until when, and what it sends, without the parts that count requests.
func course(b *bench) string {
	b.Helper()
	var all strings.Builder
	note := func(step string) {
		b.Helper()
		fmt.Fprintf(&all, "%s: wants %v for %v, sends", step, b.m.Want(), b.m.Deadline().Sub(b.now))
		for _, p := range b.sent() {
			if p, ok := p.(*packet.Publish); ok {
				p.Topic = nil
			}
			fmt.Fprintf(&all, " [%v]", p)
		}
		all.WriteByte('\n')
	}
	tracedEvents = 0
	b.m.Dialing(b.now)
	note("dialing")
	b.open()
	note("open")
	b.receive(&packet.Connack{})
	note("accepted")
	b.receive(&packet.Suback{ID: 1, ReturnCodes: []byte{1}})
	note("subscribed")
	b.receive(message("202/?$rid=&retry-after=100", assigning))
	note("waiting")
	b.sleepToDeadline()
	note("silent")
	for b.m.State() == fsm.Waiting {
		b.receive(&packet.Pingresp{})
		b.sleepToDeadline()
	}
	note("polling")
	b.receive(message("200/?$rid=", assigned))
	note("assigned")
	fmt.Fprintln(&all, tracedEvents, "events")
	return all.String()
}

// However often a device has to connect, each field of Config and Policy has
// the same effect as on the first connection.
func TestEveryConnectionIsLikeTheFirstOne(t *testing.T) {
	base := func(c *fsm.Config) { c.Policy.Budget = -1 }
	histories := maps.Clone(ends)
	histories["a long wait"] = func(b *bench) { b.receive(message("429/?$rid=&retry-after=290", "")) }
	for name, row := range fields {
		if row.set == nil {
			continue
		}
		want := course(newBench(t, base, row.set))
		if cmp.Equal(want, course(newBench(t, base))) {
			t.Errorf("%s has no effect", name)
		}
		for before, end := range histories {
			b := newBench(t, base, row.set)
			for range 3 {
				b.connect()
				end(b)
				b.again()
			}
			if diff := cmp.Diff(want, course(b)); diff != "" {
				t.Errorf("%s after connections with this end: %s (-want +got):\n%s", name, before, diff)
			}
		}
	}
}

func TestEveryFieldHasARow(t *testing.T) {
	var want []string
	for prefix, types := range map[string][2]reflect.Type{
		"":        {reflect.TypeFor[fsm.Config](), reflect.TypeFor[registration.Config]()},
		"Policy.": {reflect.TypeFor[fsm.Policy](), reflect.TypeFor[registration.Policy]()},
	} {
		for _, f := range reflect.VisibleFields(types[0]) {
			if f.Name == "Policy" {
				continue
			}
			want = append(want, prefix+f.Name)
			if _, ok := types[1].FieldByName(f.Name); !ok && fields[prefix+f.Name].passedOn {
				t.Errorf("the registration has no field %s", f.Name)
			}
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(fields))); diff != "" {
		t.Errorf("fields (-of Config and Policy +with a row):\n%s", diff)
	}
}
