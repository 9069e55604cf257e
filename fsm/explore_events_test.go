package fsm

import (
	"errors"
	"fmt"
	"time"

	"example.com/dps/packet"
)

// A step is one input to a machine, as the exploration knows it. It may look at the
// machine to find its deadline or the $rid that is open.
type step struct {
	name  string // for a test's report
	label string // for the state diagram
	do    func(w *world)
}

// A world is a machine and its time.
type world struct {
	m   *Machine
	now time.Time
}

func (w *world) receive(p packet.Packet) {
	in, err := p.AppendBinary(nil)
	if err != nil {
		panic(err)
	}
	w.m.Receive(w.now, in)
}

func (w *world) answer(topicRest, body string, qos packet.QoS) {
	p := &packet.Publish{Topic: []byte("$dps/registrations/res/" + topicRest), QoS: qos, Payload: []byte(body)}
	if qos > 0 {
		p.ID = 9
	}
	w.receive(p)
}

// steps are all inputs that make a difference, and some that must not.
func steps() []step {
	all := []step{
		{"Open", "Open", func(w *world) { w.m.Open(w.now, []byte("password")) }},
		{"Open without password", "", func(w *world) { w.m.Open(w.now, nil) }},
		{"Lost", "Lost", func(w *world) { w.m.Lost(w.now, errors.New("gone")) }},
		{"Stop", "Stop", func(w *world) { w.m.Stop(w.now) }},
		{"drain", "", func(w *world) { w.m.AppendOutput(nil) }},
		{"no time", "", func(w *world) { w.m.Advance(w.now) }},
		{"time goes back", "", func(w *world) { w.m.Advance(w.now.Add(-time.Hour)) }},
		{"nearly the deadline", "", func(w *world) { w.advance(w.m.Deadline().Add(-time.Nanosecond)) }},
		{"the deadline", "time", func(w *world) { w.advance(w.m.Deadline()) }},
		{"an hour", "time", func(w *world) { w.advance(w.now.Add(time.Hour)) }},
		{"no bytes", "", func(w *world) { w.m.Receive(w.now, nil) }},
		{"half a packet", "", func(w *world) { w.m.Receive(w.now, []byte{0x30, 100, 0}) }},
		{"rubbish", "violation", func(w *world) { w.m.Receive(w.now, []byte{0xff, 0xff}) }},
	}
	return append(append(all, packetSteps()...), answerSteps()...)
}

func (w *world) advance(to time.Time) {
	if to.After(w.now) {
		w.now = to
	}
	w.m.Advance(w.now)
}

// packetSteps are whole packets of each kind, also those that never should come.
func packetSteps() (all []step) {
	add := func(label string, p packet.Packet) {
		all = append(all, step{p.String(), label, func(w *world) { w.receive(p) }})
	}
	add("CONNACK 0", &packet.Connack{})
	add("CONNACK 0", &packet.Connack{SessionPresent: true})
	for code := packet.UnacceptableProtocolVersion; code <= packet.NotAuthorized; code++ {
		label := "CONNACK 2, 4, 5"
		if code == packet.UnacceptableProtocolVersion || code == packet.ServerUnavailable {
			label = "CONNACK 1, 3"
		}
		add(label, &packet.Connack{ReturnCode: code})
	}
	add("SUBACK", &packet.Suback{ID: 1, ReturnCodes: []byte{1}})
	add("SUBACK", &packet.Suback{ID: 1, ReturnCodes: []byte{2}})
	add("SUBACK 0x80", &packet.Suback{ID: 1, ReturnCodes: []byte{packet.SubackFailure}})
	add("violation", &packet.Suback{ID: 1, ReturnCodes: []byte{1, 1}})
	add("violation", &packet.Suback{ID: 99, ReturnCodes: []byte{1}})
	add("", &packet.Puback{ID: 2})
	add("", &packet.Pubrec{ID: 2})
	add("", &packet.Pubrel{ID: 9})
	add("", &packet.Pubcomp{ID: 2})
	add("", &packet.Pingresp{})
	add("violation", &packet.Unsuback{ID: 1})
	add("violation", &packet.Connect{CleanSession: true})
	add("violation", &packet.Subscribe{ID: 1, Subscriptions: []packet.Subscription{{Filter: []byte("#")}}})
	add("violation", &packet.Unsubscribe{ID: 1, Filters: [][]byte{[]byte("#")}})
	add("violation", &packet.Pingreq{})
	add("violation", &packet.Disconnect{})
	add("", &packet.Publish{Topic: []byte("a/b"), Payload: []byte("x")})
	return all
}

// answerSteps are answers, good, bad and stale, with each kind of $rid.
func answerSteps() (all []step) {
	const state = `"registrationState":{"assignedHub":"hub","deviceId":"dev"}`
	answers := []struct {
		label  string
		status int
		body   string
	}{
		{"assigning", 202, `{"operationId":"4.op","status":"assigning"}`},
		{"assigning", 202, `{"status":"assigning"}`},
		{"assigning", 202, `{"operationId":"4.op","status":"surprise"}`},
		{"assigned", 200, `{"operationId":"4.op","status":"assigned",` + state + `}`},
		{"assigned", 202, `{"status":"Assigned",` + state + `}`},
		{"failed, disabled", 200, `{"operationId":"","status":"disabled"}`},
		{"failed, disabled", 200, `{"operationId":"4.op","status":"surprise"}`},
		{"unreadable", 200, `{"operationId":"4.op","status":"assigned"}`},
		{"unreadable", 202, ``},
		{"429, 5xx", 429, `{"errorCode":429001}`},
		{"429, 5xx", 500, `<html>`},
		{"404", 404, `{"errorCode":404203}`},
		{"412", 412, ``},
		{"400, 401, …", 401, `{"errorCode":401002,"message":"no"}`},
	}
	for i, a := range answers {
		for _, properties := range []string{"", "&retry-after=7200"} {
			all = append(all, step{fmt.Sprintf("%d%s %s", a.status, properties, a.body), a.label, func(w *world) {
				w.answer(fmt.Sprintf("%d/?$rid=%s%s", a.status, w.m.appendRequestID(nil), properties), a.body, packet.QoS1)
			}})
		}
		// What the answer says does not matter to whether it counts: each kind of
		// $rid is tried with some answer.
		rid := []string{"$rid=", "$rid=0", "rid=1", "$rid=99"}[i%4]
		all = append(all, step{fmt.Sprintf("%d with %s %s", a.status, rid, a.body), "", func(w *world) {
			w.answer(fmt.Sprintf("%d/?%s", a.status, rid), a.body, packet.QoS(i%3))
		}})
	}
	return all
}
