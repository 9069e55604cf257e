package explore

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// An Edge is a transition from one state to another, with its label.
type Edge struct{ From, To, Label string }

// A Diagram is a set of edges.
type Diagram struct {
	Order []string // of states, and of those labels whose order matters
	Happy []Edge   // the path of a successful registration
	edges map[Edge]bool
}

// Add adds an edge, unless its label is empty.
func (d *Diagram) Add(from, to, label string) {
	if d.edges == nil {
		d.edges = map[Edge]bool{}
	}
	if label != "" {
		d.edges[Edge{from, to, label}] = true
	}
}

// Without returns a diagram of the edges of d that are not in e.
func (d *Diagram) Without(e *Diagram) *Diagram {
	rest := &Diagram{Order: d.Order}
	for edge := range d.edges {
		if !e.edges[edge] {
			rest.Add(edge.From, edge.To, edge.Label)
		}
	}
	return rest
}

// A row has all labels of the edges from some states to another one.
type row struct {
	from   []string
	to     string
	labels []string
}

func (d *Diagram) compare(a, b string) int {
	place := func(s string) int {
		if i := slices.Index(d.Order, s); i >= 0 {
			return i
		}
		return len(d.Order)
	}
	return cmp.Or(place(a)-place(b), strings.Compare(a, b))
}

// rows combines edges with the same label and target, and then those with the
// same sources and target.
func (d *Diagram) rows() []row {
	from := map[Edge][]string{} // by target and label
	for e := range d.edges {
		k := Edge{To: e.To, Label: e.Label}
		from[k] = append(from[k], e.From)
	}
	byLabel := func(a, b Edge) int { return cmp.Or(d.compare(a.Label, b.Label), d.compare(a.To, b.To)) }
	all := map[string]*row{} // by sources and target
	for _, k := range slices.SortedFunc(maps.Keys(from), byLabel) {
		slices.SortFunc(from[k], d.compare)
		name := strings.Join(from[k], ", ") + " → " + k.To
		if all[name] == nil {
			all[name] = &row{from: from[k], to: k.To}
		}
		all[name].labels = append(all[name].labels, k.Label)
	}
	var rows []row
	for _, r := range all {
		rows = append(rows, *r)
	}
	slices.SortFunc(rows, func(a, b row) int {
		return cmp.Or(slices.CompareFunc(a.from, b.from, d.compare), d.compare(a.to, b.to))
	})
	return rows
}

// Text returns the diagram as two tables: the edges in d.Happy, and all others.
func (d *Diagram) Text() (happy, rest string, err error) {
	var way []row
	others := &Diagram{Order: d.Order}
	for e := range d.edges {
		others.Add(e.From, e.To, e.Label)
	}
	for _, e := range d.Happy {
		if !d.edges[e] {
			return "", "", fmt.Errorf("the exploration has not seen %v", e)
		}
		way = append(way, row{[]string{e.From}, e.To, []string{e.Label}})
		delete(others.edges, e)
	}
	return table(way), table(others.rows()), nil
}

func table(rows []row) string {
	wide, high := 0, 0
	for _, r := range rows {
		wide = max(wide, len(strings.Join(r.from, ", ")))
		high = max(high, len(r.to))
	}
	var s strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&s, "%-*s → %-*s  %s\n", wide, strings.Join(r.from, ", "), high, r.to, strings.Join(r.labels, "; "))
	}
	return s.String()
}
