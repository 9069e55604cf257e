//go:build !unix

package main

import "time"

var began = time.Now()

// cpuTime returns the time since the start, because there is no portable way to
// get the processor time.
func cpuTime() time.Duration { return time.Since(began) }
