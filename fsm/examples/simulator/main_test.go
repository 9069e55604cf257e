package main

import (
	"context"
	"crypto/tls"
	"flag"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"example.com/dps/fsm/examples/internal/cert"
	"example.com/dps/fsm/examples/internal/transport"
)

// The simulator prints how to connect with the demo's keys, serves devices,
// reports what they do, and stops.
func TestDemo(t *testing.T) {
	certs := t.TempDir()
	s := start(t, "-client-certs", certs)
	s.out.wait(t, "TLS        "+s.TLS, "wss://"+s.WebSocket, "CA         "+s.CA, "ID scope   0ne00000A1B",
		"demo-key", "AAECAwQF", "demo-x509", "in the directory fsm/examples", "go run ./register", "Client certificates are in "+certs)
	s.client().mustRegister(t, "demo-key")
	s.out.wait(t, "#1 (unknown) + opened", "← CONNECT", "#1 demo-key → CONNACK", "← PUBLISH", "→ PUBLISH", "#1 demo-key = ")
	conn, err := transport.DialWebSocket(t.Context(), s.WebSocket, "/", &tls.Config{RootCAs: s.roots})
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(conn, "\x00\x00")
	s.out.wait(t, "#2 (unknown) ✗ not-connect: ", "#2 (unknown) = ")

	pair, err := tls.LoadX509KeyPair(filepath.Join(certs, "demo-x509.pem"), filepath.Join(certs, "demo-x509.key"))
	if err != nil || pair.Leaf.Subject.CommonName != "demo-x509" {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(certs, "demo-x509.key")); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("other users can read the private key: %v, %v", info.Mode(), err)
	}
	if answer, err := s.client(pair).register(t, "demo-x509", ""); !strings.Contains(answer, "res/202") {
		t.Errorf("%q, %v", answer, err)
	}
	s.out.wait(t, "#3 demo-x509 = ")
	if code := s.stop(); code != exitStopped {
		t.Errorf("exit code %d", code)
	}
	s.out.wait(t, "report: (unknown): 1 connection; 1 × not-connect", "report: demo-key: 1 connection; no mistakes; last: ", "stopped: 3 devices, 1 mistake\n")
}

// The simulator serves the devices of -enrollments and does not show their
// keys.
func TestEnrollmentsFile(t *testing.T) {
	const key = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IQ=="
	ca, err := cert.NewAuthority("ACME", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, "-client-ca", writeFile(t, string(ca.PEM())), "-enrollments", writeFile(t, `{"idScope":"0ne00000A1B","enrollments":[
		{"registrationId":"dev-1","primaryKey":"`+key+`","outcome":{"polls":2,"retryAfter":1}, "faults": [{"at": "ping", "silence": true}]},
		{"registrationId":"dev-2","x509":true,"authority":"ACME"},
		{"registrationId":"dev-3","x509":true,"thumbprints":["`+strings.Repeat("00", 20)+`"]},
		{"group":"g","prefix":"sn-","x509":true,"outcome":{"status":"disabled"}}]}`))
	text := s.out.wait(t, "dev-1", "assigned", "key, 1 fault", "dev-2", `signed by "ACME"`, "dev-3", "thumbprints", "sn-*", "disabled", "certificate")
	if strings.Contains(text, key) || strings.Contains(text, "demo") {
		t.Error(text)
	}
}

