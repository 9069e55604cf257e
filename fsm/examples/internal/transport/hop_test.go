package transport_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"example.com/dps/fsm/examples/internal/proxytest"
	"example.com/dps/fsm/examples/internal/transport"
)

// A WebSocket connection through a proxy works like one without. The proxy
// resolves the name of the server.
func TestDialThroughProxy(t *testing.T) {
	addr, cfg := serve(t, raw(func(ctx context.Context, ws *websocket.Conn) {
		ws.Write(ctx, websocket.MessageBinary, []byte("hello"))
		ws.Close(websocket.StatusNormalClosure, "")
	}))
	cfg.ServerName = "localhost"
	proxy := proxytest.Start(t, http.StatusOK, addr)
	conn, err := transport.DialWebSocketVia(t.Context(), &url.URL{Scheme: "http", Host: proxy.Addr}, "dps.invalid:443", "/", cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if text, err := io.ReadAll(conn); string(text) != "hello" || err != nil || conn.ConnectionState().Version == 0 {
		t.Errorf("read %q, %v", text, err)
	}
	if diff := cmp.Diff([]proxytest.Request{{Method: "CONNECT", Target: "dps.invalid:443"}}, proxy.Requests()); diff != "" {
		t.Error(diff)
	}
}

// The error of a failed handshake shows whether the proxy failed, the server
// behind it refused, or the server speaks another protocol.
func TestWhoseFault(t *testing.T) {
	var proxyErr *transport.ProxyError
	var statusErr *transport.StatusError
	var noHTTP *transport.NoHTTPError
	var unverified *tls.CertificateVerificationError
	addr, cfg := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	cfg.ServerName = "localhost"
	strange, strangeCfg := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			io.WriteString(conn, "\x20\x02\x00\x05")
			conn.Close()
		}
	})
	strangeCfg.ServerName = "localhost"
	late := func(err error) bool { return errors.As(err, &proxyErr) && errors.Is(err, context.DeadlineExceeded) }
	other, _ := serve(t, func(http.ResponseWriter, *http.Request) {})
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead.Close()
	for name, c := range map[string]struct {
		proxy string
		stray bool // whether the server speaks another protocol
		ok    func(error) bool
		want  string
	}{
		"proxy refuses":             {proxytest.Start(t, 407, "").Addr, false, func(err error) bool { return errors.As(err, &proxyErr) && proxyErr.Code == 407 }, "HTTP status 407 Proxy Authentication Required"},
		"proxy with a new code":     {proxytest.Start(t, 499, "").Addr, false, func(err error) bool { return errors.As(err, &proxyErr) && proxyErr.Code == 499 }, "refused to connect: HTTP status 499"},
		"proxy is down":             {dead.Addr().String(), false, func(err error) bool { return errors.As(err, &proxyErr) && proxyErr.Code == 0 }, "connection refused"},
		"server behind a proxy":     {proxytest.Start(t, 200, addr).Addr, false, func(err error) bool { return errors.As(err, &statusErr) && statusErr.Code == 418 }, "WebSocket refused: HTTP status 418"},
		"stranger behind a proxy":   {proxytest.Start(t, 200, strange).Addr, true, func(err error) bool { return errors.As(err, &noHTTP) }, "malformed HTTP"},
		"unknown CA behind a proxy": {proxytest.Start(t, 200, other).Addr, false, func(err error) bool { return errors.As(err, &unverified) && !errors.As(err, &proxyErr) }, "unknown authority"},
		"SOCKS proxy is silent":     {"socks5://" + silent.Addr().String(), false, late, "deadline"},
		"TLS proxy is silent":       {"https://" + silent.Addr().String(), false, late, "deadline"},
		"stranger":                  {"", true, func(err error) bool { return errors.As(err, &noHTTP) }, "malformed HTTP"},
	} {
		t.Run(name, func(t *testing.T) {
			wait := time.Minute
			if strings.Contains(name, "silent") {
				wait = 200 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), wait)
			defer cancel()
			target, cfg := addr, cfg
			if c.stray {
				target, cfg = strange, strangeCfg
			}
			var proxy *url.URL
			if c.proxy != "" {
				scheme, host, ok := strings.Cut(c.proxy, "://")
				if !ok {
					scheme, host = "http", c.proxy
				}
				proxy = &url.URL{Scheme: scheme, Host: host, User: url.UserPassword("u", "secret")}
			}
			_, err := transport.DialWebSocketVia(ctx, proxy, target, "/", cfg)
			if !c.ok(err) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("want %q, got %T: %v", c.want, err, err)
			}
		})
	}
}
