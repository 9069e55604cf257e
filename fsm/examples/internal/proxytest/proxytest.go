// Package proxytest has an HTTP proxy for tests.
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

// A Proxy answers CONNECT.
type Proxy struct {
	Addr string // host and port

	mu       sync.Mutex
	requests []Request
}

// A Request is what a proxy was asked for.
type Request struct {
	Method, Target, User, Password string
}

// Start starts a proxy until the test ends. It answers every CONNECT with status, and if
// that is 200, it connects the client to addr, whatever the target is.
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

// carry copies until either side ends, and ends both.
func carry(to, from net.Conn) {
	io.Copy(to, from)
	to.Close()
	from.Close()
}
