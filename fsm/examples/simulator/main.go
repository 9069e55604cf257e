// Command simulator is a Device Provisioning Service on a desk: a client in any language
// can register with it, over TLS and over WebSocket.
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
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"example.com/dps/fsm/examples/internal/simulate"
)

// The exit codes.
const (
	exitStopped = 0 // by Ctrl-C
	exitNetwork = 1 // an address cannot be listened on
	exitUsage   = 2
)

func main() {
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, restore) // a second Ctrl-C does not wait for a clean end
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is main without its surroundings. It returns the exit code when ctx has ended.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage())
		return exitStopped
	}
	d := &desk{options: o, out: stdout}
	if err == nil {
		err = d.prepare(time.Now())
	}
	if err != nil {
		fmt.Fprintf(stderr, "simulator: %s\n(simulator -h tells how to use it)\n", strings.ReplaceAll(err.Error(), "\n", "\nsimulator: "))
		return exitUsage
	}
	if err := d.serve(ctx); err != nil {
		fmt.Fprintf(stderr, "simulator: %v\n", err)
		return exitNetwork
	}
	return exitStopped
}

// serve listens, says how to connect, and serves until ctx ends.
func (d *desk) serve(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	forTLS, err := net.Listen("tcp", d.tlsAddr)
	if err != nil {
		return fmt.Errorf("-tls: %w", err)
	}
	defer forTLS.Close()
	forWeb, err := net.Listen("tcp", d.webAddr)
	if err != nil {
		return fmt.Errorf("-websocket: %w", err)
	}
	defer forWeb.Close()
	d.greet(forTLS.Addr().String(), forWeb.Addr().String())

	server := simulate.New(d.service, d.tls, d.connections, d.print)
	errs := make(chan error, 2)
	go func() { errs <- server.ServeTLS(ctx, forTLS) }()
	go func() { errs <- server.ServeWebSocket(ctx, forWeb) }()
	first := <-errs
	cancel() // one that fails ends the other
	err = errors.Join(first, <-errs)
	d.print("stopped")
	return err
}
