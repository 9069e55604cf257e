package dpstest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/dps/packet"
	"example.com/dps/topic"
)

const (
	tolerance  = 100 * time.Millisecond // how early a request may arrive
	ackTime    = time.Second            // how long a client may take to acknowledge an answer
	maxRIDs    = 16                     // how many request IDs are remembered
	maxUnacked = 16                     // how many unacknowledged answers are remembered
)

// An unacked is an answer that the client has not acknowledged.
type unacked struct {
	id uint16
	at time.Time
}

// expectAck records that an answer with QoS 1 or 2 is in the output.
func (c *Conn) expectAck(id uint16) {
	if c.service.cfg.Log == nil {
		return
	}
	for _, u := range c.unacked {
		if u.id == id {
			return // it is being sent again
		}
	}
	if len(c.unacked) < maxUnacked {
		c.unacked = append(c.unacked, unacked{id, c.now})
	}
}

func (c *Conn) acknowledged(id uint16) {
	c.unacked = slices.DeleteFunc(c.unacked, func(u unacked) bool { return u.id == id })
}

// lateAcks reports the answers that should have been acknowledged by now. An
// answer that was sent a moment ago is not one of them: many clients send their
// DISCONNECT while they handle the last answer, before its PUBACK.
func (c *Conn) lateAcks() {
	c.unacked = slices.DeleteFunc(c.unacked, func(u unacked) bool {
		age := c.now.Sub(u.at)
		if age < ackTime {
			return false
		}
		c.diagnoseOnce(NoPuback, "the answer with packet identifier %d was sent with QoS 1 %v ago and has not been acknowledged: send a PUBACK immediately [MQTT-4.3.2-2]", u.id, age.Round(time.Millisecond))
		return true
	})
}

// leave records that the client ends the connection although nothing has gone
// wrong on it.
func (c *Conn) leave() {
	if c.current != nil && !c.open {
		c.current.left = true
	}
}

// end records that the device has been informed of how its registration ended,
// and restarts the counts of its steps for the next registration.
func (c *Conn) end(how string) {
	c.ended = how
	if d, ok := c.service.devices.get(c.key); ok {
		d.steps = [len(stepNames)]uint32{}
	}
}

// checkRequest reports what is wrong with a PUBLISH that is a request, except
// for its body.
func (c *Conn) checkRequest(p *packet.Publish, r *topic.Request) {
	if c.service.cfg.Log == nil {
		return
	}
	c.lateAcks()
	d, known := c.service.devices.get(c.key)
	if p.Retain {
		c.diagnoseOnce(PublishFlags, "RETAIN is set in the PUBLISH of a request: the service is not a broker; send it with RETAIN 0")
	}
	if p.Dup && c.requests == 0 && !(known && d.requested) {
		c.diagnoseOnce(PublishFlags, "DUP is set in the first PUBLISH of this device: DUP is only for a packet that is sent again [MQTT-3.3.1-1]")
	}
	c.checkRequestID(p, r)
	c.checkCase(p, r)
	if !known || c.refusal != nil {
		return
	}
	until := d.notBefore(r.Op)
	if until == nil {
		return
	}
	if early := until.Sub(c.now); early > tolerance {
		c.diagnose(EarlyRetry, "the request arrived %v before the retry-after of the last answer had elapsed: wait longer, and longer each time", early.Round(time.Millisecond))
	}
	op := c.service.operation(string(r.OperationID))
	if op == nil || op.device != c.key || !until.IsZero() {
		return
	}
	if early := op.due.Sub(c.now); early > tolerance {
		c.diagnose(EarlyQuery, "the query arrived %v before the retry-after of the last answer had elapsed: wait at least that long after each answer", early.Round(time.Millisecond))
	}
}

// checkRequestID reports what is wrong with $rid.
func (c *Conn) checkRequestID(p *packet.Publish, r *topic.Request) {
	switch {
	case r.RequestID == nil:
		for key := range topic.Properties(r.Extra) {
			if looksLikeRID(string(key)) {
				c.diagnoseOnce(RequestIDName, "the topic ends with %.80q, where %q is expected: the service answers with an empty $rid", "?"+string(r.Extra), "?$rid={id}")
				return
			}
		}
		hint := ""
		if bytes.HasPrefix(r.Extra, []byte("=")) {
			hint = shellHint
		}
		c.diagnoseOnce(NoRequestID, "the topic %.120q has no $rid: the service answers with an empty one; end it with %q%s", p.Topic, "?$rid={id}", hint)
	case len(r.RequestID) == 0:
		c.diagnoseOnce(NoRequestID, "$rid is empty: give each request its own, such as $rid=1")
	case !bytes.Contains(p.Topic, []byte("$rid=")):
		c.diagnoseOnce(RequestIDName, "the topic %.120q has $rid in a different case: write %q", p.Topic, "$rid")
	case !p.Dup:
		c.checkRepeatedID(r.RequestID)
	}
}

