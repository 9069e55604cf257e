package main

import (
	"cmp"
	"slices"
	"time"
)

// An event is that a device wakes up, so long after the start.
type event struct {
	at     time.Duration
	device uint32
}

// A queue gives back events in the order of their times. It is a calendar of seconds: to
// put one in costs the same, however many there are. Only the second that is open is
// sorted.
type queue struct {
	open    []event   // of the second that has begun, in order
	seconds [][]event // of those to come; the first is that behind open
	past    int       // seconds that are over or open
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

// next takes the earliest event, if there is one.
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
