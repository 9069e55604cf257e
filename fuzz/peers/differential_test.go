package peers

import (
	"bytes"
	"strings"
	"testing"

	"example.com/dps/packet"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A reporter is a testing.TB or a rapid.T.
type reporter interface {
	Helper()
	Errorf(string, ...any)
}

// explained reports clashes that are not explained by exactly one row.
func explained(t reporter) func(Clash) {
	t.Helper()
	return func(c Clash) {
		t.Helper()
		if rows := Explanations(c); len(rows) != 1 {
			t.Errorf("%d rows explain: %v", len(rows), c)
			for _, r := range rows {
				t.Errorf("\t%s %s", r.Rule, r.Fault)
			}
		}
	}
}

func TestVectorsDisagreeOnlyAsTheTableSays(t *testing.T) {
	for _, v := range vectors(t) {
		Compare(v.bytes(t), explained(t))
	}
}

func TestTruncatedVectorsDisagreeOnlyAsTheTableSays(t *testing.T) {
	for _, v := range vectors(t) {
		b := v.bytes(t)
		for n := 0; n < len(b) && len(b) < 1<<17; n += max(1, len(b)/300) {
			Compare(b[:n], explained(t))
		}
	}
}

// Every byte of every small vector takes every value.
func TestCorruptedVectorsDisagreeOnlyAsTheTableSays(t *testing.T) {
	for _, v := range vectors(t) {
		b := v.bytes(t)
		if len(b) > 200 {
			continue
		}
		for i, right := range b {
			for wrong := range 256 {
				b[i] = byte(wrong)
				Compare(b, explained(t))
			}
			b[i] = right
			if t.Failed() {
				t.Fatalf("vector %s, byte %d", v.Name, i)
			}
		}
	}
}

// Every peer reads what we write as the same packet, and writes it as the same
// bytes.
func TestPeersReadWhatWeWrite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := generator{}.packet().Draw(t, "packet")
		b, err := p.AppendBinary(nil)
		if err != nil {
			t.Fatalf("%v: %v", p, err)
		}
		ours := Decode(b)
		if diff := cmp.Diff(p, ours.Packet); diff != "" {
			t.Fatalf("we read %x (-wrote +read):\n%s", b, diff)
		}
		Compare(b, explained(t))
	})
}

// Some bytes of valid packets are replaced, removed or doubled.
func TestDamagedPacketsDisagreeOnlyAsTheTableSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b []byte
		for range rapid.IntRange(1, 3).Draw(t, "packets") {
			b, _ = generator{}.packet().Draw(t, "packet").AppendBinary(b)
		}
		for range rapid.IntRange(1, 4).Draw(t, "damages") {
			if len(b) == 0 {
				return
			}
			i := rapid.IntRange(0, min(len(b)-1, 30)).Draw(t, "where")
			switch rapid.IntRange(0, 2).Draw(t, "how") {
			case 0:
				b[i] = rapid.Byte().Draw(t, "byte")
			case 1:
				b = append(b[:i], b[i+1:]...)
			case 2:
				b = append(b[:i], append([]byte{b[i]}, b[i:]...)...)
			}
		}
		Compare(b, explained(t))
	})
}

// If a peer writes what we refuse to write, the table explains it.
func TestWritersDisagreeOnlyAsTheTableSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		CompareWriters(generator{lax: true}.packet().Draw(t, "packet"), explained(t))
	})
}

func FuzzPeers(f *testing.F) {
	for _, v := range vectors(f) {
		if b := v.bytes(f); len(b) < 1<<10 {
			f.Add(b)
		}
	}
	for _, r := range Table {
		for _, example := range strings.Fields(r.Example) {
			f.Add(unhex(f, example))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) { Compare(b, explained(t)) })
}

// A row, or a verb in it, that its own example no longer needs must be removed.
func TestTheTableHasNoRowTooMany(t *testing.T) {
	for _, r := range Table {
		does := map[string]Verbs{}
		collect := func(c Clash) {
			explained(t)(c)
			if r.Explains(c) {
				does[c.Peer] |= c.Does
			}
		}
		if r.What != nil {
			CompareWriters(r.What, collect)
		}
		for _, example := range strings.Fields(r.Example) {
			b := unhex(t, example)
			Compare(b, collect)
			Compare(b[:len(b)-1], collect) // a peer that waits for the last byte has not checked the others
		}
		want := map[string]Verbs{}
		for _, peer := range Peers {
			if v := r.Does(peer.Name()); v != 0 {
				want[peer.Name()] = v
			}
		}
		if diff := cmp.Diff(want, does); diff != "" {
			t.Errorf("%s %s: (-table +example)\n%s", r.Rule, r.Fault, diff)
		}
	}
}

// The comparison detects every kind of wrong peer.
func TestCompareSeesEveryDifference(t *testing.T) {
	right := []byte{0x40, 2, 0, 1}
	puback := &packet.Puback{ID: 1}
	for _, test := range []struct {
		name   string
		theirs Outcome
		want   bool
	}{
		{"the same", accepted(puback, 4), false},
		{"another field", accepted(&packet.Puback{ID: 2}, 4), true},
		{"another type", accepted(&packet.Pubrec{ID: 1}, 4), true},
		{"another size", accepted(puback, 3), true},
		{"waits", incomplete(), true},
		{"refuses", refused(nil), true},
		{"panics", Outcome{Verdict: Panicked}, true},
	} {
		_, c := compareDecode(stub{test.theirs}, right, Decode(right))
		if (c != nil) != test.want {
			t.Errorf("%s: clash %v", test.name, c)
		}
		if c != nil && len(Explanations(*c)) != 0 {
			t.Errorf("%s: explained", test.name)
		}
	}
	if c := compareEncode(stub{}, puback); c == nil || len(Explanations(*c)) != 0 {
		t.Errorf("other bytes: clash %v", c)
	}
	if o := decode(stub{Outcome{Verdict: -1}}, bytes.Repeat(right, 2)); o.Verdict != Panicked {
		t.Errorf("a panic counts as %v", o)
	}
}

// A stub is a peer that always returns the same outcome.
type stub struct{ Outcome }

func (stub) Name() string { return "mochi" }
func (s stub) Decode([]byte) Outcome {
	if s.Verdict < 0 {
		panic("stub")
	}
	return s.Outcome
}
func (stub) Encode(packet.Packet) ([]byte, error) { return []byte("x"), nil }
