package main

import (
	"flag"
	"fmt"
	"strings"
)

const intro = `simulator runs a simulated Device Provisioning Service, for clients in any language. It answers
as the real service does, and reports each mistake of a client when it happens.

  simulator                          serves demo devices and prints how to connect
  simulator -enrollments FILE        serves your own devices
  simulator -strict -quiet           for CI: prints the mistakes of clients, and exits with 3 if there were any
  simulator -token -registration-id ID
                                     prints a token on one line, and commands for mosquitto

Clients connect to the address of -tls or -websocket, trust the CA file whose name is printed,
and use the ID scope of the enrollments.

`

const fileHelp = `The file of -enrollments:
  {"idScope": "0ne00000A1B", "enrollments": [
    {"registrationId": "dev-1", "primaryKey": "BASE64", "outcome": {"polls": 2, "retryAfter": 3}},
    {"group": "line-4", "prefix": "sn-", "primaryKey": "BASE64"},
    {"registrationId": "dev-x509", "x509": true, "outcome": {"status": "disabled"}},
    {"registrationId": "dev-2", "primaryKey": "BASE64",
      "faults": [{"at": "register", "nth": 1, "status": 429}, {"at": "query", "nth": 2, "hangUp": true}]}]}
-schema describes everything that the file may contain. SIGHUP reloads the file; if the file has
a mistake, the old enrollments stay in effect. The quotas are those of the real service, 1000
registrations a minute and 5 queries per device in 10 seconds. For a load test, turn them off in
the file with "registrationsPerMinute": -1 and "pollsPer10s": -1.

`

const logHelp = `The log has a line for each event: time, number of the connection, device, sign and text.
  +  a connection was opened              !  a fault of the enrollment disturbs what follows
  ←  a packet was received                ✗  a mistake of the client: its diagnosis and advice
  →  a packet was sent                    =  a connection has ended, with a summary
  -  a packet was not sent, and why
In JSON, each line is an object with seq, time, connection, device, kind (opened, received, sent,
dropped, fault, diagnosis, closed), direction (in, out, dropped), packet, diagnosis and text. The
first line has the kind ready, with tls, websocket, admin, ca, idScope, pid and version, as in
-ready-file. Other kinds are reload, reset and error, with a text, and left-out, where leftOut
is a number of lines. At the end there is a line of kind report for each device, with connections,
mistakes, diagnoses (the count of each) and ended (the summary of its last connection), and one
of kind stopped, with the total of mistakes. Output never delays the service: if it is not read,
or if there is too much of it, lines are left out and counted.

`

const adminHelp = `The address of -admin serves HTTP, for tests. Every program that can connect to it may use it, so
prefer loopback. Bodies are JSON; errors are {"error": "…"} with a status of 400 or more.
  GET    /health        returns {"status": "ok"} and the contents of -ready-file
  GET    /journal       returns {"events": […], "last": N, "leftOut": N}: the last 10,000 events, as
                        in the log in JSON. ?device=, ?diagnosis= and ?kind= select events; ?after=N
                        omits those up to seq N; leftOut counts events that are no longer kept
  DELETE /journal       discards the events
  GET    /enrollments   returns the enrollments in effect, with "***" for each key
  PUT    /enrollments   replaces them; an error 400 names the line of each mistake
  POST   /reset         discards operations, quotas, the counts of faults, and the journal

`

const certificateHelp = `The server's certificate is valid for localhost, 127.0.0.1, ::1, the name of this machine, the
addresses of -tls and -websocket (all addresses of this machine for 0.0.0.0), and -name.
A client certificate proves its common name: the TLS handshake shows that the client has the
private key. Its dates are always checked; its signature is verified only with -client-ca.

`

const ending = `Ctrl-C and SIGTERM stop the simulator. Exit codes: 0 if it was stopped; 1 if it cannot listen; 2 for
incorrect usage or an invalid file; 3 with -strict, if a client made a mistake.
`

// sections lists the flags of each part of the usage, and the text after them.
var sections = []struct {
	title string
	flags []string
	text  string
}{
	{"Addresses", []string{"tls", "websocket", "connections"}, ""},
	{"Devices", []string{"enrollments", "schema"}, fileHelp},
	{"Output, and clients in CI", []string{"log-format", "log", "quiet", "ready-file", "strict", "allow"}, logHelp},
	{"Certificates", []string{"ca-out", "ca-dir", "name", "cert", "cert-key", "client-certs", "client-ca"}, certificateHelp},
	{"Control by tests", []string{"admin"}, adminHelp},
	{"Other", []string{"token", "registration-id", "version"}, ""},
}

// usage returns what -h prints.
func usage() string {
	var s strings.Builder
	s.WriteString(intro)
	all := new(options).flags()
	for _, section := range sections {
		fmt.Fprintf(&s, "%s:\n", section.title)
		part := flag.NewFlagSet("", flag.ContinueOnError)
		part.SetOutput(&s)
		for _, name := range section.flags {
			f := all.Lookup(name)
			part.Var(f.Value, f.Name, f.Usage)
		}
		part.PrintDefaults()
		s.WriteString("\n" + section.text)
	}
	s.WriteString("Diagnoses, for -allow and ?diagnosis=:\n  " + wrap(join(diagnoses()), 90, "\n  ") + "\n\n")
	s.WriteString(ending)
	return s.String()
}

// wrap breaks a text at spaces into lines of at most width bytes, if possible.
func wrap(text string, width int, newline string) string {
	var s strings.Builder
	used := 0
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
		case used+1+len(word) > width:
			s.WriteString(newline)
			used = 0
		default:
			s.WriteString(" ")
			used++
		}
		s.WriteString(word)
		used += len(word)
	}
	return s.String()
}
