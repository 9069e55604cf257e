package dpstest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// An Event is something that happened, for logs. See Config.Log.
type Event struct {
	Time           time.Time
	RegistrationID string // of the device; empty before its CONNECT, and if it cannot be one
	Text           string // one line of printable characters; no secrets
}

// String returns one line, without the time.
func (e Event) String() string { return fmt.Sprintf("%s: %s", e.RegistrationID, e.Text) }

func (c *Conn) log(format string, args ...any) {
	if log := c.service.cfg.Log; log != nil {
		id, text := c.registrationID, fmt.Sprintf(format, args...)
		if !validID(id) {
			id = ""
		}
		if strings.ContainsFunc(text, func(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }) {
			text = strconv.Quote(text) // no client writes lines into a log
		}
		log(Event{c.now, id, text})
	}
}
