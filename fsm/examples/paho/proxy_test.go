package main

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/proxytest"
)

// A WebSocket connection uses the proxy in HTTPS_PROXY with its credentials,
// unless NO_PROXY names the host.
func TestProxyIsUsed(t *testing.T) {
	t.Parallel()
	d := newDesk(t, dpstest.Outcome{})
	for noProxy, c := range map[string]struct {
		code int
		want []proxytest.Request
	}{
		"":       {0, []proxytest.Request{{Method: "CONNECT", Target: deskName + ":443", User: "u", Password: "s:cret"}}},
		deskName: {3, nil},
	} {
		proxy := proxytest.Start(t, http.StatusOK, d.web)
		env := map[string]string{"HTTPS_PROXY": "http://u:s%3Acret@" + proxy.Addr, "NO_PROXY": noProxy}
		got := tryIn(t.Context(), env, d.flags("websocket", "-host", deskName, "-timeout", "20s")...)
		if got.code != c.code || strings.Contains(got.stdout+got.stderr, "cret") {
			t.Errorf("NO_PROXY=%s: exit code %d\n%s%s", noProxy, got.code, got.stdout, got.stderr)
		}
		if diff := cmp.Diff(c.want, proxy.Requests()); diff != "" {
			t.Errorf("NO_PROXY=%s: %s", noProxy, diff)
		}
	}
	got := tryIn(t.Context(), map[string]string{"HTTPS_PROXY": "http://u:s%%cret@h:1"}, d.flags("websocket", "-host", deskName)...)
	if got.code != 2 || !strings.Contains(got.stderr, "HTTPS_PROXY") || strings.Contains(got.stderr, "cret") {
		t.Errorf("%+v", got)
	}
}

// The device sends no request before the time that the service asks for has
// passed.
func TestRetryAfterBeyondTheTimeout(t *testing.T) {
	t.Parallel()
	for timeout, want := range map[string]string{
		"6s":  "the next attempt would come in 3600 s, after the limit of 6 s",
		"30m": "the next attempt would come in 3600 s, after the limit of 1800 s",
	} {
		d := newDesk(t, dpstest.Outcome{RetryAfter: "3600"})
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second) // in case the device waits
		defer cancel()
		got := try(ctx, d.flags("tls", "-timeout", timeout)...)
		if got.code != 3 || !strings.Contains(got.stderr, want) || d.count("PUT/") != 1 || d.count("GET/") != 0 {
			t.Errorf("exit code %d, want %q in\n%s%s", got.code, want, got.stdout, got.stderr)
		}
	}
}
