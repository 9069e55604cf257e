package main

import (
	"fmt"
	"strings"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/show"
	"example.com/dps/fsm/examples/internal/transport"
)

// greet says how to connect.
func (d *desk) greet(tlsAddr, webAddr string) {
	var s strings.Builder
	fmt.Fprintf(&s, `A simulated Device Provisioning Service. Ctrl-C stops it.

  TLS        %s
  WebSocket  wss://%s%s (any path), subprotocol mqtt
  CA         %s (trust it; it is new at each start)
  ID scope   %s

`, tlsAddr, webAddr, transport.Path, d.caOut, d.config.IDScope)
	for _, e := range d.config.Enrollments {
		fmt.Fprintf(&s, "  %s\n", d.describe(&e))
	}
	common := fmt.Sprintf("-ca %s -id-scope %s", d.caOut, d.config.IDScope)
	if d.enrollments == "" {
		fmt.Fprintf(&s, `
Try it in another terminal, from the same folder:

  go run ./register -host %s %s -registration-id demo-key -key %s
  go run ./register -host %s %s -transport websocket -registration-id demo-group-1 -group-key %s
`, tlsAddr, common, string(d.config.Enrollments[0].PrimaryKey), webAddr, common, string(d.config.Enrollments[1].PrimaryKey))
	}
	if d.certsOut != "" {
		fmt.Fprintf(&s, "\nClient certificates are in %s: -cert %[1]s/ID.pem -cert-key %[1]s/ID.key\n", d.certsOut)
	}
	s.WriteString("\n")
	d.write(s.String())
}

// describe returns a line for an enrolment. Only the demo's keys are shown.
func (d *desk) describe(e *dpstest.Enrollment) string {
	name, kind := e.RegistrationID, "key"
	if e.Group != "" {
		name, kind = e.Prefix+"*", "group key"
	}
	if e.X509 {
		kind = "certificate with this common name"
	}
	if d.enrollments == "" && e.PrimaryKey != "" {
		kind += " " + string(e.PrimaryKey)
	}
	status := e.Outcome.Status
	if status == "" {
		status = "assigned"
	}
	return fmt.Sprintf("%-16s %-10s %s", name, status, kind)
}

// event prints what happens to a device.
func (d *desk) event(e dpstest.Event) {
	who := e.RegistrationID
	if who == "" {
		who = "(unknown)"
	}
	d.print(who + ": " + e.String())
}

// print prints a line. What a client sent can be in it.
func (d *desk) print(text string) {
	text = strings.ReplaceAll(strings.TrimSpace(text), "\n", " ")
	d.write(time.Now().Format("15:04:05.000 ") + show.Clean(text) + "\n")
}

func (d *desk) write(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	fmt.Fprint(d.out, text)
}
