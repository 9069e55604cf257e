package registration

import "example.com/dps/fsm/internal/explore"

// labelOrder is the order of labels in the diagram. Others follow.
var labelOrder = []string{"DialFailed", "Ready", "refused", "no answer", "401", "a long wait", "Lost", "Stop", "giving up", "429, 5xx", "412", "unreadable"}

// happy is the path of a successful registration.
var happy = []explore.Edge{
	{From: "idle", To: "registering", Label: "Ready"},
	{From: "registering", To: "waiting", Label: "assigning"},
	{From: "waiting", To: "polling", Label: "time"},
	{From: "polling", To: "waiting", Label: "assigning"},
	{From: "polling", To: "closing", Label: "assigned"},
	{From: "closing", To: "finished", Label: "Lost"},
}

const statesIntro = `The transitions are the ones that an exhaustive exploration finds with the
default Policy. They are named after inputs and after the contents of
answers. Stop also stands for Abort. "Giving up" means that MaxAttempts or
Budget is used up, and "a long wait" is one that is longer than
StayConnected.`

type point = explore.Point

// picture is the layout of registration.svg.
var picture = explore.Picture{
	Title: "The states of a registration", Width: 840, Height: 412,
	Boxes: []explore.Box{
		{Name: "link up", X: 174, Y: 60, W: 474, H: 266, Frame: true},
		{Name: "an answer is awaited", X: 188, Y: 88, W: 446, H: 80, Frame: true},
		{Name: "idle", X: 16, Y: 114, W: 80, H: 40},
		{Name: "registering", X: 204, Y: 114, W: 110, H: 40},
		{Name: "polling", X: 474, Y: 114, W: 146, H: 40},
		{Name: "waiting", X: 334, Y: 266, W: 110, H: 40},
		{Name: "closing", X: 736, Y: 100, W: 88, H: 160},
		{Name: "finished", X: 736, Y: 306, W: 88, H: 40},
	},
	Arrows: []explore.Arrow{
		{From: "registering waiting polling", To: "closing", Path: []point{{648, 230}, {736, 230}}, Label: point{692, 224}, Anchor: "middle", Wide: 10},
		{From: "registering polling", To: "closing", Happy: true, Path: []point{{634, 134}, {736, 134}}, Label: point{692, 128}, Anchor: "middle", Wide: 11},
		{From: "registering polling", To: "waiting", Path: []point{{389, 168}, {389, 266}}, Label: point{396, 196}, Anchor: "start", Wide: 10},
		{From: "registering waiting polling", To: "idle", Path: []point{{174, 250}, {56, 250}, {56, 154}}, Label: point{118, 244}, Anchor: "middle"},
		{From: "idle", To: "registering", Happy: true, Path: []point{{96, 134}, {204, 134}}, Label: point{135, 128}, Anchor: "middle"},
		{From: "idle", To: "polling", Path: []point{{72, 114}, {72, 38}, {547, 38}, {547, 114}}, Label: point{310, 32}, Anchor: "middle"},
		{From: "idle", To: "idle", Path: []point{{80, 154}, {80, 184}, {124, 184}, {124, 146}, {96, 146}}, Label: point{88, 200}, Anchor: "start"},
		{From: "registering", To: "waiting", Happy: true, Path: []point{{296, 154}, {296, 278}, {334, 278}}, Label: point{303, 216}, Anchor: "start"},
		{From: "waiting", To: "registering", Path: []point{{334, 296}, {240, 296}, {240, 154}}, Label: point{232, 216}, Anchor: "end"},
		{From: "waiting", To: "polling", Happy: true, Path: []point{{444, 296}, {602, 296}, {602, 154}}, Label: point{609, 216}, Anchor: "start"},
		{From: "polling", To: "waiting", Happy: true, Path: []point{{494, 154}, {494, 278}, {444, 278}}, Label: point{501, 196}, Anchor: "start", Wide: 10},
		{From: "polling", To: "closing", Path: []point{{604, 114}, {604, 76}, {764, 76}, {764, 100}}, Label: point{692, 70}, Anchor: "middle"},
		{From: "closing", To: "idle", Path: []point{{796, 100}, {796, 16}, {40, 16}, {40, 114}}, Label: point{692, 30}, Anchor: "middle"},
		{From: "closing", To: "finished", Happy: true, Path: []point{{780, 260}, {780, 306}}, Label: point{773, 286}, Anchor: "end"},
		{From: "idle", To: "finished", Path: []point{{32, 154}, {32, 364}, {780, 364}, {780, 346}}, Label: point{406, 358}, Anchor: "middle", Wide: 30},
	},
	Undrawn: []explore.Arrow{
		{From: "idle", To: "waiting"},
		{From: "idle", To: "closing"},
		{From: "registering waiting polling", To: "finished"},
	},
	Notes: []string{"Not shown: a Ready before the deadline of idle (to waiting or closing), and a Lost that is the last failure (to finished)."},
}
