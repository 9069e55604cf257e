package fsm

import (
	"errors"
	"slices"
	"strings"

	"example.com/dps/fsm/internal/explore"
)

// order is the order of states and labels in the diagram. Others follow.
var order = []string{
	"idle", "dialing", "connecting", "subscribing", "ready", "closing", "finished",
	"Dialing", "Open", "DialFailed", "Lost", "refused", "401", "a long wait", "no answer", "violation", "Stop", "giving up",
}

// happy is the path of a successful registration.
var happy = []explore.Edge{
	{From: "idle", To: "dialing", Label: "Dialing"},
	{From: "dialing", To: "connecting", Label: "Open"},
	{From: "connecting", To: "subscribing", Label: "CONNACK 0"},
	{From: "subscribing", To: "ready", Label: "SUBACK"},
	{From: "ready", To: "closing", Label: "assigned"},
	{From: "closing", To: "finished", Label: "Lost"},
}

const statesIntro = `These are the states of the session. The state named ready stands for the
three states of a registration that has its link: registering, waiting and
polling. Package registration shows those. The transitions are the ones that
an exhaustive exploration finds with the default Policy.`

// nodeOf returns the state that the diagram shows.
func nodeOf(m *Machine) string {
	switch s := m.State(); s {
	case Registering, Waiting, Polling:
		return "ready"
	default:
		return s.String()
	}
}

// label returns the label of a step in the diagram, which depends on its
// effect. It is empty if the diagram does not show the step.
func label(before, after *Machine, name string) string {
	var gaveUp *GiveUpError
	_, wasErr := before.Result()
	_, err := after.Result()
	ends := wasErr == ErrPending && err != ErrPending
	isPacket := !slices.Contains([]string{"Open", "bad password", "Dialing", "DialFailed", "Lost", "Stop", "time", "violation"}, name)
	connack, suback := strings.HasPrefix(name, "CONNACK"), strings.HasPrefix(name, "SUBACK")
	from, to := nodeOf(before), nodeOf(after)
	switch {
	case name == "", from == to && (name != "DialFailed" || from != "idle"), before.in.Buffered() > 0:
		return ""
	case ends && errors.As(err, &gaveUp):
		return "giving up"
	case isPacket && connack != (from == "connecting") || suback && before.subscribeID == 0:
		return "violation"
	case name == "time":
		return "no answer"
	case ends && errors.Is(err, ErrRefused) && !connack && !suback:
		return "refused"
	case to == "closing" && !ends && isPacket && name != "401" && !connack:
		return "a long wait"
	case to == "closing" && name == "Open":
		return "Open, too early"
	}
	return name
}

type point = explore.Point

// picture is the layout of session.svg.
var picture = explore.Picture{
	Title: "The states of a session", Width: 840, Height: 456,
	Boxes: []explore.Box{
		{Name: "transport open", X: 274, Y: 92, W: 490, H: 98, Frame: true, Right: true},
		{Name: "idle", X: 16, Y: 132, W: 76, H: 40},
		{Name: "dialing", X: 160, Y: 132, W: 72, H: 40},
		{Name: "connecting", X: 290, Y: 132, W: 100, H: 40},
		{Name: "subscribing", X: 484, Y: 132, W: 106, H: 40},
		{Name: "ready", X: 668, Y: 132, W: 80, H: 40},
		{Name: "closing", X: 632, Y: 312, W: 132, H: 68},
		{Name: "finished", X: 16, Y: 346, W: 88, H: 40},
	},
	Arrows: []explore.Arrow{
		{From: "connecting subscribing ready", To: "closing", Path: []point{{658, 190}, {658, 312}}, Label: point{651, 214}, Anchor: "end", Wide: 10},
		{From: "connecting subscribing ready", To: "idle", Path: []point{{538, 92}, {538, 50}, {50, 50}, {50, 132}}, Label: point{300, 44}, Anchor: "middle"},
		{From: "idle", To: "dialing", Happy: true, Path: []point{{92, 152}, {160, 152}}, Label: point{124, 146}, Anchor: "middle"},
		{From: "dialing", To: "connecting", Happy: true, Path: []point{{232, 152}, {290, 152}}, Label: point{251, 146}, Anchor: "middle"},
		{From: "connecting", To: "subscribing", Happy: true, Path: []point{{390, 152}, {484, 152}}, Label: point{435, 146}, Anchor: "middle"},
		{From: "subscribing", To: "ready", Happy: true, Path: []point{{590, 152}, {668, 152}}, Label: point{627, 146}, Anchor: "middle"},
		{From: "ready", To: "closing", Happy: true, Path: []point{{708, 172}, {708, 312}}, Label: point{716, 214}, Anchor: "start", Wide: 12},
		{From: "closing", To: "finished", Happy: true, Path: []point{{632, 366}, {104, 366}}, Label: point{372, 384}, Anchor: "middle"},
		{From: "subscribing", To: "closing", Path: []point{{537, 172}, {537, 324}, {632, 324}}, Label: point{530, 246}, Anchor: "end", Wide: 12},
		{From: "connecting", To: "closing", Path: []point{{340, 172}, {340, 337}, {632, 337}}, Label: point{347, 214}, Anchor: "start"},
		{From: "dialing", To: "closing", Path: []point{{210, 172}, {210, 350}, {632, 350}}, Label: point{217, 214}, Anchor: "start", Wide: 10},
		{From: "dialing", To: "idle", Path: []point{{176, 172}, {176, 194}, {76, 194}, {76, 172}}, Label: point{126, 210}, Anchor: "middle"},
		{From: "idle", To: "connecting", Path: []point{{70, 132}, {70, 74}, {340, 74}, {340, 132}}, Label: point{205, 68}, Anchor: "middle"},
		{From: "idle", To: "finished", Path: []point{{50, 172}, {50, 346}}, Label: point{57, 250}, Anchor: "start", Wide: 12},
		{From: "closing", To: "idle", Path: []point{{764, 346}, {816, 346}, {816, 26}, {30, 26}, {30, 132}}, Label: point{424, 20}, Anchor: "middle"},
	},
	Undrawn: []explore.Arrow{
		{From: "idle", To: "idle"},
		{From: "dialing", To: "finished"},
		{From: "connecting subscribing ready", To: "finished"},
	},
	Notes: []string{
		"Ready stands for registering, waiting and polling. Not shown: DialFailed in idle, which stays idle, and direct",
		"transitions to finished: after a Lost or DialFailed that is the last failure, and after a bad password while dialing.",
	},
}
