package main

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/tools/benchmark/parse"
)

// compared are the benchmarks against peers that the table needs.
const compared = "Peers/(Encode|Decode|Stream)/(CONNECT|PUBLISH-128|PUBACK|SUBSCRIBE-1|whole|segments1460|bytes1)/(ours|paho|mochi)$"

// A figure is a row of the table.
type figure struct {
	what  string
	bench string // without "Benchmark"
	limit string // what it is held against; empty: nothing
	peers bool   // whether there are peers that do the same
}

var figures = []figure{
	{"encode CONNECT", "Encode/CONNECT", "Encode/CONNECT/limit", true},
	{"encode SUBSCRIBE", "Encode/SUBSCRIBE/1", "Encode/SUBSCRIBE/1/limit", true},
	{"encode PUBLISH, payload of 128 bytes", "Encode/PUBLISH/128", "Encode/PUBLISH/128/limit", true},
	{"encode PUBACK", "Encode/PUBACK", "Encode/PUBACK/limit", true},
	{"decode CONNECT", "Decode/CONNECT", "Decode/CONNECT/limit", true},
	{"decode SUBSCRIBE", "Decode/SUBSCRIBE/1", "Decode/SUBSCRIBE/1/limit", true},
	{"decode PUBLISH, payload of 128 bytes", "Decode/PUBLISH/128", "Decode/PUBLISH/128/limit", true},
	{"decode PUBACK", "Decode/PUBACK", "Decode/PUBACK/limit", true},
	{"decode 1,000 packets, 199 kB, from a buffer", "Stream/whole", "Stream/whole/limit", true},
	{"… in segments of 1,460 bytes", "Stream/segments1460", "Stream/segments1460/limit", true},
	{"… byte by byte", "Stream/bytes1", "Stream/bytes1/limit", true},
	{"build the topic of a query", "AppendRequest", "", false},
	{"parse the topic of an answer", "ParseResponse/UUID", "", false},
	{"sign a SAS token (limit: HMAC-SHA256 alone)", "Sign", "HMAC", false},
	{"one registration with two polls, all of the device's work", "Registration", "", false},
}

// measurements are the least times in ns, by the name of the benchmark, and other figures.
type measurements struct {
	ns      map[string]float64
	allocs  map[string]uint64
	sizes   map[string]int // bytes that a package adds to a program
	waiting int            // bytes of a machine that waits
}

func newMeasurements() *measurements {
	return &measurements{map[string]float64{}, map[string]uint64{}, map[string]int{}, 0}
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
	for _, g := range regexp.MustCompile(`(\w+) +\d+ bytes, +(\d+) more than an empty program`).FindAllSubmatch(out, -1) {
		m.sizes[string(g[1])], _ = strconv.Atoi(string(g[2]))
	}
	if g := regexp.MustCompile(`(\d+) bytes a machine`).FindSubmatch(out); g != nil {
		m.waiting, _ = strconv.Atoi(string(g[1]))
	}
	if len(m.sizes) < 5 || m.waiting == 0 {
		return fmt.Errorf("the tests do not print the sizes: %s", out)
	}
	return nil
}

func table(m *measurements) (string, error) {
	var s strings.Builder
	s.WriteString("| | time | times the limit | faster than the fastest peer | allocations |\n|---|--:|--:|--:|--:|\n")
	for _, f := range figures {
		ns, ok := m.ns[f.bench]
		if !ok {
			return "", fmt.Errorf("there is no benchmark %s", f.bench)
		}
		limit, peer := "", ""
		if f.limit != "" {
			limit = fmt.Sprintf("%.2f", ns/m.ns[f.limit])
		}
		if f.peers {
			what, name, _ := strings.Cut(f.bench, "/")
			base := "Peers/" + what + "/" + strings.ReplaceAll(name, "/", "-") + "/"
			peer = fmt.Sprintf("%.1f ×", min(m.ns[base+"paho"], m.ns[base+"mochi"])/m.ns[base+"ours"])
		}
		fmt.Fprintf(&s, "| %s | %s | %s | %s | %d |\n", f.what, duration(ns), limit, peer, m.allocs[f.bench])
	}
	fmt.Fprintf(&s, "\nA machine that waits for its next poll holds %d bytes, with its configuration. In a program of its own,\n"+
		"`packet` adds %d kB, `topic` %d kB, `sastoken` %d kB and `fsm` (with all of them) %d kB to a program that does nothing.\n",
		m.waiting, m.sizes["packet"]/1000, m.sizes["topic"]/1000, m.sizes["sastoken"]/1000, m.sizes["fsm"]/1000)
	return s.String(), nil
}

// duration prints a time with two or three digits.
func duration(ns float64) string {
	for _, unit := range []string{"ns", "µs", "ms"} {
		if ns < 1000 {
			return strconv.FormatFloat(ns, 'f', max(0, 1-int(math.Log10(ns))), 64) + " " + unit
		}
		ns /= 1000
	}
	return fmt.Sprintf("%.1f s", ns)
}
