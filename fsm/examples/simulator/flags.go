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

// options is the command line.
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

// A list is a flag that may be given several times, and holds names with commas between
// them.
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
	f.StringVar(&o.tlsAddr, "tls", "127.0.0.1:8883", "`address` for MQTT over TLS; port 0 takes a free one")
	f.StringVar(&o.webAddr, "websocket", "127.0.0.1:8443", "`address` for MQTT over WebSocket; clients with a fixed port need 127.0.0.1:443")
	f.StringVar(&o.adminAddr, "admin", "", "`address` for HTTP requests of tests, such as 127.0.0.1:8080; off unless given")
	f.IntVar(&o.connections, "connections", simulate.MaxConns, "`number` of connections at once")

	f.StringVar(&o.enrollments, "enrollments", "", "JSON `file` with the devices that may register; demo devices unless given")
	f.BoolVar(&o.schema, "schema", false, "print the JSON Schema of that file, and exit")

	f.StringVar(&o.caOut, "ca-out", "", "`file` to write the CA certificate to that clients must trust;\nwithout it, dps-simulator-ca-PORT.pem in the folder for temporary files, removed at the end")
	f.StringVar(&o.caDir, "ca-dir", "", "`directory` that keeps the CA, which is made once: clients need to trust it only once")
	f.Var(&o.names, "name", "more host `names` and addresses for the server's certificate, with commas between them")
	f.StringVar(&o.certFile, "cert", "", "PEM `file` with a certificate chain of your own for the server")
	f.StringVar(&o.keyFile, "cert-key", "", "PEM `file` with the private key of -cert, RSA or ECDSA")
	f.StringVar(&o.certsOut, "client-certs", "", "`directory` to write a client certificate and key to, for each enrolled X.509 device")
	f.StringVar(&o.trust, "client-ca", "", "PEM `file` with the authorities of client certificates; any certificate will do unless given")

	f.StringVar(&o.format, "log-format", formatText, "`form` of the log: text or json, which is one object a line")
	f.StringVar(&o.logFile, "log", "", "`file` to append the log to, instead of printing it")
	f.BoolVar(&o.quiet, "quiet", false, "print nothing but diagnoses and errors")
	f.StringVar(&o.readyFile, "ready-file", "", "`file` to write addresses, CA and process id to, as JSON, once it serves; removed at the end")
	f.BoolVar(&o.strict, "strict", false, "exit with 3 if a client made a mistake")
	f.Var(&o.allow, "allow", "`diagnoses` that -strict does not count, with commas between them")

	f.BoolVar(&o.token, "token", false, "print a token for a device, and commands for mosquitto that use it, and exit")
	f.StringVar(&o.registrationID, "registration-id", "", "`name` of the device for -token")
	f.BoolVar(&o.version, "version", false, "print the version, and exit")
	return f
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
	for _, a := range []struct{ name, addr string }{{"tls", o.tlsAddr}, {"websocket", o.webAddr}, {"admin", o.adminAddr}} {
		_, _, err := net.SplitHostPort(a.addr)
		report(err != nil && a.addr != "", "-%s is %q, expected address:port", a.name, a.addr)
	}
	report(o.format != formatText && o.format != formatJSON, "-log-format is %q, expected text or json", o.format)
	o.checkCertificates(report)
	report(len(o.allow) > 0 && !o.strict, "-allow has no effect without -strict")
	for _, name := range o.allow {
		report(!slices.Contains(diagnoses(), dpstest.Diagnosis(name)), "-allow: there is no diagnosis %q; they are %s", name, join(diagnoses()))
	}
	report(o.token && o.registrationID == "", "-token needs -registration-id")
	report(!o.token && o.registrationID != "", "-registration-id has no effect without -token")
	return o, errors.Join(errs...)
}

// hostName is what can stand in a certificate.
var hostName = regexp.MustCompile(`^(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$`)

func isHost(name string) bool {
	_, err := netip.ParseAddr(name)
	return err == nil || hostName.MatchString(name)
}

func (o *options) checkCertificates(report func(bad bool, format string, args ...any)) {
	report((o.certFile == "") != (o.keyFile == ""), "-cert and -cert-key need each other")
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

// diagnoses returns all that the simulator can make.
func diagnoses() []dpstest.Diagnosis { return append(simulate.Diagnoses(), dpstest.Diagnoses()...) }

func join(all []dpstest.Diagnosis) string {
	var names list
	for _, d := range all {
		names = append(names, string(d))
	}
	return strings.Join(names, ", ")
}
