package dpstest

import (
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"example.com/dps/packet"
)

// A Step is something that a device does and that a [Fault] can disturb.
type Step byte

// The steps of a registration.
const (
	OnConnect     Step = iota + 1 // "connect"
	OnSubscribe                   // "subscribe"
	OnRegister                    // "register"
	OnQuery                       // "query"
	OnPing                        // "ping"
	OnUnsubscribe                 // "unsubscribe"
)

var stepNames = [...]string{
	OnConnect: "connect", OnSubscribe: "subscribe", OnRegister: "register", OnQuery: "query", OnPing: "ping", OnUnsubscribe: "unsubscribe",
}

// String returns the name of the step, such as "connect".
func (s Step) String() string {
	if 0 < s && int(s) < len(stepNames) {
		return stepNames[s]
	}
	return fmt.Sprintf("step %d", byte(s))
}

// MarshalText returns the name of the step.
func (s Step) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the name of a step.
func (s *Step) UnmarshalText(text []byte) error {
	i := slices.Index(stepNames[1:], string(text))
	if i < 0 {
		return fmt.Errorf("step is %.20q, expected one of %q", text, stepNames[1:])
	}
	*s = Step(i + 1)
	return nil
}

// A Fault disturbs one step of a device. The fields after Nth state how the
// service then deviates from what it would do otherwise, and may be combined. A
// Fault that cannot make a difference is a mistake in a Config, and so is a
// field that has no effect at its step.
type Fault struct {
	// At is the step and is required. Nth selects one of the times that the
	// device takes the step, on any of its connections: 1 is the first time,
	// and 0 means every time.
	//
	// The steps are counted until the registration of the device has ended, so
	// that the next registration, perhaps in the next run of a test suite,
	// meets the same faults. It has ended when the device was sent its final
	// status or was refused: with a CONNACK 2, 4 or 5; with a SUBACK; or with a
	// status below 500 other than 412, 429, or 404 for a query. Service.Reset
	// also restarts the count.
	At  Step `json:"at"`
	Nth int  `json:"nth,omitempty"`

	// HangUp closes the connection instead of sending an answer. HangUpAfter
	// closes it after the answer.
	HangUp      bool `json:"hangUp,omitempty"`
	HangUpAfter bool `json:"hangUpAfter,omitempty"`

	// Silence suppresses the answer, but not the PUBACK. NoPuback suppresses
	// the PUBACK.
	Silence  bool `json:"silence,omitempty"`
	NoPuback bool `json:"noPuback,omitempty"`

	// Delay is how long the answer is delayed, in seconds.
	Delay float64 `json:"delay,omitempty"`

	// ReturnCode is the return code of the CONNACK, 1 to 5, or of the SUBACK,
	// 0x80.
	ReturnCode byte `json:"returnCode,omitempty"`

	// Status replaces the status in the topic. If it is 400 or more, the
	// request is refused with an error body and has no other effect. Body
	// replaces the body of the answer.
	Status int     `json:"status,omitempty"`
	Body   *string `json:"body,omitempty"`

	// RetryAfter replaces the retry-after of the answer. A scripted error, even
	// a 429, does not have a retry-after unless it is set here: the service has
	// been observed to omit it.
	RetryAfter RetryAfter `json:"retryAfter,omitempty"`

	// RequestID replaces the $rid. An empty string is sent as "$rid=".
	RequestID *string `json:"requestId,omitempty"`

	// AnswerFirst sends the answer before the PUBACK.
	AnswerFirst bool `json:"answerFirst,omitempty"`

	// Reversed reorders the properties of the topic and adds an unknown one.
	Reversed bool `json:"reversed,omitempty"`

	// Repeat is the number of times that the answer is sent again, with DUP if
	// its QoS is 1. Stale sends the previous answer on the connection again
	// before this one.
	Repeat int  `json:"repeat,omitempty"`
	Stale  bool `json:"stale,omitempty"`

	// QoS replaces the QoS of the answer.
	QoS *packet.QoS `json:"qos,omitempty"`

	// Raw holds bytes, in hex, that are sent before the answer.
	Raw string `json:"raw,omitempty"`
}

// scripted returns the error for the status of a fault.
func scripted(f *Fault) *failure {
	code := 1000 * f.Status
	switch {
	case f.Status == 400:
		code = 400004
	case f.Status == 404 && f.At == OnQuery:
		code = 404203
	case f.Status == 404:
		code = 404201
	case f.Status == 429:
		code = 429001
	}
	return &failure{code, "Scripted failure."}
}

func (f *Fault) delay() time.Duration { return seconds(f.Delay) }

// fault counts a step of the device and returns the fault that disturbs it. It
// never returns nil.
func (c *Conn) fault(at Step) *Fault {
	e := c.enrollment
	if all := c.candidates(); e == nil && len(all) > 0 {
		e = all[0] // at connect, before the token has been checked
	}
	if e == nil || len(e.Faults) == 0 || !validID(c.registrationID) {
		return &c.service.sound
	}
	d := c.service.device(c.key)
	d.steps[at]++
	for i := range e.Faults {
		if f := &e.Faults[i]; f.At == at && (f.Nth == 0 || uint32(f.Nth) == d.steps[at]) {
			c.event(Event{Kind: EventFault, Text: fmt.Sprintf("faults[%d] at %v %d", i, at, d.steps[at])})
			return f
		}
	}
	return &c.service.sound
}

// deliver sends the packets that answer a step, as disturbed by a fault.
func (c *Conn) deliver(f *Fault, all []packet.Packet) {
	switch {
	case f.HangUp:
		c.drop(all, "a fault hangs up instead")
		all = nil
	case f.Silence:
		c.drop(all, "a fault suppresses the answer")
		all = nil
	}
	if raw, _ := hex.DecodeString(f.Raw); len(raw) > 0 {
		c.sendBytes(nil, raw, f.delay(), "")
	}
	for _, p := range all {
		c.send(p, f.delay())
	}
	if f.HangUp || f.HangUpAfter {
		c.sendBytes(nil, nil, f.delay(), "by a fault")
	}
}

// drop reports packets that are not sent.
func (c *Conn) drop(all []packet.Packet, why string) {
	for _, p := range all {
		c.about(EventDropped, p, why)
	}
}
