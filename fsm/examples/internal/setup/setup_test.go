package setup_test

import (
	"strings"
	"testing"

	"example.com/dps/fsm/examples/internal/setup"
)

// Address adds the default port to a host without one.
func TestAddress(t *testing.T) {
	for host, want := range map[string]string{
		"h": "h:8883", "h:1": "h:1", "127.0.0.1": "127.0.0.1:8883", "::1": "[::1]:8883", "[::1]": "[::1]:8883", "[::1]:1": "[::1]:1",
		"": "", ":1": "", "h:": "", "h:x": "", "h:99999": "", "a b": "", "u@h": "", "h/p": "",
	} {
		if got, err := setup.Address(host, "8883"); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", host, got, err)
		}
	}
}

// The proxy is that of HTTPS_PROXY or https_proxy, unless NO_PROXY excludes the
// host. A value that cannot be parsed is an error that does not quote it.
func TestProxy(t *testing.T) {
	type env map[string]string
	for _, c := range []struct {
		env        env
		addr, want string
	}{
		{env{}, "h.example:443", ""},
		{env{"HTTP_PROXY": "http://p:1", "ALL_PROXY": "http://p:1"}, "h.example:443", ""},
		{env{"HTTPS_PROXY": "http://u:s%3A@p:1"}, "h.example:443", "http://u:s%3A@p:1"},
		{env{"https_proxy": "p:1"}, "h.example:443", "http://p:1"},
		{env{"HTTPS_PROXY": "socks5://p:1"}, "h.example:8443", "socks5://p:1"},
		{env{"HTTPS_PROXY": "http://p:1", "NO_PROXY": "h.example"}, "h.example:443", ""},
		{env{"HTTPS_PROXY": "http://p:1", "no_proxy": "x.example,.example"}, "h.example:443", ""},
		{env{"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, "h.example:443", ""},
		{env{"HTTPS_PROXY": "http://p:1", "NO_PROXY": "h.example:8443"}, "h.example:443", "http://p:1"},
		{env{"HTTPS_PROXY": "http://p:1"}, "127.0.0.1:443", ""},
		{env{"HTTPS_PROXY": "http://u:s%%cret@p:1"}, "h.example:443", "error"},
		{env{"HTTPS_PROXY": "http://"}, "h.example:443", "error"},
	} {
		got, err := setup.Proxy(func(name string) string { return c.env[name] }, c.addr)
		text := ""
		if got != nil {
			text = got.String()
		}
		if err != nil {
			text = "error"
		}
		if text != c.want || err != nil && strings.Contains(err.Error(), "cret") {
			t.Errorf("%v, %s: want %q, got %q, %v", c.env, c.addr, c.want, text, err)
		}
	}
}
