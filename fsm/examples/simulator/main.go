// Command simulator simulates the Device Provisioning Service. A client in any
// language can register with it, over TLS or over WebSocket, and the simulator
// reports the mistakes of the client.
//
// Without arguments, it serves demo devices on loopback and prints how to
// connect. Run "simulator -h" for all options.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"
)

// The exit codes.
const (
	exitStopped  = 0 // by Ctrl-C or SIGTERM
	exitNetwork  = 1 // the simulator cannot listen on an address
	exitUsage    = 2
	exitMistakes = 3 // with -strict: a client made a mistake
)

// memory is the amount of memory, in bytes, from which garbage is collected
// more often, such as that of hostile clients.
const memory = 160 << 20

func main() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memory)
	}
	signal.Ignore(syscall.SIGPIPE) // if the reader has exited, Write returns an error
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, restore) // a second Ctrl-C ends the program immediately
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP) // is never sent on Windows
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr, reload))
}

// run implements main. It runs until ctx ends, and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer, reload <-chan os.Signal) int {
	o, err := parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage())
	case err != nil:
		return complain(stderr, err, exitUsage)
	case o.version:
		fmt.Fprintln(stdout, "simulator", version())
	case o.schema:
		stdout.Write(schema)
	case o.token:
		text, err := o.tokenText(time.Now())
		if err != nil {
			return complain(stderr, err, exitUsage)
		}
		fmt.Fprint(stdout, text)
	default:
		return newDesk(o, stdout, stderr).run(ctx, reload)
	}
	return exitStopped
}

// complain prints an error, which may have several lines, and returns code.
func complain(w io.Writer, err error, code int) int {
	text := "simulator: " + strings.ReplaceAll(err.Error(), "\n", "\nsimulator: ")
	if code == exitUsage {
		text += "\n(Run \"simulator -h\" for usage.)"
	}
	fmt.Fprintln(w, text)
	return code
}
