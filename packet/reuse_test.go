package packet_test

import (
	"bytes"
	"errors"
	"math"
	"runtime"
	"runtime/debug"
	"strconv"
	"testing"
	"unsafe"

	"example.com/dps/packet"
)

// allocated returns the number of allocations of f and their total size in
// bytes.
func allocated(f func()) (times, size uint64) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // which allocates as well
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.Mallocs - before.Mallocs, after.TotalAlloc - before.TotalAlloc
}

// Decoding a shorter list into a reused struct does not allocate, and a longer
// one allocates as much as the first. A will requires an allocation if the
// previous packet had none.
func TestDecodeIntoUsedStructAllocatesWhatItLacks(t *testing.T) {
	none := connect(func(*packet.Connect) {})
	will := connect(func(p *packet.Connect) { p.Will = &packet.Will{Topic: []byte("t"), Message: []byte("m")} })
	for _, row := range []struct {
		name          string
		first, second packet.Packet
		want          uint64
	}{
		{"a shorter list", fixtureSubscribe(8), fixtureSubscribe(1), 0},
		{"a longer list", fixtureSubscribe(1), fixtureSubscribe(8), 1},
		{"a will after one", will, will, 0},
		{"a will after none", none, will, 1},
		{"no will after one", will, none, 0},
	} {
		first, _, _ := packet.Cut(mustAppend(nil, row.first), 0)
		second, _, _ := packet.Cut(mustAppend(nil, row.second), 0)
		least := uint64(math.MaxUint64) // the runtime also allocates occasionally
		for range 10 {
			into := packet.New(first.Type)
			if err := into.Decode(first); err != nil {
				t.Fatal(err)
			}
			var err error
			times, _ := allocated(func() { err = into.Decode(second) })
			if least = min(least, times); err != nil {
				t.Fatal(err)
			}
		}
		if least != row.want {
			t.Errorf("%s: %d allocations, want %d", row.name, least, row.want)
		}
	}
}

// A list of topic filters gets a capacity of exactly the number of filters in
// its packet, regardless of its previous capacity. Malformed packets do not
// allocate more.
func TestListsTakeAtMost16BytesForEachByteOfTheirPacket(t *testing.T) {
	for _, row := range []struct {
		first byte
		field string
		valid bool
	}{
		{0xa2, "\x00\x01a", true}, {0xa2, "\x00\x00", false}, {0xa2, "\x00\x01#\x00", false},
		{0x82, "\x00\x01a\x00", true}, {0x82, "\x00\x00\x00", false}, {0x82, "\x00\x01a\x03", false},
	} {
		for _, n := range []int{1, 2, 3, 17, 18, 75, 1000, 40_000} {
			body := append([]byte{0, 1}, bytes.Repeat([]byte(row.field), n)...)
			f, _, err := packet.Cut(append(appendLength([]byte{row.first}, len(body)), body...), 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, before := range []int{0, n - 1} {
				s := packet.Subscribe{Subscriptions: make([]packet.Subscription, 0, before)}
				u := packet.Unsubscribe{Filters: make([][]byte, 0, before)}
				p, room := packet.Packet(&s), func() int { return cap(s.Subscriptions) }
				if row.first == 0xa2 {
					p, room = &u, func() int { return cap(u.Filters) }
				}
				_, size := allocated(func() { err = p.Decode(f) })
				if (err == nil) != row.valid || row.valid && room() != n {
					t.Errorf("%d times %q: %v, room for %d, before for %d", n, row.field, err, room(), before)
				}
				if most := 16*len(body) + 2048; size > uint64(most) { // including the text of the error
					t.Errorf("%d times %q: %d bytes are allocated for a body of %d", n, row.field, size, len(body))
				}
			}
		}
	}
}

// The length of a SUBACK does not overflow on systems where int has 32 bits.
func TestHugeSubackIsRefused(t *testing.T) {
	if strconv.IntSize > 32 {
		t.Skip("no slice is long enough here")
	}
	codes := unsafe.Slice(new(byte), math.MaxInt32-1) // only the length is examined
	b, err := (&packet.Suback{ID: 1, ReturnCodes: codes}).AppendBinary([]byte("before"))
	want := "Remaining Length would be 2147483648, expected at most 268435455"
	if e := (*packet.SyntaxError)(nil); !errors.As(err, &e) || e.Err != packet.ErrInvalid || e.Msg != want || string(b) != "before" {
		t.Errorf("%q, %v, want %q", b, err, want)
	}
}
