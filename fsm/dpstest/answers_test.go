package dpstest_test

import (
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/packet"
	"github.com/google/go-cmp/cmp"
)

// Each fault changes the answer to a registration in its own way, and changes
// nothing else.
func TestFaultsOnTheWire(t *testing.T) {
	text := func(s string) *string { return &s }
	qos := func(q packet.QoS) *packet.QoS { return &q }
	const (
		ack    = `PUBACK id=7`
		answer = `PUBLISH id=1 qos=1 topic="$dps/registrations/res/202/?$rid=r1&retry-after=3" payload=94 bytes`
	)
	res := func(head, rest, size string) string {
		return head + ` topic="$dps/registrations/res/` + rest + `" payload=` + size + ` bytes`
	}
	for name, test := range map[string]spoiled{
		"hang up":           {dpstest.Fault{HangUp: true}, nil, nil, true},
		"late hang up":      {dpstest.Fault{HangUp: true, Delay: 10}, nil, nil, true},
		"hang up after it":  {dpstest.Fault{HangUpAfter: true}, []string{ack, answer}, nil, true},
		"late":              {dpstest.Fault{Delay: 10}, []string{ack}, []string{answer}, false},
		"late, then hung":   {dpstest.Fault{Delay: 10, HangUpAfter: true}, []string{ack}, []string{answer}, true},
		"too late":          {dpstest.Fault{Delay: 10.5}, []string{ack}, nil, false},
		"silence":           {dpstest.Fault{Silence: true}, []string{ack}, nil, false},
		"no PUBACK":         {dpstest.Fault{NoPuback: true}, []string{answer}, nil, false},
		"nothing":           {dpstest.Fault{NoPuback: true, Silence: true}, nil, nil, false},
		"answer first":      {dpstest.Fault{AnswerFirst: true}, []string{answer, ack}, nil, false},
		"late answer first": {dpstest.Fault{AnswerFirst: true, Delay: 10}, nil, []string{answer, ack}, false},
		"first, then hung":  {dpstest.Fault{AnswerFirst: true, HangUpAfter: true}, []string{answer}, nil, true},
		"status":            {dpstest.Fault{Status: 302}, []string{ack, res("PUBLISH id=1 qos=1", "302/?$rid=r1&retry-after=3", "94")}, nil, false},
		"error":             {dpstest.Fault{Status: 500}, []string{ack, res("PUBLISH id=1 qos=1", "500/?$rid=r1", "148")}, nil, false},
		"error with wait":   {dpstest.Fault{Status: 500, RetryAfter: "4"}, []string{ack, res("PUBLISH id=1 qos=1", "500/?$rid=r1&retry-after=4", "148")}, nil, false},
		"body":              {dpstest.Fault{Body: text("")}, []string{ack, res("PUBLISH id=1 qos=1", "202/?$rid=r1&retry-after=3", "0")}, nil, false},
		"retry-after":       {dpstest.Fault{RetryAfter: "77"}, []string{ack, res("PUBLISH id=1 qos=1", "202/?$rid=r1&retry-after=77", "94")}, nil, false},
		"$rid":              {dpstest.Fault{RequestID: text("x")}, []string{ack, res("PUBLISH id=1 qos=1", "202/?$rid=x&retry-after=3", "94")}, nil, false},
		"empty $rid":        {dpstest.Fault{RequestID: text("")}, []string{ack, res("PUBLISH id=1 qos=1", "202/?$rid=&retry-after=3", "94")}, nil, false},
		"reversed":          {dpstest.Fault{Reversed: true}, []string{ack, res("PUBLISH id=1 qos=1", "202/?something=89&retry-after=3&$rid=r1", "94")}, nil, false},
		"repeated":          {dpstest.Fault{Repeat: 1}, []string{ack, answer, strings.Replace(answer, "qos=1", "qos=1 dup", 1)}, nil, false},
		"QoS 0":             {dpstest.Fault{QoS: qos(0)}, []string{ack, res("PUBLISH qos=0", "202/?$rid=r1&retry-after=3", "94")}, nil, false},
		"QoS 2":             {dpstest.Fault{QoS: qos(2)}, []string{ack, res("PUBLISH id=1 qos=2", "202/?$rid=r1&retry-after=3", "94")}, nil, false},
		"raw":               {dpstest.Fault{Raw: "d000"}, []string{ack, "PINGRESP", answer}, nil, false},
		"raw alone, late":   {dpstest.Fault{Raw: "d000", Silence: true, Delay: 10}, []string{ack}, []string{"PINGRESP"}, false},
	} {
		t.Run(name, test.check)
	}
}

