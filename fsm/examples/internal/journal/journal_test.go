package journal_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/journal"
	"example.com/dps/packet"
	"github.com/google/go-cmp/cmp"
)

func TestEntry(t *testing.T) {
	now := time.Date(2026, 11, 26, 15, 4, 5, 6e6, time.Local)
	for _, test := range []struct {
		event      dpstest.Event
		line, json string
	}{
		{dpstest.Event{Conn: 3, Kind: dpstest.EventOpened}, `15:04:05.006 #3 (unknown) + opened`, `"connection":3,"kind":"opened"`},
		{dpstest.Event{Conn: 3, RegistrationID: "dev-1", Kind: dpstest.EventReceived, Packet: new(packet.Pingreq), Text: "PINGREQ"},
			`15:04:05.006 #3 dev-1 ← PINGREQ`, `"connection":3,"device":"dev-1","kind":"received","direction":"in","packet":"PINGREQ","text":"PINGREQ"`},
		{dpstest.Event{Conn: 3, RegistrationID: "dev-1", Kind: dpstest.EventSent, Packet: new(packet.Pingresp), Text: "PINGRESP"},
			`15:04:05.006 #3 dev-1 → PINGRESP`, `"connection":3,"device":"dev-1","kind":"sent","direction":"out","packet":"PINGRESP","text":"PINGRESP"`},
		{dpstest.Event{Conn: 3, RegistrationID: "dev-1", Kind: dpstest.EventDropped, Packet: new(packet.Publish), Text: "why: PUBLISH"},
			`15:04:05.006 #3 dev-1 - not sent, why: PUBLISH`, `"connection":3,"device":"dev-1","kind":"dropped","direction":"dropped","packet":"PUBLISH","text":"why: PUBLISH"`},
		{dpstest.Event{Conn: 3, RegistrationID: "dev-1", Kind: dpstest.EventFault, Text: "faults[0]"},
			`15:04:05.006 #3 dev-1 ! fault: faults[0]`, `"connection":3,"device":"dev-1","kind":"fault","text":"faults[0]"`},
		{dpstest.Event{Conn: 3, RegistrationID: "dev-1", Kind: dpstest.EventDiagnosis, Diagnosis: dpstest.EarlyQuery, Text: "by 1 s"},
			`15:04:05.006 #3 dev-1 ✗ early-query: by 1 s`, `"connection":3,"device":"dev-1","kind":"diagnosis","diagnosis":"early-query","text":"by 1 s"`},
		{dpstest.Event{Kind: dpstest.EventClosed, Text: "a\x1b[2J\u202eb"},
			"15:04:05.006 #0 (unknown) = a\ufffd[2J\ufffdb", "\"connection\":0,\"kind\":\"closed\",\"text\":\"a\ufffd[2J\ufffdb\""},
	} {
		test.event.Time = now
		e := journal.NewEntry(test.event)
		if d := cmp.Diff(test.line+"\n", string(e.AppendLine(nil))); d != "" {
			t.Error(d)
		}
		stamp, err := json.Marshal(now.UTC())
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(fmt.Sprintf(`{"seq":0,"time":%s,%s}`+"\n", stamp, test.json), string(e.AppendJSON(nil))); d != "" {
			t.Error(d)
		}
	}
}

func numbers(s journal.Selection) (all []uint64) {
	for _, e := range s.Entries {
		all = append(all, e.Seq)
	}
	return all
}

