// Package show prints the progress of a registration for people. It prints no
// passwords and no keys, and it removes control characters that a terminal
// would obey.
package show

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"example.com/dps/fsm"
	"example.com/dps/packet"
)

// maxBody is the number of bytes of a message's body that are shown.
const maxBody = 4 << 10

// A Printer prints one step per line, with the seconds since its start.
type Printer struct {
	w     io.Writer
	start time.Time
}

// New returns a printer that counts seconds from now.
func New(w io.Writer, now time.Time) *Printer { return &Printer{w, now} }

// Step prints an action of the program itself.
func (p *Printer) Step(now time.Time, format string, args ...any) {
	p.line(now, " ", fmt.Sprintf(format, args...))
}

// Event prints an event of a machine. It does not print the end of a
// registration, because the result has more details.
func (p *Printer) Event(e fsm.Event) {
	switch e.Kind {
	case fsm.EventSent:
		p.packet(e.Time, "→", e.Packet)
	case fsm.EventReceived:
		p.packet(e.Time, "←", e.Packet)
	case fsm.EventIgnored:
		p.line(e.Time, " ", "ignored: "+e.Note)
	case fsm.EventWait:
		p.line(e.Time, " ", "wait "+Seconds(e.Until.Sub(e.Time))+": "+e.Note)
	case fsm.EventRetry:
		p.line(e.Time, " ", fmt.Sprintf("%v; again in %s", e.Err, Seconds(e.Until.Sub(e.Time))))
	}
}

// Hint prints advice below a step.
func (p *Printer) Hint(text string) { p.indented(text) }

func (p *Printer) packet(now time.Time, arrow string, what packet.Packet) {
	p.line(now, arrow, what.String())
	if message, ok := what.(*packet.Publish); ok && len(message.Payload) > 0 {
		p.indented(Body(message.Payload))
	}
}

// line prints "  1.23s → CONNACK …".
func (p *Printer) line(now time.Time, arrow, text string) {
	fmt.Fprintf(p.w, "%7.2fs %s %s\n", now.Sub(p.start).Seconds(), arrow, Clean(text))
}

const indent = "           "

func (p *Printer) indented(text string) {
	fmt.Fprintln(p.w, indent+strings.ReplaceAll(Clean(text), "\n", "\n"+indent))
}

// Body returns the body of a message for people. It indents JSON that is too
// long for a line.
func Body(body []byte) string {
	var laid bytes.Buffer
	if len(body) > 100 && len(body) <= maxBody && json.Indent(&laid, body, "", "  ") == nil {
		return laid.String()
	}
	if more := len(body) - maxBody; more > 0 {
		return fmt.Sprintf("%s… (%d more bytes)", body[:maxBody], more)
	}
	return string(body)
}

// Seconds returns a duration in seconds with at most two decimals, such as "2
// s" or "1.05 s".
func Seconds(d time.Duration) string {
	text := strconv.FormatFloat(max(d, 0).Round(10*time.Millisecond).Seconds(), 'f', 2, 64)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".") + " s"
}

// Error describes the error of a registration that had the given time limit.
func Error(err error, limit time.Duration) string {
	var e *fsm.GiveUpError
	if !errors.As(err, &e) {
		return err.Error()
	}
	text := "gave up after " + Seconds(e.Elapsed)
	if e.State != fsm.Idle {
		text += " while " + e.State.String()
	}
	switch {
	case e.Reason == fsm.ErrTimeout && e.Elapsed < limit:
		text += fmt.Sprintf(": the next attempt would come in %s, after the limit of %s", Seconds(e.Wait), Seconds(limit))
	case e.Reason == fsm.ErrTimeout:
		text += fmt.Sprintf(": the limit is %s", Seconds(limit))
	default:
		text += fmt.Sprintf(": %v", e.Reason)
	}
	if e.Attempts > 0 {
		text += fmt.Sprintf("; failures: %d", e.Attempts)
	}
	if e.Last != nil {
		text += ", the last one: " + strings.TrimPrefix(strings.TrimPrefix(e.Last.Error(), "registration: "), "fsm: ")
	}
	return text
}

// Clean replaces characters that a terminal would obey, and invisible
// characters that change how other text is shown, such as bidirectional
// overrides. Text that a peer sent may contain them.
func Clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

// TLS describes the TLS version and the server's verified certificate.
func TLS(state tls.ConnectionState) string {
	if len(state.PeerCertificates) == 0 {
		return tls.VersionName(state.Version)
	}
	return fmt.Sprintf("%s, the server's certificate is %s and valid until %s", tls.VersionName(state.Version),
		state.PeerCertificates[0].Subject, state.PeerCertificates[0].NotAfter.Format(time.DateOnly))
}
