package explore

import (
	"errors"
	"fmt"
	"html"
	"slices"
	"strings"
)

// A Picture is the layout of a diagram. Draw fills in the labels.
type Picture struct {
	Title         string
	Width, Height int
	Boxes         []Box
	Arrows        []Arrow
	Undrawn       []Arrow // arrows that the picture omits; only From and To count
	Notes         []string
}

// A Box is a state, or a frame around states.
type Box struct {
	Name       string
	X, Y, W, H int
	Frame      bool
	Right      bool // the name of a frame is at its right end
}

// An Arrow leads from a state or a frame to a state. It has the labels of edges
// that lead from all of its sources to the target, except those that an earlier
// arrow has.
type Arrow struct {
	From   string // states, separated by spaces
	To     string
	Happy  bool    // on the path of a successful registration; only such an arrow has its edges
	Path   []Point // of lines that are horizontal or vertical
	Label  Point   // of its first line
	Anchor string  // "start", "middle" or "end"
	Wide   int     // approximate width of the label in characters; longer labels are wrapped
}

// A Point is a point in a picture, with the coordinates x and y.
type Point [2]int

// Draw returns the picture as SVG. It is an error if an edge has no arrow, if
// an arrow has no edge, or if labels, boxes and lines overlap.
func (p *Picture) Draw(d *Diagram) (string, error) {
	drawn := map[Edge]bool{}
	var errs []error
	var shapes strings.Builder
	c := canvas{p: p}
	for _, b := range p.Boxes {
		c.box(b)
	}
	for _, a := range p.Arrows {
		happy, rest := a.labels(d, drawn)
		if len(happy)+len(rest) == 0 {
			errs = append(errs, fmt.Errorf("the arrow from %s to %s has no label", a.From, a.To))
		}
		c.arrow(a, happy, rest)
	}
	for _, a := range p.Undrawn {
		a.labels(d, drawn)
	}
	for e := range d.edges {
		if !drawn[e] {
			errs = append(errs, fmt.Errorf("%v has no arrow", e))
		}
	}
	for i, note := range p.Notes {
		c.text("note", note, Point{16, p.Height - 14 - 18*(len(p.Notes)-1-i)}, "start")
	}
	fmt.Fprintf(&shapes, head, p.Width, p.Height, html.EscapeString(p.Title), p.Width-1, p.Height-1)
	shapes.WriteString(c.frames.String() + c.lines.String() + c.boxes.String() + c.texts.String() + "</svg>\n")
	return shapes.String(), errors.Join(append(errs, c.collisions()...)...)
}

// labels returns the labels of an arrow and marks their edges as drawn.
func (a *Arrow) labels(d *Diagram, drawn map[Edge]bool) (happy, rest []string) {
	from := strings.Fields(a.From)
	for e := range d.edges {
		if e.From != from[0] || e.To != a.To {
			continue
		}
		some, all, isHappy := false, true, false
		for _, f := range from {
			e := Edge{f, e.To, e.Label}
			some = some || !drawn[e]
			all = all && d.edges[e]
			isHappy = isHappy || slices.Contains(d.Happy, e)
		}
		if !all || !some || isHappy && !a.Happy {
			continue
		}
		for _, f := range from {
			drawn[Edge{f, e.To, e.Label}] = true
		}
		if isHappy {
			happy = append(happy, e.Label)
		} else {
			rest = append(rest, e.Label)
		}
	}
	slices.SortFunc(rest, d.compare)
	return happy, rest
}

// head is the beginning of a picture: its size, its title, and its light and
// dark colors.
const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13" role="img">
<title>%s</title>
<style>
  .paper { fill: #ffffff; stroke: #d1d9e0 }
  .frame { fill: #818b981a; stroke: #818b98; stroke-dasharray: 4 3 }
  .state { fill: #ffffff; stroke: #59636e; stroke-width: 1.5 }
  .line { fill: none; stroke: #59636e; stroke-width: 1.2 }
  .head { fill: #59636e }
  .happy.line { stroke: #0969da; stroke-width: 2.5 }
  .happy.head { fill: #0969da }
  text { fill: #1f2328 }
  text.name { font-weight: bold; font-size: 14px; text-anchor: middle }
  text.label { fill: #59636e }
  text.happy { fill: #0969da; font-weight: bold }
  text.note { fill: #59636e; font-size: 12px }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117; stroke: #3d444d }
    .state { fill: #151b23; stroke: #9198a1 }
    .line { stroke: #9198a1 }
    .head { fill: #9198a1 }
    .happy.line { stroke: #4493f8 }
    .happy.head { fill: #4493f8 }
    text { fill: #f0f6fc }
    text.label, text.note { fill: #9198a1 }
    text.happy { fill: #4493f8 }
  }
</style>
<rect class="paper" x="0.5" y="0.5" width="%d" height="%d" rx="8"/>
`