// A spoiled describes a registration with a fault, and what is sent for it.
type spoiled struct {
	fault  dpstest.Fault
	now    []string // sent immediately
	later  []string // sent after ten seconds
	hungup bool     // after ten seconds
}

func (s spoiled) check(t *testing.T) {
	s.fault.At, s.fault.Nth = dpstest.OnRegister, 1
	p := newPeer(t, newService(t, device(dpstest.Outcome{}, s.fault)))
	p.say(connect(), subscribe(1))
	bare := func(all []string) (short []string) {
		for _, a := range all {
			a, _, _ = strings.Cut(a, " {")
			short = append(short, strings.TrimRight(a, " "))
		}
		return short
	}
	now := bare(p.say(publish(registerT, 1, 7, "")))
	p.c.Advance(start.Add(10 * time.Second))
	later := bare(p.heard())
	if d := cmp.Diff([][]string{s.now, s.later}, [][]string{now, later}); d != "" || p.c.Hungup() != s.hungup {
		t.Errorf("hung up %t\n%s", p.c.Hungup(), d)
	}
	if s.hungup || s.fault.Delay > 10 {
		return
	}
	p.now = start.Add(10 * time.Second) // the fault does not affect the next one
	if all := bare(p.say(publish(registerT, 0, 0, ""))); len(all) != 1 || !strings.Contains(all[0], "/res/202/?$rid=r1&retry-after=3\"") {
		t.Errorf("the next registration is answered %q", all)
	}
}

// An answer with QoS 2 is released once the client has received it.
func TestReleaseOfAnswers(t *testing.T) {
	qos := packet.QoS2
	o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{}, dpstest.Fault{At: dpstest.OnRegister, QoS: &qos})}})
	p := newPeer(t, o.Service)
	p.expect(p.say(connect(), subscribe(1), publish(registerT, 0, 0, "")), false, "CONNACK", "SUBACK", "PUBLISH id=1 qos=2")
	p.expect(p.say(&packet.Pubrec{ID: 1}), false, "PUBREL id=1")
	p.expect(p.say(&packet.Pubcomp{ID: 1}), false)
	p.now = start.Add(5 * time.Second)
	p.expect(p.say(publish("POST/x/?$rid=2", 0, 0, ""), &packet.Disconnect{}), true, "PUBLISH id=2 qos=1")
	if d := cmp.Diff([]string{"operation at PUBLISH"}, o.named); d != "" {
		t.Error(d)
	}
}

// A stale answer is the previous one on the same connection, with its original
// packet identifier.
func TestStaleOnTheWire(t *testing.T) {
	p := newPeer(t, newService(t, device(dpstest.Outcome{Polls: 9, RetryAfter: "0"}, dpstest.Fault{At: dpstest.OnQuery, Nth: 2, Stale: true}, dpstest.Fault{At: dpstest.OnRegister, Stale: true})))
	p.say(connect(), subscribe(1))
	heads := func(topic string) (all []string) {
		for _, a := range p.say(publish(topic, 0, 0, "")) {
			a, _, _ = strings.Cut(a, `&retry-after`)
			all = append(all, a)
		}
		return all
	}
	got := [][]string{heads("PUT/iotdps-register/?$rid=a"), heads(strings.Replace(queryT("1"), "=1", "=b", 1)), heads(strings.Replace(queryT("1"), "=1", "=c", 1))}
	res := func(id, rid string) string {
		return "PUBLISH id=" + id + ` qos=1 topic="$dps/registrations/res/202/?$rid=` + rid
	}
	if d := cmp.Diff([][]string{{res("1", "a")}, {res("2", "b")}, {res("2", "b"), res("3", "c")}}, got); d != "" {
		t.Error(d)
	}
}
