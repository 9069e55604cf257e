package main

import (
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/journal"
	"example.com/dps/fsm/examples/internal/spool"
)

// ready describes how to reach the simulator. It is the content of -ready-file,
// and the first line of a log in JSON.
type ready struct {
	Time      time.Time `json:"time"`
	Kind      string    `json:"kind"`
	TLS       string    `json:"tls"`
	WebSocket string    `json:"websocket"`
	Admin     string    `json:"admin,omitempty"`
	CA        string    `json:"ca,omitempty"`
	IDScope   string    `json:"idScope"`
	PID       int       `json:"pid"`
	Version   string    `json:"version"`
}

// A note is a line of the log that is not about a connection.
type note struct {
	Time time.Time `json:"time"`
	Kind string    `json:"kind"` // reload, reset, error, left-out, report or stopped
	*journal.Device
	Total   *int   `json:"total,omitempty"` // mistakes of all devices
	LeftOut uint64 `json:"leftOut,omitempty"`
	Text    string `json:"text"`
}

// line returns a note in the format of the log.
func (d *desk) line(n note) []byte {
	n.Time = time.Now().UTC()
	if d.format == formatJSON {
		return journal.AppendJSON(nil, n)
	}
	text := strings.ReplaceAll(n.Text, "\n", "\n             ")
	return fmt.Appendf(nil, "%s %s: %s\n", n.Time.Local().Format("15:04:05.000"), n.Kind, text)
}

// event records and prints an event. It is called while the service is locked
// and must not block.
func (d *desk) event(e dpstest.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.stopping && e.Kind == dpstest.EventDiagnosis: // such as a missing DISCONNECT
		return
	case d.stopping && e.Kind == dpstest.EventClosed:
		e.Text = "closed because the simulator is stopping"
	}
	entry := d.journal.Add(journal.NewEntry(e))
	d.tally.Add(entry)
	if d.quiet && e.Kind != dpstest.EventDiagnosis {
		return
	}
	var line []byte
	if d.format == formatJSON {
		line = entry.AppendJSON(nil)
	} else {
		line = entry.AppendLine(nil)
	}
	d.log.Put(line, e.Kind == dpstest.EventDiagnosis || e.Kind == dpstest.EventClosed)
}

// lost returns a line that reports how many lines of a log were left out.
func (d *desk) lost(n uint64) []byte {
	return d.line(note{Kind: "left-out", LeftOut: n, Text: journal.Count(int(n), "line") + " left out: the reader is slow, or there were too many"})
}

// note prints a line that is not about a connection, unless -quiet is set.
func (d *desk) note(kind, text string) {
	if !d.quiet {
		d.log.Put(d.line(note{Kind: kind, Text: text}), true)
	}
}

// trouble prints an error that does not end the program. If the log is written
// to a file, the error is also printed to standard error.
func (d *desk) trouble(err error) {
	d.log.Put(d.line(note{Kind: "error", Text: err.Error()}), true)
	if d.log != d.out {
		complain(spooled{d.errs}, err, exitStopped)
	}
}

// announce prints to the log and, if that is a file, also to standard output.
func (d *desk) announce(text []byte) {
	for _, s := range d.outputs() {
		s.Put(text, true)
	}
}

func (d *desk) outputs() []*spool.Spool {
	if d.log == d.out {
		return []*spool.Spool{d.out}
	}
	return []*spool.Spool{d.log, d.out}
}

// report prints the mistakes of each device at the end.
func (d *desk) report() {
	d.mu.Lock()
	defer d.mu.Unlock()
	devices, mistakes := d.tally.Devices(), d.tally.Mistakes()
	for _, one := range devices {
		if len(one.Diagnoses) > 0 || !d.quiet {
			d.announce(d.line(note{Kind: "report", Device: &one, Text: one.String()}))
		}
	}
	if d.quiet && mistakes == 0 {
		return
	}
	text := fmt.Sprintf("%s, %s", journal.Count(len(devices), "device"), journal.Count(mistakes, "mistake"))
	if d.strict && mistakes > 0 {
		text += fmt.Sprintf("; -strict makes the exit code %d", exitMistakes)
	}
	d.announce(d.line(note{Kind: "stopped", Total: &mistakes, Text: text}))
}

// version returns the version of the program, from its build information.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	text := info.Main.Version
	if text == "" {
		text = "(devel)"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && !strings.Contains(text, s.Value[:min(12, len(s.Value))]) {
			text += " " + s.Value[:min(12, len(s.Value))]
		}
	}
	return text + " " + info.GoVersion
}
