package dpstest

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"example.com/dps/packet"
	"example.com/dps/topic"
)

// An answer is what goes back for a request.
type answer struct {
	status     int
	retryAfter RetryAfter
	body       []byte
}

// An operation is a registration under way, or one that has ended.
type operation struct {
	id         string
	device     string // registration id in lower case
	enrollment *enrollment
	csr        bool // a certificate was asked for
	created    time.Time
	queries    int
}

// request works a request off. ack acknowledges it; nil if it needs none.
func (c *Conn) request(r topic.Request, payload []byte, ack packet.Packet) {
	var a answer
	fault := &c.service.sound
	switch r.Op {
	case topic.Register:
		fault = c.fault(OnRegister)
	case topic.QueryStatus:
		fault = c.fault(OnQuery)
	}
	switch {
	case fault.Status >= 400:
		a = c.refuse(scripted(fault))
	case r.Op == topic.Register:
		a = c.register(payload)
	case r.Op == topic.QueryStatus:
		a = c.query(string(r.OperationID))
	default:
		a = c.refuse(&failure{400004, "Unsupported operation.", string(r.Op)})
	}
	rid := r.RequestID
	if rid == nil {
		rid = []byte{} // as the service does when $rid is absent or misspelt
	}
	c.reply(fault, a, rid, ack)
}

// reply sends an acknowledgement and an answer, spoilt by a fault.
func (c *Conn) reply(f *Fault, a answer, rid []byte, ack packet.Packet) {
	if f.Status != 0 {
		a.status = f.Status
	}
	if f.Body != nil {
		a.body = []byte(*f.Body)
	}
	if f.RetryAfter != "" {
		a.retryAfter = f.RetryAfter
	}
	if f.RequestID != nil {
		rid = []byte(*f.RequestID)
	}
	if f.NoPuback {
		ack = nil
	}
	if ack != nil && !f.AnswerFirst && !f.HangUp {
		c.send(ack, 0)
	}
	all := c.messages(f, a, rid)
	if !c.subscribed {
		c.diagnose(NoSubscription, "the answer has nowhere to go: subscribe to %q and wait for the SUBACK before the first request", topic.ResponseFilter)
		c.drop(all, "the client has not subscribed")
		all = nil
	}
	c.deliver(f, all)
	if ack != nil && f.AnswerFirst {
		c.send(ack, f.delay())
	}
}

// messages returns the packets of an answer.
func (c *Conn) messages(f *Fault, a answer, rid []byte) (all []packet.Packet) {
	name, err := a.topic(rid, f.Reversed)
	if err != nil {
		c.violation(err)
		return nil
	}
	qos := c.granted
	if f.QoS != nil {
		qos = *f.QoS
	}
	m := packet.Publish{QoS: qos, Topic: name, Payload: a.body}
	if f.Stale && c.last != nil {
		all = append(all, c.last)
	}
	for i := range 1 + f.Repeat {
		again := m
		if again.Dup = i > 0 && qos > 0; again.Dup {
			again.ID = m.ID
		} else if qos > 0 {
			m.ID = c.nextID()
			again.ID = m.ID
		}
		all = append(all, &again)
	}
	if c.enrollment != nil && c.enrollment.stale {
		c.last = &m
	}
	return all
}

func (a *answer) topic(rid []byte, reversed bool) ([]byte, error) {
	r := topic.Response{Status: a.status, RequestID: rid}
	a.retryAfter.set(&r)
	name, err := r.AppendText(nil)
	if err != nil || !reversed {
		return name, err
	}
	path, query, _ := bytes.Cut(name, []byte("?"))
	properties := strings.Split(string(query), "&")
	out := append(path, "?something=89"...)
	for i := len(properties) - 1; i >= 0; i-- {
		out = append(out, "&"+properties[i]...)
	}
	return out, nil
}

// register answers a registration.
func (c *Conn) register(payload []byte) answer {
	if f := c.authorize(); f != nil {
		return c.refuse(f)
	}
	s := c.service
	if wait, ok := s.minute.take(c.now, time.Minute, s.cfg.RegistrationsPerMinute); !ok {
		return c.throttled(wait)
	}
	var body struct {
		RegistrationID *string         `json:"registrationId"`
		Payload        json.RawMessage `json:"payload"`
		CSR            string          `json:"csr"`
	}
	if text := bytes.TrimSpace(payload); len(text) > 0 {
		if err := json.Unmarshal(text, &body); err != nil {
			return c.refuse(&failure{400004, "Bad request body.", err.Error()})
		}
		if text[0] != '{' {
			return c.refuse(&failure{400004, "Bad request body.", "no JSON object"})
		}
	}
	if id := body.RegistrationID; id != nil && !strings.EqualFold(*id, c.registrationID) {
		return c.refuse(&failure{400004, "Invalid RegistrationId", "the body has another registrationId"})
	}
	if p := body.Payload; len(p) > 0 && p[0] != '{' && string(p) != "null" {
		return c.refuse(&failure{400004, "Bad payload.", "no JSON object"})
	}
	s.begun++
	op := &operation{id: operationID(s.begun), device: c.key, enrollment: c.enrollment, csr: body.CSR != "", created: c.now}
	s.operations.put(s.begun, op)
	if op.enrollment.Outcome.AtOnce {
		return c.outcome(op)
	}
	status, _ := op.enrollment.Outcome.pending()
	return answer{202, c.retryAfter(op), encode(statusBody{OperationID: op.id, Status: status})}
}

// query answers a query.
func (c *Conn) query(id string) answer {
	if f := c.authorize(); f != nil {
		return c.refuse(f)
	}
	s := c.service
	if wait, ok := s.device(c.key).queries.take(c.now, 10*time.Second, s.cfg.PollsPer10s); !ok {
		return c.throttled(wait)
	}
	op, ok := s.operations.get(numberOf(id))
	if !ok || op.id != id || op.device != c.key {
		return c.refuse(&failure{404203, "Operation not found.", "no such operation of this device"})
	}
	op.queries++
	status, endless := op.enrollment.Outcome.pending()
	if endless || op.queries <= op.enrollment.Outcome.Polls {
		return answer{202, c.retryAfter(op), encode(statusBody{OperationID: id, Status: status,
			State: &stateBody{RegistrationID: c.registrationID, Status: status}})}
	}
	return c.outcome(op)
}

func (c *Conn) retryAfter(op *operation) RetryAfter {
	if r := op.enrollment.Outcome.RetryAfter; r != "" {
		return r
	}
	return c.service.cfg.RetryAfter
}

// refuse returns an error answer.
func (c *Conn) refuse(f *failure) answer {
	c.service.failures++
	return answer{status: f.code / 1000, body: encode(errorBody{
		ErrorCode: f.code, TrackingID: uuid(c.service.failures), Message: f.message, TimestampUTC: timestamp(c.now),
	})}
}

// operationID returns the id of the nth operation, in the form of real ones.
func operationID(n uint64) string { return "4." + hex16(n) + "." + uuid(n) }

// numberOf undoes it; 0 for any other text.
func numberOf(id string) uint64 {
	if len(id) < 18 {
		return 0
	}
	n, err := strconv.ParseUint(id[2:18], 16, 64)
	if err != nil {
		return 0
	}
	return n
}