func TestSelect(t *testing.T) {
	var j journal.Journal
	if got := j.Select(journal.Filter{}); len(got.Entries) != 0 || got.LeftOut != 0 || got.Last != 0 {
		t.Errorf("want an empty journal, got %+v", got)
	}
	for _, e := range []journal.Entry{
		{Kind: "opened"},
		{Kind: "diagnosis", Device: "a", Diagnosis: dpstest.Username},
		{Kind: "diagnosis", Device: "b", Diagnosis: dpstest.Username},
		{Kind: "diagnosis", Device: "a", Diagnosis: dpstest.ClientID},
	} {
		j.Add(e)
	}
	for _, test := range []struct {
		filter journal.Filter
		want   []uint64
	}{
		{journal.Filter{}, []uint64{1, 2, 3, 4}},
		{journal.Filter{Device: "a"}, []uint64{2, 4}},
		{journal.Filter{Diagnosis: dpstest.Username}, []uint64{2, 3}},
		{journal.Filter{Kind: "opened"}, []uint64{1}},
		{journal.Filter{Device: "a", Diagnosis: dpstest.Username}, []uint64{2}},
		{journal.Filter{After: 2}, []uint64{3, 4}},
		{journal.Filter{After: 4}, nil},
		{journal.Filter{After: math.MaxUint64}, nil},
	} {
		got := j.Select(test.filter)
		if d := cmp.Diff(test.want, numbers(got)); d != "" || got.LeftOut != 0 || got.Last != 4 {
			t.Errorf("%+v: %s left out %d, last %d", test.filter, d, got.LeftOut, got.Last)
		}
	}
	j.Clear()
	j.Add(journal.Entry{})
	if got := j.Select(journal.Filter{}); len(got.Entries) != 1 || got.Entries[0].Seq != 5 || got.LeftOut != 0 {
		t.Errorf("after Clear: %+v", got)
	}
}

// The journal keeps the newest entries and counts those that it no longer
// keeps.
func TestJournalIsBounded(t *testing.T) {
	var j journal.Journal
	for range journal.Size + 7 {
		j.Add(journal.Entry{})
	}
	for _, test := range []struct {
		after, first, left uint64
	}{{0, 8, 7}, {3, 8, 4}, {7, 8, 0}, {8, 9, 0}} {
		got := j.Select(journal.Filter{After: test.after})
		if got.Entries[0].Seq != test.first || got.LeftOut != test.left || got.Entries[len(got.Entries)-1].Seq != journal.Size+7 {
			t.Errorf("after %d: %d to %d, %d left out", test.after, got.Entries[0].Seq, got.Entries[len(got.Entries)-1].Seq, got.LeftOut)
		}
	}
	j.Clear()
	for range 3 {
		j.Add(journal.Entry{})
	}
	if got := j.Select(journal.Filter{}); len(got.Entries) != 3 || got.LeftOut != 0 {
		t.Errorf("after Clear: %d entries, %d left out", len(got.Entries), got.LeftOut)
	}
}

func TestTally(t *testing.T) {
	tally := journal.NewTally([]dpstest.Diagnosis{dpstest.NoDisconnect})
	for _, e := range []journal.Entry{
		{Kind: "diagnosis", Device: "b", Diagnosis: dpstest.NoPuback},
		{Kind: "diagnosis", Device: "b", Diagnosis: dpstest.NoPuback},
		{Kind: "diagnosis", Device: "b", Diagnosis: dpstest.NoDisconnect},
		{Kind: "closed", Device: "b", Text: "first"},
		{Kind: "closed", Device: "b", Text: "second"},
		{Kind: "received", Device: "c"},
		{Kind: "closed", Device: "a", Text: "well"},
		{Kind: "diagnosis", Diagnosis: dpstest.NotConnect},
	} {
		tally.Add(e)
	}
	var got strings.Builder
	for _, d := range tally.Devices() {
		fmt.Fprintln(&got, d)
	}
	want := `(unknown): 0 connections; 1 × not-connect
a: 1 connection; no mistakes; last: well
b: 2 connections; 1 × no-disconnect, 2 × no-puback; last: second
`
	if d := cmp.Diff(want, got.String()); d != "" || tally.Mistakes() != 3 {
		t.Errorf("%sexpected 3 mistakes, got %d", d, tally.Mistakes())
	}
	if b := tally.Devices()[2]; b.Mistakes != 2 {
		t.Errorf("want 2 mistakes of b, got %d", b.Mistakes)
	}
}

// If a client invents names, the report does not grow, but all mistakes are
// counted.
func TestTallyIsBounded(t *testing.T) {
	tally := journal.NewTally(nil)
	const n = 5000
	for i := range n {
		tally.Add(journal.Entry{Kind: "diagnosis", Device: fmt.Sprint("made-up-", i), Diagnosis: dpstest.NotEnrolled})
	}
	all := tally.Devices()
	if len(all) != 1001 || tally.Mistakes() != n || all[0].Name != "(others)" || all[0].Mistakes != n-1000 {
		t.Errorf("%d devices, %d mistakes, %v", len(all), tally.Mistakes(), all[0])
	}
}
