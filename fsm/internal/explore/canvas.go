package explore

import (
	"fmt"
	"html"
	"strings"
	"unicode/utf8"
)

// A canvas collects the parts of a picture in layers.
type canvas struct {
	p                           *Picture
	frames, lines, boxes, texts strings.Builder
	labels, segments            []area
}

// An area is the part of a picture that the named element covers.
type area struct {
	name           string
	x0, y0, x1, y1 int
}

func (a area) overlaps(b area) bool { return a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1 }

func (c *canvas) box(b Box) {
	name := html.EscapeString(b.Name)
	if b.Frame {
		fmt.Fprintf(&c.frames, "<rect class=\"frame\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"10\"/>\n", b.X, b.Y, b.W, b.H)
		if b.Right {
			c.text("label", b.Name, Point{b.X + b.W - 12, b.Y + 18}, "end")
		} else {
			c.text("label", b.Name, Point{b.X + 12, b.Y + 18}, "start")
		}
		return
	}
	fmt.Fprintf(&c.boxes, "<rect class=\"state\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"8\"/>\n", b.X, b.Y, b.W, b.H)
	fmt.Fprintf(&c.boxes, "<text class=\"name\" x=\"%d\" y=\"%d\">%s</text>\n", b.X+b.W/2, b.Y+b.H/2+5, name)
}

// text draws one line of text.
func (c *canvas) text(class, s string, at Point, anchor string) {
	fmt.Fprintf(&c.texts, "<text class=\"%s\" x=\"%d\" y=\"%d\" text-anchor=\"%s\">%s</text>\n", class, at[0], at[1], anchor, html.EscapeString(s))
	width := map[string]int{"label": 7, "label happy": 8, "note": 6}[class] // approximate width of a character
	w := utf8.RuneCountInString(s) * width
	x := map[string]int{"start": at[0], "middle": at[0] - w/2, "end": at[0] - w}[anchor]
	c.labels = append(c.labels, area{s, x, at[1] - 10, x + w, at[1] + 3})
}

func (c *canvas) arrow(a Arrow, happy, rest []string) {
	class := ""
	if a.Happy {
		class = "happy "
	}
	name := "the arrow from " + a.From + " to " + a.To
	for i, p := range a.Path[1:] {
		q := a.Path[i]
		c.segments = append(c.segments, area{name, min(p[0], q[0]), min(p[1], q[1]), max(p[0], q[0]), max(p[1], q[1])})
	}
	c.path(class, a.Path)
	at := a.Label
	line := func(class, text string) {
		c.text(class, text, at, a.Anchor)
		at[1] += 16
		if y := a.Path[len(a.Path)-1][1]; at[1]-12 < y && y < at[1]+5 {
			at[1] = y + 16 // the label continues below its arrow
		}
	}
	for _, s := range happy {
		line("label happy", s)
	}
	for _, s := range wrap(rest, a.Wide) {
		line("label", s)
	}
}

// wrap breaks labels into lines of about the given width.
func wrap(labels []string, wide int) (lines []string) {
	for _, l := range labels {
		last := len(lines) - 1
		if last >= 0 && wide == 0 || last >= 0 && utf8.RuneCountInString(lines[last]+l)+3 <= wide {
			lines[last] += " · " + l
			continue
		}
		if i := strings.LastIndexByte(l, ' '); wide > 0 && i >= wide {
			lines, l = append(lines, l[:i]), l[i+1:]
		}
		lines = append(lines, l)
	}
	return lines
}

// path draws lines with round corners and an arrowhead at the end.
func (c *canvas) path(class string, path []Point) {
	const radius, length, half = 8, 9, 4
	last := len(path) - 1
	end, d := path[last], towards(path[last-1], path[last])
	fmt.Fprintf(&c.lines, "<path class=\"%shead\" d=\"M%d %d L%d %d L%d %d Z\"/>\n", class, end[0], end[1],
		end[0]-length*d[0]+half*d[1], end[1]-length*d[1]+half*d[0], end[0]-length*d[0]-half*d[1], end[1]-length*d[1]-half*d[0])
	fmt.Fprintf(&c.lines, "<path class=\"%sline\" d=\"M%d %d", class, path[0][0], path[0][1])
	for i := 1; i < last; i++ {
		p, in, out := path[i], towards(path[i-1], path[i]), towards(path[i], path[i+1])
		fmt.Fprintf(&c.lines, " L%d %d Q%d %d %d %d", p[0]-radius*in[0], p[1]-radius*in[1], p[0], p[1], p[0]+radius*out[0], p[1]+radius*out[1])
	}
	fmt.Fprintf(&c.lines, " L%d %d\"/>\n", end[0]-(length-2)*d[0], end[1]-(length-2)*d[1])
}

// towards returns the direction from one point to another on a horizontal or
// vertical line.
func towards(from, to Point) Point {
	sign := func(n int) int { return max(-1, min(n, 1)) }
	return Point{sign(to[0] - from[0]), sign(to[1] - from[1])}
}

// collisions reports overlaps of labels with anything, of lines with boxes, and
// of lines with parallel lines. Lines may cross.
func (c *canvas) collisions() (errs []error) {
	collide := func(a, b area) {
		if a.overlaps(b) {
			errs = append(errs, fmt.Errorf("%v collides with %v", a, b))
		}
	}
	var boxes []area
	for _, b := range c.p.Boxes {
		if !b.Frame {
			boxes = append(boxes, area{b.Name, b.X, b.Y, b.X + b.W, b.Y + b.H})
		}
	}
	for i, l := range c.labels {
		if l.x0 < 0 || l.y0 < 0 || l.x1 > c.p.Width || l.y1 > c.p.Height {
			errs = append(errs, fmt.Errorf("%q is beyond the edge", l.name))
		}
		for _, other := range c.labels[:i] {
			collide(l, other)
		}
		for _, b := range boxes {
			collide(l, b)
		}
		for _, s := range c.segments {
			collide(l, area{s.name, s.x0 - 1, s.y0 - 1, s.x1 + 1, s.y1 + 1})
		}
	}
	for i, s := range c.segments {
		if s.x0 != s.x1 && s.y0 != s.y1 {
			errs = append(errs, fmt.Errorf("%s is neither horizontal nor vertical", s.name))
		}
		for _, b := range boxes { // it may touch their edges
			collide(area{s.name, s.x0, s.y0, s.x1 + 1, s.y1 + 1}, area{b.name, b.x0 + 1, b.y0 + 1, b.x1 - 1, b.y1 - 1})
		}
		for _, other := range c.segments[:i] { // parallel lines must not overlap
			wide := func(a area) area {
				if a.x0 == a.x1 {
					return area{a.name, a.x0 - 2, a.y0 + 1, a.x1 + 2, a.y1 - 1}
				}
				return area{a.name, a.x0 + 1, a.y0 - 2, a.x1 - 1, a.y1 + 2}
			}
			if s.name != other.name && (s.x0 == s.x1) == (other.x0 == other.x1) {
				collide(wide(s), wide(other))
			}
		}
	}
	return errs
}
