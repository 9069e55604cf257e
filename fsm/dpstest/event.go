package dpstest

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"example.com/dps/packet"
)

// An EventKind is the kind of an [Event].
type EventKind byte

// The kinds of events.
const (
	EventOpened    EventKind = iota + 1 // a connection was opened
	EventReceived                       // a packet was received from the device
	EventSent                           // a packet was added to the output
	EventDropped                        // a packet was not sent; Text states why
	EventFault                          // a Fault disturbs what follows
	EventDiagnosis                      // the client made a mistake
	EventClosed                         // a connection has ended; Text summarizes it
)

var kindNames = [...]string{"", "opened", "received", "sent", "dropped", "fault", "diagnosis", "closed"}

// String returns "opened", "received", "sent", "dropped", "fault", "diagnosis"
// or "closed".
func (k EventKind) String() string {
	if 0 < k && int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "event " + strconv.Itoa(int(k))
}

// An Event describes something that happened on a connection, for logs and
// tests. See Config.Log.
type Event struct {
	Time           time.Time
	Conn           uint64 // the number of the connection, starting at 1
	RegistrationID string // of the device; empty before its CONNECT, or if it is invalid
	Kind           EventKind

	// Packet is the packet that was received, sent or dropped. It is valid only
	// during the call of Log. Its String method does not reveal the password.
	Packet packet.Packet

	// Diagnosis names the mistake of an EventDiagnosis.
	Diagnosis Diagnosis

	// Text is one line of at most 1 KiB. It contains only printable characters
	// and no secrets.
	Text string
}

// String returns the event as one line, without the time.
func (e Event) String() string {
	s := "#" + strconv.FormatUint(e.Conn, 10)
	if e.RegistrationID != "" {
		s += " " + e.RegistrationID
	}
	s += ": " + e.Kind.String()
	if e.Diagnosis != "" {
		s += " " + string(e.Diagnosis)
	}
	if e.Text != "" {
		s += ": " + e.Text
	}
	return s
}

// maxText bounds the text of an event, which may quote large input.
const maxText = 1 << 10

// clean returns text as one line of printable characters, of at most maxText
// bytes.
func clean(text string) string {
	if len(text) > maxText-len("…") {
		text = strings.ToValidUTF8(text[:maxText-len("…")], "") + "…"
	}
	if !strings.ContainsFunc(text, func(r rune) bool { return r == unicode.ReplacementChar || !unicode.IsPrint(r) }) {
		return text
	}
	if quoted := strconv.Quote(text); len(quoted) <= maxText { // a client must not be able to forge lines of a log
		return quoted
	}
	return clean(text[:len(text)/2])
}

// secret matches the secret part of a token or a connection string, which a
// client may have put in the wrong place, such as in the user name.
var secret = regexp.MustCompile(`(sig(?:=|%3[Dd])|SharedAccessKey=)[^\s"&;]{16,}`)

// mask returns text with its secrets replaced by "***".
func mask(text string) string {
	if !strings.Contains(text, "sig") && !strings.Contains(text, "SharedAccessKey") {
		return text
	}
	return secret.ReplaceAllString(text, "$1***")
}

// event reports an event to Config.Log, if it is set.
func (c *Conn) event(e Event) {
	log := c.service.cfg.Log
	if log == nil {
		return
	}
	e.Time, e.Conn, e.RegistrationID, e.Text = c.now, c.number, c.registrationID, clean(mask(e.Text))
	if !validID(e.RegistrationID) {
		e.RegistrationID = ""
	}
	log(e)
}

// about reports an event with a packet.
func (c *Conn) about(kind EventKind, p packet.Packet, why string) {
	if c.service.cfg.Log == nil {
		return
	}
	text := p.String()
	if m, ok := p.(*packet.Publish); ok && len(m.Payload) > 0 {
		text += fmt.Sprintf(" %.300s", m.Payload)
	}
	if why != "" {
		text = why + ": " + text
	}
	c.event(Event{Kind: kind, Packet: p, Text: text})
}
