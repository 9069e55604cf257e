package fsm_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"example.com/dps/fsm"
	"example.com/dps/packet"
	"github.com/google/go-cmp/cmp"
)

// steps plays a registration with a lost connection. Each step leaves its
// output in the machine.
var steps = []func(b *bench){
	(*bench).open,
	func(b *bench) { b.receive(&packet.Connack{}) },
	func(b *bench) { b.receive(&packet.Suback{ID: 1, ReturnCodes: []byte{1}}) },
	func(b *bench) { b.receive(b.own(message("202/?$rid=1&retry-after=100", assigning))) },
	func(b *bench) { b.sleepToDeadline() },
	func(b *bench) { b.receive(&packet.Pingresp{}); b.m.Receive(b.now, []byte{0x30, 100, 0}) },
	func(b *bench) { b.m.Lost(b.now, nil) },
	func(b *bench) { b.sleepToDeadline() },
	(*bench).open,
	func(b *bench) { b.receive(&packet.Connack{}) },
	func(b *bench) { b.receive(&packet.Suback{ID: 1, ReturnCodes: []byte{1}}) },
	func(b *bench) { b.receive(b.own(message("200/?$rid=", fullAnswer))) },
	func(b *bench) { b.m.Lost(b.now, nil) },
}

// own makes a message differ from those for devices whose IDs have other
// lengths.
func (b *bench) own(p *packet.Publish) *packet.Publish {
	p.ID, p.Payload = uint16(len(b.id)), bytes.ReplaceAll(p.Payload, []byte("dev-1"), []byte(b.id))
	return p
}

// takeTurns plays the steps with all benches, a step of each in turn, and
// returns the output and the result of each.
func takeTurns(all ...*bench) []string {
	got := make([]string, len(all))
	for _, step := range steps {
		for _, b := range all {
			step(b)
		}
		for i, b := range all {
			got[i] += fmt.Sprintf("%v %v %v\n%q\n", b.m, b.m.Want(), b.m.Deadline(), b.m.AppendOutput(nil))
		}
	}
	for i, b := range all {
		a, err := b.m.Result()
		text, _ := json.Marshal(a)
		got[i] += fmt.Sprintf("%s %v", text, err)
	}
	return got
}

// Machines that take turns do the same as each of them alone.
func TestTwoMachinesShareNothing(t *testing.T) {
	first := func() *bench { return newBench(t) }
	second := func() *bench {
		return newBench(t, func(c *fsm.Config) { c.RegistrationID, c.Policy.AtMostOnce = "device-2", true })
	}
	alone := append(takeTurns(first()), takeTurns(second())...)
	if diff := cmp.Diff(alone, takeTurns(first(), second())); diff != "" {
		t.Errorf("(-alone +in turn):\n%s", diff)
	}
}

// An error keeps nothing of the received bytes, not even in a field of another
// error. The caller may read the next packet into the same buffer.
func TestErrorsBorrowNothingOfTheirPackets(t *testing.T) {
	malformed := appended(t, message("200/x", ""))
	malformed[4] = 0xff // in the topic name
	for _, in := range [][]byte{
		malformed,
		appended(t, message("401/?$rid=1", `{"errorCode":401002,"trackingId":"t","message":"m","info":{"a":1},"timestampUtc":"2020"}`)),
		appended(t, message("503/?$rid=1", `{"errorCode":503001,"trackingId":"t","message":"m","info":{"a":1},"timestampUtc":"2020"}`)),
		appended(t, message("202/?$rid=1", `{"status":"assigning"}`)),
	} {
		end := func(overwrite bool) (all []error) {
			b := newBench(t, func(c *fsm.Config) {
				c.Policy.MaxAttempts = 1
				c.Trace = func(e fsm.Event) { all = append(all, e.Err, errors.New(e.Note)) }
			})
			b.connect()
			buffer := append([]byte(nil), in...)
			b.m.Receive(b.now, buffer)
			for i := range buffer {
				if overwrite {
					buffer[i] = '#'
				}
			}
			b.m.Lost(b.now, nil)
			_, err := b.m.Result()
			if err == nil || errors.Is(err, fsm.ErrPending) {
				t.Fatalf("%q: %v", in, err)
			}
			return append(all, err)
		}
		everything := cmp.Exporter(func(reflect.Type) bool { return true })
		if diff := cmp.Diff(end(false), end(true), everything); diff != "" {
			t.Errorf("%q (-want +got):\n%s", in, diff)
		}
	}
}
