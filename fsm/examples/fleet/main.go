// Command fleet switches on a fleet of up to a million devices in the same
// second, as after a power outage. The devices register with a service that
// accepts 1,000 registrations per minute. The command reports how long it takes
// until all devices are registered, and what that costs. Everything happens in
// one process and in virtual time.
//
// Our devices are real: each is an fsm.Machine that exchanges real bytes with a
// dpstest.Service. For comparison, the policies of other clients run against a
// model of the same quota.
//
// The file machines.go drives the machines; model.go contains the model;
// policies.go the policies; queue.go the events; report.go the table; and
// picture.go the curves.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// The exit codes.
const (
	exitDone   = 0
	exitFailed = 1 // a device was not registered, or the picture could not be written
	exitUsage  = 2
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main with its environment as parameters. It returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage())
		return exitDone
	}
	if err != nil {
		fmt.Fprintf(stderr, "fleet: %s\n(Run \"fleet -h\" for usage.)\n", strings.ReplaceAll(err.Error(), "\n", "\nfleet: "))
		return exitUsage
	}
	f := fleet{devices: o.devices, size: o.size, seed: o.seed, memory: o.memory, tell: ticker(stderr, time.Second)}
	var results []result
	for _, p := range o.chosen {
		r, err := p.play(f)
		if err != nil {
			fmt.Fprintf(stderr, "fleet: %s: %v\n", p.name, err)
			return exitFailed
		}
		results = append(results, r)
		fmt.Fprintf(stderr, "%s: the last device is registered after %s, with %.2f requests per device\n", p.name, clock(r.quantile(1)), r.perDevice())
	}
	table(stdout, o.devices, results)
	if o.svg != "" {
		if err := os.WriteFile(o.svg, picture(o.devices, results), 0o644); err != nil {
			fmt.Fprintf(stderr, "fleet: %v\n", err)
			return exitFailed
		}
	}
	return exitDone
}

// ticker returns a function that reports progress. The function may be called
// often: it writes at most one line in each period of real time.
func ticker(w io.Writer, every time.Duration) func(policy string, now time.Duration, registered, devices int) {
	last, calls := time.Now(), 0
	return func(policy string, now time.Duration, registered, devices int) {
		if calls++; calls%1000 > 0 || time.Since(last) < every {
			return
		}
		last = time.Now()
		fmt.Fprintf(w, "%s: after %v, %s of %s devices are registered\n", policy, now.Round(time.Second), thousands(registered), thousands(devices))
	}
}
