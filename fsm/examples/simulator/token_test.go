package main

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The service accepts the tokens that -token prints, for individual devices and
// members of groups, regardless of the case of the registration ID.
func TestToken(t *testing.T) {
	s := start(t)
	ready := filepath.Join(t.TempDir(), "ready.json")
	text, err := json.Marshal(s.ready)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(ready, text, 0o600); err != nil {
		t.Fatal(err)
	}
	host, port, err := net.SplitHostPort(s.TLS)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"demo-key", "demo-group-7", "Demo-Group-Seven"} {
		var out, errs strings.Builder
		if code := run(context.Background(), []string{"-token", "-registration-id", id, "-ready-file", ready}, &out, &errs, nil); code != exitStopped {
			t.Fatalf("%s: exit code %d, %s", id, code, errs.String())
		}
		token, commands, _ := strings.Cut(out.String(), "\n")
		if answer, err := s.client().register(t, id, token); !strings.Contains(answer, "res/202") {
			t.Errorf("%s: %q, %v", id, answer, err)
		}
		for _, want := range []string{"mosquitto_pub", "-h " + host + " -p " + port, "--cafile " + s.CA, "-i " + id, "-P '" + token + "'", "mosquitto_sub"} {
			if !strings.Contains(commands, want) {
				t.Errorf("want %q in %s", want, commands)
			}
		}
	}
}

// The command in the greeting that prints a token works as it is.
func TestGreetingPrintsToken(t *testing.T) {
	for _, args := range [][]string{nil, {"-ca-dir", t.TempDir()}} {
		s := start(t, args...)
		_, command, _ := strings.Cut(s.out.wait(t, "# commands for mosquitto"), "go run ./simulator ")
		command, _, _ = strings.Cut(command, "#")
		var out, errs strings.Builder
		if code := run(t.Context(), strings.Fields(command), &out, &errs, nil); code != exitStopped {
			t.Fatalf("%s: exit code %d, %s", command, code, errs.String())
		}
		_, port, err := net.SplitHostPort(s.TLS)
		if err != nil {
			t.Fatal(err)
		}
		if want := "-p " + port + " --cafile " + s.CA; !strings.Contains(out.String(), want) {
			t.Errorf("want %q in %s", want, out.String())
		}
	}
}

func TestQuote(t *testing.T) {
	for word, want := range map[string]string{"": "''", "/tmp/a-b_c.pem": "/tmp/a-b_c.pem", "a b": "'a b'", "it's": `'it'\''s'`, "$x": "'$x'", "a&b": "'a&b'", "é": "'é'"} {
		if got := quote(word); got != want {
			t.Errorf("%q: want %s, got %s", word, want, got)
		}
	}
}

// Simulators with different ports or addresses have different CA files.
func TestCAFile(t *testing.T) {
	t.Setenv("TMPDIR", "/t")
	for addr, want := range map[string]string{
		"127.0.0.1:8883": "/t/dps-simulator-ca-8883.pem", "0.0.0.0:8883": "/t/dps-simulator-ca-8883.pem", "[::]:8883": "/t/dps-simulator-ca-8883.pem",
		"127.0.0.2:8883": "/t/dps-simulator-ca-127.0.0.2-8883.pem", "[fe80::1%eth0]:1": "/t/dps-simulator-ca-fe80--1-eth0-1.pem",
	} {
		if got := new(options).caFile(addr); got != want {
			t.Errorf("%s: want %s, got %s", addr, want, got)
		}
	}
}

// If a device matches a group with certificates and a group with a key, its
// token is for the latter.
func TestTokenOfTheGroupWithAKey(t *testing.T) {
	o := options{enrollments: writeFile(t, `{"idScope":"0ne00000A1B","enrollments":[{"group":"a","x509":true},{"group":"b","prefix":"SN-","primaryKey":"`+testKey+`"}]}`), tlsAddr: "127.0.0.1:8883"}
	for id, want := range map[string]bool{"sn-1": true, "other": false} {
		o.registrationID = id
		if text, err := o.tokenText(time.Now()); strings.HasPrefix(text, "SharedAccessSignature ") != want || (err == nil) != want {
			t.Errorf("%s: %s, %v", id, text, err)
		}
	}
}

// The commands contain an address to which clients can connect.
func TestReachable(t *testing.T) {
	for addr, want := range map[string]string{":8883": "127.0.0.1:8883", "0.0.0.0:8883": "127.0.0.1:8883", "[::]:8883": "127.0.0.1:8883", "10.0.0.1:8883": "10.0.0.1:8883", "[::1]:8883": "[::1]:8883", "host.example:1": "host.example:1"} {
		if got := reachable(addr); got != want {
			t.Errorf("%s: want %s, got %s", addr, want, got)
		}
	}
}
