package fsm

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"

	"example.com/dps/fsm/internal/explore"
	"example.com/dps/packet"
)

// A step is one input to a machine in the exploration. It may read the deadline
// and the open $rid of the machine.
type step = explore.Step[*world]

// A world is a machine and its time.
type world struct {
	m   *Machine
	now time.Time
}

func (w *world) clone() *world {
	m, r := *w.m, *w.m.reg
	m.reg, m.out = &r, slices.Clone(m.out)
	m.in = packet.Splitter{Limit: m.in.Limit}
	m.in.Feed(w.m.in.AppendRest(nil))
	return &world{&m, w.now}
}

func (w *world) advance(to time.Time) {
	if to.After(w.now) {
		w.now = to
	}
	w.m.Advance(w.now)
}

// requestID returns the $rid of the open request.
func (w *world) requestID() string {
	return strconv.FormatUint(reflect.ValueOf(w.m.reg).Elem().FieldByName("requests").Uint(), 10)
}

func appended(p packet.Packet) []byte {
	b, err := p.AppendBinary(nil)
	if err != nil {
		panic(err)
	}
	return b
}

// steps returns all inputs that have different effects, and some that must have
// none.
func steps() (all []step) {
	add := func(name, label string, do func(*world)) { all = append(all, step{Name: name, Label: label, Do: do}) }
	add("Open", "Open", func(w *world) { w.m.Open(w.now, []byte("password")) })
	add("Open without password", "bad password", func(w *world) { w.m.Open(w.now, nil) })
	add("Open with too long a password", "bad password", func(w *world) { w.m.Open(w.now, longPassword) })
	add("Dialing", "Dialing", func(w *world) { w.m.Dialing(w.now) })
	add("DialFailed", "DialFailed", func(w *world) { w.m.DialFailed(w.now, errors.New("refused")) })
	add("Lost", "Lost", func(w *world) { w.m.Lost(w.now, errors.New("gone")) })
	add("Stop", "Stop", func(w *world) { w.m.Stop(w.now) })
	add("Abort", "Stop", func(w *world) { w.m.Abort(w.now, errors.New("hopeless")) })
	add("drain", "", func(w *world) { w.m.AppendOutput(nil) })
	add("no time", "", func(w *world) { w.m.Advance(w.now) })
	add("time goes back", "", func(w *world) { w.m.Advance(w.now.Add(-time.Hour)) })
	add("nearly the deadline", "", func(w *world) { w.advance(w.m.Deadline().Add(-time.Nanosecond)) })
	add("the deadline", "time", func(w *world) { w.advance(w.m.Deadline()) })
	add("an hour", "time", func(w *world) { w.advance(w.now.Add(time.Hour)) })
	add("no bytes", "", func(w *world) { w.m.Receive(w.now, nil) })
	add("half a packet", "", func(w *world) { w.m.Receive(w.now, []byte{0x30, 100, 0}) })
	add("rubbish", "violation", func(w *world) { w.m.Receive(w.now, []byte{0xff, 0xff}) })
	return slices.Concat(all, packetSteps(), answerSteps())
}

var longPassword = make([]byte, 65536)

// packetSteps returns whole packets of each kind, including those that a server
// must not send.
func packetSteps() (all []step) {
	add := func(label string, p packet.Packet) {
		in := appended(p)
		all = append(all, step{Name: p.String(), Label: label, Do: func(w *world) { w.m.Receive(w.now, slices.Clone(in)) }})
	}
	add("CONNACK 0", &packet.Connack{})
	add("CONNACK 0", &packet.Connack{SessionPresent: true})
	for code := packet.UnacceptableProtocolVersion; code <= packet.NotAuthorized; code++ {
		add("CONNACK 1…5", &packet.Connack{ReturnCode: code})
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

// answerSteps returns good, bad and stale answers, one for each kind of
// outcome. The exploration of package registration covers their effects in
// detail.
func answerSteps() (all []step) {
	const state = `"registrationState":{"assignedHub":"hub","deviceId":"dev"}`
	answers := []struct {
		label, topic, body string
	}{
		{"answer", "202/?$rid=", `{"operationId":"4.op","status":"assigning"}`},
		{"answer", "202/?retry-after=7200&$rid=", `{"operationId":"4.op","status":"assigning"}`},
		{"assigned", "200/?$rid=", `{"operationId":"4.op","status":"assigned",` + state + `}`},
		{"refused", "200/?$rid=", `{"operationId":"4.op","status":"disabled"}`},
		{"answer", "200/?$rid=", `{"operationId":"4.op","status":"assigned"}`},
		{"answer", "429/?$rid=", `{"errorCode":429001}`},
		{"answer", "429/?retry-after=7200&$rid=", ``},
		{"answer", "500/?$rid=", `<html>`},
		{"401", "401/?$rid=", `{"errorCode":401002,"message":"no"}`},
		{"answer", "404/?$rid=", `{"errorCode":404203}`},
		{"answer", "412/?retry-after=7200&$rid=", ``},
	}
	for i, a := range answers {
		add := func(label, rid string, qos packet.QoS) {
			all = append(all, step{Name: fmt.Sprintf("%s%s %v %s", a.topic, rid, qos, a.body), Label: label, Do: func(w *world) {
				p := &packet.Publish{QoS: qos, Payload: []byte(a.body)}
				if p.Topic = []byte("$dps/registrations/res/" + a.topic + rid); label != "" {
					p.Topic = append(p.Topic, w.requestID()...)
				}
				if qos > 0 {
					p.ID = 9
				}
				w.m.Receive(w.now, appended(p))
			}})
		}
		add(a.label, "", packet.QoS(i%3))
		add("", []string{"", "0", "99"}[i%3], packet.QoS1)
	}
	return all
}
