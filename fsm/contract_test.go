package fsm_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/packet"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// inbound is everything that a service sends in a registration with two
// queries, in parts after each of which the device waits.
func inbound() [][]packet.Packet {
	return [][]packet.Packet{
		{&packet.Connack{}},
		{&packet.Suback{ID: 1, ReturnCodes: []byte{1}}},
		{&packet.Puback{ID: 2}, message("202/?$rid=1&retry-after=3", assigning)},
		{message("202/?$rid=2&retry-after=5", assigning), &packet.Puback{ID: 3}},
		{&packet.Puback{ID: 4}, message("200/?$rid=3", assigned), message("200/?$rid=3", assigned)},
	}
}

// session runs a registration, with the input divided into pieces by cut, and
// returns everything that the device sent. Each piece is overwritten as soon as
// it has been received.
func session(t interface{ Fatal(...any) }, cut func(left int) int) (sent []byte, m *fsm.Machine) {
	m, err := fsm.New(testConfig())
	if err != nil {
		t.Fatal(err)
	}
	now := start
	if err := m.Open(now, []byte(testToken)); err != nil {
		t.Fatal(err)
	}
	for _, part := range inbound() {
		var in []byte
		for _, p := range part {
			in, _ = p.AppendBinary(in)
		}
		for len(in) > 0 {
			n := cut(len(in))
			piece := bytes.Clone(in[:n])
			m.Receive(now, piece)
			for i := range piece {
				piece[i] = 0xa5
			}
			sent, in = m.AppendOutput(sent), in[n:]
		}
		if m.State() == fsm.Waiting {
			now = m.Deadline()
			m.Advance(now)
			sent = m.AppendOutput(sent)
		}
	}
	return sent, m
}

func TestChunksMakeNoDifference(t *testing.T) {
	want, m := session(t, func(left int) int { return left })
	if _, err := m.Result(); err != nil {
		t.Fatal(err)
	}
	check := func(t interface {
		Fatal(...any)
		Errorf(string, ...any)
	}, cut func(int) int) {
		got, m := session(t, cut)
		if _, err := m.Result(); err != nil || !bytes.Equal(got, want) {
			t.Errorf("sent %q, want %q; %v", got, want, err)
		}
	}
	check(t, func(int) int { return 1 })
	rapid.Check(t, func(t *rapid.T) {
		check(t, func(left int) int { return rapid.IntRange(1, left).Draw(t, "piece") })
	})
}

func TestReadsArePure(t *testing.T) {
	look := func(m *fsm.Machine) string {
		a, err := m.Result()
		return fmt.Sprint(m.Want(), m.Deadline(), m.State(), m.OperationID(), m.Ignored(), a, err)
	}
	b := newBench(t)
	b.polling()
	before := look(b.m)
	b.m.Advance(b.now)
	if diff := cmp.Diff(before, look(b.m)); diff != "" {
		t.Error(diff)
	}
}

func TestOutputIsTakenOnce(t *testing.T) {
	b := newBench(t)
	b.open()
	got := b.m.AppendOutput([]byte("before"))
	if !bytes.HasPrefix(got, []byte("before\x10")) {
		t.Errorf("output %q", got)
	}
	if again := b.m.AppendOutput(nil); len(again) > 0 {
		t.Errorf("output is returned twice: %q", again)
	}
}

func TestSecretsNeverShow(t *testing.T) {
	const secret = "SharedAccessSignature sr=x&sig=verysecret"
	var traced []string
	b := newBench(t, func(c *fsm.Config) {
		c.Trace = func(e fsm.Event) {
			traced = append(traced, fmt.Sprintf("%v %+v %#v", e, e, e.Packet))
			if text, err := json.Marshal(e.Packet); err == nil {
				traced = append(traced, string(text))
			}
		}
	})
	if err := b.m.Open(b.now, []byte(secret)); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "machine", b.m)
	slog.New(slog.NewTextHandler(&log, nil)).Info("m", "machine", b.m)
	text := fmt.Sprintf("%v %+v %#v %s %q", b.m, b.m, b.m, b.m, b.m) + log.String() + strings.Join(traced, "\n")
	for _, form := range []string{"verysecret", fmt.Sprintf("%x", "verysecret"), strings.Trim(fmt.Sprint([]byte("verysecret")), "[]"), "dmVyeXNlY3JldA"} {
		if strings.Contains(text, form) {
			t.Errorf("the password shows as %q in %s", form, text)
		}
	}
	if !strings.Contains(text, "***") {
		t.Error("the trace has no CONNECT")
	}
}

