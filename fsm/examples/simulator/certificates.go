package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/cert"
)

const commonName = "DPS simulator CA"

// prepareCertificates creates or reads the certificates, and stages the files
// for clients.
func (d *desk) prepareCertificates(now time.Time) error {
	var err error
	if d.ca, err = d.authority(now); err != nil {
		return err
	}
	own, err := d.serverCertificate(now)
	if err != nil {
		return err
	}
	d.tls = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{own}}
	if err := d.stageCA(); err != nil {
		return fmt.Errorf("-ca-out: %w", err)
	}
	if err := d.trustClients(); err != nil {
		return err
	}
	return d.stageClientCerts(&d.files, now, nil)
}

func (d *desk) authority(now time.Time) (*cert.Authority, error) {
	if d.caDir == "" {
		return cert.NewAuthority(commonName, now)
	}
	ca, err := cert.LoadAuthority(d.caDir, commonName, now)
	if err != nil {
		return nil, fmt.Errorf("-ca-dir: %w", err)
	}
	return ca, nil
}

func (d *desk) serverCertificate(now time.Time) (tls.Certificate, error) {
	if d.certFile == "" {
		return d.ca.Server(now, d.hosts()...)
	}
	own, err := cert.LoadPair(d.certFile, d.keyFile)
	if err != nil {
		return own, fmt.Errorf("-cert: %w", err)
	}
	return own, nil
}

// hosts returns the names and addresses in the server's certificate in addition
// to loopback: -name, the name of this machine, and the addresses that the
// simulator listens on.
func (d *desk) hosts() []string {
	all := append([]string(nil), d.names...)
	if name, err := os.Hostname(); err == nil && isHost(name) {
		all = append(all, name)
	}
	everywhere := false
	for _, addr := range []string{d.tlsAddr, d.webAddr} {
		host, _, _ := net.SplitHostPort(addr)
		if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
			everywhere = true
		} else if isHost(host) {
			all = append(all, host)
		}
	}
	if everywhere {
		addrs, _ := net.InterfaceAddrs()
		for _, addr := range addrs {
			if ip, ok := addr.(*net.IPNet); ok {
				all = append(all, ip.IP.String())
			}
		}
	}
	return all
}

// caFile returns the file of the CA certificate that clients must trust. It is
// empty with -cert.
func (o *options) caFile(tlsAddr string) string {
	switch {
	case o.certFile != "":
		return ""
	case o.caOut != "":
		return o.caOut
	case o.caDir != "":
		return filepath.Join(o.caDir, cert.CAFile)
	}
	// Two simulators have different ports, unless their addresses are
	// different.
	host, port, _ := net.SplitHostPort(tlsAddr)
	if ip, err := netip.ParseAddr(host); err == nil && !ip.IsUnspecified() && host != "127.0.0.1" {
		port = strings.NewReplacer(":", "-", "%", "-").Replace(host) + "-" + port
	}
	return filepath.Join(os.TempDir(), "dps-simulator-ca-"+port+".pem")
}

func (d *desk) stageCA() error {
	name := d.caFile(d.ready.TLS)
	if name == "" {
		return nil
	}
	var err error
	if d.ready.CA, err = filepath.Abs(name); err != nil {
		return err
	}
	switch {
	case d.caOut != "":
	case d.caDir != "":
		return nil
	default:
		d.leftovers[name] = d.ca.PEM()
	}
	return d.files.stage(name, d.ca.PEM(), 0o644)
}

// trustClients reads the authorities of client certificates. Certificates from
// -client-certs are always trusted.
func (d *desk) trustClients() error {
	if d.trust == "" {
		return nil
	}
	text, err := os.ReadFile(d.trust)
	if err != nil {
		return fmt.Errorf("-client-ca: %w", err)
	}
	d.clientCAs = x509.NewCertPool()
	if !d.clientCAs.AppendCertsFromPEM(text) {
		return fmt.Errorf("-client-ca: %s does not hold a certificate in PEM", d.trust)
	}
	if d.certsOut != "" {
		d.clientCAs.AppendCertsFromPEM(d.ca.PEM())
	}
	return nil
}

// stageClientCerts creates a certificate for each X.509 device that does not
// have one yet.
func (d *desk) stageClientCerts(s *files, now time.Time, except []dpstest.Enrollment) error {
	if d.certsOut == "" {
		return nil
	}
	done := map[string]bool{}
	for _, e := range except {
		done[e.RegistrationID] = e.X509
	}
	for _, e := range d.config.Enrollments {
		if !e.X509 || e.RegistrationID == "" || done[e.RegistrationID] {
			continue
		}
		c, err := d.ca.Client(e.RegistrationID, now)
		if err != nil {
			return err
		}
		chain, key, err := cert.Encode(c)
		if err != nil {
			return err
		}
		base := filepath.Join(d.certsOut, fileName(e.RegistrationID))
		if err := errors.Join(s.stage(base+".pem", chain, 0o644), s.stage(base+".key", key, 0o600)); err != nil {
			return fmt.Errorf("-client-certs: %w", err)
		}
	}
	return nil
}

// fileName returns a file name for a registration ID. Windows does not allow
// ':'.
func fileName(registrationID string) string { return strings.ReplaceAll(registrationID, ":", "_") }
