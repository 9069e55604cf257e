package explore

import (
	"strings"
	"testing"
)

func TestTextPutsTogetherWhatIsAlike(t *testing.T) {
	d := &Diagram{Order: []string{"a", "b", "c"}, Happy: []Edge{{"a", "b", "go"}}}
	for _, e := range []Edge{{"a", "b", "go"}, {"a", "c", "fail"}, {"b", "c", "fail"}, {"a", "c", "end"}, {"b", "c", "end"}, {"b", "a", "back"}} {
		d.Add(e.From, e.To, e.Label)
	}
	d.Add("b", "b", "")
	happy, rest, err := d.Text()
	if want := "a → b  go\n"; happy != want || err != nil {
		t.Errorf("got %q, %v, want %q", happy, err, want)
	}
	if want := "a, b → c  end; fail\nb    → a  back\n"; rest != want {
		t.Errorf("got %q, want %q", rest, want)
	}
	d.Happy = append(d.Happy, Edge{"a", "b", "never seen"})
	if _, _, err = d.Text(); err == nil {
		t.Error("no error about a transition that does not exist")
	}
}

func TestDrawReportsWhatIsMissingOrInTheWay(t *testing.T) {
	d := &Diagram{}
	d.Add("a", "b", "go")
	for name, test := range map[string]struct {
		change func(p *Picture)
		want   string
	}{
		"nothing":            {func(p *Picture) {}, ""},
		"no arrow":           {func(p *Picture) { p.Arrows = nil }, "has no arrow"},
		"not drawn":          {func(p *Picture) { p.Arrows, p.Undrawn = nil, p.Arrows }, ""},
		"no edge":            {func(p *Picture) { p.Arrows = append(p.Arrows, p.Arrows[0]) }, "has no label"},
		"label on a box":     {func(p *Picture) { p.Arrows[0].Label = Point{40, 30} }, "collides"},
		"label on a line":    {func(p *Picture) { p.Arrows[0].Label = Point{150, 35} }, "collides"},
		"label on a label":   {func(p *Picture) { p.Notes = []string{strings.Repeat("x", 20)}; p.Height = 40 }, "collides"},
		"label at the edge":  {func(p *Picture) { p.Arrows[0].Label = Point{150, 5} }, "beyond the edge"},
		"line across a box":  {func(p *Picture) { p.Boxes = append(p.Boxes, Box{Name: "c", X: 130, Y: 20, W: 20, H: 20}) }, "collides"},
		"line that is askew": {func(p *Picture) { p.Arrows[0].Path[1][1]++ }, "neither"},
	} {
		p := &Picture{Width: 300, Height: 100,
			Boxes:  []Box{{Name: "a", X: 10, Y: 10, W: 80, H: 40}, {Name: "b", X: 200, Y: 10, W: 80, H: 40}},
			Arrows: []Arrow{{From: "a", To: "b", Path: []Point{{90, 30}, {200, 30}}, Label: Point{145, 24}, Anchor: "middle"}},
		}
		test.change(p)
		_, err := p.Draw(d)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}