// With -client-ca, a device can register only with a certificate of these
// authorities, or with one from -client-certs.
func TestClientCA(t *testing.T) {
	ours, err := cert.NewAuthority("ours", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := cert.NewAuthority("theirs", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	s := start(t, "-client-ca", writeFile(t, string(ours.PEM())), "-client-certs", folder)
	for _, c := range []struct {
		by *cert.Authority
		ok bool
	}{{ours, true}, {theirs, false}} {
		pair, err := c.by.Client("demo-x509", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := s.client(pair).register(t, "demo-x509", ""); strings.Contains(answer, "res/202") != c.ok {
			t.Errorf("%q, %v", answer, err)
		}
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(folder, "demo-x509.pem"), filepath.Join(folder, "demo-x509.key"))
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := s.client(pair).register(t, "demo-x509", ""); !strings.Contains(answer, "res/202") {
		t.Errorf("%q, %v", answer, err)
	}
	s.client().mustRegister(t, "demo-key")
}

// The simulator reports all mistakes in the command line, or else all mistakes
// in a file, before it starts.
func TestUsage(t *testing.T) {
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"x"}, []string{`unexpected argument "x"`}},
		{[]string{"-bogus"}, []string{"-bogus"}},
		{[]string{"-tls", "8883", "-connections", "0", "-ca-out", ""}, []string{"-ca-out is empty", "-connections is 0", `-tls is "8883"`}},
		{[]string{"-admin", "8080", "-log-format", "xml"}, []string{`-admin is "8080"`, `-log-format is "xml"`}},
		{[]string{"-cert", "c.pem"}, []string{"-cert and -cert-key must be set together"}},
		{[]string{"-cert", "c", "-cert-key", "k", "-ca-out", "o", "-ca-dir", "d", "-name", "n"}, []string{"-ca-out has no effect with -cert", "-ca-dir has", "-name has"}},
		{[]string{"-name", "host:8883,ok.example,10.0.0.1,::1"}, []string{`-name is "host:8883"`}},
		{[]string{"-allow", "no-disconnect"}, []string{"-allow has no effect without -strict"}},
		{[]string{"-strict", "-allow", "no-disconnect, no-goodbye"}, []string{`unknown diagnosis "no-goodbye", expected one of too-many-connections, `, ", early-query, "}},
		{[]string{"-token"}, []string{"-token needs -registration-id"}},
		{[]string{"-registration-id", "a"}, []string{"-registration-id has no effect without -token"}},
		{[]string{"-token", "-registration-id", "nobody"}, []string{`"nobody" is not enrolled`}},
		{[]string{"-token", "-registration-id", "demo-x509"}, []string{`"demo-x509" uses a certificate`}},
		{[]string{"-token", "-registration-id", "demo-key", "-ready-file", writeFile(t, "{}")}, []string{"was not written by a simulator"}},
		{[]string{"-token", "-registration-id", "demo-key", "-ready-file", "/does/not/exist"}, []string{"-ready-file: open"}},
		{[]string{"-enrollments", "/does/not/exist"}, []string{"/does/not/exist"}},
		{[]string{"-enrollments", writeFile(t, "{\n\"idScope\":\n 1}")}, []string{"f.json:3: idScope: it is 1, expected a string"}},
		{[]string{"-enrollments", writeFile(t, `{"idScope":"s","enrolments":[]}`)}, []string{`unknown field "enrolments"`}},
		{[]string{"-enrollments", writeFile(t, "{\"idScope\":\"s\"}\nx")}, []string{"f.json:2: invalid character 'x' after"}},
		{[]string{"-enrollments", writeFile(t, "{\"enrollments\":[\n{\"x509\": true,\n\"registrationId\":\"a/b\"},\n{}]}")},
			[]string{"f.json:1: idScope: ", "simulator: -enrollments: ", "f.json:3: enrollments[0].registrationId: ", "f.json:4: enrollments[1]: "}},
		{[]string{"-enrollments", writeFile(t, "{\"idScope\":\"s\",\"enrollments\":[{\"registrationId\":\"a\",\"x509\":true,\n\"faults\":[{\"at\":\"connect\",\"hangUp\":true},\n{\"status\":429}]}]}")},
			[]string{"f.json:3: enrollments[0].faults[1].at: "}},
		{[]string{"-enrollments", writeFile(t, "{\"idScope\":\"s\",\"enrollments\":[{\"group\":\"g\",\"x509\":true,\n\"authority\":\"ACME\"}]}")}, []string{"f.json:2: enrollments[0].authority: it needs -client-ca"}},
		{[]string{"-client-ca", writeFile(t, "x")}, []string{"does not hold a certificate in PEM"}},
		{[]string{"-ca-out", "/proc/nowhere/ca.pem"}, []string{"-ca-out"}},
		{[]string{"-log", "/proc/nowhere/log"}, []string{"-log"}},
		{[]string{"-ready-file", "/proc/nowhere/ready"}, []string{"-ready-file"}},
		{[]string{"-ca-dir", "/proc/nowhere"}, []string{"-ca-dir"}},
		{[]string{"-cert", "/does/not/exist", "-cert-key", "/does/not/exist"}, []string{"-cert"}},
	} {
		var out, errs screen
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		code := run(ctx, append([]string{"-tls", "127.0.0.1:0", "-websocket", "127.0.0.1:0"}, c.args...), &out, &errs, nil)
		cancel()
		text := errs.String()
		for _, want := range c.want {
			var ok bool
			if _, text, ok = strings.Cut(text, want); !ok {
				t.Errorf("%q: want %q in %s", c.args, want, errs.String())
			}
		}
		if code != exitUsage || out.String() != "" || !strings.HasSuffix(text, "\n(Run \"simulator -h\" for usage.)\n") {
			t.Errorf("%q: exit code %d, %s%s", c.args, code, out.String(), errs.String())
		}
	}
}