// A waiting machine uses at most 1 KiB, including its configuration, whatever
// the service has sent before.
func TestWaitingMachineIsSmall(t *testing.T) {
	long := fmt.Sprintf(`{"errorCode":429001,"message":%q,"trackingId":%[1]q,"info":{"a":%[1]q}}`, strings.Repeat("x", 80_000))
	broken := `{"operationId":"4.op","status":"` + strings.Repeat("y", 200_000)
	escaped := strings.ReplaceAll(long[:40_000], "x", `\u00e9`)
	for name, answers := range map[string][]*packet.Publish{
		"202":                  {message("202/?$rid=1&retry-after=3", realAssigning)},
		"429":                  {message("429/?$rid=1&retry-after=3", throttled)},
		"429 of 200 kB":        {message("429/?$rid=1&retry-after=3", long)},
		"429 of 200 kB, query": {message("202/?$rid=1&retry-after=3", realAssigning), message("429/?$rid=2&retry-after=3", long)},
		"503 of 200 kB":        {message("202/?$rid=1&retry-after=3", realAssigning), message("503/?$rid=2", escaped+`"}`)},
		"412 of 200 kB":        {message("412/?$rid=1&retry-after=3", long)},
		"unreadable":           {message("202/?$rid=1&retry-after=3", realAssigning), message("200/?$rid=2&retry-after=3", broken)},
		"unknown status":       {message("202/?$rid=1&retry-after=3", broken+`"}`)},
	} {
		if testing.Short() && len(answers[len(answers)-1].Payload) > 1000 {
			continue // parsing it so often takes long with the race detector
		}
		per := min(sizeOfWaiting(t, answers), sizeOfWaiting(t, answers)) // one of them without other allocations in the meantime
		if per > 1024 {
			t.Errorf("%s: %d bytes a machine, want at most 1024", name, per)
		}
		t.Logf("%s: %d bytes a machine", name, per)
	}
}

// sizeOfWaiting returns the size in bytes of a machine that waits after the
// answers.
func sizeOfWaiting(t *testing.T, answers []*packet.Publish) int {
	n := 2000
	if len(answers[len(answers)-1].Payload) > 1000 {
		n = 100
	}
	all := make([]*fsm.Machine, n)
	heap := func() uint64 {
		var s runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	before := heap()
	for i := range all {
		b := newBench(t)
		b.connect()
		for _, answer := range answers {
			in, _ := answer.AppendBinary(nil)
			b.m.Receive(b.now, in[:100])
			b.m.Receive(b.now, in[100:])
			b.want(fsm.Waiting, fsm.WantExchange)
			b.m.AppendOutput(nil)
			if answer != answers[len(answers)-1] {
				b.sleepToDeadline()
			}
		}
		all[i] = b.m
	}
	per := int(heap()-before) / n
	runtime.KeepAlive(all)
	return per
}

func TestHotPathsDoNotAllocate(t *testing.T) {
	b := newBench(t, func(c *fsm.Config) { c.Policy.Budget = -1 })
	b.connect()
	b.answer(202, "1", "&retry-after=240", assigning)
	b.want(fsm.Waiting, fsm.WantExchange)
	out := b.m.AppendOutput(make([]byte, 0, 1024))
	stale, _ := message("202/?$rid=1&retry-after=3", assigning).AppendBinary(nil)
	twice := message("202/?$rid=1&retry-after=3", assigning)
	twice.QoS = packet.QoS2
	qos2, _ := twice.AppendBinary(nil)
	qos2, _ = (&packet.Pubrel{ID: 7}).AppendBinary(qos2)
	puback, _ := (&packet.Puback{ID: 2}).AppendBinary(nil)
	pong, _ := (&packet.Pingresp{}).AppendBinary(nil)
	for name, f := range map[string]func(){
		"PUBACK":       func() { b.m.Receive(b.now, puback) },
		"stale answer": func() { b.m.Receive(b.now, stale); out = b.m.AppendOutput(out[:0]) },
		"QoS 2":        func() { b.m.Receive(b.now, qos2); out = b.m.AppendOutput(out[:0]) },
		"PINGRESP":     func() { b.m.Receive(b.now, pong) },
		"early call":   func() { b.m.Advance(b.now) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	b = newBench(t, func(c *fsm.Config) { c.Policy.Budget, c.Policy.KeepAlive = -1, time.Second })
	b.connect()
	b.answer(202, "1", "&retry-after=240", assigning)
	b.want(fsm.Waiting, fsm.WantExchange)
	if n := testing.AllocsPerRun(100, func() {
		b.now = b.now.Add(time.Second)
		b.m.Advance(b.now)
		out = b.m.AppendOutput(out[:0])
		b.m.Receive(b.now, pong)
	}); n != 0 {
		t.Errorf("keep-alive: %v allocations", n)
	}
}

// A machine never holds more than it has received: here the packet announces
// 200 KB.
func TestAnnouncedBytesAreNotHeld(t *testing.T) {
	b := newBench(t)
	b.connect()
	if n := testing.AllocsPerRun(1, func() { b.m.Receive(b.now, nil) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	b.m.Receive(b.now, []byte{0x30, 0xc0, 0x9a, 0x0c, 0})
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 4096 {
		t.Errorf("%d bytes for 5 received", got)
	}
	b.want(fsm.Registering, fsm.WantExchange)
}
