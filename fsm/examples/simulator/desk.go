package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/cert"
)

// demoEnrollments are the devices that are served without -enrollments. Their keys are
// no secrets.
//
//go:embed enrollments.json
var demoEnrollments []byte

// A desk is the simulated service with all that stands around it.
type desk struct {
	options
	config  dpstest.Config
	service *dpstest.Service
	tls     *tls.Config

	mu  sync.Mutex // guards out
	out io.Writer
}

// prepare reads the enrolments, makes the certificates and writes those that are asked for.
func (d *desk) prepare(now time.Time) error {
	text, name := demoEnrollments, "the demo's enrollments"
	var err error
	if d.enrollments != "" {
		if text, err = os.ReadFile(d.enrollments); err != nil {
			return fmt.Errorf("-enrollments: %w", err)
		}
		name = d.enrollments
	}
	if err := decode(text, &d.config); err != nil {
		return fmt.Errorf("-enrollments: %s: %w", name, err)
	}
	d.config.Log = d.event
	if d.service, err = dpstest.New(d.config); err != nil {
		return fmt.Errorf("-enrollments: %s: %w", name, err)
	}
	ca, err := cert.NewAuthority("DPS simulator CA", now)
	if err != nil {
		return err
	}
	if err := d.useTLS(ca, now); err != nil {
		return err
	}
	if err := writeFile(d.caOut, ca.PEM(), 0o644); err != nil {
		return fmt.Errorf("-ca-out: %w", err)
	}
	return d.writeClientCerts(ca, now)
}

// decode reads JSON strictly: a name that is misspelt would otherwise go unnoticed.
func decode(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		line := 1 + bytes.Count(text[:d.InputOffset()], []byte("\n"))
		return fmt.Errorf("after line %d: %w", line, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("there is something behind the JSON object")
	}
	return nil
}

// useTLS makes the server's certificate and asks clients for theirs.
//
// By default any certificate will do: the handshake proves that the client has its
// private key, and which device that is says the enrolment. With -client-ca, TLS refuses a
// certificate that none of these authorities has signed.
func (d *desk) useTLS(ca *cert.Authority, now time.Time) error {
	var hosts []string
	for _, addr := range []string{d.tlsAddr, d.webAddr} {
		if host, _, _ := net.SplitHostPort(addr); host != "" && !net.ParseIP(host).IsUnspecified() {
			hosts = append(hosts, host)
		}
	}
	own, err := ca.Server(now, hosts...)
	if err != nil {
		return err
	}
	d.tls = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{own}, ClientAuth: tls.RequestClientCert}
	if d.trust == "" {
		return nil
	}
	text, err := os.ReadFile(d.trust)
	if err != nil {
		return fmt.Errorf("-client-ca: %w", err)
	}
	d.tls.ClientAuth, d.tls.ClientCAs = tls.VerifyClientCertIfGiven, x509.NewCertPool()
	if !d.tls.ClientCAs.AppendCertsFromPEM(text) {
		return fmt.Errorf("-client-ca: %s holds no certificate in PEM", d.trust)
	}
	return nil
}

// writeClientCerts makes a certificate for each X.509 device.
func (d *desk) writeClientCerts(ca *cert.Authority, now time.Time) error {
	if d.certsOut == "" {
		return nil
	}
	if d.trust != "" {
		return errors.New("-client-certs: with -client-ca these certificates would not be accepted")
	}
	for _, e := range d.config.Enrollments {
		if !e.X509 || e.RegistrationID == "" {
			continue
		}
		c, err := ca.Client(e.RegistrationID, now)
		if err != nil {
			return err
		}
		chain, key, err := cert.Encode(c)
		if err != nil {
			return err
		}
		base := filepath.Join(d.certsOut, e.RegistrationID) // an ID holds no '/'
		if err := errors.Join(writeFile(base+".pem", chain, 0o644), writeFile(base+".key", key, 0o600)); err != nil {
			return fmt.Errorf("-client-certs: %w", err)
		}
	}
	return nil
}

// writeFile writes a file as a whole: nobody reads half of it, and a link of this name
// in a directory for all is not followed.
func writeFile(name string, content []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".dps-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // is gone if all went well
	_, err = f.Write(content)
	if err = errors.Join(err, f.Chmod(mode), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
