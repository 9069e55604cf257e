package dpstest

import (
	"encoding/json"
	"strconv"
	"time"

	"example.com/dps/topic"
)

// An Outcome is how a registration goes. The zero Outcome is "assigned" in the answer to
// the first query.
type Outcome struct {
	// Status is the status in the end: "assigned" if empty; "failed", "disabled",
	// "blacklisted", or anything else. "assigning" and "unassigned" have no end.
	Status string `json:"status,omitempty"`

	// Polls is the number of queries answered "assigning" before the status.
	Polls int `json:"polls,omitempty"`

	// AtOnce gives the status in the answer to the registration.
	AtOnce bool `json:"atOnce,omitempty"`

	// RetryAfter stands in every answer before the status; Config.RetryAfter if empty.
	RetryAfter RetryAfter `json:"retryAfter,omitempty"`

	// What the registrationState holds if the status is "assigned": AssignedHub is
	// Config.AssignedHub if empty, DeviceID the registration id, and Substatus
	// "initialAssignment".
	AssignedHub string `json:"assignedHub,omitempty"`
	DeviceID    string `json:"deviceId,omitempty"`
	Substatus   string `json:"substatus,omitempty"`

	// What it holds with any status, if not zero. X509 and SymmetricKey are objects,
	// which say by default which group the device is in; Payload is any JSON.
	ErrorCode    int             `json:"errorCode,omitempty"`
	ErrorMessage string          `json:"errorMessage,omitempty"`
	Payload      json.RawMessage `json:"payload,omitempty"`
	X509         json.RawMessage `json:"x509,omitempty"`
	SymmetricKey json.RawMessage `json:"symmetricKey,omitempty"`

	// IssuedCertificateChain is for devices that sent a csr: DER in base64, the device's
	// own certificate first.
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

// pending returns the status to answer until the end, and whether there is no end.
func (o *Outcome) pending() (status string, endless bool) {
	if o.Status == "assigning" || o.Status == "unassigned" {
		return o.Status, true
	}
	return "assigning", false
}

// A RetryAfter is the text of the property retry-after: a number of seconds such as "3",
// or nonsense such as "soon" or "-1". In JSON it may be a number too.
type RetryAfter string

// NoRetryAfter leaves the property out.
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

// check reports a text that cannot stand in a topic name.
func (r RetryAfter) check(m *mistakes, path string) {
	t := topic.Response{Status: 200}
	r.set(&t)
	if _, err := t.AppendText(nil); err != nil {
		m.add(path, "%v", err)
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

// duration returns the time that a device is asked to wait, if that is a number.
func (r RetryAfter) duration() (time.Duration, bool) {
	var t topic.Response
	r.set(&t)
	return t.RetryAfter, t.HasRetryAfter
}
