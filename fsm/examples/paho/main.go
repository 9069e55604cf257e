// Command paho registers a device with the Azure IoT Hub Device Provisioning
// Service over TLS or WebSocket, through an MQTT client that is not part of
// this module: github.com/eclipse/paho.mqtt.golang.
//
// Without arguments, it runs a demo: it starts a simulated service on this
// machine and registers a device with it. Run "paho -h" for the other uses.
//
// The file glue.go connects a registration to the client and is the part to
// copy; flags.go reads the command line.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"example.com/dps/fsm"
	"example.com/dps/fsm/examples/internal/setup"
	"example.com/dps/fsm/examples/internal/show"
	"example.com/dps/fsm/registration"
)

// The exit codes.
const (
	exitAssigned = 0
	exitRefused  = 1
	exitUsage    = 2
	exitNetwork  = 3 // or a timeout, or Ctrl-C
)

func main() {
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, restore) // a second Ctrl-C ends the program immediately
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// run is main with its environment as parameters. It returns the exit code.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	serving, stop := context.WithCancel(context.WithoutCancel(ctx)) // the demo's service outlives the client
	defer stop()
	d, err := parse(serving, args, getenv)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage())
		return exitAssigned
	}
	steps := show.New(stdout, time.Now())
	var r *registration.Registration
	if err == nil {
		d.config.Jitter = rand.Float64
		d.config.Trace = func(e registration.Event) {
			steps.Event(fsm.Event{Time: e.Time, Kind: e.Kind, State: e.State, Until: e.Until, Note: e.Note, Err: e.Err})
		}
		r, err = registration.New(d.config)
	}
	if err != nil {
		fmt.Fprintf(stderr, "paho: %s\n(Run \"paho -h\" for usage.)\n", strings.ReplaceAll(show.Clean(err.Error()), "\n", "\npaho: "))
		return exitUsage
	}
	if d.demo {
		fmt.Fprintln(stdout, "This is a demo: the service is simulated on this machine. (Run with -h to see how to register a real device.)")
	}
	drive(ctx, r, func() (*mqtt.ClientOptions, error) {
		steps.Step(time.Now(), "connect to %s", d.broker)
		password, err := setup.Password(d.key, d.config.IDScope, d.config.RegistrationID, time.Now(), max(tokenLife, d.config.Policy.Budget))
		o := clientOptions(r, d.broker, d.tls, string(password))
		return o.SetWebsocketOptions(&mqtt.WebsocketOptions{Proxy: http.ProxyURL(d.proxy)}), err
	})
	a, err := r.Result()
	if err != nil {
		fmt.Fprintf(stderr, "\nNot registered: %s\n", show.Clean(show.Error(err, d.config.Policy.Budget)))
		return exitCode(err)
	}
	fmt.Fprintf(stdout, "\nAssigned.\n  hub        %s\n  device ID  %s\n", show.Clean(a.AssignedHub), show.Clean(a.DeviceID))
	return exitAssigned
}

// exitCode returns the exit code for the error of a registration.
func exitCode(err error) int {
	if errors.Is(err, registration.ErrRefused) || errors.Is(err, registration.ErrUnauthorized) {
		return exitRefused
	}
	return exitNetwork // another attempt may succeed
}
