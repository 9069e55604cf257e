package dpstest

import (
	"encoding/json"
	"strconv"
	"time"

	"example.com/dps/topic"
)

// An Outcome describes how a registration ends. With the zero Outcome, the
// answer to the first query has the status "assigned".
type Outcome struct {
	// Status is the final status: "assigned" if empty, or "failed", "disabled",
	// "blacklisted", or anything else. With "assigning" and "unassigned", the
	// registration never ends.
	Status string `json:"status,omitempty"`

	// Polls is the number of queries answered with "assigning" before the final
	// status.
	Polls int `json:"polls,omitempty"`

	// AtOnce puts the final status into the answer to the registration.
	AtOnce bool `json:"atOnce,omitempty"`

	// RetryAfter is sent in every answer before the final status. If empty, it
	// is Config.RetryAfter.
	RetryAfter RetryAfter `json:"retryAfter,omitempty"`

	// AssignedHub, DeviceID and Substatus are in the registrationState if the
	// status is "assigned". If empty, they are Config.AssignedHub, the
	// registration ID, and "initialAssignment".
	AssignedHub string `json:"assignedHub,omitempty"`
	DeviceID    string `json:"deviceId,omitempty"`
	Substatus   string `json:"substatus,omitempty"`

	// The following are in the registrationState with any status, if not zero.
	// X509 and SymmetricKey are objects that by default name the group of the
	// device; Payload is any JSON value.
	ErrorCode    int             `json:"errorCode,omitempty"`
	ErrorMessage string          `json:"errorMessage,omitempty"`
	Payload      json.RawMessage `json:"payload,omitempty"`
	X509         json.RawMessage `json:"x509,omitempty"`
	SymmetricKey json.RawMessage `json:"symmetricKey,omitempty"`

	// IssuedCertificateChain is for devices that sent a csr. It holds
	// certificates as DER in base64, the device's own certificate first.
	IssuedCertificateChain []string `json:"issuedCertificateChain,omitempty"`
}

func (o *Outcome) check(m *mistakes, path string) {
	if o.Polls < 0 {
		m.add(path+".polls", `it is %d; for a registration that never ends, set status to "assigning"`, o.Polls)
	}
	o.RetryAfter.check(m, path+".retryAfter")
	for _, f := range []struct {
		name string
		text json.RawMessage
	}{{"payload", o.Payload}, {"x509", o.X509}, {"symmetricKey", o.SymmetricKey}} {
		if f.text != nil && !json.Valid(f.text) {
			m.add(path+"."+f.name, "it is not JSON")
		}
	}
}

// pending returns the status to answer with until the registration ends, and
// reports whether it never ends.
func (o *Outcome) pending() (status string, endless bool) {
	if o.Status == "assigning" || o.Status == "unassigned" {
		return o.Status, true
	}
	return "assigning", false
}

// A RetryAfter is the text of the property retry-after: a number of seconds,
// such as "3", or an invalid text, such as "soon" or "-1". In JSON it may also
// be a number.
type RetryAfter string

// NoRetryAfter omits the property.
const NoRetryAfter RetryAfter = "none"

// UnmarshalJSON reads a number or a string.
func (r *RetryAfter) UnmarshalJSON(text []byte) error {
	var n json.Number
	if json.Unmarshal(text, &n) == nil { // null leaves it empty
		*r = RetryAfter(n)
		return nil
	}
	return json.Unmarshal(text, (*string)(r))
}

// check reports a text that cannot be part of a topic name.
func (r RetryAfter) check(m *mistakes, path string) {
	t := topic.Response{Status: 200}
	r.set(&t)
	if _, err := t.AppendText(nil); err != nil {
		m.add(path, "it is %.80q, expected a number of seconds, or other text in UTF-8 without control characters, '&', '+' or '#'", string(r))
	}
}

// set puts the property into a topic name.
func (r RetryAfter) set(t *topic.Response) {
	if r == "" || r == NoRetryAfter {
		return
	}
	n, err := strconv.ParseUint(string(r), 10, 64)
	if err != nil || n > uint64(topic.MaxRetryAfter/time.Second) {
		t.BadRetryAfter = []byte(r)
		return
	}
	t.RetryAfter, t.HasRetryAfter = time.Duration(n)*time.Second, true
}

// duration returns the time that a device is asked to wait, if the text is a
// number.
func (r RetryAfter) duration() (time.Duration, bool) {
	var t topic.Response
	r.set(&t)
	return t.RetryAfter, t.HasRetryAfter
}
