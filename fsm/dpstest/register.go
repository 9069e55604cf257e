package dpstest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A registration is the body of a registration request.
type registration struct {
	RegistrationID *string         `json:"registrationId"`
	Payload        json.RawMessage `json:"payload"`
	CSR            string          `json:"csr"`
}

// register answers an authorized registration.
func (c *Conn) register(payload []byte) answer {
	s := c.service
	d := s.device(c.key)
	d.requested = true
	c.checkRegisterAgain(d.current)
	if a, ok := c.quota(&s.minute, time.Minute, s.cfg.RegistrationsPerMinute); !ok {
		return a
	}
	body, f := c.parse(payload)
	if f != nil {
		return c.refuse(f)
	}
	s.begun++
	op := &operation{id: operationID(s.begun), device: c.key, enrollment: c.enrollment, csr: body.CSR != "", created: c.now}
	s.operations.put(s.begun, op)
	d.current = op
	if op.enrollment.Outcome.AtOnce {
		return c.outcome(op)
	}
	status, _ := op.enrollment.Outcome.pending()
	return answer{status: 202, retryAfter: c.retryAfter(op), body: encode(statusBody{OperationID: op.id, Status: status}), operation: op}
}

// checkRegisterAgain reports a registration that does not wait for the end of
// the previous one, op, if the device certainly knows of that one.
func (c *Conn) checkRegisterAgain(op *operation) {
	if op != nil && !op.ended && (op.told == c.number || op.left) {
		c.diagnose(RegisterAgain, "the operation %q, which began %v ago, is in progress: query it instead, even on another connection", op.id, c.now.Sub(op.created).Round(time.Millisecond))
	}
}

// parse reads the body of a registration, which may be empty.
func (c *Conn) parse(payload []byte) (body registration, f *failure) {
	text := bytes.TrimSpace(payload)
	if len(text) == 0 {
		return body, nil
	}
	err := json.Unmarshal(text, &body)
	if err != nil && text[0] == '{' {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			c.diagnose(BodyForm, "%q in the body is of type %s, expected a string", wrong.Field, wrong.Value)
		} else {
			c.diagnose(BodyForm, "the body is not JSON: %v%s", err, bodyHint(text))
		}
		return body, &failure{400004, "Bad request body."}
	}
	if text[0] != '{' {
		c.diagnose(BodyForm, "the body begins with %.12q, expected a JSON object such as %q, or nothing%s", text, `{"registrationId":"`+c.registrationID+`"}`, bodyHint(text))
		return body, &failure{400004, "Bad request body."}
	}
	if id := body.RegistrationID; id != nil && !strings.EqualFold(*id, c.registrationID) {
		c.diagnose(BodyID, "the registrationId in the body is %.140q, expected %q", *id, c.registrationID)
		return body, &failure{400004, "Invalid RegistrationId"}
	}
	if p := body.Payload; len(p) > 0 && p[0] != '{' && string(p) != "null" {
		c.diagnose(BodyPayload, "the payload in the body begins with %.12q, expected a JSON object", p)
		return body, &failure{400004, "Bad payload."}
	}
	if body.RegistrationID == nil {
		c.checkMembers(text)
	}
	return body, nil
}

// checkMembers reports a member that was probably meant to be the
// registrationId, which the body lacks.
func (c *Conn) checkMembers(text []byte) {
	if c.service.cfg.Log == nil {
		return
	}
	var members map[string]json.RawMessage
	json.Unmarshal(text, &members) // it has been decoded before
	for _, name := range []string{"registration_id", "registration-id", "deviceId", "device_id", "regId", "id"} {
		if _, ok := members[name]; ok {
			c.diagnoseOnce(BodyID, "the body has %q, which the service ignores, where %q is expected", name, "registrationId")
		}
	}
}

// trailingComma matches a comma that JavaScript allows and JSON does not.
var trailingComma = regexp.MustCompile(`,\s*[}\]]`)

// bodyHint returns a hint if a body is not JSON for a common reason.
func bodyHint(text []byte) string {
	switch {
	case bytes.HasPrefix(text, []byte("\xff\xfe")), bytes.HasPrefix(text, []byte("\xfe\xff")), bytes.IndexByte(text[:min(2, len(text))], 0) >= 0:
		return "; the body is in UTF-16, but JSON is in UTF-8"
	case text[len(text)-1] == 0:
		return "; the body ends with a zero byte: do not send the terminator of a C string"
	case bytes.HasPrefix(text, []byte("\xef\xbb\xbf")):
		return "; the body begins with a byte order mark"
	case bytes.IndexByte(text, '\'') >= 0 && bytes.IndexByte(text, '"') < 0:
		return `; JSON uses double quotes`
	case trailingComma.Match(text):
		return `; there is a comma before a closing bracket`
	}
	return ""
}

// query answers an authorized query.
func (c *Conn) query(id string) answer {
	s := c.service
	if a, ok := c.quota(&s.device(c.key).queries, 10*time.Second, s.cfg.PollsPer10s); !ok {
		return a
	}
	op := s.operation(id)
	if op == nil || op.device != c.key {
		c.explainOperationID(id, op != nil)
		return c.refuse(&failure{404203, "Operation not found."})
	}
	op.queries++
	status, endless := op.enrollment.Outcome.pending()
	if endless || op.queries <= op.enrollment.Outcome.Polls {
		return answer{status: 202, retryAfter: c.retryAfter(op), operation: op, body: encode(statusBody{OperationID: id, Status: status,
			State: &stateBody{RegistrationID: c.registrationID, Status: status}})}
	}
	return c.outcome(op)
}

// explainOperationID reports why the device has no operation with an ID.
// another is set if the operation belongs to another device.
func (c *Conn) explainOperationID(id string, another bool) {
	switch {
	case id == "":
		c.diagnose(OperationID, "the query has no operation ID: end its topic with %q", "&operationId={operationId}")
	case another:
		c.diagnose(OperationID, "the operation %.80q belongs to another device", id)
	default:
		c.diagnose(OperationID, "the service has no operation %.80q: expected the operationId of the answer to the registration, unchanged", id)
	}
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
	a := answer{status: f.code / 1000, body: encode(errorBody{
		ErrorCode: f.code, TrackingID: uuid(c.service.failures), Message: f.message, TimestampUTC: timestamp(c.now),
	})}
	if f.code != 404203 && a.status != 412 { // after these, devices begin again
		a.end = fmt.Sprintf("refused with %d", f.code)
	}
	return a
}

// operationID returns the ID of the nth operation, in the form of a real one.
func operationID(n uint64) string { return "4." + hex16(n) + "." + uuid(n) }

// operation returns the operation with an ID, or nil if there is none.
func (s *Service) operation(id string) *operation {
	n, _ := strconv.ParseUint(id[min(2, len(id)):min(18, len(id))], 16, 64)
	if op, ok := s.operations.get(n); ok && op.id == id {
		return op
	}
	return nil
}
