package main

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// The picture's frame, in pixels.
const (
	width, height            = 960, 560
	left, right, top, bottom = 70, 930, 60, 400
)

// colors are the colors of the policies, in order. They can be told apart
// without telling red from green.
var colors = []string{"#0072b2", "#000000", "#e69f00", "#cc79a7", "#009e73", "#d55e00"}

// picture draws the number of registered devices over time, as SVG.
func picture(devices int, results []result) []byte {
	end := bound(devices)
	for i := range results {
		end = max(end, results[i].quantile(1))
	}
	end += end / 50
	x := func(t time.Duration) float64 { return left + (right-left)*t.Seconds()/end.Seconds() }
	y := func(part float64) float64 { return bottom - (bottom-top)*part }

	var b bytes.Buffer
	draw := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	draw(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="14">`, width, height)
	draw(`<rect width="100%%" height="100%%" fill="white"/>`)
	draw(`<text x="%d" y="30" font-size="18">%s devices switched on in the same second: registered devices over time</text>`, left, thousands(devices))
	for i := range 5 {
		part := float64(i) / 4
		draw(`<path d="M%d %.1fH%d" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%.0f %%</text>`, left, y(part), right, left-8, y(part)+5, 100*part)
	}
	step := tick(end)
	for t := time.Duration(0); t <= end; t += step {
		draw(`<path d="M%.1f %dV%d" stroke="#ddd"/><text x="%.1f" y="%d" text-anchor="middle">%s</text>`, x(t), top, bottom, x(t), bottom+20, clock(t))
	}
	draw(`<path d="M%.1f %dV%d" stroke="#555" stroke-dasharray="6 4"/><text x="%.1f" y="%d" text-anchor="end" fill="#555">bound</text>`,
		x(bound(devices)), top, bottom, x(bound(devices))-4, bottom-8)
	for i := len(results) - 1; i >= 0; i-- { // draw the first on top of the others
		r, color, line := &results[i], colors[i%len(colors)], bottom+52+22*i
		draw(`<path d="%s" fill="none" stroke="%s" stroke-width="2"/>`, curve(r, x, y), color)
		draw(`<path d="M%d %dh30" stroke="%s" stroke-width="4"/><text x="%d" y="%d">%s: %.2f requests per device, the last device after %s, %.2f times the bound</text>`,
			left, line-5, color, left+40, line, r.policy, r.perDevice(), clock(r.quantile(1)), r.ratio())
	}
	draw(`</svg>`)
	return b.Bytes()
}

// curve returns the path of a result, with at most 500 points.
func curve(r *result, x func(time.Duration) float64, y func(float64) float64) string {
	var path strings.Builder
	fmt.Fprintf(&path, "M%.1f %.1f", x(0), y(0))
	points := min(500, len(r.registered))
	for i := range points {
		part := float64(i+1) / float64(points)
		fmt.Fprintf(&path, "L%.1f %.1f", x(r.quantile(part)), y(part))
	}
	return path.String()
}

// tick returns the interval of the marks on the time axis. There are at most
// twelve.
func tick(end time.Duration) time.Duration {
	step := time.Second
	for _, factor := range []time.Duration{1, 5, 10, 30, 60, 5 * 60, 10 * 60, 30 * 60, 3600, 2 * 3600, 5 * 3600, 10 * 3600, 50 * 3600} {
		if step = factor * time.Second; end <= 12*step {
			break
		}
	}
	return step
}
