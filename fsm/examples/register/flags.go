package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/fsm/examples/internal/transport"
)

// options is the command line.
type options struct {
	host, transport, path        string
	idScope, registrationID      string
	key, groupKey, cert, certKey string
	ca, payload, apiVersion      string
	timeout                      time.Duration
	json, verbose                bool

	set   map[string]bool // the flags that were given
	empty []string        // the flags that were given an empty value
	rest  []string        // the arguments that are not flags
	demo  bool            // whether no flag describes a real device
}

// deviceFlags describe a real device and its service.
var deviceFlags = []string{"host", "id-scope", "registration-id", "key", "group-key", "cert", "cert-key", "ca"}

func (o *options) flags() *flag.FlagSet {
	f := flag.NewFlagSet("register", flag.ContinueOnError)
	f.SetOutput(io.Discard) // run prints errors and usage
	f.StringVar(&o.host, "host", "", "`name[:port]` of the service, such as "+fsm.Host+";\n"+
		"the default port is "+fsm.Port+" for TLS and "+fsm.WebSocketPort+" for WebSocket")
	f.StringVar(&o.idScope, "id-scope", "", "the service's ID `scope`, such as 0ne00000A1B")
	f.StringVar(&o.registrationID, "registration-id", "", "the device's registration `ID`; with -cert, the default is the common name of\n"+
		"the certificate")
	f.StringVar(&o.key, "key", "", "the device's symmetric `key` in base64, or @FILE; the environment variable\n"+
		"DPS_KEY is used if no key is given")
	f.StringVar(&o.groupKey, "group-key", "", "the symmetric `key` of an enrollment group in base64, or @FILE, from which\n"+
		"the device's own key is derived; the environment variable DPS_GROUP_KEY is\n"+
		"used if no key is given")
	f.StringVar(&o.cert, "cert", "", "PEM `file` with the device's certificate, followed by its chain")
	f.StringVar(&o.certKey, "cert-key", "", "PEM `file` with the private key of the certificate")
	f.StringVar(&o.transport, "transport", "tls", "`tls` or websocket")
	f.StringVar(&o.path, "path", transport.Path, "`path` of the WebSocket")
	f.StringVar(&o.ca, "ca", "", "PEM `file` with root certificates to trust in addition to the system's")
	f.StringVar(&o.payload, "payload", "", "JSON `value` to send to a custom allocation policy, or @FILE")
	f.StringVar(&o.apiVersion, "api-version", fsm.DefaultAPIVersion, "`version` of the service's API")
	f.DurationVar(&o.timeout, "timeout", 2*time.Minute, "`time` limit for the whole registration")
	f.BoolVar(&o.json, "json", false, "write a single JSON object to standard output, and nothing else")
	f.BoolVar(&o.verbose, "v", false, "with -json, show the steps on standard error")
	return f
}

// usage returns what -h prints.
func usage() string {
	var s strings.Builder
	s.WriteString(`register registers a device with the Azure IoT Hub Device Provisioning Service over MQTT.

  register                                   run a demo with a simulated service on this machine
  register -transport websocket              run the demo over WebSocket
  register -host NAME -id-scope SCOPE -registration-id ID -key @FILE
                                             register a real device; instead of -key, give
                                             -group-key, or -cert and -cert-key

Other users of this machine can see the arguments of a program, so pass a key as @FILE, or in
the environment variable DPS_KEY or DPS_GROUP_KEY.

WebSocket connections use the proxy in HTTPS_PROXY=http://[USER:PASSWORD@]HOST:PORT, unless
NO_PROXY names the host. TLS connections do not; in a network with a proxy,
use -transport websocket.

`)
	f := new(options).flags()
	f.SetOutput(&s)
	f.PrintDefaults()
	s.WriteString(`
Exit code: 0 assigned; 1 refused by the service; 2 bad usage; 3 network error, timeout or Ctrl-C.
With -json, a failure is reported as {"error":…,"step":…,"status":…,"errorCode":…,
"trackingId":…,"hint":…,"exitCode":…}.
`)
	return s.String()
}

// parse reads the command line. With an error, it returns the options that it
// could read. The error is flag.ErrHelp if the user asks for help.
func parse(args []string) (*options, error) {
	o := &options{set: map[string]bool{}}
	f := o.flags()
	err := f.Parse(args)
	if err != nil {
		// A user who asks for JSON wants this error in JSON, too, even if -json
		// follows the mistake.
		o.json = o.json || slices.Contains(args, "-json") || slices.Contains(args, "--json")
	}
	f.Visit(func(f *flag.Flag) {
		if o.set[f.Name] = true; f.Value.String() == "" {
			o.empty = append(o.empty, f.Name)
		}
	})
	o.rest = f.Args()
	o.demo = !slices.ContainsFunc(deviceFlags, func(name string) bool { return o.set[name] })
	return o, err
}

// check reports everything that is wrong, missing or superfluous in the command
// line in one error.
func (o *options) check() error {
	var errs []error
	report := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	for _, name := range o.empty {
		report(true, "-%s is empty", name)
	}
	report(len(o.rest) > 0, "unexpected argument %.40q: only flags are accepted", o.rest)
	report(o.transport != "tls" && o.transport != "websocket", "-transport is %q, expected tls or websocket", o.transport)
	report(!strings.HasPrefix(o.path, "/"), "-path is %q, expected a path that begins with /", o.path)
	report(o.timeout <= 0, "-timeout is %v, expected a time such as 2m", o.timeout)
	if o.demo {
		return errors.Join(errs...)
	}
	report(!o.set["host"], "-host is missing: the public cloud's is "+fsm.Host)
	report(!o.set["id-scope"], "-id-scope is missing: find it on the service's overview page in the Azure portal")
	report(!o.set["registration-id"] && !o.set["cert"], "-registration-id is missing")
	report(o.set["cert"] != o.set["cert-key"], "-cert and -cert-key must be given together")
	report(o.set["key"] && o.set["group-key"] || o.set["cert"] && (o.set["key"] || o.set["group-key"]),
		"only one of -key, -group-key and -cert may be given")
	return errors.Join(errs...)
}
