// Package proxytest provides an HTTP proxy for tests.
package proxytest

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
)

// A Proxy answers CONNECT requests and records them.
type Proxy struct {
	Addr string // the host and port of the proxy

	mu       sync.Mutex
	requests []Request
}

// A Request is a request that a proxy received.
type Request struct {
	Method, Target, User, Password string
}

// Start starts a proxy that runs until the test ends. The proxy answers every
// CONNECT with status. If the status is 200, it connects the client to addr,
// regardless of the requested target.
func Start(t testing.TB, status int, addr string) *Proxy {
	p := new(Proxy)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.note(r)
		if status != http.StatusOK {
			w.WriteHeader(status)
			return
		}
		there, err := net.Dial("tcp", addr)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		here, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			there.Close()
			return
		}
		io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n") // the client sends nothing before that
		go carry(there, here)
		go carry(here, there)
	}))
	t.Cleanup(server.Close)
	p.Addr = server.Listener.Addr().String()
	return p
}

// Requests returns the requests so far.
func (p *Proxy) Requests() []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.requests)
}

func (p *Proxy) note(r *http.Request) {
	auth := http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}
	user, password, _ := auth.BasicAuth()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = append(p.requests, Request{r.Method, r.Host, user, password})
}

// carry copies until either connection ends, and then closes both.
func carry(to, from net.Conn) {
	io.Copy(to, from)
	to.Close()
	from.Close()
}
