package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/benchmark/parse"
)

// compared matches the benchmarks of peers that the table needs.
const compared = "Peers/(Encode|Decode|Stream)/(CONNECT|CONNACK|PUBLISH-128|PUBACK|SUBSCRIBE-1|SUBACK-8|PINGREQ|whole|segments1460|bytes1)/(ours|paho|mochi)$"

// A figure is a row of the table, which begins with the worst figure.
type figure struct {
	what  string
	bench string // the benchmark, without "Benchmark"
	floor string // the benchmark that it is compared with, if any
	peers bool   // whether peers do the same
}

var figures = []figure{
	{"encode CONNECT", "Encode/CONNECT", "Encode/CONNECT/floor", true},
	{"encode SUBSCRIBE", "Encode/SUBSCRIBE/1", "Encode/SUBSCRIBE/1/floor", true},
	{"encode PUBLISH, payload of 128 bytes", "Encode/PUBLISH/128", "Encode/PUBLISH/128/floor", true},
	{"encode PUBACK", "Encode/PUBACK", "Encode/PUBACK/floor", true},
	{"decode CONNECT", "Decode/CONNECT", "Decode/CONNECT/floor", true},
	{"decode SUBSCRIBE", "Decode/SUBSCRIBE/1", "Decode/SUBSCRIBE/1/floor", true},
	{"decode PUBLISH, payload of 128 bytes", "Decode/PUBLISH/128", "Decode/PUBLISH/128/floor", true},
	{"decode PUBACK", "Decode/PUBACK", "Decode/PUBACK/floor", true},
	{"decode PINGREQ", "Decode/PINGREQ", "Decode/PINGREQ/floor", true},
	{"decode CONNACK", "Decode/CONNACK", "Decode/CONNACK/floor", true},
	{"decode SUBACK", "Decode/SUBACK/8", "Decode/SUBACK/8/floor", true},
	{"decode 1,000 packets, 199 kB, from a buffer", "Stream/whole", "Stream/whole/floor", true},
	{"decode 1,000 packets in segments of 1,460 bytes", "Stream/segments1460", "Stream/segments1460/floor", true},
	{"decode 1,000 packets byte by byte", "Stream/bytes1", "Stream/bytes1/floor", true},
	{"build the topic of a query", "AppendRequest", "", false},
	{"parse the topic of an answer", "ParseResponse/UUID", "", false},
	{"sign a SAS token (floor: HMAC-SHA256 alone)", "Sign", "HMAC", false},
	{"one registration with two polls, all of the device's work", "Registration", "", false},
}

// sizeRows are the rows of the table of sizes.
var sizeRows = []struct{ name, text string }{
	{"packet", "`packet`"},
	{"topic", "`topic`"},
	{"sastoken", "`sastoken`"},
	{"registration", "`fsm/registration`, with `topic`"},
	{"fsm", "`fsm`, with `packet`, `topic` and `fsm/registration`"},
}

// measurements contains the minimal times in ns, by the name of the benchmark,
// and other figures.
type measurements struct {
	ns      map[string]float64
	allocs  map[string]uint64
	sizes   map[string]size // by package
	waiting int             // the size of a waiting machine in bytes
}

// A size is the number of bytes that a package adds to a program that does
// nothing.
type size struct {
	all  int // including the standard library's part and the linker's tables
	ours int // only this module's code and data
}

func newMeasurements() *measurements {
	return &measurements{map[string]float64{}, map[string]uint64{}, map[string]size{}, 0}
}

func (m *measurements) readBenchmarks(out []byte) error {
	all, err := parse.ParseSet(bytes.NewReader(out))
	for _, runs := range all {
		for _, b := range runs {
			name := strings.TrimPrefix(strings.TrimSuffix(b.Name, fmt.Sprintf("-%d", runtime.GOMAXPROCS(0))), "Benchmark")
			if old, found := m.ns[name]; !found || b.NsPerOp < old {
				m.ns[name] = b.NsPerOp
			}
			m.allocs[name] = b.AllocsPerOp
		}
	}
	return err
}

