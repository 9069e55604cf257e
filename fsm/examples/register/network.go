package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"

	"example.com/dps/fsm"
	"example.com/dps/fsm/examples/internal/transport"
)

// httpBegins is how an HTTP server begins its answer to a CONNECT packet, which it takes
// for a bad request.
const httpBegins = "HTTP/"

// ports says where the service listens.
const ports = "the service has " + fsm.Port + " for TLS and " + fsm.WebSocketPort + " for -transport websocket"

const muteHint = "the server does not answer MQTT: this port may speak WebSocket (try -transport websocket); " + ports

// networkHint is about TCP, TLS and WebSocket.
func (d *device) networkHint(err error) string {
	var (
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
		remote    *net.OpError
		notTLS    tls.RecordHeaderError
		dns       *net.DNSError
		status    *transport.StatusError
		network   net.Error
		proxy     *transport.ProxyError
		noHTTP    *transport.NoHTTPError
	)
	switch {
	case errors.As(err, &proxy):
		return d.proxyHint(proxy)
	case string(d.began) == httpBegins && errors.Is(err, fsm.ErrProtocol):
		return "this port seems to speak WebSocket: try -transport websocket"
	case errors.As(err, &authority):
		return "give the authority that signed the server's certificate with -ca, if you trust it"
	case errors.As(err, &name):
		return "-host must be a name that stands in the server's certificate"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "is the clock of this machine right? If so, the server needs a new certificate"
	case errors.As(err, &remote) && remote.Op == "remote error": // so crypto/tls marks an alert of the peer
		return d.alertHint()
	case errors.As(err, &notTLS):
		return "this port does not speak TLS: " + ports
	case errors.As(err, &noHTTP):
		return "this port does not speak WebSocket, and may speak MQTT: try -transport tls; " + ports
	case errors.As(err, &dns):
		return "check the name in -host, and that this machine can look up names"
	case errors.As(err, &status):
		return "check -host and -path: the server has no WebSocket there"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nobody listens there: check the port in -host; " + ports
	case errors.As(err, &network) && network.Timeout() && !errors.Is(err, fsm.ErrNoAnswer):
		return d.firewallHint()
	}
	return ""
}

// mute reports whether a server took our CONNECT and sent nothing at all, until it closed
// the connection or the time was over. A device with a certificate has a likelier reason
// for a connection that was closed.
func (d *device) mute(last error) bool {
	if !d.connected || d.websocket || len(d.began) > 0 {
		return false
	}
	return !errors.Is(last, fsm.ErrLost) || d.config.Attestation != fsm.X509
}

// proxyHint is about a proxy that did not connect us.
func (d *device) proxyHint(e *transport.ProxyError) string {
	switch {
	case e.Code == http.StatusProxyAuthRequired && d.proxy != nil && d.proxy.User != nil:
		return fmt.Sprintf("the proxy %s does not accept the user name and password in HTTPS_PROXY; special characters must be percent-encoded", e.Proxy)
	case e.Code == http.StatusProxyAuthRequired:
		return fmt.Sprintf("the proxy %s asks for credentials: HTTPS_PROXY=http://USER:PASSWORD@%s", e.Proxy, e.Proxy)
	case e.Code == http.StatusForbidden:
		return fmt.Sprintf("the proxy %s does not allow connections to %s: ask those who run it, or name the host in NO_PROXY if there is a way without it", e.Proxy, d.addr)
	case e.Code != 0:
		return fmt.Sprintf("the proxy %s cannot connect to %s: check -host, and whether this is the right proxy in HTTPS_PROXY", e.Proxy, d.addr)
	}
	return fmt.Sprintf("the proxy %s does not work: check HTTPS_PROXY, or name the host in NO_PROXY if there is a way without it", e.Proxy)
}

// firewallHint is about packets that nobody answers.
func (d *device) firewallHint() string {
	if d.websocket {
		return "a firewall may be in the way: does this network need a proxy (HTTPS_PROXY)?"
	}
	return "a firewall may be in the way: try -transport websocket, which uses port 443, and the proxy in HTTPS_PROXY"
}

// alertHint is about a TLS handshake that the server refused.
func (d *device) alertHint() string {
	if d.config.Attestation == fsm.X509 {
		return "the server refused the client certificate: is it enrolled and not expired, and does -cert hold its chain?"
	}
	return "the server refused the TLS handshake: it may want a client certificate (-cert) or another version of TLS"
}