// checkCase reports an operation, or the name operationId, that is not written
// in the documented case. It is not known whether the real service accepts
// that.
func (c *Conn) checkCase(p *packet.Publish, r *topic.Request) {
	if !bytes.Contains(p.Topic, []byte("/"+r.Op+"/")) {
		c.diagnoseOnce(Operation, "the topic %.120q has the operation in a different case, which the real service may refuse: write %q", p.Topic, r.Op)
	}
	if len(r.OperationID) > 0 && !bytes.Contains(p.Topic, []byte("operationId=")) {
		c.diagnoseOnce(OperationID, "the topic %.160q has operationId in a different case, which the real service may refuse: write %q", p.Topic, "operationId")
	}
}

func (c *Conn) checkRepeatedID(id []byte) {
	sum := sha256.Sum256(id)
	h := [8]byte(sum[:])
	for _, earlier := range c.rids {
		if earlier == h {
			c.diagnoseOnce(RequestIDAgain, "$rid %.80q was used by an earlier request on this connection: use a new one for each request, so that a late answer is not mistaken for another", id)
			return
		}
	}
	if len(c.rids) == maxRIDs {
		c.rids = append(c.rids[:0], c.rids[1:]...)
	}
	c.rids = append(c.rids, h)
}

// looksLikeRID reports whether a property was probably meant to be $rid.
func looksLikeRID(key string) bool {
	letters := strings.Map(func(r rune) rune {
		if r < 'a' || 'z' < r {
			return -1
		}
		return r
	}, strings.ToLower(key))
	switch letters {
	case "rid", "requestid", "reqid", "request", "drid", "ridd", "messageid", "mid", "id":
		return true
	}
	return false
}

// shellHint is the hint for a topic that lacks its parts that begin with a
// dollar sign.
const shellHint = "; a shell expands $dps and $rid, even in double quotes: put the topic in single quotes"

// explainTopic reports why a topic is not that of a request.
func (c *Conn) explainTopic(t []byte, err error) {
	hint := ""
	switch begin := []byte("$dps/registrations/"); {
	case bytes.HasPrefix(t, []byte("devices/")) || bytes.HasPrefix(t, []byte("$iothub/")):
		hint = "; this is a topic of an IoT hub"
	case bytes.HasPrefix(t, begin) && bytes.Contains(t, []byte("?")) && !bytes.Contains(t, []byte("/?")):
		hint = `, with a slash before the "?"`
	case bytes.HasPrefix(t, begin) && !bytes.Contains(t, []byte("?")):
		hint = `, with "/?" and $rid at the end`
	case bytes.HasPrefix(t, []byte("%24dps")):
		hint = ", without percent-encoding"
	case bytes.EqualFold(t[:min(len(t), len(begin))], begin) && !bytes.HasPrefix(t, begin):
		hint = ", with the same parts in lower case"
	case bytes.HasPrefix(t, []byte("/registrations/")):
		hint = shellHint
	case bytes.HasPrefix(t, []byte("/")):
		hint = ", without a slash at the beginning"
	}
	c.diagnose(Topic, "the topic %.160q is not that of a request: expected %s%s (%v)", t,
		expected(func(i int) string { return requests[i].topic }), hint, err)
}

// A tally counts the mistakes of one kind.
type tally struct {
	Diagnosis
	n int
}

// maxNamed is the maximum number of mistakes of one kind that are reported on a
// connection. All of them are counted.
const maxNamed = 20

// count counts a mistake and returns the number of mistakes of its kind.
func (c *Conn) count(d Diagnosis) int {
	for i := range c.mistakes {
		if t := &c.mistakes[i]; t.Diagnosis == d {
			t.n++
			return t.n
		}
	}
	c.mistakes = append(c.mistakes, tally{d, 1})
	return 1
}

// diagnose reports a mistake of the client.
func (c *Conn) diagnose(d Diagnosis, format string, args ...any) {
	if c.service.cfg.Log != nil && c.count(d) <= maxNamed {
		c.event(Event{Kind: EventDiagnosis, Diagnosis: d, Text: fmt.Sprintf(format, args...)})
	}
}

// diagnoseOnce reports a mistake that clients tend to repeat. Only the first
// one is reported; all are counted.
func (c *Conn) diagnoseOnce(d Diagnosis, format string, args ...any) {
	if c.service.cfg.Log != nil && c.count(d) == 1 {
		c.event(Event{Kind: EventDiagnosis, Diagnosis: d, Text: fmt.Sprintf(format, args...)})
	}
}

// summary returns the text of the event that ends the connection.
func (c *Conn) summary(why string) string {
	if c.service.cfg.Log == nil {
		return ""
	}
	how := c.ended
	if how == "" {
		how = "not registered"
	}
	all := "none"
	for i, t := range c.mistakes {
		if i == 0 {
			all = ""
		} else {
			all += ", "
		}
		if all += string(t.Diagnosis); t.n > 1 {
			all += " (" + strconv.Itoa(t.n) + " times)"
		}
	}
	return fmt.Sprintf("closed %s; %s; registrations: %d, queries: %d, mistakes: %s", why, how, c.requests-c.queries, c.queries, all)
}