func (m *measurements) readSizes(out []byte) error {
	for _, g := range regexp.MustCompile(`(\w+) +\d+ bytes, +(\d+) more than an empty program, +(\d+) of them ours`).FindAllSubmatch(out, -1) {
		all, err1 := strconv.Atoi(string(g[2]))
		ours, err2 := strconv.Atoi(string(g[3]))
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		m.sizes[string(g[1])] = size{all, ours}
	}
	if g := regexp.MustCompile(`(\d+) bytes a machine`).FindSubmatch(out); g != nil {
		m.waiting, _ = strconv.Atoi(string(g[1]))
	}
	for _, row := range sizeRows {
		if m.sizes[row.name].ours == 0 {
			return fmt.Errorf("the tests do not print the size of %s: %s", row.name, out)
		}
	}
	if m.waiting == 0 {
		return fmt.Errorf("the tests do not print the size of a machine: %s", out)
	}
	return nil
}

func table(m *measurements) (string, error) {
	var s strings.Builder
	s.WriteString("| | time | times the floor | faster than the fastest peer | allocations |\n|---|--:|--:|--:|--:|\n")
	for _, f := range figures {
		if m.ns[f.bench] == 0 || f.floor != "" && m.ns[f.floor] == 0 {
			return "", fmt.Errorf("there is no benchmark %s, or no benchmark of its floor", f.bench)
		}
	}
	for _, f := range m.worstFirst() {
		ns := m.ns[f.bench]
		floor, peer := "", ""
		if f.floor != "" {
			floor = fmt.Sprintf("%.2f", m.timesFloor(f))
		}
		if f.peers {
			what, name, _ := strings.Cut(f.bench, "/")
			base := "Peers/" + what + "/" + strings.ReplaceAll(name, "/", "-") + "/"
			peer = fmt.Sprintf("%.1f ×", min(m.ns[base+"paho"], m.ns[base+"mochi"])/m.ns[base+"ours"])
		}
		fmt.Fprintf(&s, "| %s | %s | %s | %s | %d |\n", f.what, duration(ns), floor, peer, m.allocs[f.bench])
	}
	fmt.Fprintf(&s, "\nA machine that waits for its next poll holds %d bytes, with its configuration. The table shows what each package\n"+
		"adds to a program that does nothing, on %s. Most programs have the standard library's part already:\n\n"+
		"| | our code and data | with the standard library and the linker's tables |\n|---|--:|--:|\n",
		m.waiting, runtime.GOARCH)
	for _, row := range sizeRows {
		n := m.sizes[row.name]
		fmt.Fprintf(&s, "| %s | %.0f kB | %.0f kB |\n", row.text, float64(n.ours)/1000, float64(n.all)/1000)
	}
	return s.String(), nil
}

// timesFloor returns the time of a benchmark as a multiple of its floor, or 0
// if it has no floor.
func (m *measurements) timesFloor(f figure) float64 {
	if f.floor == "" {
		return 0
	}
	return m.ns[f.bench] / m.ns[f.floor]
}

// worstFirst returns the figures in the order of the table, with those without
// a floor last.
func (m *measurements) worstFirst() []figure {
	return slices.SortedStableFunc(slices.Values(figures), func(a, b figure) int {
		return cmp.Compare(m.timesFloor(b), m.timesFloor(a))
	})
}

// duration formats a time with two or three digits.
func duration(ns float64) string {
	for _, unit := range []string{"ns", "µs", "ms"} {
		if ns < 1000 {
			return strconv.FormatFloat(ns, 'f', max(0, 1-int(math.Log10(ns))), 64) + " " + unit
		}
		ns /= 1000
	}
	return fmt.Sprintf("%.1f s", ns)
}
