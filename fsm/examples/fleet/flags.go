package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

// options is the command line.
type options struct {
	devices  int
	size     int
	policies string
	svg      string
	seed     uint64
	memory   int

	chosen []policy
}

func (o *options) flags() *flag.FlagSet {
	f := flag.NewFlagSet("fleet", flag.ContinueOnError)
	f.SetOutput(io.Discard) // run prints errors and usage
	f.IntVar(&o.devices, "devices", 100_000, "`number` of devices, at most a million, the limit of the service")
	f.IntVar(&o.size, "size", 0, "`number` of devices that the policy \"sized\" assumes; 0 for the actual number")
	f.StringVar(&o.policies, "policies", "all", "`names` of policies, separated by commas")
	f.StringVar(&o.svg, "svg", "", "SVG `file` to which the curves are written")
	f.Uint64Var(&o.seed, "seed", 1, "`number` that seeds all randomness")
	f.IntVar(&o.memory, "memory", 1450, "memory limit of the process in `MiB`; with more, a million machines need less time")
	return f
}

// usage returns what -h prints.
func usage() string {
	var s strings.Builder
	s.WriteString(`fleet switches on many devices in the same second, in virtual time, and measures how long they
take to register with a service that accepts 1,000 registrations per minute.

  fleet                                   run 100,000 devices with all policies
  fleet -devices 1000000 -policies fsm    run a million devices with this module's policy
  fleet -svg fleet.svg                    draw the curves, too

The policies:
`)
	for _, p := range policies {
		fmt.Fprintf(&s, "  %-14s %s\n", p.name, p.what)
	}
	s.WriteString("\n")
	f := new(options).flags()
	f.SetOutput(&s)
	f.PrintDefaults()
	s.WriteString("\nProgress is written to standard error. Exit code: 0 done; 1 failed; 2 bad usage.\n")
	return s.String()
}

// parse reads the command line. The error is flag.ErrHelp if the user asks for
// help.
func parse(args []string) (options, error) {
	var o options
	f := o.flags()
	if err := f.Parse(args); err != nil {
		return o, err
	}
	var errs []error
	report := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	report(f.NArg() > 0, "unexpected argument %q: only flags are accepted", f.Arg(0))
	report(o.devices < 1 || o.devices > 1_000_000, "-devices is %d, expected 1 to 1000000", o.devices)
	report(o.size < 0 || o.size > 1_000_000_000, "-size is %d, expected 0 to 1000000000", o.size)
	if o.size == 0 {
		o.size = o.devices
	}
	report(o.memory < 1, "-memory is %d, expected a number of MiB", o.memory)
	o.chosen = policies
	if o.policies != "all" {
		o.chosen = nil
		for _, name := range strings.Split(o.policies, ",") {
			i := slices.IndexFunc(policies, func(p policy) bool { return p.name == name })
			if i < 0 {
				report(true, "-policies contains %q, expected all or some of %s", name, names())
				continue
			}
			o.chosen = append(o.chosen, policies[i])
		}
	}
	return o, errors.Join(errs...)
}
