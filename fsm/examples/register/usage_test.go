package main

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/dps/fsm"
	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/setup"
)

// All mistakes in the command line are reported together, in terms of its
// flags, and with -json as JSON.
func TestUsage(t *testing.T) {
	key := []string{"-host", "h", "-id-scope", "s", "-registration-id", "d", "-key", testKey}
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"-bogus"}, []string{"-bogus"}},
		{[]string{"x"}, []string{`unexpected argument`}},
		{[]string{"-timeout", "0s", "-transport", "quic", "-path", "x", "-key", testKey},
			[]string{"-timeout is 0s", `-transport is "quic"`, `-path is "x"`, "-host is missing", "-id-scope is missing", "-registration-id is missing"}},
		{[]string{"-host", "", "-key", ""}, []string{"-host is empty", "-key is empty", "-id-scope is missing"}},
		{append(key, "-group-key", groupKey), []string{"only one of -key, -group-key and -cert"}},
		{append(key, "-cert", "x"), []string{"only one of -key", "-cert-key must be given together"}},
		{append(key, "-host", "https://h/"), []string{`-host is "https://h/"`}},
		{append(key, "-host", "h:port"), []string{`-host is "h:port"`}},
		{append(key, "-key", "%%%", "-ca", "/does/not/exist"), []string{"-key: sastoken: bad key", "-ca: open /does/not/exist"}},
		{append(key, "-ca", file(t, "ca.pem", []byte("x"))), []string{"does not contain a certificate in PEM"}},
		{append(key, "-payload", "[1"), []string{"Payload is not JSON"}},
		{append(key, "-payload", "@/does/not/exist"), []string{"-payload: open /does/not/exist"}},
		{append(key, "-api-version", "a b"), []string{"APIVersion"}},
		{append(key, "-registration-id", "a/b"), []string{"RegistrationID"}},
		{[]string{"-payload", "{1}"}, []string{"Payload is not JSON"}},
	} {
		got := try(t, c.args...)
		for _, want := range c.want {
			if !strings.Contains(got.stderr, want) {
				t.Errorf("%q: want %q in %s", c.args, want, got.stderr)
			}
		}
		if got.code != 2 || got.stdout != "" || strings.Contains(got.stderr, testKey) || !strings.HasSuffix(got.stderr, "\n(Run \"register -h\" for usage.)\n") {
			t.Errorf("%q: exit code %d, %s%s", c.args, got.code, got.stdout, got.stderr)
		}
		got = try(t, append([]string{"-json"}, c.args...)...)
		var r report
		if err := json.Unmarshal([]byte(got.stdout), &r); err != nil || got.code != 2 || r.ExitCode != 2 || r.Error == "" {
			t.Errorf("%q: exit code %d, %v\n%s", c.args, got.code, err, got.stdout)
		}
	}
	got := try(t, "-h")
	for _, want := range []string{"Exit code: 0 assigned; 1 refused by the service; 2 bad usage; 3 network", "HTTPS_PROXY", "NO_PROXY", "use -transport websocket"} {
		if got.code != 0 || !strings.Contains(got.stdout, want) || got.stderr != "" {
			t.Errorf("-h: want %q in %+v", want, got)
		}
	}
	if got = try(t, "x", "-json"); got.code != 2 { // flags after an argument are not parsed
		t.Errorf("exit code %d", got.code)
	}
}

// The registration ID must be the common name of the certificate.
func TestCertificateNamesTheDevice(t *testing.T) {
	ca, _ := authority(t)
	d := &desk{ca: ca}
	args := append(d.client(t, "dev-1"), "-host", "h", "-id-scope", "s", "-registration-id", "dev-2")
	if got := try(t, args...); got.code != 2 || !strings.Contains(got.stderr, `common name is "dev-1"`) {
		t.Errorf("%+v", got)
	}
}

