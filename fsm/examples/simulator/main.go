// Command simulator is a Device Provisioning Service on a desk: a client in any language
// can register with it, over TLS and over WebSocket, and it names what the client does
// wrong.
//
// Without arguments it serves demo devices on loopback and prints how to connect.
// "simulator -h" tells the rest.
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
	exitNetwork  = 1 // an address cannot be listened on
	exitUsage    = 2
	exitMistakes = 3 // with -strict: a client made a mistake
)

// memory is from how many bytes on the garbage of hostile clients is collected more often.
const memory = 160 << 20

func main() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memory)
	}
	signal.Ignore(syscall.SIGPIPE) // a reader that has gone is an error of Write
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, restore) // a second Ctrl-C does not wait for a clean end
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP) // never comes on Windows
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr, reload))
}

// run is main without its surroundings. It returns the exit code when ctx has ended.
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

// complain prints an error, which may be of several lines.
func complain(w io.Writer, err error, code int) int {
	text := "simulator: " + strings.ReplaceAll(err.Error(), "\n", "\nsimulator: ")
	if code == exitUsage {
		text += "\n(simulator -h tells how to use it)"
	}
	fmt.Fprintln(w, text)
	return code
}
