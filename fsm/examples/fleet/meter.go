package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// cost is what a run took of the machine that it ran on.
type cost struct {
	cpu   time.Duration // a device; where the system does not tell, the time that passed
	bytes int           // of heap a device, when all are on; 0: not measured
	peak  int           // bytes that the process has taken from the system so far
}

// A meter measures a run.
type meter struct {
	cpu  time.Duration
	base int // heap before
}

func startMeter() meter { return meter{cpuTime(), heap()} }

func (m meter) heap() int { return heap() - m.base }

func (m meter) stop(devices int) cost {
	return cost{cpu: (cpuTime() - m.cpu) / time.Duration(devices), peak: peak()}
}

// heap returns the bytes in use.
func heap() int {
	var s runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&s)
	return int(s.HeapAlloc)
}

// peak returns the largest resident size so far where the system tells, and else what the
// runtime has taken.
func peak() int {
	if f, err := os.Open("/proc/self/status"); err == nil {
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			var kB int
			if rest, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
				if _, err := fmt.Sscan(rest, &kB); err == nil {
					return kB << 10
				}
			}
		}
	}
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int(s.Sys)
}
