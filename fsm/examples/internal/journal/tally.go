package journal

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/dps/fsm/dpstest"
)

// maxDevices is the number of devices that are reported individually. It is
// limited because a client can invent names.
const maxDevices = 1000

// others is the name under which all further devices are reported.
const others = "(others)"

// A Tally counts the mistakes of each device. It must not be used by two
// goroutines at the same time.
type Tally struct {
	allowed  map[dpstest.Diagnosis]bool
	mistakes int
	devices  map[string]*Device
}

// NewTally returns a new Tally. The allowed diagnoses are reported but not
// counted as mistakes.
func NewTally(allowed []dpstest.Diagnosis) *Tally {
	t := &Tally{allowed: map[dpstest.Diagnosis]bool{}, devices: map[string]*Device{}}
	for _, d := range allowed {
		t.allowed[d] = true
	}
	return t
}

// A Device is the report on one device.
type Device struct {
	Name        string                    `json:"device"` // its registration ID, "(unknown)" or "(others)"
	Connections int                       `json:"connections"`
	Mistakes    int                       `json:"mistakes"` // diagnoses that are not allowed
	Diagnoses   map[dpstest.Diagnosis]int `json:"diagnoses,omitempty"`
	Ended       string                    `json:"ended,omitempty"` // the summary of its last connection
}

// Add counts an entry.
func (t *Tally) Add(e Entry) {
	switch e.Kind {
	case dpstest.EventDiagnosis.String():
		d := t.device(e.Device)
		if d.Diagnoses == nil {
			d.Diagnoses = map[dpstest.Diagnosis]int{}
		}
		d.Diagnoses[e.Diagnosis]++
		if !t.allowed[e.Diagnosis] {
			d.Mistakes++
			t.mistakes++
		}
	case dpstest.EventClosed.String():
		d := t.device(e.Device)
		d.Connections++
		d.Ended = e.Text
	}
}

func (t *Tally) device(name string) *Device {
	if name == "" {
		name = Unknown
	}
	d := t.devices[name]
	if d == nil && len(t.devices) >= maxDevices {
		name = others
		d = t.devices[name]
	}
	if d == nil {
		d = &Device{Name: name}
		t.devices[name] = d
	}
	return d
}

// Mistakes returns the number of diagnoses that are not allowed.
func (t *Tally) Mistakes() int { return t.mistakes }

// Devices returns the reports on all devices, sorted by name.
func (t *Tally) Devices() []Device {
	var all []Device
	for _, name := range slices.Sorted(maps.Keys(t.devices)) {
		all = append(all, *t.devices[name])
	}
	return all
}

// String returns one line, such as
//
//	dev-1: 2 connections; 1 × early-query, 2 × no-puback; last: closed by the client
func (d Device) String() string {
	text := d.Name + ": " + Count(d.Connections, "connection") + "; "
	var found []string
	for _, name := range slices.Sorted(maps.Keys(d.Diagnoses)) {
		found = append(found, fmt.Sprintf("%d × %s", d.Diagnoses[name], name))
	}
	if len(found) == 0 {
		found = []string{"no mistakes"}
	}
	text += strings.Join(found, ", ")
	if d.Ended != "" {
		text += "; last: " + d.Ended
	}
	return text
}

// Count returns a number and a noun, which is in the plural if necessary.
func Count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
