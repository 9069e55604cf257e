package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// cost is the use of the computer by a run.
type cost struct {
	cpu   time.Duration // per device; on systems without processor times, the elapsed time
	bytes int           // of heap per device, when all are on; 0 if not measured
	peak  int           // bytes that the process has taken from the system so far
}

// A meter measures a run.
type meter struct {
	cpu  time.Duration
	base int // heap before the run
}

func startMeter() meter { return meter{cpuTime(), heap()} }

func (m meter) heap() int { return heap() - m.base }

func (m meter) stop(devices int) cost {
	return cost{cpu: (cpuTime() - m.cpu) / time.Duration(devices), peak: peak()}
}

// heap returns the number of bytes in use.
func heap() int {
	var s runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&s)
	return int(s.HeapAlloc)
}

// peak returns the largest resident size so far, if the system provides it, or
// else the memory that the runtime has obtained.
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
