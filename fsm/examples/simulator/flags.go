package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"

	"example.com/dps/fsm/examples/internal/simulate"
)

// options is the command line.
type options struct {
	tlsAddr, webAddr       string
	enrollments            string
	caOut, certsOut, trust string
	connections            int
}

func (o *options) flags() *flag.FlagSet {
	f := flag.NewFlagSet("simulator", flag.ContinueOnError)
	f.SetOutput(io.Discard) // run prints errors and usage
	f.StringVar(&o.tlsAddr, "tls", "127.0.0.1:8883", "`address` for MQTT over TLS; port 0 takes a free one")
	f.StringVar(&o.webAddr, "websocket", "127.0.0.1:8443", "`address` for MQTT over WebSocket; clients with a fixed port need 127.0.0.1:443")
	f.StringVar(&o.enrollments, "enrollments", "", "JSON `file` with the devices that may register; demo devices unless given")
	f.StringVar(&o.caOut, "ca-out", filepath.Join(os.TempDir(), "dps-simulator-ca.pem"), "`file` to write the CA certificate to that clients must trust")
	f.StringVar(&o.certsOut, "client-certs", "", "`directory` to write a client certificate and key to, for each enrolled X.509 device")
	f.StringVar(&o.trust, "client-ca", "", "PEM `file` with the authorities of client certificates; any certificate will do unless given")
	f.IntVar(&o.connections, "connections", simulate.MaxConns, "`number` of connections at once")
	return f
}

// usage returns what -h prints.
func usage() string {
	var s strings.Builder
	s.WriteString(`simulator is a Device Provisioning Service on this machine, for clients in any language.

  simulator                         serves demo devices and prints how to connect
  simulator -enrollments FILE       serves yours

The file is what dpstest.Config reads:
  {"idScope": "0ne00000A1B", "enrollments": [
    {"registrationId": "dev-1", "primaryKey": "BASE64", "outcome": {"polls": 2, "retryAfter": 3}},
    {"group": "line-4", "prefix": "sn-", "primaryKey": "BASE64"},
    {"registrationId": "dev-x509", "x509": true, "outcome": {"status": "disabled"}}]}

A client certificate proves its common name: the TLS handshake shows that the client has the
private key. Who signed it is looked at with -client-ca only.

`)
	f := new(options).flags()
	f.SetOutput(&s)
	f.PrintDefaults()
	s.WriteString("\nIt stops on Ctrl-C. Exit code: 0 stopped; 1 cannot listen; 2 bad usage.\n")
	return s.String()
}

// parse reads the command line. flag.ErrHelp asks for the usage.
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
	f.Visit(func(f *flag.Flag) { report(f.Value.String() == "", "-%s is empty", f.Name) })
	report(f.NArg() > 0, "unexpected argument %q: every argument is a flag", f.Arg(0))
	report(o.connections <= 0, "-connections is %d, expected a positive number", o.connections)
	for _, a := range []struct{ name, addr string }{{"tls", o.tlsAddr}, {"websocket", o.webAddr}} {
		_, _, err := net.SplitHostPort(a.addr)
		report(err != nil && a.addr != "", "-%s is %q, expected address:port", a.name, a.addr)
	}
	return o, errors.Join(errs...)
}
