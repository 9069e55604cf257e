package packet_test

import (
	"errors"
	"strings"
	"testing"

	"example.com/dps/packet"
)

// connectBody returns the beginning of the body of a CONNECT with these connect
// flags.
func connectBody(flags string) string { return "\x00\x04MQTT\x04" + flags + "\x00\x00" }

// long returns a field of about n bytes, but no longer than a field can be.
func long(n int) string {
	n = min(n, 0xffff)
	return string([]byte{byte(n >> 8), byte(n)}) + strings.Repeat("x", n)
}

// faults contains all kinds of faults that a body can have.
var faults = []struct {
	msg    string // the beginning
	first  byte
	before func(n int) string // the bytes before the fault, of which there may be about n
	fault  string
	at     int  // offset in fault
	behind bool // whether n bytes may follow the fault; otherwise they are before it
}{
	{"protocol name is truncated", 0x10, nothing, "\xff\xff", 0, true},
	{"protocol name begins with ", 0x10, nothing, "\x00\x05MQTTT", 0, true},
	{"protocol level is 5", 0x10, nothing, "\x00\x04MQTT\x05", 6, true},
	{"the reserved connect flag is set", 0x10, nothing, connectBody("\x03"), 7, true},
	{"will QoS is 3, ", 0x10, nothing, connectBody("\x1e"), 7, true},
	{"password flag without ", 0x10, nothing, connectBody("\x42"), 7, true},
	{"client identifier is truncated", 0x10, only(connectBody("\x02")), "\xff\xff", 0, true},
	{"client identifier contains ", 0x10, only(connectBody("\x02")), "\x00\x02a\x00", 3, true},
	{"will topic is missing", 0x10, field(connectBody("\x06")), "\x00", 0, false},
	{"will topic is empty", 0x10, field(connectBody("\x06")), "\x00\x00", 2, true},
	{"will message is truncated", 0x10, only(connectBody("\x06") + "\x00\x01a\x00\x01w"), "\xff\xff", 0, true},
	{"user name is missing", 0x10, field(connectBody("\x82")), "\x00", 0, false},
	{"user name is not UTF-8", 0x10, field(connectBody("\x82")), "\x00\x02a\xff", 3, true},
	{"password is truncated", 0x10, field(connectBody("\xc2") + "\x00\x01a"), "\x00\x02p", 0, false},
	{"", 0x10, only(connectBody("\x02") + "\x00\x01a"), "\x00", 0, true}, // "expected no further bytes, got …"
	{"topic name is truncated", 0x30, nothing, "\xff\xff", 0, true},
	{"topic name contains the wildcard", 0x30, nothing, "\x00\x03a/#", 4, true},
	{"packet identifier is 0", 0x32, only("\x00\x01t"), "\x00\x00", 0, true},
	{"packet identifier is 0", 0x32, field(""), "\x00\x00", 0, false},
	{"packet identifier is missing", 0x32, field(""), "\x00", 0, false},
	{"packet identifier is 0", 0x82, nothing, "\x00\x00", 0, true},
	{"topic filter is missing", 0x82, list("\x00\x01a\x01"), "\x00", 0, false},
	{"topic filter is truncated", 0x82, list("\x00\x01a\x01"), "\x00\x02a", 0, false},
	{"topic filter is empty", 0x82, list("\x00\x01a\x01"), "\x00\x00", 2, true},
	{"topic filter has a '+' ", 0x82, list("\x00\x01a\x01"), "\x00\x02a+", 3, true},
	{"topic filter without a QoS", 0x82, list("\x00\x01a\x01"), "\x00\x01a", 3, false},
	{"requested QoS is 0x03", 0x82, list("\x00\x01a\x01"), "\x00\x01a\x03", 3, false},
	{"requested QoS is 0x03", 0x82, list("\x00\x01a\x01"), "\x00\x01a\x03", 3, true},
	{"packet identifier is 0", 0x90, nothing, "\x00\x00", 0, true},
	{"return code is 0x03", 0x90, list("\x01"), "\x03", 0, false},
	{"return code is 0x03", 0x90, list("\x01"), "\x03", 0, true},
	{"packet identifier is 0", 0xa2, nothing, "\x00\x00", 0, true},
	{"topic filter is missing", 0xa2, list("\x00\x01a"), "\x00", 0, false},
	{"topic filter is truncated", 0xa2, list("\x00\x01a"), "\x00\x02a", 0, false},
	{"topic filter contains U+0000", 0xa2, list("\x00\x01a"), "\x00\x02a\x00", 3, true},
}

func nothing(int) string { return "" }

func only(s string) func(int) string { return func(int) string { return s } }

// field returns a function that returns s and a field after it.
func field(s string) func(int) string { return func(n int) string { return s + long(n) } }

// list returns a function that returns a packet identifier and many elements
// after it.
func list(element string) func(int) string {
	return func(n int) string { return "\x00\x01" + strings.Repeat(element, n/len(element)+1) }
}

// The offset of an error counts from the first byte of the packet, for every
// fault and every size of the header. Each fault is tested after headers of all
// sizes that are possible: a single field is too short for a header of five
// bytes.
func TestEveryOffsetCountsFromTheFirstByteOfThePacket(t *testing.T) {
	for _, row := range faults {
		met := map[int]bool{}
		for _, n := range []int{20, 200, 20_000, 2_200_000} {
			before := row.before(0)
			if !row.behind {
				before = row.before(n)
			}
			body := before + row.fault
			if row.behind {
				body += strings.Repeat("\x01", n)
			}
			b := append(publishHeader(row.first, len(body)), body...)
			header := len(b) - len(body)
			_, err := decodeOne(b)
			var e *packet.SyntaxError
			if !errors.As(err, &e) || !strings.HasPrefix(e.Msg, row.msg) {
				if len(body) < 0xffff {
					t.Errorf("%s, %#x, body of %d bytes: %v", row.msg, row.first, len(body), err)
				}
				continue // a length of two bytes no longer extends beyond the end
			}
			met[header] = true
			if want := header + len(before) + row.at; e.Offset != want {
				t.Errorf("%s, %#x, header of %d bytes: offset %d, want %d", row.msg, row.first, header, e.Offset, want)
			}
		}
		if !met[2] || !met[3] || !met[4] {
			t.Errorf("%s, %#x: tested only after headers of the sizes %v", row.msg, row.first, met)
		}
	}
}
