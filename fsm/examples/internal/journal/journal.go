package journal

import (
	"slices"

	"example.com/dps/fsm/dpstest"
)

// Size is the number of entries that a Journal keeps.
const Size = 10_000

// A Journal keeps the newest entries. It must not be used by two goroutines at
// the same time.
type Journal struct {
	ring  []Entry // at most Size; entry number n is at (n-1) % Size
	last  uint64  // the number of the newest entry
	first uint64  // the number of the first entry after the last Clear
}

// Add assigns a number to an entry, records the entry and returns it.
func (j *Journal) Add(e Entry) Entry {
	e.Seq = j.last + 1
	if at := int(j.last % Size); at < len(j.ring) {
		j.ring[at] = e
	} else {
		j.ring = append(j.ring, e)
	}
	j.last++
	return e
}

// Clear discards all entries. It does not restart the numbers.
func (j *Journal) Clear() { j.first = j.last + 1 }

// A Filter selects entries. The zero Filter selects all of them.
type Filter struct {
	Device    string
	Diagnosis dpstest.Diagnosis
	Kind      string
	After     uint64 // only entries with a higher number
}

func (f *Filter) fits(e *Entry) bool {
	return (f.Device == "" || f.Device == e.Device) &&
		(f.Diagnosis == "" || f.Diagnosis == e.Diagnosis) &&
		(f.Kind == "" || f.Kind == e.Kind)
}

// A Selection holds the entries that a Filter selects.
type Selection struct {
	Entries []Entry // oldest first
	LeftOut uint64  // entries that the Filter did not see because they are no longer kept
	Last    uint64  // the number of the newest entry, for the next Filter.After
}

// Select returns the entries that f selects.
func (j *Journal) Select(f Filter) Selection {
	s := Selection{Last: j.last}
	from := max(j.first, f.After+1, 1)
	if oldest := j.last - uint64(len(j.ring)) + 1; from < oldest {
		s.LeftOut = oldest - from
		from = oldest
	}
	for n := from; n <= j.last && n > f.After; n++ {
		if e := &j.ring[(n-1)%Size]; f.fits(e) {
			s.Entries = append(s.Entries, *e)
		}
	}
	s.Entries = slices.Clip(s.Entries)
	return s
}
