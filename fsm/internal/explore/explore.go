// Package explore helps the tests of fsm and fsm/registration to visit every
// reachable state of a machine, and to draw the transitions.
package explore

import (
	"errors"
	"fmt"
)

// A Step is one input to a machine in its world.
type Step[W any] struct {
	Name  string // in a report
	Label string // in the diagram; empty if the diagram does not show the step
	Do    func(W)
}

// A Search applies every step in every reachable state, breadth first, until
// there are no new states.
type Search[W any] struct {
	Start func() W
	Clone func(W) W
	Key   func(W) string // of everything that decides what happens next
	Steps []Step[W]

	// Check is called after each step, with the worlds before and after it,
	// and returns the costs of the step.
	Check func(before, after W, s Step[W], report Report) Costs

	// Visit is called in each new state, with a copy that it may modify.
	Visit func(w W, report Report)

	Limit int // maximum number of states, so that the search ends
	Depth int // maximum number of steps to a state, for the same reason

	nodes []node[W]
	index map[string]int // of nodes, by key
	edges map[edge]bool
	errs  []error
}

// maxErrors is the number of errors after which a search ends: more errors
// would not help to find the fault.
const maxErrors = 20

// Costs are the costs of a step, of several kinds, as Dearest adds them up.
type Costs [2]int

// Report adds an error to those that Run returns, with the path to the state.
type Report func(format string, args ...any)

type node[W any] struct {
	w     W
	from  int // the node from which it was reached first
	step  int // with this step
	depth int // number of steps from the start
}

type edge struct {
	from, to int
	costs    Costs
}

// Run searches until a state has an error or there are no new states. It
// returns the number of states, the number of steps that it has taken, and the
// errors that Check and Visit have reported.
func (s *Search[W]) Run() (states, steps int, err error) {
	s.index, s.edges = map[string]int{}, map[edge]bool{}
	s.add(s.Start(), -1, -1)
	for i := 0; i < len(s.nodes) && len(s.errs) == 0; i++ {
		for j, step := range s.Steps {
			steps++
			before := s.nodes[i].w
			after := s.Clone(before)
			step.Do(after)
			report := s.report(i, j)
			costs := s.Check(before, after, step, report)
			to, known := s.index[s.Key(after)]
			if !known {
				to = s.add(after, i, j)
				s.replay(to, report)
				s.Visit(s.Clone(after), report)
				if depth := s.nodes[to].depth; depth > s.Depth {
					report("this state is more than %d steps from the start: does a field of the machine count without end? It is\n%s", s.Depth, s.Key(after))
				}
			}
			s.edges[edge{i, to, costs}] = true
			if len(s.errs) >= maxErrors {
				break
			}
		}
		var zero W
		s.nodes[i].w = zero // no longer needed
		if len(s.nodes) > s.Limit {
			last := s.Key(s.nodes[len(s.nodes)-1].w)
			s.errs = append(s.errs, fmt.Errorf("more than %d states: does the machine have an unlimited counter? The last state is\n%s", s.Limit, last))
		}
	}
	return len(s.nodes), steps, errors.Join(s.errs...)
}

func (s *Search[W]) add(w W, from, step int) int {
	s.index[s.Key(w)] = len(s.nodes)
	depth := 0
	if from >= 0 {
		depth = s.nodes[from].depth + 1
	}
	s.nodes = append(s.nodes, node[W]{w, from, step, depth})
	return len(s.nodes) - 1
}

// path returns the steps that lead to a node.
func (s *Search[W]) path(i int) []Step[W] {
	if n := s.nodes[i]; n.from >= 0 {
		return append(s.path(n.from), s.Steps[n.step])
	}
	return nil
}

// replay repeats the path to a node without clones, to check that clones share
// nothing.
func (s *Search[W]) replay(i int, report Report) {
	w := s.Start()
	for _, step := range s.path(i) {
		step.Do(w)
	}
	if got, want := s.Key(w), s.Key(s.nodes[i].w); got != want {
		report("another way to the same state leads to\n%s instead of\n%s", got, want)
	}
}

func (s *Search[W]) report(node, step int) Report {
	return func(format string, args ...any) {
		names := ""
		for _, p := range s.path(node) {
			names += p.Name + "; "
		}
		s.errs = append(s.errs, fmt.Errorf("after %s%s: %s", names, s.Steps[step].Name, fmt.Sprintf(format, args...)))
	}
}

// Dearest returns the cost, of one of the kinds, of the most expensive path. It
// returns false if a path costs more than limit, which usually means that there
// is a cycle with a cost.
func (s *Search[W]) Dearest(kind, limit int) (dearest int, ok bool) {
	cost := make([]int, len(s.nodes))
	for changed := true; changed; {
		changed = false
		for e := range s.edges {
			if c := cost[e.from] + e.costs[kind]; c > cost[e.to] {
				if c > limit {
					return c, false
				}
				cost[e.to], dearest, changed = c, max(dearest, c), true
			}
		}
	}
	return dearest, true
}
