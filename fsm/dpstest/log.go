package dpstest

import (
	"fmt"
	"time"
)

// An Event is something that happened, for logs. See Config.Log.
type Event struct {
	Time           time.Time
	RegistrationID string // of the device; empty before its CONNECT
	Text           string // one line; no secrets
}

// String returns one line, without the time.
func (e Event) String() string { return fmt.Sprintf("%s: %s", e.RegistrationID, e.Text) }

func (c *Conn) log(format string, args ...any) {
	if log := c.service.cfg.Log; log != nil {
		log(Event{c.now, c.registrationID, fmt.Sprintf(format, args...)})
	}
}
