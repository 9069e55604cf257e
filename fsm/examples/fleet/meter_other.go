//go:build !unix

package main

import "time"

var began = time.Now()

// cpuTime returns the time since the start: there is no portable way to the other one.
func cpuTime() time.Duration { return time.Since(began) }
