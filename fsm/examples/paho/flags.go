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

// tokenLife is the life of a password; longer if the registration may be.
const tokenLife = time.Hour

// A device is what is needed to register one.
type device struct {
	config registration.Config
	broker string   // URL of the service
	proxy  *url.URL // for a WebSocket; nil: none
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
		"the port is "+registration.Port+" for TLS and "+registration.WebSocketPort+" for WebSocket unless given")
	f.StringVar(&o.idScope, "id-scope", "", "the service's ID `scope`, such as 0ne00000A1B")
	f.StringVar(&o.registrationID, "registration-id", "", "the device's registration `ID`")
	f.StringVar(&o.key, "key", "", "the device's symmetric `key` in BASE64, or @FILE, or in the environment: DPS_KEY")
	f.StringVar(&o.groupKey, "group-key", "", "the symmetric `key` of an enrollment group in BASE64, or @FILE, or in the\n"+
		"environment: DPS_GROUP_KEY; the device's own key is derived from it")
	f.StringVar(&o.ca, "ca", "", "PEM `file` with roots to trust besides those of the system")
	f.StringVar(&o.transport, "transport", "tls", "`tls` or websocket")
	f.StringVar(&o.path, "path", transport.Path, "`path` of the WebSocket")
	f.DurationVar(&o.timeout, "timeout", 2*time.Minute, "`time` for the whole registration")
	return f
}

// usage returns what -h prints.
func usage() string {
	var s strings.Builder
	s.WriteString(`paho registers a device with the Azure IoT Hub Device Provisioning Service through the MQTT
client github.com/eclipse/paho.mqtt.golang.

  paho                                       a demo with a simulated service on this machine
  paho -transport websocket                  the same, over WebSocket
  paho -host NAME -id-scope SCOPE -registration-id ID -key @FILE
                                             a real device; or with -group-key

Other users of a machine can see the arguments of a program: pass keys as @FILE, or in the
environment as DPS_KEY or DPS_GROUP_KEY.

A WebSocket goes through the proxy in HTTPS_PROXY=http://[USER:PASSWORD@]HOST:PORT, unless
NO_PROXY names the host. TLS goes through a SOCKS proxy only: all_proxy=socks5://HOST:PORT.

`)
	f := new(options).flags()
	f.SetOutput(&s)
	f.PrintDefaults()
	s.WriteString("\nExit code: 0 assigned; 1 refused by the service; 2 bad usage; 3 network, time-out or Ctrl-C.\n")
	return s.String()
}

// parse makes a device of the command line, or of a demo that runs until ctx ends. It
// reports every mistake in one error. flag.ErrHelp asks for the usage.
func parse(ctx context.Context, args []string, getenv func(string) string) (*device, error) {
	o, set := new(options), map[string]bool{}
	f := o.flags()
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	f.Visit(func(f *flag.Flag) { set[f.Name] = true })
	d := &device{
		config: registration.Config{IDScope: o.idScope, RegistrationID: o.registrationID, UserAgent: "dps-paho-example",
			// A wait that the service asks for is not cut short.
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

// check finds what is wrong, missing or too much in the command line, all at once.
func (o *options) check(rest []string, set map[string]bool, demo bool) error {
	var errs []error
	report := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	report(len(rest) > 0, "unexpected argument %.40q: every argument is a flag", rest)
	report(o.transport != "tls" && o.transport != "websocket", "-transport is %q, expected tls or websocket", o.transport)
	report(!strings.HasPrefix(o.path, "/"), "-path is %q, expected a path that begins with /", o.path)
	report(o.timeout <= 0, "-timeout is %v, expected a time such as 2m", o.timeout)
	if !demo {
		report(o.host == "", "-host is missing: in the public cloud it is "+registration.Host)
		report(o.idScope == "", "-id-scope is missing: the service's overview in the portal shows it")
		report(o.registrationID == "", "-registration-id is missing")
		report(set["key"] && set["group-key"], "a device has one of -key and -group-key")
	}
	return errors.Join(errs...)
}
