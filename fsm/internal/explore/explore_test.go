package explore

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

type inner struct{ n int8 }

type sample struct {
	on    bool
	count uint32
	at    time.Time
	in    *inner
	text  string
	free  []byte
}

var sampleLeftOut = map[string]Reduction{
	"sample.text": {To: IsSet, Why: "any text will do"},
	"sample.free": {Why: "it does not matter"},
}

func TestKeysDifferInEveryFieldThatIsNotLeftOut(t *testing.T) {
	keyer, err := NewKeyer(reflect.TypeFor[sample](), sampleLeftOut)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1e9, 0)
	seen := map[string]int{}
	for i, s := range []sample{
		{}, {on: true}, {count: 1}, {count: 1 << 20}, {at: now}, {at: now.Add(1)}, {in: &inner{1}}, {in: &inner{-1}}, {text: "x"},
	} {
		if s.in == nil {
			s.in = &inner{}
		}
		key := keyer.Key(&s, now)
		if other, found := seen[key]; found {
			t.Errorf("sample %d has the key of sample %d: %s", i, other, key)
		}
		seen[key] = i
		if s.free = []byte("y"); s.text != "" {
			s.text = "another text"
		}
		if got := keyer.Key(&s, now); got != key {
			t.Errorf("sample %d: the key changes with an omitted field to %s, was %s", i, got, key)
		}
	}
}

func TestNewKeyerRefusesFieldsThatItCannotReduce(t *testing.T) {
	for name, test := range map[string]struct {
		v       any
		leftOut map[string]Reduction
	}{
		"a new field":           {struct{ s string }{}, nil},
		"one in another struct": {struct{ p *sample }{}, nil},
		"a field that does not exist": {sample{}, map[string]Reduction{
			"sample.text": {To: IsSet}, "sample.free": {}, "sample.gone": {},
		}},
	} {
		if _, err := NewKeyer(reflect.TypeOf(test.v), test.leftOut); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// counter returns a search in a world that is a number less than modulus.
func counter(modulus, cost int) *Search[*int] {
	return &Search[*int]{
		Start: func() *int { return new(int) },
		Clone: func(n *int) *int { m := *n; return &m },
		Key:   func(n *int) string { return fmt.Sprint(*n) },
		Steps: []Step[*int]{{Name: "add", Do: func(n *int) { *n = (*n + 1) % modulus }}},
		Check: func(before, after *int, _ Step[*int], report Report) Costs {
			if *after == 7 {
				report("seven")
			}
			if *after > *before {
				return Costs{1, 0}
			}
			return Costs{0, cost}
		},
		Visit: func(*int, Report) {},
		Limit: 100, Depth: 1000,
	}
}

func TestSearchWithoutEndFails(t *testing.T) {
	s := counter(1<<30, 0)
	s.Check = func(_, _ *int, _ Step[*int], _ Report) (c Costs) { return c }
	if _, _, err := s.Run(); err == nil || !strings.Contains(err.Error(), "more than 100 states") {
		t.Errorf("got %v", err)
	}
}

func TestSearchFarFromItsStartFails(t *testing.T) {
	for depth, want := range map[int]bool{3: true, 4: false} {
		s := counter(5, 0)
		s.Depth = depth
		_, _, err := s.Run()
		if got := err != nil && strings.Contains(err.Error(), "more than 3 steps from the start"); got != want {
			t.Errorf("depth %d: got %v", depth, err)
		}
	}
}

func TestSearchEndsWithTheFirstErrors(t *testing.T) {
	s := counter(5, 0)
	s.Check = func(_, _ *int, _ Step[*int], report Report) (c Costs) { report("wrong"); return c }
	s.Steps = slices.Repeat(s.Steps, 100)
	if _, steps, err := s.Run(); steps != maxErrors || err == nil {
		t.Errorf("%d steps, %v", steps, err)
	}
}

func TestSearchReportsTheWay(t *testing.T) {
	_, _, err := counter(20, 0).Run()
	if want := "after " + strings.Repeat("add; ", 6) + "add: seven"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %q", err, want)
	}
}

func TestSearchNoticesWhatCopiesShare(t *testing.T) {
	s := counter(5, 0)
	s.Clone = func(n *int) *int { return n }
	s.Steps = append(s.Steps, s.Steps[0])
	if _, _, err := s.Run(); err == nil || !strings.Contains(err.Error(), "another way") {
		t.Errorf("got %v", err)
	}
}

func TestDearestFindsCircles(t *testing.T) {
	s := counter(5, 1)
	if states, steps, err := s.Run(); states != 5 || steps != 5 || err != nil {
		t.Fatalf("got %d states, %d steps, %v", states, steps, err)
	}
	if n, ok := s.Dearest(1, 10); ok {
		t.Errorf("the cycle costs %d", n)
	}
	s = counter(5, 0)
	s.Steps[0].Do = func(n *int) { *n = min(*n+1, 4) }
	s.Check = func(before, after *int, _ Step[*int], _ Report) Costs { return Costs{*after - *before} }
	if _, _, err := s.Run(); err != nil {
		t.Fatal(err)
	}
	if n, ok := s.Dearest(0, 10); n != 4 || !ok {
		t.Errorf("the most expensive path costs %d, %t", n, ok)
	}
}
