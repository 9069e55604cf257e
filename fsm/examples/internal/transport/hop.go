package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
)

// A ProxyError reports that a proxy did not connect to the server.
type ProxyError struct {
	Proxy string // host and port of the proxy, without credentials
	Code  int    // HTTP status of the refusal; 0 if there was none
	err   error
}

// Error returns a description on one line.
func (e *ProxyError) Error() string {
	if e.Code != 0 {
		return fmt.Sprintf("the proxy %s refused to connect: %s", e.Proxy, httpStatus(e.Code))
	}
	return fmt.Sprintf("the proxy %s failed: %v", e.Proxy, e.err)
}

// Unwrap returns the cause. It returns nil if the proxy answered.
func (e *ProxyError) Unwrap() error { return e.err }

// A NoHTTPError reports that a server finished the TLS handshake but did not
// answer the HTTP request.
type NoHTTPError struct{ err error }

// Error returns a description on one line.
func (e *NoHTTPError) Error() string {
	return fmt.Sprintf("the server did not answer the WebSocket handshake in HTTP: %v", e.err)
}

// Unwrap returns the cause.
func (e *NoHTTPError) Unwrap() error { return e.err }

// httpStatus describes a status in fixed words instead of those that the peer
// sent.
func httpStatus(code int) string {
	text := http.StatusText(code)
	if text == "" {
		return fmt.Sprintf("HTTP status %d", code)
	}
	return fmt.Sprintf("HTTP status %d %s", code, text)
}

// A hop makes one HTTP request and records how far the request got.
type hop struct {
	proxy     *url.URL // nil if there is none
	client    http.Client
	tunneled  atomic.Bool // whether the proxy has connected to the server
	connected atomic.Bool // whether the TLS handshake with the server is complete
}

func newHop(proxy *url.URL, cfg *tls.Config) *hop {
	h := &hop{proxy: proxy}
	h.client = http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			TLSClientConfig: cfg,
			Proxy:           http.ProxyURL(proxy),
			OnProxyConnectResponse: func(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
				if resp.StatusCode != http.StatusOK {
					return &ProxyError{Proxy: proxy.Host, Code: resp.StatusCode}
				}
				h.tunneled.Store(true)
				return nil
			},
		},
	}
	return h
}

func (h *hop) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		TLSHandshakeStart: func() {
			if h.proxy != nil && h.proxy.Scheme != "https" { // an https proxy's own handshake comes first
				h.tunneled.Store(true)
			}
		},
		GotConn: func(httptrace.GotConnInfo) { h.connected.Store(true) },
	})
}

// explain returns an error that names the side because of which a request has
// no response.
func (h *hop) explain(err error) error {
	cause := err
	if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
		cause = wrapped.Err // without the method and the URL
	}
	var refused *ProxyError
	switch {
	case errors.As(err, &refused):
		return refused
	case h.connected.Load():
		return &NoHTTPError{cause}
	case h.proxy != nil && !h.tunneled.Load():
		return &ProxyError{Proxy: h.proxy.Host, err: cause}
	}
	return err
}
