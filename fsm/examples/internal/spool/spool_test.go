package spool_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/dps/fsm/examples/internal/spool"
)

// A reader is what a spool writes to. Its gate holds writes back while it is
// locked.
type reader struct {
	gate sync.Mutex
	mu   sync.Mutex
	text bytes.Buffer
	fail error
	half bool
}

func (r *reader) Write(p []byte) (int, error) {
	r.gate.Lock()
	defer r.gate.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.fail != nil && r.half:
		err := r.fail
		r.fail = nil // once
		n, _ := r.text.Write(p[:len(p)/2])
		return n, err
	case r.fail != nil:
		return 0, r.fail
	}
	return r.text.Write(p)
}

func (r *reader) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

func (r *reader) size() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Len()
}

func (r *reader) breakWith(err error, half bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail, r.half = err, half
}

// A clock stands still until a test moves it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Unix(1e9, 0)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func lost(n uint64) []byte { return fmt.Appendf(nil, "lost %d\n", n) }

// eventually waits until the condition holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 2000 {
		if ok() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("not in ten seconds: ", what)
}

// important is a line that is too long for what ordinary lines leave over by
// chance.
var important = []byte("diagnosis " + strings.Repeat("y", 10_000) + "\n")

func soon() time.Time { return time.Now().Add(10 * time.Second) }

func TestLinesComeInOrder(t *testing.T) {
	var r reader
	var want strings.Builder
	s := spool.New(&r, newClock().Now, lost)
	for i := range 1000 {
		line := fmt.Sprintf("line %d\n", i)
		want.WriteString(line)
		s.Put([]byte(line), i%2 == 0)
	}
	s.Close(soon())
	if r.String() != want.String() {
		t.Error("lines are missing, or come in another order")
	}
}

// At the end it is known how many lines nobody has read, and has been told of.
func TestLinesLostAtTheEnd(t *testing.T) {
	var good reader
	s := spool.New(&good, newClock().Now, lost)
	s.Put([]byte("one\n"), true)
	if n := s.Close(soon()); n != 0 {
		t.Errorf("%d lines are lost, though all were written", n)
	}
	var bad reader
	bad.breakWith(errors.New("full"), false)
	s = spool.New(&bad, newClock().Now, lost)
	for range 100 {
		s.Put([]byte("one\ntwo\n"), true)
	}
	if n := s.Close(soon()); n != 200 {
		t.Errorf("%d lines are lost, want 200", n)
	}
}

// What comes after Close is lost, even if the reader still has to read what
// came before.
func TestLinesAfterTheEnd(t *testing.T) {
	var r reader
	r.gate.Lock()
	s := spool.New(&r, newClock().Now, lost)
	s.Put([]byte("one\n"), true)
	s.Close(time.Now())
	s.Put([]byte("too late\n"), true)
	r.gate.Unlock()
	s.Close(soon())
	if got := r.String(); got != "one\nlost 1\n" && got != "one\n" {
		t.Errorf("%q", got)
	}
}

// A reader that does not read holds nobody up, and a line says how many it has
// missed.
func TestReaderThatDoesNotRead(t *testing.T) {
	var r reader
	r.gate.Lock()
	s := spool.New(&r, newClock().Now, lost)
	line := []byte(strings.Repeat("x", 99) + "\n")
	const n = 30_000
	for range n {
		s.Put(line, false)
	}
	s.Put(important, true) // there is room for what matters
	s.Close(time.Now())    // and the end does not wait either
	r.gate.Unlock()
	eventually(t, "the report", func() bool { return strings.Contains(r.String(), "lost ") })
	lines := strings.Split(strings.TrimSpace(r.String()), "\n")
	var missed int
	var reports int
	for _, line := range lines {
		var m int
		if k, _ := fmt.Sscanf(line, "lost %d", &m); k == 1 {
			missed += m
			reports++
		}
	}
	if got := missed + len(lines) - reports - 1; got != n {
		t.Errorf("%d lines came and %d were lost, want %d in all", len(lines)-reports-1, missed, n)
	}
	if !strings.Contains(r.String(), string(important)) {
		t.Error("a line that matters was left out")
	}
	if size := len(r.String()); size > 3<<20 {
		t.Errorf("%d bytes were kept", size)
	}
}

// A flood does not fill a disk: after a burst, lines come at a rate.
func TestFlood(t *testing.T) {
	var r reader
	c := newClock()
	s := spool.New(&r, c.Now, lost)
	line := []byte(strings.Repeat("x", 999) + "\n")
	flood := func() int { // returns how many bytes have come
		for range 100 {
			for range 300 {
				s.Put(line, false)
			}
			time.Sleep(time.Millisecond) // let it write: this is not about the queue
		}
		time.Sleep(50 * time.Millisecond)
		return r.size()
	}
	before := flood()
	if before > 4<<20 {
		t.Errorf("a flood wrote %d bytes at once", before)
	}
	s.Put(important, true)
	c.add(10 * time.Second)
	if more := flood() - before; more < 512<<10 || more > 10*(256<<10)+4096 {
		t.Errorf("and then %d bytes in ten seconds", more)
	}
	s.Close(soon())
	if !strings.Contains(r.String(), string(important)) {
		t.Error("a line that matters was left out")
	}
}

// A writer that fails loses lines, which are counted, and ends nothing.
func TestWriterThatFails(t *testing.T) {
	var r reader
	c := newClock()
	s := spool.New(&r, c.Now, lost)
	s.Put([]byte("one\n"), true)
	eventually(t, "the first line", func() bool { return r.String() == "one\n" })
	r.breakWith(errors.New("full"), false)
	for range 3 {
		s.Put([]byte("two\n"), true)
		c.add(time.Minute)
		time.Sleep(20 * time.Millisecond) // it tries to report the loss, and fails again
	}
	r.breakWith(nil, false)
	c.add(time.Minute)
	s.Put([]byte("three\n"), true)
	s.Close(soon())
	if got := r.String(); got != "one\nlost 3\nthree\n" && got != "one\nthree\nlost 3\n" {
		t.Errorf("%q", got)
	}
}

// After half a line, the next one begins on a line of its own.
func TestHalfALine(t *testing.T) {
	var r reader
	s := spool.New(&r, newClock().Now, lost)
	r.breakWith(errors.New("full"), true)
	s.Put([]byte("abcdefg\n"), true)
	eventually(t, "half a line", func() bool { return r.size() > 0 })
	s.Close(soon())
	if got := r.String(); got != "abcd\nlost 1\n" {
		t.Errorf("%q", got)
	}
}
