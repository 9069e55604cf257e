package registration

import (
	"errors"
	"fmt"
	"time"

	"example.com/dps/fsm/internal/explore"
)

// A world is a registration and its time.
type world struct {
	r   *Registration
	now time.Time
}

func (w *world) clone() *world {
	r := *w.r
	return &world{&r, w.now}
}

// A step is one input in the exploration. It may read the deadline and the open
// $rid of the registration.
type step = explore.Step[*world]

// steps returns all inputs that have different effects, and some that must have
// none.
func steps() (all []step) {
	add := func(name, label string, do func(*world)) { all = append(all, step{Name: name, Label: label, Do: do}) }
	add("Ready", "Ready", func(w *world) { w.r.Ready(w.now) })
	add("DialFailed", "DialFailed", func(w *world) { w.r.DialFailed(w.now, errors.New("refused")) })
	add("Lost", "Lost", func(w *world) { w.r.Lost(w.now, errors.New("gone")) })
	add("Stop", "Stop", func(w *world) { w.r.Stop(w.now) })
	add("Abort", "Stop", func(w *world) { w.r.Abort(w.now, errors.New("hopeless")) })
	add("take the request", "", func(w *world) { w.r.AppendRequest(nil, nil) })
	add("no time", "", func(w *world) { w.r.Advance(w.now) })
	add("time goes back", "", func(w *world) { w.r.Advance(w.now.Add(-time.Hour)) })
	add("nearly the deadline", "", func(w *world) { w.advance(w.r.Deadline().Add(-time.Nanosecond)) })
	add("the deadline", "time", func(w *world) { w.advance(w.r.Deadline()) })
	add("an hour", "time", func(w *world) { w.advance(w.now.Add(time.Hour)) })
	add("foreign topic", "", func(w *world) { w.r.Message(w.now, []byte("a/b"), []byte("x")) })
	add("no topic", "", func(w *world) { w.r.Message(w.now, nil, nil) })
	return append(all, answerSteps()...)
}

func (w *world) advance(to time.Time) {
	if to.After(w.now) {
		w.now = to
	}
	w.r.Advance(w.now)
}

// answerSteps returns good, bad and stale answers, with each kind of $rid.
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
		{"refused", 200, `{"operationId":"","status":"disabled"}`},
		{"refused", 200, `{"operationId":"4.op","status":"surprise"}`},
		{"refused", 400, `{"errorCode":400004}`},
		{"unreadable", 200, `{"operationId":"4.op","status":"assigned"}`},
		{"unreadable", 202, ``},
		{"429, 5xx", 429, `{"errorCode":429001,"status":"Throttled"}`},
		{"429, 5xx", 500, `<html>`},
		{"401", 401, `{"errorCode":401002,"message":"no"}`},
		{"404", 404, `{"errorCode":404203}`},
		{"412", 412, ``},
	}
	add := func(label, topicRest, body string, rid bool) {
		name := topicRest + " " + body
		all = append(all, step{Name: name, Label: label, Do: func(w *world) {
			topic := []byte("$dps/registrations/res/" + topicRest)
			if rid {
				topic = w.r.appendRequestID(topic)
			}
			w.r.Message(w.now, topic, []byte(body))
		}})
	}
	for i, a := range answers {
		add(a.label, fmt.Sprintf("%d/?$rid=", a.status), a.body, true)
		add(a.label, fmt.Sprintf("%d/?retry-after=7200&$rid=", a.status), a.body, true)
		// Whether an answer counts does not depend on its contents, so each
		// kind of $rid is combined with only some answers.
		rid := []string{"$rid=", "$rid=0", "rid=1", "$rid=99"}[i%4]
		add("", fmt.Sprintf("%d/?%s", a.status, rid), a.body, false)
	}
	return all
}
