package main

import (
	"flag"
	"fmt"
	"strings"
)

const intro = `simulator is a Device Provisioning Service on this machine, for clients in any language.
It answers as the real service does, and names what a client does wrong when it happens.

  simulator                          serves demo devices and prints how to connect
  simulator -enrollments FILE        serves yours
  simulator -strict -quiet           for CI: prints mistakes of clients, and exits with 3 after any
  simulator -token -registration-id ID
                                     prints a token in a line, and commands for mosquitto

Clients connect to the address of -tls or -websocket, trust the CA file that is printed, and
use the ID scope of the enrollments.

`

const fileHelp = `The file of -enrollments:
  {"idScope": "0ne00000A1B", "enrollments": [
    {"registrationId": "dev-1", "primaryKey": "BASE64", "outcome": {"polls": 2, "retryAfter": 3}},
    {"group": "line-4", "prefix": "sn-", "primaryKey": "BASE64"},
    {"registrationId": "dev-x509", "x509": true, "outcome": {"status": "disabled"}},
    {"registrationId": "dev-2", "primaryKey": "BASE64",
      "faults": [{"at": "register", "nth": 1, "status": 429}, {"at": "query", "nth": 2, "hangUp": true}]}]}
-schema prints all that it may hold. SIGHUP reads it again, and a file with a mistake leaves the
old enrollments in force. Quotas are those of the real service, 1000 registrations a minute and
5 queries of a device in 10 seconds: for a load test, turn them off in the file with
"registrationsPerMinute": -1 and "pollsPer10s": -1.

`

const logHelp = `The log has a line for each event: time, number of the connection, device, sign and text.
  +  a connection begins             !  a fault of the enrollment spoils what follows
  ←  a packet came from the client   ✗  a mistake of the client: its diagnosis, and what helps
  →  a packet was sent to it         =  a connection has ended, and how it went
  -  a packet was not sent, and why
In JSON a line is an object with seq, time, connection, device, kind (opened, received, sent,
dropped, fault, diagnosis, closed), direction (in, out, dropped), packet, diagnosis and text. The
first line is of kind ready, with tls, websocket, admin, ca, idScope, pid and version, as in
-ready-file. Others are of kind reload, reset and error, with a text, and left-out, where leftOut
is a number of lines. At the end there is one of kind report for each device, with connections,
mistakes, diagnoses (how often each) and ended, and one of kind stopped, with the total of mistakes.
Output never holds the service up: lines that nobody reads, and floods, are left out and counted.

`

const adminHelp = `HTTP on the address of -admin, for tests. All programs that reach it may use it: prefer
loopback. Bodies are JSON; errors are {"error": "…"} with a status from 400 on.
  GET    /health        {"status": "ok"} and what -ready-file holds
  GET    /journal       {"events": […], "last": N, "leftOut": N}: the last 10,000 events, as in the
                        log in JSON. ?device=, ?diagnosis= and ?kind= select; ?after=N leaves out
                        those up to seq N; leftOut counts those that are not kept any more
  DELETE /journal       forgets them
  GET    /enrollments   what is in force, with "***" for each key
  PUT    /enrollments   replaces it; 400 says on which line a mistake is
  POST   /reset         forgets operations, quotas, what faults have counted, and the journal

`

const certificateHelp = `The certificate of the server is good for localhost, 127.0.0.1, ::1, the name of this machine,
the addresses of -tls and -websocket (all of this machine's, if they are 0.0.0.0), and -name.
A client certificate proves its common name: the TLS handshake shows that the client has the
private key. Who signed it is verified with -client-ca only, and its dates always.

`

const ending = `It stops on Ctrl-C and SIGTERM. Exit code: 0 stopped; 1 cannot listen; 2 bad usage or a bad
file; 3 with -strict, if a client made a mistake.
`

// sections are the flags of each part of the usage, and the text below them.
var sections = []struct {
	title string
	flags []string
	text  string
}{
	{"Addresses", []string{"tls", "websocket", "connections"}, ""},
	{"Devices", []string{"enrollments", "schema"}, fileHelp},
	{"Output, and clients in CI", []string{"log-format", "log", "quiet", "ready-file", "strict", "allow"}, logHelp},
	{"Certificates", []string{"ca-out", "ca-dir", "name", "cert", "cert-key", "client-certs", "client-ca"}, certificateHelp},
	{"Requests of tests", []string{"admin"}, adminHelp},
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

// wrap breaks a text into lines of at most so many bytes, as far as it has spaces.
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
