package dpstest

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"example.com/dps/packet"
	"example.com/dps/topic"
)

// requests has a row for each operation of the service: the step at which a
// Fault disturbs its requests, and their topic as diagnoses show it.
var requests = [...]struct {
	op    topic.Op
	step  Step
	topic string
}{
	{topic.Register, OnRegister, "$dps/registrations/PUT/iotdps-register/?$rid={id}"},
	{topic.QueryStatus, OnQuery, "$dps/registrations/GET/iotdps-get-operationstatus/?$rid={id}&operationId={operationId}"},
}

// indexOf returns the row of an operation, or -1 if the service does not have
// it.
func indexOf(op topic.Op) int {
	for i := range requests {
		if requests[i].op == op {
			return i
		}
	}
	return -1
}

// isRequest reports whether a step is a request.
func isRequest(s Step) bool {
	for i := range requests {
		if requests[i].step == s {
			return true
		}
	}
	return false
}

// expected lists the values that the rows of requests have in one field.
func expected(field func(i int) string) string {
	var b []byte
	for i := range requests {
		if i > 0 {
			b = append(b, " or "...)
		}
		b = strconv.AppendQuote(b, field(i))
	}
	return string(b)
}

// An answer is the response to a request.
type answer struct {
	status     int
	retryAfter RetryAfter
	body       []byte
	operation  *operation // the operation that it describes, or nil
	end        string     // how it ends the registration; empty if it does not
}

// An operation is a registration that is in progress or has ended.
type operation struct {
	id         string
	device     string // its registration ID, in lower case
	enrollment *enrollment
	csr        bool // the device requested a certificate
	created    time.Time
	queries    int

	ended bool      // it has been answered with its final status
	told  uint64    // the last connection on which the device was informed of it, or 0
	left  bool      // the device then disconnected of its own accord
	due   time.Time // queries before this time are early
}

// request processes a request. ack acknowledges it, or is nil if it needs none.
// A device is authorized before any operation that the service has.
func (c *Conn) request(r topic.Request, payload []byte, ack packet.Packet) {
	fault := &c.service.sound
	i := indexOf(r.Op)
	if i >= 0 {
		fault = c.fault(requests[i].step)
	}
	var f *failure
	switch {
	case fault.Status >= 400:
		f = scripted(fault)
	case i < 0:
		c.diagnose(Operation, "the service has no operation %.80q: expected %s", r.Op, expected(func(i int) string { return string(requests[i].op) }))
		f = &failure{c.service.cfg.Choices.OperationCode, "Unsupported operation."}
	default:
		f = c.authorize()
	}
	var a answer
	if f != nil {
		a = c.refuse(f)
	} else {
		switch r.Op {
		case topic.Register:
			a = c.register(payload)
		case topic.QueryStatus:
			a = c.query(string(r.OperationID))
		}
	}
	if r.Op == topic.QueryStatus {
		c.queries++
	}
	if a.status == 401 && fault.Status != 401 && c.enrollment != nil && c.enrollment.X509 && c.service.cfg.Choices.CertificateHangUp {
		if ack != nil {
			c.send(ack, 0)
		}
		c.hangUp("because the certificate is wrong")
		return
	}
	rid := r.RequestID
	if rid == nil {
		rid = []byte{} // as the service does when $rid is absent or misspelled
	}
	c.reply(r.Op, fault, a, rid, ack)
}

// reply sends an acknowledgment and an answer, as disturbed by a fault.
func (c *Conn) reply(op topic.Op, f *Fault, a answer, rid []byte, ack packet.Packet) {
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
		hint := ""
		if c.filter != "" {
			hint = ", not to " + c.filter
		}
		c.diagnose(NoSubscription, "the answer cannot be delivered: subscribe to %q%s, and wait for the SUBACK before the first request", topic.ResponseFilter, hint)
		c.drop(all, "the client has not subscribed")
		all = nil
	} else if !f.Silence && !f.HangUp {
		c.answered(op, f, &a)
	}
	c.deliver(f, all)
	if ack != nil && f.AnswerFirst {
		c.send(ack, f.delay())
	}
}

// answered records what the device learns from an answer.
func (c *Conn) answered(op topic.Op, f *Fault, a *answer) {
	var until time.Time
	if wait, ok := a.retryAfter.duration(); ok {
		until = c.now.Add(f.delay() + wait)
	}
	refused := a.status == 429 || a.status >= 500
	if d, ok := c.service.devices.get(c.key); ok && d.notBefore(op) != nil {
		if *d.notBefore(op) = (time.Time{}); refused {
			*d.notBefore(op) = until
		} else if op == topic.QueryStatus && a.status >= 400 {
			d.current = nil // then it may register again
		}
	}
	switch {
	case refused:
		return
	case f.Body != nil || f.RequestID != nil && len(*f.RequestID) > 0: // which the device does not understand
		return
	case a.operation != nil:
		a.operation.told, a.operation.due = c.number, until
		c.current = a.operation
	}
	c.open = false
	if a.end != "" {
		c.end(a.end)
	}
}

// messages returns the packets of an answer.
func (c *Conn) messages(f *Fault, a answer, rid []byte) (all []packet.Packet) {
	name, err := a.topic(rid, f.Reversed)
	if err != nil {
		c.unsendable(err)
		return nil
	}
	qos := c.granted
	if f.QoS != nil {
		qos = *f.QoS
	}
	m := packet.Publish{QoS: qos, Topic: name, Payload: a.body}
	if qos > 0 {
		m.ID = c.nextID()
	}
	if f.Stale && c.last != nil {
		all = append(all, c.last)
	}
	for i := range 1 + f.Repeat {
		again := m
		again.Dup = i > 0 && qos > 0
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
