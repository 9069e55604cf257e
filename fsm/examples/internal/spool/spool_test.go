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

// A reader is the writer that a spool writes to. Writes block while the gate is
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

// A clock returns the same time until a test changes it.
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
	t.Fatal("not within ten seconds: ", what)
}

// important is a line that is too long for the room that other lines may happen
// to leave.
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
		t.Error("lines are missing or in another order")
	}
}

// Close returns the number of lines that were lost and not reported.
func TestLinesLostAtTheEnd(t *testing.T) {
	var good reader
	s := spool.New(&good, newClock().Now, lost)
	s.Put([]byte("one\n"), true)
	if n := s.Close(soon()); n != 0 {
		t.Errorf("want no lost lines, got %d", n)
	}
	var bad reader
	bad.breakWith(errors.New("full"), false)
	s = spool.New(&bad, newClock().Now, lost)
	for range 100 {
		s.Put([]byte("one\ntwo\n"), true)
	}
	if n := s.Close(soon()); n != 200 {
		t.Errorf("want 200 lost lines, got %d", n)
	}
}

// Lines put after Close are lost, even if earlier lines are still being
// written.
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

// A reader that does not read does not block the program, and a line reports
// how many lines it has missed.
func TestReaderThatDoesNotRead(t *testing.T) {
	var r reader
	r.gate.Lock()
	s := spool.New(&r, newClock().Now, lost)
	line := []byte(strings.Repeat("x", 99) + "\n")
	const n = 30_000
	for range n {
		s.Put(line, false)
	}
	s.Put(important, true) // there is room for important lines
	s.Close(time.Now())    // does not wait either
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
		t.Errorf("want %d lines in total, got %d, and %d were lost", n, len(lines)-reports-1, missed)
	}
	if !strings.Contains(r.String(), string(important)) {
		t.Error("an important line was lost")
	}
	if size := len(r.String()); size > 3<<20 {
		t.Errorf("the spool kept %d bytes", size)
	}
}

// A flood cannot fill a disk: after a burst, lines are written at a limited
// rate.
func TestFlood(t *testing.T) {
	var r reader
	c := newClock()
	s := spool.New(&r, c.Now, lost)
	line := []byte(strings.Repeat("x", 999) + "\n")
	flood := func() int { // returns how many bytes have been written
		for range 100 {
			for range 300 {
				s.Put(line, false)
			}
			time.Sleep(time.Millisecond) // let it write, because this test is not about the queue
		}
		time.Sleep(50 * time.Millisecond)
		return r.size()
	}
	before := flood()
	if before > 4<<20 {
		t.Errorf("a flood wrote a burst of %d bytes", before)
	}
	s.Put(important, true)
	c.add(10 * time.Second)
	if more := flood() - before; more < 512<<10 || more > 10*(256<<10)+4096 {
		t.Errorf("after the burst, a flood wrote %d bytes in ten seconds", more)
	}
	s.Close(soon())
	if !strings.Contains(r.String(), string(important)) {
		t.Error("an important line was lost")
	}
}

// If the writer fails, lines are lost and counted, but the spool continues.
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

// After an incomplete line was written, the next line begins on a new line.
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
