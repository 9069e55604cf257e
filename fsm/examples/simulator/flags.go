package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/simulate"
)

// options holds the command line.
type options struct {
	tlsAddr, webAddr, adminAddr string
	connections                 int

	enrollments string

	caOut, caDir, certFile, keyFile string
	names                           list
	certsOut, trust                 string

	format, logFile, readyFile string
	quiet, strict              bool
	allow                      list

	token, schema, version bool
	registrationID         string
}

// A list is a flag that holds names separated by commas, and may be set several
// times.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(text string) error {
	for name := range strings.SplitSeq(text, ",") {
		*l = append(*l, strings.TrimSpace(name))
	}
	return nil
}

const (
	formatText = "text"
	formatJSON = "json"
)

func (o *options) flags() *flag.FlagSet {
	f := flag.NewFlagSet("simulator", flag.ContinueOnError)
	f.SetOutput(io.Discard) // run prints errors and usage
	f.StringVar(&o.tlsAddr, "tls", "127.0.0.1:8883", "`address` for MQTT over TLS; port 0 chooses a free one")
	f.StringVar(&o.webAddr, "websocket", "127.0.0.1:8443", "`address` for MQTT over WebSocket; clients with a fixed port need 127.0.0.1:443")
	f.StringVar(&o.adminAddr, "admin", "", "`address` for HTTP requests from tests, such as 127.0.0.1:8080; off by default")
	f.IntVar(&o.connections, "connections", simulate.MaxConns, "maximum `number` of connections at the same time")

	f.StringVar(&o.enrollments, "enrollments", "", "JSON `file` with the devices that may register; by default, demo devices")
	f.BoolVar(&o.schema, "schema", false, "print the JSON Schema of that file, and exit")

	f.StringVar(&o.caOut, "ca-out", "", "`file` for the CA certificate that clients must trust; by default,\ndps-simulator-ca-PORT.pem in the directory for temporary files, removed at the end")
	f.StringVar(&o.caDir, "ca-dir", "", "`directory` to keep the CA in, so that clients need to trust it only once")
	f.Var(&o.names, "name", "additional host `names` and addresses for the server's certificate, separated by commas")
	f.StringVar(&o.certFile, "cert", "", "PEM `file` with your own certificate chain for the server")
	f.StringVar(&o.keyFile, "cert-key", "", "PEM `file` with the private key of -cert, RSA or ECDSA")
	f.StringVar(&o.certsOut, "client-certs", "", "`directory` for a client certificate and key for each enrolled X.509 device")
	f.StringVar(&o.trust, "client-ca", "", "PEM `file` with the authorities of client certificates; by default, any certificate is trusted")

	f.StringVar(&o.format, "log-format", formatText, "`format` of the log: text, or json with one object per line")
	f.StringVar(&o.logFile, "log", "", "`file` to append the log to instead of printing it")
	f.BoolVar(&o.quiet, "quiet", false, "print only diagnoses and errors")
	f.StringVar(&o.readyFile, "ready-file", "", "`file` for addresses, CA and process ID as JSON, written once clients can connect; removed at the end")
	f.BoolVar(&o.strict, "strict", false, "exit with 3 if a client made a mistake")
	f.Var(&o.allow, "allow", "`diagnoses` that -strict does not count, separated by commas")

	f.BoolVar(&o.token, "token", false, "print a token for a device and commands for mosquitto that use it, and exit")
	f.StringVar(&o.registrationID, "registration-id", "", "`name` of the device for -token")
	f.BoolVar(&o.version, "version", false, "print the version, and exit")
	return f
}

// parse parses the command line. The error is flag.ErrHelp if the usage was
// requested.
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
	report(f.NArg() > 0, "unexpected argument %q: only flags are accepted", f.Arg(0))
	report(o.connections <= 0, "-connections is %d, expected a positive number", o.connections)
	for _, a := range []struct{ name, addr string }{{"tls", o.tlsAddr}, {"websocket", o.webAddr}, {"admin", o.adminAddr}} {
		_, _, err := net.SplitHostPort(a.addr)
		report(err != nil && a.addr != "", "-%s is %q, expected address:port", a.name, a.addr)
	}
	report(o.format != formatText && o.format != formatJSON, "-log-format is %q, expected text or json", o.format)
	o.checkCertificates(report)
	report(len(o.allow) > 0 && !o.strict, "-allow has no effect without -strict")
	for _, name := range o.allow {
		report(!slices.Contains(diagnoses(), dpstest.Diagnosis(name)), "-allow: unknown diagnosis %q, expected one of %s", name, join(diagnoses()))
	}
	report(o.token && o.registrationID == "", "-token needs -registration-id")
	report(!o.token && o.registrationID != "", "-registration-id has no effect without -token")
	return o, errors.Join(errs...)
}

// hostName matches host names that a certificate can contain.
var hostName = regexp.MustCompile(`^(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$`)

func isHost(name string) bool {
	_, err := netip.ParseAddr(name)
	return err == nil || hostName.MatchString(name)
}

func (o *options) checkCertificates(report func(bad bool, format string, args ...any)) {
	report((o.certFile == "") != (o.keyFile == ""), "-cert and -cert-key must be set together")
	if o.certFile != "" {
		const why = "has no effect with -cert, which is not signed by the simulator"
		report(o.caOut != "", "-ca-out %s", why)
		report(o.caDir != "", "-ca-dir %s", why)
		report(len(o.names) > 0, "-name %s", why)
	}
	for _, name := range o.names {
		report(!isHost(name) && name != "", "-name is %q, expected a host name or an address, without a port", name)
	}
}

// diagnoses returns all diagnoses of the simulator.
func diagnoses() []dpstest.Diagnosis { return append(simulate.Diagnoses(), dpstest.Diagnoses()...) }

func join(all []dpstest.Diagnosis) string {
	var names list
	for _, d := range all {
		names = append(names, string(d))
	}
	return strings.Join(names, ", ")
}