// After a network failure, the exit code is 3, and the report has the step that
// failed and advice.
func TestNetworkErrors(t *testing.T) {
	t.Parallel()
	d := newDesk(t, dpstest.Enrollment{RegistrationID: "dev", PrimaryKey: testKey, Outcome: dpstest.Outcome{Status: "assigning"}})
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	go func() {
		for {
			conn, err := plain.Accept()
			if err != nil {
				return
			}
			io.WriteString(conn, "220 this is not TLS\r\n")
			conn.Close()
		}
	}()
	device := []string{"-id-scope", rogueScope, "-registration-id", "dev", "-key", testKey}
	together := &group{t: t}
	defer together.wait()
	for _, c := range []struct {
		name       string
		args       []string
		step, hint string
		once       bool // another attempt cannot succeed
	}{
		{"refused", []string{"-host", closed.Addr().String(), "-timeout", "500ms"}, "connecting", "no program listens", false},
		{"silent", []string{"-host", silent.Addr().String(), "-timeout", "500ms"}, "connecting", "firewall", false},
		{"no TLS", []string{"-host", plain.Addr().String(), "-timeout", "500ms"}, "connecting", "does not speak TLS", false},
		{"unknown authority", []string{"-host", d.tls}, "connecting", "-ca", true},
		{"unknown authority, WebSocket", []string{"-host", d.web, "-transport", "websocket"}, "connecting", "-ca", true},
		{"unknown name", []string{"-host", "no.such.host.invalid", "-timeout", "3s"}, "connecting", "name in -host", true},
		{"endless", []string{"-host", d.tls, "-ca", d.caFile, "-timeout", "3s"}, "", "-timeout", false},
	} {
		together.run(c.name, func(t *testing.T) {
			got := try(t, append(c.args, append(device, "-json", "-v")...)...)
			var r report
			if err := json.Unmarshal([]byte(got.stdout), &r); err != nil {
				t.Fatal(err, got.stdout)
			}
			if got.code != 3 || r.ExitCode != 3 || !strings.Contains(r.Step, c.step) || !strings.Contains(r.Hint, c.hint) {
				t.Errorf("exit code %d, %s", got.code, got.stdout)
			}
			if n := strings.Count(got.stderr, "   dial "); c.once && n != 1 {
				t.Errorf("%d attempts\n%s", n, got.stderr)
			}
		})
	}
}

// The device does not sign a token before the clock is set, because the token
// would be invalid.
func TestClockUnset(t *testing.T) {
	d := &device{key: []byte("0123456789abcdef"), config: fsm.Config{IDScope: "s", RegistrationID: "d"}}
	if secret, err := d.password(time.Unix(100, 0)); secret != nil || !errors.Is(err, setup.ErrClock) || d.hint(err) == "" {
		t.Errorf("%v", err)
	}
	secret, err := d.password(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	if err != nil || !strings.HasPrefix(string(secret), "SharedAccessSignature ") {
		t.Error(err)
	}
}

// There is advice for each refusal of the service.
func TestHints(t *testing.T) {
	d := &device{addr: "global.azure-devices-provisioning.net:8883", config: fsm.Config{IDScope: "0ne1"}}
	x509 := &device{addr: d.addr, config: fsm.Config{IDScope: "0ne1", Attestation: fsm.X509}}
	china := &device{addr: d.addr, config: fsm.Config{IDScope: "0cn1"}}
	for _, c := range []struct {
		d    *device
		err  error
		want string
	}{
		{d, &fsm.ServiceError{Status: 401}, "-key"},
		{x509, &fsm.ServiceError{Status: 401}, "chain"},
		{d, &fsm.ServiceError{Status: 404}, "enrollment"},
		{d, &fsm.ServiceError{Status: 200, RegistrationStatus: "failed"}, "allocation"},
		{china, &fsm.ServiceError{Status: 404}, "azure-devices-provisioning.cn"},
		{d, &fsm.ConnectError{ReturnCode: 5}, "-id-scope"},
		{x509, &fsm.StepError{State: fsm.Registering, Err: fsm.ErrLost}, "chain"},
		{d, &fsm.StepError{State: fsm.Registering, Err: fsm.ErrLost}, "enrollment"},
		{x509, &fsm.StepError{State: fsm.Connecting, Err: errors.Join(fsm.ErrLost, &net.OpError{Op: "remote error", Err: tls.AlertError(42)})}, "client certificate"},
		{d, &fsm.GiveUpError{Reason: fsm.ErrTimeout, Last: &fsm.ServiceError{Status: 429}}, "wait"},
	} {
		if got := c.d.hint(c.err); !strings.Contains(got, c.want) {
			t.Errorf("%v: want %q in %q", c.err, c.want, got)
		}
	}
	if diff := cmp.Diff("", d.hint(nil)); diff != "" {
		t.Error(diff)
	}
}
