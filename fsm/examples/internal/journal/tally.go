package journal

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/dps/fsm/dpstest"
)

// maxDevices is how many devices have a report of their own: a client may make names up.
const maxDevices = 1000

// others stands for the name of the devices beyond that.
const others = "(others)"

// A Tally counts the mistakes of each device. It must not be used by two goroutines at
// once.
type Tally struct {
	allowed  map[dpstest.Diagnosis]bool
	mistakes int
	devices  map[string]*Device
}

// NewTally returns a tally. The diagnoses allowed are reported, but not counted as
// mistakes.
func NewTally(allowed []dpstest.Diagnosis) *Tally {
	t := &Tally{allowed: map[dpstest.Diagnosis]bool{}, devices: map[string]*Device{}}
	for _, d := range allowed {
		t.allowed[d] = true
	}
	return t
}

// A Device is what the report says about one device.
type Device struct {
	Name        string                    `json:"device"` // its registration id, or what stands for it
	Connections int                       `json:"connections"`
	Mistakes    int                       `json:"mistakes"` // diagnoses, but for those that are allowed
	Diagnoses   map[dpstest.Diagnosis]int `json:"diagnoses,omitempty"`
	Ended       string                    `json:"ended,omitempty"` // how its last connection went
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

// Devices returns what to report: the devices in the order of their names.
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

// Count returns a number with the noun in the right form.
func Count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
