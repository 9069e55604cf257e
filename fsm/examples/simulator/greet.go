package main

import (
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strings"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/journal"
	"example.com/dps/fsm/examples/internal/transport"
)

// greet prints how to connect, as JSON with -log-format json, and as text
// otherwise.
func (d *desk) greet() {
	if d.format == formatJSON {
		d.announce(journal.AppendJSON(nil, d.ready))
		return
	}
	if !d.quiet {
		d.announce([]byte(d.greeting()))
	}
}

func (d *desk) greeting() string {
	var s strings.Builder
	row := func(name, format string, args ...any) {
		fmt.Fprintf(&s, "  %-10s %s\n", name, fmt.Sprintf(format, args...))
	}
	s.WriteString("A simulated Device Provisioning Service. Ctrl-C stops it.\n\n")
	row("TLS", "%s", d.ready.TLS)
	row("WebSocket", "wss://%s%s (any path), subprotocol mqtt", d.ready.WebSocket, transport.Path)
	switch {
	case d.certFile != "":
		row("CA", "the CA that signed %s", d.certFile)
	case d.caDir != "":
		row("CA", "%s (trust it; it is kept)", d.ready.CA)
	default:
		row("CA", "%s (trust it; it is new at each start)", d.ready.CA)
	}
	row("ID scope", "%s", d.config.IDScope)
	if d.ready.Admin != "" {
		row("Admin", "http://%s/health, /journal, /enrollments, /reset", d.ready.Admin)
	}
	if d.logFile != "" {
		row("Log", "%s", d.logFile)
	}
	s.WriteString("\n")
	for _, e := range d.config.Enrollments {
		fmt.Fprintf(&s, "  %s\n", d.describe(&e))
	}
	s.WriteString(d.advice())
	if folder, err := filepath.Abs(d.certsOut); d.certsOut != "" && err == nil {
		fmt.Fprintf(&s, "\nClient certificates are in %s: -cert %[1]s/ID.pem -cert-key %[1]s/ID.key\n", quote(folder))
	}
	s.WriteString("\n")
	return s.String()
}

// advice returns commands that register demo devices. They do not depend on the
// working directory of the simulator.
func (d *desk) advice() string {
	if d.enrollments != "" || d.ready.CA == "" {
		return ""
	}
	addr, ca := reachable(d.ready.TLS), quote(d.ready.CA)
	common := fmt.Sprintf("-ca %s -id-scope %s", ca, d.config.IDScope)
	return fmt.Sprintf(`
Try it in another terminal, in the directory fsm/examples of a clone:

  go run ./register -host %s %s -registration-id demo-key -key %s
  go run ./register -host %s %s -transport websocket -registration-id demo-group-1 -group-key %s
  go run ./simulator -token -registration-id demo-key -tls %s -ca-out %s    # commands for mosquitto
`, addr, common, string(d.config.Enrollments[0].PrimaryKey), reachable(d.ready.WebSocket), common, string(d.config.Enrollments[1].PrimaryKey), addr, ca)
}

// reachable returns an address to which a client on this machine can connect.
func reachable(addr string) string {
	host, port, _ := net.SplitHostPort(addr)
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// describe returns a line for an enrollment. It shows keys only of demo
// devices.
func (d *desk) describe(e *dpstest.Enrollment) string {
	name, kind := e.RegistrationID, "key"
	if e.Group != "" {
		name, kind = e.Prefix+"*", "group key"
	}
	switch {
	case e.X509 && e.Authority != "":
		kind = fmt.Sprintf("certificate with this common name, signed by %q", e.Authority)
	case e.X509 && len(e.Thumbprints) > 0:
		kind = "certificate with this common name and one of the thumbprints"
	case e.X509:
		kind = "certificate with this common name"
	case d.enrollments == "":
		kind += " " + string(e.PrimaryKey)
	}
	status := e.Outcome.Status
	if status == "" {
		status = "assigned"
	}
	faults := ""
	if n := len(e.Faults); n > 0 {
		faults = ", " + journal.Count(n, "fault")
	}
	return fmt.Sprintf("%-16s %-10s %s%s", name, status, kind, faults)
}
