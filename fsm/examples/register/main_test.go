package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/cert"
	"example.com/dps/fsm/examples/internal/demo"
	"example.com/dps/fsm/examples/internal/simulate"
)

const groupKey = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="

// A desk is a simulated service for one test. The certificate of its authority
// is in a file.
type desk struct {
	ca       *cert.Authority
	caFile   string
	tls, web string // addresses

	mu  sync.Mutex
	log []string // packets that the service received
}

// deskName is a name in the server's certificate that does not resolve.
const deskName = "dps.invalid"

func newDesk(t *testing.T, enrollments ...dpstest.Enrollment) *desk {
	t.Helper()
	d := new(desk)
	service, err := dpstest.New(dpstest.Config{
		IDScope: rogueScope, RetryAfter: "1", AssignedHub: "hub.example", Enrollments: enrollments,
		Log: func(e dpstest.Event) {
			d.mu.Lock()
			defer d.mu.Unlock()
			if e.Kind == dpstest.EventReceived {
				d.log = append(d.log, e.Text)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	d.ca, d.caFile = authority(t)
	own, err := d.ca.Server(time.Now(), deskName)
	if err != nil {
		t.Fatal(err)
	}
	server := simulate.New(simulate.Options{Service: service, TLS: &tls.Config{Certificates: []tls.Certificate{own}}, MaxConns: 200})
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	for addr, serve := range map[*string]func(context.Context, net.Listener) error{&d.tls: server.ServeTLS, &d.web: server.ServeWebSocket} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		*addr = l.Addr().String()
		go serve(ctx, l)
	}
	return d
}

// flags returns the flags that connect to the service over a transport.
func (d *desk) flags(transport string, more ...string) []string {
	addr := d.tls
	if transport == "websocket" {
		addr = d.web
	}
	return append([]string{"-host", addr, "-ca", d.caFile, "-transport", transport, "-id-scope", rogueScope}, more...)
}

// count returns how many of the received packets contain the word.
func (d *desk) count(word string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(d.log), func(line string) bool { return !strings.Contains(line, word) }))
}

// client writes a client certificate to files and returns the flags that select
// it.
func (d *desk) client(t *testing.T, name string) []string {
	t.Helper()
	c, err := d.ca.Client(name, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	chain, key, err := cert.Encode(c)
	if err != nil {
		t.Fatal(err)
	}
	return []string{"-cert", file(t, "c.pem", chain), "-cert-key", file(t, "c.key", key)}
}

// Every kind of attestation works over both transports, and each refusal of the
// service is reported as what it is.
func TestTransportsAndAttestations(t *testing.T) {
	t.Parallel()
	enrollments := []dpstest.Enrollment{
		{RegistrationID: "dev", PrimaryKey: testKey, Outcome: dpstest.Outcome{Payload: json.RawMessage(`{"x":1}`)}},
		{Group: "group", Prefix: "sn-", PrimaryKey: groupKey},
		{RegistrationID: "dev-x509", X509: true},
		{RegistrationID: "off", PrimaryKey: testKey, Outcome: dpstest.Outcome{Status: "disabled", AtOnce: true}},
	}
	together := &group{t: t}
	defer together.wait()
	for _, c := range []struct {
		name   string
		args   []string
		client string // common name of its certificate
		code   int
		device string // in the assignment
		status int    // in the report
		hint   string
	}{
		{"key", []string{"-registration-id", "dev", "-key", testKey}, "", exitAssigned, "dev", 0, ""},
		{"key file", []string{"-registration-id", "dev", "-key", "@" + file(t, "key", []byte(testKey+"\n"))}, "", exitAssigned, "dev", 0, ""},
		{"group key", []string{"-registration-id", "sn-1", "-group-key", groupKey}, "", exitAssigned, "sn-1", 0, ""},
		{"certificate", nil, "dev-x509", exitAssigned, "dev-x509", 0, ""},
		{"wrong key", []string{"-registration-id", "dev", "-key", groupKey}, "", exitRefused, "", 401, "key"},
		{"wrong device", []string{"-registration-id", "other", "-key", testKey}, "", exitRefused, "", 404, "enrollment"},
		{"disabled", []string{"-registration-id", "off", "-key", testKey}, "", exitRefused, "", 200, "enable"},
		{"certificate not enrolled", nil, "other", exitRefused, "", 404, "enrollment"},
	} {
		for _, transport := range []string{"tls", "websocket"} {
			together.run(c.name+"/"+transport, func(t *testing.T) {
				d := newDesk(t, enrollments...)
				args := append(d.flags(transport, c.args...), "-json")
				if c.client != "" {
					args = append(args, d.client(t, c.client)...)
				}
				got := try(t, args...)
				var result struct {
					DeviceID, AssignedHub, Error, Hint string
					Status                             any
					ExitCode                           int
				}
				if err := json.Unmarshal([]byte(got.stdout), &result); err != nil || got.stderr != "" {
					t.Fatalf("%v\n%s%s", err, got.stdout, got.stderr)
				}
				ok := result.DeviceID == c.device && result.Hint == ""
				if c.code != exitAssigned {
					ok = result.Status == float64(c.status) && strings.Contains(result.Hint, c.hint) && result.Error != ""
				}
				if got.code != c.code || result.ExitCode != c.code || !ok {
					t.Errorf("exit code %d, %s", got.code, got.stdout)
				}
			})
		}
	}
}

// Many devices register at the same time.
func TestManyDevices(t *testing.T) {
	t.Parallel()
	d := newDesk(t, dpstest.Enrollment{Group: "group", PrimaryKey: groupKey})
	together := &group{t: t}
	defer together.wait()
	for i := range 50 {
		id := fmt.Sprintf("dev-%d", i)
		together.run(id, func(t *testing.T) {
			got := try(t, d.flags([]string{"tls", "websocket"}[i%2], "-registration-id", id, "-group-key", groupKey, "-json")...)
			if got.code != exitAssigned || !strings.Contains(got.stdout, `"deviceId":"`+id+`"`) {
				t.Errorf("exit code %d, %s", got.code, got.stdout)
			}
		})
	}
}

// The device asks a busy service again. If the service stays busy, the exit
// code is 3.
func TestThrottled(t *testing.T) {
	t.Parallel()
	d := newDesk(t,
		dpstest.Enrollment{RegistrationID: "once", PrimaryKey: testKey, Outcome: dpstest.Outcome{AtOnce: true},
			Faults: []dpstest.Fault{{At: dpstest.OnRegister, Nth: 1, Status: 429, RetryAfter: "1"}}},
		dpstest.Enrollment{RegistrationID: "always", PrimaryKey: testKey,
			Faults: []dpstest.Fault{{At: dpstest.OnRegister, Status: 429, RetryAfter: "60"}}},
	)
	if got := try(t, d.flags("tls", "-registration-id", "once", "-key", testKey, "-timeout", "8s")...); got.code != exitAssigned {
		t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	got := try(t, d.flags("tls", "-registration-id", "always", "-key", testKey, "-timeout", "5s")...)
	if got.code != exitNetwork || !strings.Contains(got.stderr, "429") || !strings.Contains(got.stderr, "wait") {
		t.Errorf("exit code %d\n%s", got.code, got.stderr)
	}
}

// Keys may come from the environment, but flags take precedence.
func TestEnvironment(t *testing.T) {
	d := newDesk(t, dpstest.Enrollment{RegistrationID: "dev", PrimaryKey: testKey, Outcome: dpstest.Outcome{AtOnce: true}},
		dpstest.Enrollment{Group: "group", Prefix: "sn-", PrimaryKey: groupKey, Outcome: dpstest.Outcome{AtOnce: true}})
	for _, c := range []struct {
		id   string
		env  map[string]string
		args []string
		code int
	}{
		{"dev", map[string]string{"DPS_KEY": testKey}, nil, exitAssigned},
		{"sn-1", map[string]string{"DPS_GROUP_KEY": groupKey}, nil, exitAssigned},
		{"dev", map[string]string{"DPS_KEY": groupKey, "DPS_GROUP_KEY": groupKey}, []string{"-key", testKey}, exitAssigned},
		{"sn-1", map[string]string{"DPS_KEY": testKey}, []string{"-group-key", groupKey}, exitAssigned},
		{"dev", map[string]string{"DPS_KEY": testKey, "DPS_GROUP_KEY": groupKey}, nil, exitUsage},
		{"dev", nil, nil, exitUsage},
	} {
		got := tryIn(t.Context(), c.env, d.flags("tls", append(c.args, "-registration-id", c.id)...)...)
		if got.code != c.code {
			t.Errorf("%+v: exit code %d\n%s%s", c, got.code, got.stdout, got.stderr)
		}
	}
}

// The demo shows the whole exchange and the hub, but no key and no password.
func TestDemo(t *testing.T) {
	t.Parallel()
	together := &group{t: t}
	defer together.wait()
	for _, transport := range []string{"tls", "websocket"} {
		together.run(transport, func(t *testing.T) {
			got := try(t, "-transport", transport)
			if got.code != exitAssigned || got.stderr != "" {
				t.Fatalf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
			}
			rest := got.stdout
			for _, step := range []string{
				"demo", "dial ", "connected: TLS 1.3", "→ CONNECT", "← CONNACK accepted", "→ SUBSCRIBE", "← SUBACK",
				"iotdps-register", `"registrationId"`, "res/202", `"assigning"`, "wait 2", "the service asked for 2s",
				"iotdps-get-operationstatus", "res/200", `"assigned"`, "→ DISCONNECT",
				"Assigned.", demo.AssignedHub, demo.RegistrationID,
			} {
				_, after, found := strings.Cut(rest, step)
				if !found {
					t.Fatalf("want %q in\n%s", step, rest)
				}
				rest = after
			}
			if strings.Contains(got.stdout, "SharedAccessSignature") || strings.Contains(got.stdout, demo.Key) {
				t.Error("the output contains a secret:\n" + got.stdout)
			}
		})
	}
}

// With -json, the assignment is written with the service's names, and with -v
// the steps go to standard error.
func TestJSON(t *testing.T) {
	t.Parallel()
	got := try(t, "-json", "-v")
	var a fsm.Assignment
	if err := json.Unmarshal([]byte(got.stdout), &a); err != nil || strings.Count(got.stdout, "\n") != 1 {
		t.Fatalf("%v: %q", err, got.stdout)
	}
	if a.AssignedHub != demo.AssignedHub || a.DeviceID != demo.RegistrationID || a.Status != "assigned" || got.code != exitAssigned {
		t.Errorf("exit code %d, %+v", got.code, a)
	}
	if !strings.Contains(got.stderr, "← CONNACK accepted") {
		t.Errorf("want the steps, got %q", got.stderr)
	}
}
