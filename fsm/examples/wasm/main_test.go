//go:build !js

package main_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/cert"
	"example.com/dps/fsm/examples/internal/simulate"
	"github.com/google/go-cmp/cmp"
)

const (
	idScope = "0ne00000A1B"
	key     = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	other   = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
)

// serve starts a simulated service. It returns the service's URL and the name
// of a file with the certificate of its authority.
func serve(t *testing.T) (url, ca string) {
	service, err := dpstest.New(dpstest.Config{IDScope: idScope, Enrollments: []dpstest.Enrollment{
		{RegistrationID: "dev-1", PrimaryKey: key, Outcome: dpstest.Outcome{Polls: 1, RetryAfter: "2"}},
		{RegistrationID: "dev-2", PrimaryKey: key, Faults: []dpstest.Fault{{At: dpstest.OnRegister, Nth: 1, HangUp: true}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	authority, err := cert.NewAuthority("test CA", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	own, err := authority.Server(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, authority.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	server := simulate.New(simulate.Options{Service: service, TLS: &tls.Config{Certificates: []tls.Certificate{own}}})
	go server.ServeWebSocket(ctx, listener)
	return "wss://" + listener.Addr().String() + fsm.WebSocketPath, ca
}

// node returns the command that runs Node.js with a WebSocket. If Node.js or
// the WebSocket is missing, the test fails in CI and is skipped elsewhere.
func node(t *testing.T) []string {
	if typeOf := func(flags ...string) string {
		out, _ := exec.Command("node", append(flags, "-p", "typeof WebSocket")...).Output()
		return strings.TrimSpace(string(out))
	}; typeOf() == "function" {
		return []string{"node"}
	} else if typeOf("--experimental-websocket") == "function" {
		return []string{"node", "--experimental-websocket"}
	}
	modules, err := filepath.Abs("../simulator/clients/node/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("NODE_PATH", modules)
	if err := exec.Command("node", "-e", "require('ws')").Run(); err != nil {
		const missing = "the test needs Node.js and, if its version is older than 20.10, `npm ci` in fsm/examples/simulator/clients/node"
		if os.Getenv("CI") != "" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	return []string{"node"}
}

// build compiles the program. It returns the names of the loader and the
// program.
func build(t *testing.T) (wasmExec, program string) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	program = filepath.Join(t.TempDir(), "main.wasm")
	compile := exec.Command("go", "build", "-o", program, ".")
	compile.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"), program
}

// The program registers a device in Node.js over WebSocket, and reports errors.
func TestNodeRegisters(t *testing.T) {
	command := node(t)
	wasmExec, program := build(t)
	url, ca := serve(t)
	register := func(url, id, key string) (out string, err error) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		args := append(command[1:], "register.js", wasmExec, program, url, idScope, id)
		cmd := exec.CommandContext(ctx, command[0], args...)
		cmd.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+ca, "NODE_NO_WARNINGS=1", "DPS_KEY="+key)
		text, err := cmd.CombinedOutput()
		return string(text), err
	}
	for _, id := range []string{"dev-1", "dev-2"} { // the service closes the first connection of dev-2
		out, err := register(url, id, key)
		var got fsm.Assignment
		if err != nil || json.Unmarshal([]byte(out), &got) != nil {
			t.Fatalf("%s: %v\n%s", id, err, out)
		}
		want := fsm.Assignment{AssignedHub: "hub.azure-devices.example", DeviceID: id, RegistrationID: id, Status: "assigned"}
		got = fsm.Assignment{AssignedHub: got.AssignedHub, DeviceID: got.DeviceID, RegistrationID: got.RegistrationID, Status: got.Status}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", id, diff)
		}
	}
	for name, test := range map[string]struct{ url, id, key, want string }{
		"wrong key": {url, "dev-1", other, "refused with status 401"},
		"no key":    {url, "dev-1", "", "bad key"},
		"bad id":    {url, "a/b", key, "RegistrationID"},
		"not a URL": {"http//", "dev-1", key, "cannot open a WebSocket at"},
	} {
		out, err := register(test.url, test.id, test.key)
		if err == nil || !strings.Contains(out, test.want) || strings.Contains(out, "panic") {
			t.Errorf("%s: %v, want %q in %q", name, err, test.want, out)
		}
	}
}
