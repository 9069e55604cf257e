// Package journal records the events of a simulated service, and formats them
// as lines for people, as JSON for programs, and as a final report.
package journal

import (
	"encoding/json"
	"fmt"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/show"
)

// An Entry is an event in the form in which it is recorded and shown.
type Entry struct {
	Seq        uint64            `json:"seq"`  // counts the entries, from 1
	Time       time.Time         `json:"time"` // in UTC
	Connection uint64            `json:"connection"`
	Device     string            `json:"device,omitempty"` // its registration ID, if known
	Kind       string            `json:"kind"`
	Direction  string            `json:"direction,omitempty"` // "in", "out" or "dropped"
	Packet     string            `json:"packet,omitempty"`    // its type, such as "CONNECT"
	Diagnosis  dpstest.Diagnosis `json:"diagnosis,omitempty"`
	Text       string            `json:"text,omitempty"`
}

// NewEntry returns the entry for an event, without a sequence number.
func NewEntry(e dpstest.Event) Entry {
	entry := Entry{
		Time: e.Time.UTC(), Connection: e.Conn, Device: e.RegistrationID,
		Kind: e.Kind.String(), Direction: directions[e.Kind], Diagnosis: e.Diagnosis, Text: show.Clean(e.Text),
	}
	if e.Packet != nil {
		entry.Packet = e.Packet.Type().String()
	}
	return entry
}

var directions = map[dpstest.EventKind]string{
	dpstest.EventReceived: "in",
	dpstest.EventSent:     "out",
	dpstest.EventDropped:  "dropped",
}

// signs precede the text in a line for people.
var signs = map[string]string{
	dpstest.EventOpened.String():    "+ opened",
	dpstest.EventReceived.String():  "←",
	dpstest.EventSent.String():      "→",
	dpstest.EventDropped.String():   "- not sent,",
	dpstest.EventFault.String():     "! fault:",
	dpstest.EventDiagnosis.String(): "✗",
	dpstest.EventClosed.String():    "=",
}

// AppendLine appends the entry as a line for people, such as
//
//	15:04:05.000 #3 dev-1 ✗ early-query: …
func (e Entry) AppendLine(b []byte) []byte {
	device := e.Device
	if device == "" {
		device = Unknown
	}
	b = e.Time.Local().AppendFormat(b, "15:04:05.000")
	b = fmt.Appendf(b, " #%d %s %s", e.Connection, device, signs[e.Kind])
	if e.Diagnosis != "" {
		b = fmt.Appendf(b, " %s:", e.Diagnosis)
	}
	if e.Text != "" {
		b = append(append(b, ' '), e.Text...)
	}
	return append(b, '\n')
}

// AppendJSON appends the entry as a JSON object on one line.
func (e Entry) AppendJSON(b []byte) []byte { return AppendJSON(b, e) }

// AppendJSON appends v as JSON on one line. It panics if v cannot be marshaled.
func AppendJSON(b []byte, v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return append(append(b, text...), '\n')
}

// Unknown is shown instead of the name of a device that has not identified
// itself.
const Unknown = "(unknown)"
