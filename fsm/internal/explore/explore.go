// Package explore helps the tests of fsm and fsm/registration to visit every state that
// a machine can get into, and to draw what they found.
package explore

import (
	"errors"
	"fmt"
)

// A Step is one input to a machine in its world.
type Step[W any] struct {
	Name  string // in a report
	Label string // in the diagram; empty: it does not show there
	Do    func(W)
}

// A Search applies every step in every state that can be reached, breadth first, until
// nothing new comes up.
type Search[W any] struct {
	Start func() W
	Clone func(W) W
	Key   func(W) string // of all that decides what happens next
	Steps []Step[W]

	// Check is called after each step, with what was before it, and returns what the
	// step costs.
	Check func(before, after W, s Step[W], report Report) Costs

	// Visit is called in each new state, with a copy that it may use up.
	Visit func(w W, report Report)

	Limit int // number of states from which on the search does not seem to end

	nodes []node[W]
	index map[string]int // of nodes, by key
	edges map[edge]bool
	errs  []error
}

// Costs are the costs of a step, of several kinds, as Dearest adds them up.
type Costs [2]int

// Report adds an error to those that Run returns, with the way that led to it.
type Report func(format string, args ...any)

type node[W any] struct {
	w    W
	from int // the node from which it was reached first
	step int // with this step
}

type edge struct {
	from, to int
	costs    Costs
}

// Run searches until a state has an error, or none is new. It returns how many states
// there are, how many steps it has taken, and what Check and Visit have reported.
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
			}
			s.edges[edge{i, to, costs}] = true
		}
		var zero W
		s.nodes[i].w = zero // not needed any more
		if len(s.nodes) > s.Limit {
			last := s.Key(s.nodes[len(s.nodes)-1].w)
			s.errs = append(s.errs, fmt.Errorf("more than %d states: does a field of the machine count without end? The last one is\n%s", s.Limit, last))
		}
	}
	return len(s.nodes), steps, errors.Join(s.errs...)
}

func (s *Search[W]) add(w W, from, step int) int {
	s.index[s.Key(w)] = len(s.nodes)
	s.nodes = append(s.nodes, node[W]{w, from, step})
	return len(s.nodes) - 1
}

// path returns the steps that lead to a node.
func (s *Search[W]) path(i int) []Step[W] {
	if n := s.nodes[i]; n.from >= 0 {
		return append(s.path(n.from), s.Steps[n.step])
	}
	return nil
}

// replay takes the way to a node without copies: nothing may have been shared by them.
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

// Dearest returns the cost of the dearest way there is, of one of the kinds, or false if
// some way costs more than limit: then there is usually a circle that costs something.
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
