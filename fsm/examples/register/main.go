// Command register registers a device with the Azure IoT Hub Device
// Provisioning Service over MQTT 3.1.1, on TLS or WebSocket, and shows each
// step as it happens.
//
// Without arguments, it runs a demo: it starts a simulated service on this
// machine and registers a device with it. Run "register -h" for the other uses.
//
// The file loop.go drives the machine; device.go makes the machine's
// configuration, transport and password; flags.go reads the command line;
// explain.go, hint.go and network.go give advice after an error; and demo.go
// starts the simulated service.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/fsm/examples/internal/show"
)

func main() {
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, restore) // a second Ctrl-C ends the program immediately
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// run is main with its environment as parameters. It returns the exit code.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	o, err := parse(args)
	out := &output{stdout: stdout, stderr: stderr, json: o.json, steps: stdout}
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage())
		return exitAssigned
	case o.json && o.verbose:
		out.steps = stderr
	case o.json:
		out.steps = io.Discard
	}
	if err != nil {
		return out.badUsage(err)
	}
	d, err := newDevice(ctx, o, getenv)
	if err != nil {
		return out.badUsage(err)
	}
	if o.demo {
		fmt.Fprintln(out.steps, "This is a demo: the service is simulated on this machine. (Run with -h to see how to register a real device.)")
	}
	assignment, err := register(ctx, d, show.New(out.steps, time.Now()))
	if err != nil {
		return out.failed(err, show.Error(err, o.timeout), d.hint(err))
	}
	return out.assigned(assignment)
}

// register registers the device and prints every step.
func register(ctx context.Context, d *device, steps *show.Printer) (fsm.Assignment, error) {
	cfg, advice := d.config, ""
	cfg.Jitter = rand.Float64
	cfg.Trace = func(e fsm.Event) {
		steps.Event(e)
		if hint := d.hint(e.Err); e.Kind == fsm.EventRetry && hint != advice {
			steps.Hint("try: " + hint)
			advice = hint
		}
	}
	m, err := fsm.New(cfg)
	if err != nil {
		return fsm.Assignment{}, err
	}
	start := time.Now()
	m.Advance(start) // the budget begins before the first dial
	dial := func(ctx context.Context) (net.Conn, error) {
		return d.dial(ctx, start.Add(cfg.Policy.Budget), steps)
	}
	password := func() ([]byte, error) { return d.password(time.Now()) }
	loop(ctx, m, dial, password)
	return m.Result()
}