// If the simulator cannot start, for example because an address is in use, it
// writes no files: another simulator may be using them.
func TestFailedStartWritesNothing(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	in := func(name string) string { return filepath.Join(folder, name) }
	outputs := []string{"-log", in("log"), "-ready-file", in("a/b/ready"), "-client-certs", in("certs"), "-tls", "127.0.0.1:0", "-websocket", "127.0.0.1:0"}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-ca-out", in("c/ca.pem"), "-tls", taken.Addr().String()}, exitNetwork, "-tls: "},
		{[]string{"-tls", taken.Addr().String()}, exitNetwork, "-tls: "},
		{[]string{"-ca-dir", in("dir"), "-websocket", taken.Addr().String()}, exitNetwork, "-websocket: "},
		{[]string{"-admin", taken.Addr().String()}, exitNetwork, "-admin: "},
		{[]string{"-client-ca", "/does/not/exist"}, exitUsage, "-client-ca: "},
		{[]string{"-ready-file", "/proc/nowhere/ready"}, exitUsage, "-ready-file: "},
		{[]string{"-log", "/proc/nowhere/log"}, exitUsage, "-log: "},
	} {
		var out, errs screen
		code := run(t.Context(), append(append([]string(nil), outputs...), c.args...), &out, &errs, nil)
		if code != c.code || !strings.Contains(errs.String(), c.want) || out.String() != "" {
			t.Errorf("%q: exit code %d, %s%s", c.args, code, out.String(), errs.String())
		}
		left, err := os.ReadDir(folder)
		if err != nil || len(left) > 0 {
			t.Fatalf("%q: want no files, got %v, %v", c.args, left, err)
		}
	}
}

// The usage lists each flag once, and each diagnosis.
func TestHelp(t *testing.T) {
	var out strings.Builder
	if code := run(t.Context(), []string{"-h"}, &out, io.Discard, nil); code != exitStopped || !strings.Contains(out.String(), "Exit code") {
		t.Errorf("exit code %d, %s", code, out.String())
	}
	new(options).flags().VisitAll(func(f *flag.Flag) {
		if n := strings.Count(out.String(), "\n  -"+f.Name+" ") + strings.Count(out.String(), "\n  -"+f.Name+"\n"); n != 1 {
			t.Errorf("want -%s once, got it %d times", f.Name, n)
		}
	})
	for _, d := range diagnoses() {
		if !strings.Contains(out.String(), string(d)) {
			t.Errorf("the diagnosis %s is missing", d)
		}
	}
	for line := range strings.Lines(out.String()) {
		if n := utf8.RuneCountInString(line); n > 112 {
			t.Errorf("a line has %d characters, want at most 112: %s", n, line)
		}
	}
}

func TestVersionAndSchema(t *testing.T) {
	for name, want := range map[string]string{"-version": "simulator (", "-schema": "{\n  \"$schema\""} {
		var out strings.Builder
		if code := run(t.Context(), []string{name}, &out, io.Discard, nil); code != exitStopped || !strings.HasPrefix(out.String(), want) {
			t.Errorf("%s: exit code %d, %s", name, code, out.String())
		}
	}
}
