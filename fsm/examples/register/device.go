package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/fsm/examples/internal/show"
	"example.com/dps/fsm/examples/internal/transport"
	"example.com/dps/sastoken"
)

const (
	dialTimeout = 30 * time.Second // for TCP, TLS and WebSocket together
	tokenLife   = time.Hour        // of a password; longer if the registration may be

	// maxSkew is how much the clocks of device and service may differ.
	maxSkew = 5 * time.Minute
)

// A device is what is needed to register one.
type device struct {
	config    fsm.Config
	addr      string // host:port of the service
	websocket bool
	path      string // of the WebSocket
	tls       *tls.Config
	key       []byte // nil: the device has a certificate
}

// newDevice makes a device of the command line, or of a demo that runs until ctx ends. It
// reports every mistake in one error.
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

// device returns what the command line says about any device, the demo's too.
func (o *options) device() (*device, error) {
	d := &device{
		config: fsm.Config{
			IDScope:        o.idScope,
			RegistrationID: o.registrationID,
			APIVersion:     o.apiVersion,
			UserAgent:      "dps-register-example",
			Policy: fsm.Policy{
				Budget: o.timeout,
				// A service that asks for more than the user waits is asked once more in time.
				MaxRetryAfter: max(o.timeout/4, 2*time.Second),
			},
		},
		websocket: o.transport == "websocket",
		path:      o.path,
		tls:       &tls.Config{MinVersion: tls.VersionTLS12},
	}
	payload, err := fileOrText(o.payload)
	if err != nil {
		return d, fmt.Errorf("-payload: %w", err)
	}
	if payload != "" {
		d.config.Payload = json.RawMessage(payload)
	}
	return d, nil
}

// useFlags reads what describes a real device and its service.
func (d *device) useFlags(o *options, getenv func(string) string) error {
	var errs [3]error
	port := "8883"
	if d.websocket {
		port = "443"
	}
	if o.host != "" {
		d.addr, errs[0] = address(o.host, port)
	}
	d.tls.RootCAs, errs[1] = roots(o.ca)
	switch {
	case o.cert != "" && o.certKey != "":
		errs[2] = d.useCertificate(o.cert, o.certKey)
	case !o.set["cert"] && !o.set["cert-key"]:
		errs[2] = d.useKey(o, getenv)
	}
	return errors.Join(errs[:]...)
}

// address adds the port that is usual for the transport, unless host has one.
func address(host, port string) (string, error) {
	name := strings.Trim(host, "[]") // of an IPv6 address
	if n, p, err := net.SplitHostPort(host); err == nil {
		name, port = n, p
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil || name == "" || strings.ContainsAny(name, "/@[] ") {
		return "", fmt.Errorf("-host is %q, expected name or name:port", host)
	}
	return net.JoinHostPort(name, port), nil
}

// roots returns the roots of the system, and those of a file.
func roots(file string) (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if file == "" {
		return pool, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("-ca: %w", err)
	}
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("-ca: %s holds no certificate in PEM", file)
	}
	return pool, nil
}

// useCertificate loads the certificate, with its chain, that TLS is to show. Its common
// name is the registration ID.
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
	// Whatever authorities the server names, there is only this one to show.
	d.tls.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &cert, nil }
	return nil
}

// useKey finds the device's key, or the group's. Flags come before the environment.
func (d *device) useKey(o *options, getenv func(string) string) error {
	name, text, group := "-key", o.key, false
	switch env, groupEnv := getenv("DPS_KEY"), getenv("DPS_GROUP_KEY"); {
	case o.set["key"]:
	case o.set["group-key"]:
		name, text, group = "-group-key", o.groupKey, true
	case env != "" && groupEnv != "":
		return errors.New("DPS_KEY and DPS_GROUP_KEY are both set: a device has one of them")
	case env != "":
		name, text = "DPS_KEY", env
	case groupEnv != "":
		name, text, group = "DPS_GROUP_KEY", groupEnv, true
	default:
		return errors.New("a key is missing: -key or DPS_KEY, -group-key or DPS_GROUP_KEY, or -cert with -cert-key")
	}
	text, err := fileOrText(text)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if d.key, err = sastoken.DecodeKey(text); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if group {
		d.key = sastoken.DeriveKey(d.key, d.config.RegistrationID)
	}
	return nil
}

// fileOrText returns the content of a file for "@FILE", and any other text as it is.
func fileOrText(text string) (string, error) {
	file, ok := strings.CutPrefix(text, "@")
	if !ok {
		return text, nil
	}
	content, err := os.ReadFile(file)
	if err == nil && len(content) == 0 {
		err = fmt.Errorf("%s is empty", file)
	}
	return string(content), err
}

// errClock says that a token would be worth nothing.
var errClock = errors.New("the clock of this machine has not been set")

// password returns a fresh SAS token, or nil for a device with a certificate.
func (d *device) password(now time.Time) ([]byte, error) {
	if d.key == nil {
		return nil, nil
	}
	if now.Year() < 2024 {
		return nil, fmt.Errorf("%w: it says %s", errClock, now.Format(time.DateTime))
	}
	expiry := now.Add(max(tokenLife, d.config.Policy.Budget) + maxSkew)
	token := sastoken.Sign(d.key, sastoken.Resource(d.config.IDScope, d.config.RegistrationID), sastoken.KeyName, expiry)
	return token.AppendPassword(nil)
}

// dial connects to the service, not beyond the end of the registration.
func (d *device) dial(ctx context.Context, end time.Time, steps *show.Printer) (net.Conn, error) {
	if soon := time.Now().Add(dialTimeout); soon.Before(end) {
		end = soon
	}
	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()

	var conn transport.Conn
	var err error
	if d.websocket {
		steps.Step(time.Now(), "dial wss://%s%s", d.addr, d.path)
		conn, err = transport.DialWebSocket(ctx, d.addr, d.path, d.tls)
	} else {
		steps.Step(time.Now(), "dial %s with TLS", d.addr)
		conn, err = transport.DialTLS(ctx, d.addr, d.tls)
	}
	if err != nil {
		return nil, err
	}
	steps.Step(time.Now(), "connected: %s", show.TLS(conn.ConnectionState()))
	return conn, nil
}
