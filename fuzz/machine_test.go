package fuzz

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/packet"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// A script is a list of inputs to a machine. Each input is a letter, with
// arguments if it needs them:
//
//	o         Open                     l  Lost                s  Stop
//	f         DialFailed               g  Dialing             b  Abort
//	t N       N/4 seconds pass         d  the deadline        q  take the output
//	r N bytes receive N bytes          a N M  an answer: status N, body M, the open $rid
//	k, u      a valid CONNACK, SUBACK
type script []byte

// next removes a number from the script and returns it, or 0 at the end of the
// script.
func (s *script) next() int {
	if len(*s) == 0 {
		return 0
	}
	n := (*s)[0]
	*s = (*s)[1:]
	return int(n)
}

var errAborted = errors.New("hopeless")

var answers = []string{
	`{"operationId":"4.op","status":"assigning"}`, `{"operationId":"4.op","status":"assigned","registrationState":{"assignedHub":"h","deviceId":"d"}}`,
	`{"status":"failed"}`, `{"errorCode":429001}`, `{"errorCode":404203}`, ``, `{`, `{"status":"assigned"}`,
}

var statuses = []int{202, 200, 429, 500, 404, 412, 401, 299}

// A player runs a script.
type player struct {
	t     *testing.T
	m     *fsm.Machine
	now   time.Time
	chunk int // size of the pieces in which bytes are received; 0: no limit
	sent  []byte
	rid   string // of the last request
}

func (p *player) receive(b []byte) {
	for len(b) > 0 {
		n := len(b)
		if p.chunk > 0 {
			n = min(n, p.chunk)
		}
		piece := bytes.Clone(b[:n])
		p.m.Receive(p.now, piece)
		clear(piece) // the machine must not retain it
		b = b[n:]
	}
}

func (p *player) packet(q packet.Packet) {
	b, err := q.AppendBinary(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	p.receive(b)
}

// take takes the output and checks it.
func (p *player) take() {
	out := p.m.AppendOutput(nil)
	p.sent = append(p.sent, out...)
	for len(out) > 0 {
		f, rest, err := packet.Cut(out, 0)
		if err != nil {
			p.t.Fatalf("output: %v", err)
		}
		q, err := packet.Decode(f)
		if err != nil {
			p.t.Fatalf("output: %v", err)
		}
		if pub, ok := q.(*packet.Publish); ok {
			_, rid, _ := bytes.Cut(pub.Topic, []byte("$rid="))
			rid, _, _ = bytes.Cut(rid, []byte("&"))
			p.rid = string(rid)
		}
		out = rest
	}
}

// play runs the script, and checks the invariants after each input.
func (p *player) play(s script) {
	for len(s) > 0 {
		_, hadResult := p.m.Result()
		finished := p.m.Want() == fsm.WantDone
		p.input(&s)
		a, err := p.m.Result()
		switch d := p.m.Deadline(); {
		case p.m.Want() == fsm.WantExchange && !d.After(p.now):
			p.t.Fatalf("%v: the deadline %v has passed at %v", p.m.State(), d, p.now)
		case hadResult != fsm.ErrPending && err != hadResult:
			p.t.Fatalf("result changed from %v to %v", hadResult, err)
		case err == nil && (a.AssignedHub == "" || a.DeviceID == ""):
			p.t.Fatal("empty assignment")
		case finished && p.m.Want() != fsm.WantDone:
			p.t.Fatal("the state after the end is not permanent")
		}
	}
}

func (p *player) input(s *script) {
	switch s.next() {
	case 'o':
		err := p.m.Open(p.now, []byte("password"))
		if err != nil && !errors.Is(err, fsm.ErrOrder) {
			p.t.Fatal(err)
		}
	case 'l':
		p.m.Lost(p.now, errors.New("gone"))
	case 'f':
		p.m.DialFailed(p.now, errors.New("no route"))
	case 'g':
		p.m.Dialing(p.now)
	case 'b':
		p.m.Abort(p.now, errAborted)
	case 's':
		p.m.Stop(p.now)
	case 't':
		p.now = p.now.Add(time.Duration(s.next()) * time.Second / 4)
		p.m.Advance(p.now)
	case 'd':
		if d := p.m.Deadline(); d.After(p.now) {
			p.now = d
		}
		p.m.Advance(p.now)
	case 'q':
		p.take()
	case 'k':
		p.packet(&packet.Connack{})
	case 'u':
		p.packet(&packet.Suback{ID: 1, ReturnCodes: []byte{1}})
	case 'a':
		p.take()
		topic := fmt.Sprintf("$dps/registrations/res/%d/?$rid=%s", statuses[s.next()%len(statuses)], p.rid)
		p.packet(&packet.Publish{Topic: []byte(topic), Payload: []byte(answers[s.next()%len(answers)])})
	case 'r':
		n := min(s.next(), len(*s))
		p.receive((*s)[:n])
		*s = (*s)[n:]
	}
}

func newPlayer(t *testing.T, chunk int, policy fsm.Policy) *player {
	m, err := fsm.New(fsm.Config{IDScope: "scope", RegistrationID: "dev", Policy: policy})
	if err != nil {
		t.Fatal(err)
	}
	return &player{t: t, m: m, now: epoch, chunk: chunk}
}

// Invariant: no script of events makes the machine panic, forget its result,
// spin, wait without a deadline or send anything but MQTT packets; the pieces
// in which bytes arrive make no difference; and if the network then goes down,
// the machine ends in bounded time.
func FuzzMachine(f *testing.F) { f.Fuzz(checkMachine) }

func checkMachine(t *testing.T, events []byte, pipeline bool) {
	policy := fsm.Policy{Pipeline: pipeline}
	whole, split := newPlayer(t, 0, policy), newPlayer(t, 1, policy)
	whole.play(events)
	split.play(events)
	whole.take()
	split.take()
	if !bytes.Equal(whole.sent, split.sent) || whole.m.State() != split.m.State() {
		t.Fatalf("whole: %v, %q\nsplit: %v, %q", whole.m.State(), whole.sent, split.m.State(), split.sent)
	}
	p := whole
	for range 200 {
		switch p.m.Want() {
		case fsm.WantDone:
			return
		case fsm.WantExchange:
			p.play(script("d"))
		default:
			p.play(script("dfl"))
		}
	}
	t.Fatal("the registration does not end although the network is down")
}

// Invariant: no body of an answer makes the machine panic or report an
// assignment without a hub, and the assignment is the one that encoding/json
// finds in the body.
func FuzzAnswer(f *testing.F) { f.Fuzz(checkAnswer) }

func checkAnswer(t *testing.T, body []byte) {
	p := newPlayer(t, 0, fsm.Policy{})
	p.play(script("oku"))
	p.take()
	p.packet(&packet.Publish{Topic: []byte("$dps/registrations/res/200/?$rid=1"), Payload: body})
	a, err := p.m.Result()
	if err != nil {
		return
	}
	var want struct {
		RegistrationState struct{ AssignedHub, DeviceID string }
	}
	json.Unmarshal(body, &want)
	if a.AssignedHub == "" || a.DeviceID == "" || !json.Valid(body) {
		t.Fatalf("%q: assigned to %q as %q", body, a.AssignedHub, a.DeviceID)
	}
	if s := want.RegistrationState; bytes.Count(body, []byte("egistrationState")) == 1 && (a.AssignedHub != s.AssignedHub || a.DeviceID != s.DeviceID) {
		t.Fatalf("%q: assigned to %q as %q, want %+v", body, a.AssignedHub, a.DeviceID, want)
	}
}
