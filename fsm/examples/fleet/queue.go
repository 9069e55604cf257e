package main

import (
	"cmp"
	"slices"
	"time"
)

// An event is the wake-up of a device, at a time since the start.
type event struct {
	at     time.Duration
	device uint32
}

// A queue returns events in the order of their times. It is a calendar of
// seconds, so the cost of adding an event does not depend on the number of
// events. Only the current second is sorted.
type queue struct {
	open    []event   // of the current second, in order
	seconds [][]event // of the later seconds; the first follows open
	past    int       // the number of seconds up to and including the current one
	n       int
}

func (q *queue) put(e event) {
	q.n++
	i := int(e.at/time.Second) - q.past
	if i < 0 {
		at, _ := slices.BinarySearchFunc(q.open, e, order)
		q.open = slices.Insert(q.open, at, e)
		return
	}
	if i >= len(q.seconds) {
		q.seconds = append(q.seconds, make([][]event, i+1-len(q.seconds))...)
	}
	q.seconds[i] = append(q.seconds[i], e)
}

// next removes and returns the earliest event, if there is one.
func (q *queue) next() (e event, ok bool) {
	if q.n == 0 {
		return event{}, false
	}
	for len(q.open) == 0 {
		q.open, q.seconds[0] = q.seconds[0], nil
		q.seconds = q.seconds[1:]
		q.past++
		slices.SortFunc(q.open, order)
	}
	e, q.open = q.open[0], q.open[1:]
	q.n--
	return e, true
}

func order(a, b event) int {
	if c := cmp.Compare(a.at, b.at); c != 0 {
		return c
	}
	return cmp.Compare(a.device, b.device)
}
