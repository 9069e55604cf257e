package main

import (
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/proxytest"
)

// A WebSocket connection uses the proxy in HTTPS_PROXY with its credentials,
// unless NO_PROXY names the host. A TLS connection does not.
func TestProxyIsUsed(t *testing.T) {
	t.Parallel()
	d := newDesk(t, dpstest.Enrollment{RegistrationID: "dev", PrimaryKey: testKey})
	connect := []proxytest.Request{{Method: "CONNECT", Target: deskName + ":443", User: "u", Password: "s:cret"}}
	for name, c := range map[string]struct {
		transport, noProxy string
		code               int
		want               []proxytest.Request
	}{
		"WebSocket":           {"websocket", "", 0, connect},
		"another in NO_PROXY": {"websocket", "other.invalid", 0, connect},
		"this in NO_PROXY":    {"websocket", deskName, 3, nil},
		"TLS":                 {"tls", "", 3, nil},
	} {
		t.Run(name, func(t *testing.T) {
			proxy := proxytest.Start(t, http.StatusOK, d.web)
			env := map[string]string{"HTTPS_PROXY": "http://u:s%3Acret@" + proxy.Addr, "NO_PROXY": c.noProxy}
			got := tryIn(t.Context(), env, d.flags(c.transport, "-host", deskName, "-registration-id", "dev", "-key", testKey, "-timeout", "20s")...)
			if got.code != c.code || strings.Contains(got.stdout+got.stderr, "cret") {
				t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
			}
			if diff := cmp.Diff(c.want, proxy.Requests()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// If a proxy does not connect to the server, the error names it without its
// credentials and gives advice. If it refuses permanently, there is only one
// attempt.
func TestProxyFails(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	answers := func(status int) string { return proxytest.Start(t, status, "").Addr }
	garbage := listenTCP(t, func(conn net.Conn) { conn.Write([]byte("220 this is not HTTP\r\n\r\n")) })
	hangsUp := listenTCP(t, func(net.Conn) {})
	silent := listenTCP(t, func(conn net.Conn) { conn.Read(make([]byte, 9<<10)); <-t.Context().Done() })
	together := &group{t: t}
	defer together.wait()
	for name, c := range map[string]struct {
		user, proxy string
		want        []string
		once        bool
	}{
		"407":                  {"", answers(407), []string{"HTTP status 407 Proxy Authentication Required", "requires credentials: set HTTPS_PROXY=http://USER:PASSWORD@"}, true},
		"407, credentials":     {"u:secret@", answers(407), []string{"407", "does not accept the user name and password in HTTPS_PROXY"}, true},
		"403":                  {"u:secret@", answers(403), []string{"403 Forbidden", "does not allow connections to " + deskName + ":443"}, true},
		"502":                  {"u:secret@", answers(502), []string{"502", "cannot connect to " + deskName + ":443"}, false},
		"down":                 {"u:secret@", closed.Addr().String(), []string{"connection refused", "check HTTPS_PROXY"}, false},
		"not an HTTP proxy":    {"u:secret@", garbage, []string{"malformed HTTP", "check HTTPS_PROXY"}, false},
		"hangs up":             {"u:secret@", hangsUp, []string{"check HTTPS_PROXY"}, false},
		"silent":               {"u:secret@", silent, []string{"deadline", "check HTTPS_PROXY"}, false},
		"unknown host":         {"u:secret@", "proxy.invalid:1", []string{"proxy.invalid", "check HTTPS_PROXY"}, false},
		"SOCKS proxy, down":    {"u:secret@", "socks5://" + closed.Addr().String(), []string{"connection refused", "check HTTPS_PROXY"}, false},
		"SOCKS proxy, garbage": {"", "socks5://" + garbage, []string{"socks connect", "check HTTPS_PROXY"}, false},
	} {
		together.run(name, func(t *testing.T) {
			scheme, addr, ok := strings.Cut(c.proxy, "://")
			if !ok {
				scheme, addr = "http", c.proxy
			}
			env := map[string]string{"HTTPS_PROXY": scheme + "://" + c.user + addr}
			got := tryIn(t.Context(), env, "-host", deskName, "-transport", "websocket", "-id-scope", rogueScope,
				"-registration-id", "dev", "-key", testKey, "-timeout", "2s", "-json", "-v")
			var r report
			if err := json.Unmarshal([]byte(got.stdout), &r); err != nil {
				t.Fatal(err, got.stdout)
			}
			for _, want := range append(c.want, "the proxy "+addr) { // the last attempt may have been cut short
				if !strings.Contains(r.Error+"\n"+r.Hint+got.stderr, want) {
					t.Errorf("want %q in\n%s\n%s", want, r.Error, r.Hint)
				}
			}
			if !strings.Contains(r.Hint, addr) || strings.Contains(got.stdout+got.stderr, "secret") || got.code != 3 {
				t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
			}
			if n := strings.Count(got.stderr, "dial wss://"); c.once && n != 1 {
				t.Errorf("%d attempts\n%s", n, got.stderr)
			}
		})
	}
}

// A proxy URL that cannot be parsed is bad usage. It is not ignored, and its
// password is not shown.
func TestUnreadableProxy(t *testing.T) {
	for _, proxy := range []string{"http://u:s%%ecret@h:1", "http://u:s/ecret@h:1", "http://h:x", "http://", "u:s ecret@h:1"} {
		env := map[string]string{"https_proxy": proxy}
		got := tryIn(t.Context(), env, "-host", deskName, "-transport", "websocket", "-id-scope", rogueScope, "-registration-id", "dev", "-key", testKey)
		if got.code != 2 || !strings.Contains(got.stderr, "HTTPS_PROXY") || strings.Contains(got.stderr, "ecret") {
			t.Errorf("%s: %+v", proxy, got)
		}
	}
}
