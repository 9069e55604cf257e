package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/fsm/examples/internal/setup"
	"example.com/dps/fsm/examples/internal/show"
	"example.com/dps/fsm/examples/internal/transport"
	"example.com/dps/topic"
)

const (
	dialTimeout = 30 * time.Second // for TCP, TLS and WebSocket together
	tokenLife   = time.Hour        // for a password; a longer -timeout extends it
)

// A device holds everything needed to register a device.
type device struct {
	config    fsm.Config
	addr      string // host:port of the service
	websocket bool
	path      string   // of the WebSocket
	proxy     *url.URL // for a WebSocket; nil if there is none
	tls       *tls.Config
	key       []byte // nil if the device has a certificate

	connected bool   // whether the last dial succeeded
	began     []byte // the first bytes that the server sent; nil if it has sent none
}

// newDevice makes a device from the command line, or the device of a demo that
// runs until ctx ends. It reports all mistakes in one error.
func newDevice(ctx context.Context, o *options, getenv func(string) string) (*device, error) {
	d, err := o.device()
	err = errors.Join(o.check(), err)
	switch {
	case !o.demo:
		err = errors.Join(err, d.useFlags(o, getenv))
	case err == nil:
		err = d.startDemo(ctx)
	}
	if err == nil {
		_, err = fsm.New(d.config)
	}
	return d, err
}

// device returns a device with the settings that apply to the demo, too.
func (o *options) device() (*device, error) {
	d := &device{
		config: fsm.Config{
			IDScope:        o.idScope,
			RegistrationID: o.registrationID,
			APIVersion:     o.apiVersion,
			UserAgent:      "dps-register-example",
			Policy: fsm.Policy{
				Budget: o.timeout,
				// Never shorten a wait that the service asks for: if the wait
				// exceeds -timeout, the registration ends.
				MaxRetryAfter: topic.MaxRetryAfter,
			},
		},
		websocket: o.transport == "websocket",
		path:      o.path,
		tls:       &tls.Config{MinVersion: fsm.MinTLSVersion},
	}
	payload, err := setup.FileOrText(o.payload)
	if err != nil {
		return d, fmt.Errorf("-payload: %w", err)
	}
	if payload != "" {
		d.config.Payload = json.RawMessage(payload)
	}
	return d, nil
}

// useFlags reads the settings of a real device and its service.
func (d *device) useFlags(o *options, getenv func(string) string) error {
	var errs [4]error
	port := fsm.Port
	if d.websocket {
		port = fsm.WebSocketPort
	}
	if o.host != "" {
		d.addr, errs[0] = setup.Address(o.host, port)
	}
	d.tls.RootCAs, errs[1] = setup.Roots(o.ca)
	switch {
	case o.cert != "" && o.certKey != "":
		errs[2] = d.useCertificate(o.cert, o.certKey)
	case !o.set["cert"] && !o.set["cert-key"]:
		errs[2] = d.useKey(o, getenv)
	}
	if d.websocket {
		d.proxy, errs[3] = setup.Proxy(getenv, d.addr)
	}
	return errors.Join(errs[:]...)
}

// useCertificate loads the client certificate and its chain. The common name of
// the certificate is the registration ID.
func (d *device) useCertificate(file, keyFile string) error {
	cert, err := tls.LoadX509KeyPair(file, keyFile)
	if err != nil {
		return fmt.Errorf("-cert, -cert-key: %w", err)
	}
	name := cert.Leaf.Subject.CommonName
	d.config.RegistrationID = cmp.Or(d.config.RegistrationID, name)
	if !strings.EqualFold(d.config.RegistrationID, name) {
		return fmt.Errorf("-registration-id is %q, but the certificate's common name is %q: they must be the same", d.config.RegistrationID, name)
	}
	d.config.Attestation = fsm.X509
	// Send this certificate no matter which authorities the server names: there
	// is no other.
	d.tls.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &cert, nil }
	return nil
}

// useKey reads the device's key, or derives it from the group's.
func (d *device) useKey(o *options, getenv func(string) string) (err error) {
	d.key, err = setup.Key(o.set, o.key, o.groupKey, getenv, d.config.RegistrationID)
	if errors.Is(err, setup.ErrNoKey) {
		err = fmt.Errorf("%w, or -cert with -cert-key", err)
	}
	return err
}

// password returns a fresh SAS token, or nil for a device with a certificate.
func (d *device) password(now time.Time) ([]byte, error) {
	if d.key == nil {
		return nil, nil
	}
	return setup.Password(d.key, d.config.IDScope, d.config.RegistrationID, now, max(tokenLife, d.config.Policy.Budget))
}

// dial connects to the service. It gives up at the end of the registration at
// the latest.
func (d *device) dial(ctx context.Context, end time.Time, steps *show.Printer) (net.Conn, error) {
	if soon := time.Now().Add(dialTimeout); soon.Before(end) {
		end = soon
	}
	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()

	var conn transport.Conn
	var err error
	d.connected, d.began = false, nil
	if d.websocket {
		through := ""
		if d.proxy != nil {
			through = " through the proxy " + d.proxy.Host
		}
		steps.Step(time.Now(), "dial wss://%s%s%s", d.addr, d.path, through)
		conn, err = transport.DialWebSocketVia(ctx, d.proxy, d.addr, d.path, d.tls)
	} else {
		steps.Step(time.Now(), "dial %s with TLS", d.addr)
		conn, err = transport.DialTLS(ctx, d.addr, d.tls)
	}
	if err != nil {
		return nil, err
	}
	d.connected = true
	steps.Step(time.Now(), "connected: %s", show.TLS(conn.ConnectionState()))
	return &witness{conn, d}, nil
}

// A witness records the first bytes that a server sends, which show which
// protocol the server speaks.
type witness struct {
	net.Conn
	d *device
}

// Read reads from the connection and records the first bytes.
func (w *witness) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if room := len(httpBegins) - len(w.d.began); room > 0 {
		w.d.began = append(w.d.began, p[:min(n, room)]...)
	}
	return n, err
}
