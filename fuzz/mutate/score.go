package main

import (
	"fmt"
	"io"
	"sync"
)

// A score counts the outcomes of mutants and prints the bad ones.
type score struct {
	out     io.Writer
	reasons map[string]string // the list of equivalents

	mu                                 sync.Mutex
	killed, late, survived, equivalent int
	wrong                              int // lines of the list that are not, or no longer, true
	err                                error
}

// stale reports the lines of the list without a mutant.
func (s *score) stale(all []mutant) {
	keys := map[string]bool{}
	for _, m := range all {
		keys[m.key()] = true
	}
	for key := range s.reasons {
		if !keys[key] {
			s.wrong++
			fmt.Fprintf(s.out, "equivalent.tsv lists a mutant that does not exist: %s\n", key)
		}
	}
}

// add counts the outcome of a mutant.
func (s *score) add(m mutant, o outcome, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, listed := s.reasons[m.key()]
	what := ""
	switch {
	case err != nil:
		s.err = err
	case o == survived && listed:
		s.equivalent++
	case o == survived:
		s.survived++
		what = "survivor"
	default:
		s.killed++
		if o == late {
			s.late++
		}
		if listed {
			s.wrong++
			what = "killed, although equivalent.tsv lists it"
		}
	}
	if what != "" {
		fmt.Fprintf(s.out, "%s: %s: %s\n\t- %s\n\t+ %s\n", m.place, m.name(), what, m.was, m.now)
	}
}

func (s *score) good() bool { return s.survived == 0 && s.wrong == 0 && s.err == nil }

// String returns the score.
func (s *score) String() string {
	all := s.killed + s.equivalent + s.survived
	return fmt.Sprintf("%d mutants: %d killed (%d by the time limit), which is %.1f %%; %d equivalent; %d survived",
		all, s.killed, s.late, 100*float64(s.killed)/float64(max(all, 1)), s.equivalent, s.survived)
}
