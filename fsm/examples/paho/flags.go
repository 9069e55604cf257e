package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"example.com/dps/fsm/examples/internal/demo"
	"example.com/dps/fsm/examples/internal/setup"
	"example.com/dps/fsm/examples/internal/transport"
	"example.com/dps/fsm/registration"
	"example.com/dps/sastoken"
	"example.com/dps/topic"
)

// tokenLife is the lifetime of a password. A longer -timeout extends it.
const tokenLife = time.Hour

// A device holds everything needed to register a device.
type device struct {
	config registration.Config
	broker string   // URL of the service
	proxy  *url.URL // for a WebSocket; nil if there is none
	tls    *tls.Config
	key    []byte
	demo   bool
}

// options is the command line.
type options struct {
	host, transport, path   string
	idScope, registrationID string
	key, groupKey, ca       string
	timeout                 time.Duration
}

// deviceFlags describe a real device and its service.
var deviceFlags = []string{"host", "id-scope", "registration-id", "key", "group-key", "ca"}

func (o *options) flags() *flag.FlagSet {
	f := flag.NewFlagSet("paho", flag.ContinueOnError)
	f.SetOutput(io.Discard) // run prints errors and usage
	f.StringVar(&o.host, "host", "", "`name[:port]` of the service, such as "+registration.Host+";\n"+
		"the default port is "+registration.Port+" for TLS and "+registration.WebSocketPort+" for WebSocket")
	f.StringVar(&o.idScope, "id-scope", "", "the service's ID `scope`, such as 0ne00000A1B")
	f.StringVar(&o.registrationID, "registration-id", "", "the device's registration `ID`")
	f.StringVar(&o.key, "key", "", "the device's symmetric `key` in base64, or @FILE; the environment variable\n"+
		"DPS_KEY is used if no key is given")
	f.StringVar(&o.groupKey, "group-key", "", "the symmetric `key` of an enrollment group in base64, or @FILE, from which\n"+
		"the device's own key is derived; the environment variable DPS_GROUP_KEY is\n"+
		"used if no key is given")
	f.StringVar(&o.ca, "ca", "", "PEM `file` with root certificates to trust in addition to the system's")
	f.StringVar(&o.transport, "transport", "tls", "`tls` or websocket")
	f.StringVar(&o.path, "path", transport.Path, "`path` of the WebSocket")
	f.DurationVar(&o.timeout, "timeout", 2*time.Minute, "`time` limit for the whole registration")
	return f
}

// usage returns what -h prints.
func usage() string {
	var s strings.Builder
	s.WriteString(`paho registers a device with the Azure IoT Hub Device Provisioning Service through the MQTT
client github.com/eclipse/paho.mqtt.golang.

  paho                                       run a demo with a simulated service on this machine
  paho -transport websocket                  run the demo over WebSocket
  paho -host NAME -id-scope SCOPE -registration-id ID -key @FILE
                                             register a real device; instead of -key, give
                                             -group-key

Other users of this machine can see the arguments of a program, so pass a key as @FILE, or in
the environment variable DPS_KEY or DPS_GROUP_KEY.

WebSocket connections use the proxy in HTTPS_PROXY=http://[USER:PASSWORD@]HOST:PORT, unless
NO_PROXY names the host. TLS connections can only use a SOCKS proxy: all_proxy=socks5://HOST:PORT.

`)
	f := new(options).flags()
	f.SetOutput(&s)
	f.PrintDefaults()
	s.WriteString("\nExit code: 0 assigned; 1 refused by the service; 2 bad usage; 3 network error, timeout or Ctrl-C.\n")
	return s.String()
}

// parse makes a device from the command line, or the device of a demo that runs
// until ctx ends. It reports all mistakes in one error, which is flag.ErrHelp
// if the user asks for help.
func parse(ctx context.Context, args []string, getenv func(string) string) (*device, error) {
	o, set := new(options), map[string]bool{}
	f := o.flags()
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	f.Visit(func(f *flag.Flag) { set[f.Name] = true })
	d := &device{
		config: registration.Config{IDScope: o.idScope, RegistrationID: o.registrationID, UserAgent: "dps-paho-example",
			// Never shorten a wait that the service asks for.
			Policy: registration.Policy{Budget: o.timeout, MaxRetryAfter: topic.MaxRetryAfter}},
		tls:  &tls.Config{MinVersion: registration.MinTLSVersion},
		demo: !slices.ContainsFunc(deviceFlags, func(name string) bool { return set[name] }),
	}
	if err := o.check(f.Args(), set, d.demo); err != nil {
		return nil, err
	}
	broker, port := url.URL{Scheme: "tls"}, registration.Port
	if o.transport == "websocket" {
		broker, port = url.URL{Scheme: "wss", Path: o.path}, registration.WebSocketPort
	}
	var errs [4]error
	if d.demo {
		d.config.IDScope, d.config.RegistrationID = demo.IDScope, demo.RegistrationID
		d.key, errs[0] = sastoken.DecodeKey(demo.Key)
		broker.Host, d.tls.RootCAs, errs[1] = demo.Start(ctx, o.transport == "websocket")
	} else {
		broker.Host, errs[0] = setup.Address(o.host, port)
		d.tls.RootCAs, errs[1] = setup.Roots(o.ca)
		d.key, errs[2] = setup.Key(set, o.key, o.groupKey, getenv, o.registrationID)
		if o.transport == "websocket" {
			d.proxy, errs[3] = setup.Proxy(getenv, broker.Host)
		}
	}
	d.broker = broker.String()
	return d, errors.Join(errs[:]...)
}

// check reports everything that is wrong, missing or superfluous in the command
// line in one error.
func (o *options) check(rest []string, set map[string]bool, demo bool) error {
	var errs []error
	report := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	report(len(rest) > 0, "unexpected argument %.40q: only flags are accepted", rest)
	report(o.transport != "tls" && o.transport != "websocket", "-transport is %q, expected tls or websocket", o.transport)
	report(!strings.HasPrefix(o.path, "/"), "-path is %q, expected a path that begins with /", o.path)
	report(o.timeout <= 0, "-timeout is %v, expected a time such as 2m", o.timeout)
	if !demo {
		report(o.host == "", "-host is missing: the public cloud's is "+registration.Host)
		report(o.idScope == "", "-id-scope is missing: find it on the service's overview page in the Azure portal")
		report(o.registrationID == "", "-registration-id is missing")
		report(set["key"] && set["group-key"], "only one of -key and -group-key may be given")
	}
	return errors.Join(errs...)
}
