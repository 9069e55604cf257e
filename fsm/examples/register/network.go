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

// httpBegins is the beginning of an HTTP server's answer to a CONNECT packet,
// which the server takes for a bad request.
const httpBegins = "HTTP/"

// ports is advice on where the service listens.
const ports = "the service listens on port " + fsm.Port + " for TLS and " + fsm.WebSocketPort + " for -transport websocket"

const muteHint = "the server does not answer in MQTT; it may speak WebSocket on this port (try -transport websocket); " + ports

// networkHint returns advice on a failure of TCP, TLS or WebSocket.
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
		return "the server seems to speak WebSocket on this port: try -transport websocket"
	case errors.As(err, &authority):
		return "if you trust the authority that signed the server's certificate, give its certificate with -ca"
	case errors.As(err, &name):
		return "-host must be a name in the server's certificate"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "check the clock of this machine; if it is right, the server needs a new certificate"
	case errors.As(err, &remote) && remote.Op == "remote error": // how crypto/tls marks an alert sent by the peer
		return d.alertHint()
	case errors.As(err, &notTLS):
		return "the server does not speak TLS on this port: " + ports
	case errors.As(err, &noHTTP):
		return "the server does not speak WebSocket on this port, but may speak MQTT: try -transport tls; " + ports
	case errors.As(err, &dns):
		return "check the name in -host, and check that this machine can resolve names"
	case errors.As(err, &status):
		return "check -host and -path: the server offers no WebSocket there"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "no program listens on that port: check the port in -host; " + ports
	case errors.As(err, &network) && network.Timeout() && !errors.Is(err, fsm.ErrNoAnswer):
		return d.firewallHint()
	}
	return ""
}

// mute reports whether the server accepted the connection and then sent nothing
// until it closed the connection or the time was up. For a device with a
// certificate, a closed connection has a likelier reason.
func (d *device) mute(last error) bool {
	if !d.connected || d.websocket || len(d.began) > 0 {
		return false
	}
	return !errors.Is(last, fsm.ErrLost) || d.config.Attestation != fsm.X509
}

// proxyHint returns advice on a proxy that did not connect to the server.
func (d *device) proxyHint(e *transport.ProxyError) string {
	switch {
	case e.Code == http.StatusProxyAuthRequired && d.proxy != nil && d.proxy.User != nil:
		return fmt.Sprintf("the proxy %s does not accept the user name and password in HTTPS_PROXY; special characters must be percent-encoded", e.Proxy)
	case e.Code == http.StatusProxyAuthRequired:
		return fmt.Sprintf("the proxy %s requires credentials: set HTTPS_PROXY=http://USER:PASSWORD@%s", e.Proxy, e.Proxy)
	case e.Code == http.StatusForbidden:
		return fmt.Sprintf("the proxy %s does not allow connections to %s: ask its administrator, or name the host in NO_PROXY if it can be reached directly", e.Proxy, d.addr)
	case e.Code != 0:
		return fmt.Sprintf("the proxy %s cannot connect to %s: check -host, and check that HTTPS_PROXY names the right proxy", e.Proxy, d.addr)
	}
	return fmt.Sprintf("the proxy %s does not work: check HTTPS_PROXY, or name the host in NO_PROXY if it can be reached directly", e.Proxy)
}

// firewallHint returns advice on a connection attempt without an answer.
func (d *device) firewallHint() string {
	if d.websocket {
		return "a firewall may block the connection: check whether this network requires a proxy (HTTPS_PROXY)"
	}
	return "a firewall may block the connection: try -transport websocket, which uses port 443 and the proxy in HTTPS_PROXY"
}

// alertHint returns advice on a TLS handshake that the server refused.
func (d *device) alertHint() string {
	if d.config.Attestation == fsm.X509 {
		return "the server refused the client certificate: check that it is enrolled and not expired, and that -cert contains its chain"
	}
	return "the server refused the TLS handshake: it may require a client certificate (-cert) or another version of TLS"
}
