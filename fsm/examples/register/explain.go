package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"syscall"

	"example.com/dps/fsm"
	"example.com/dps/fsm/examples/internal/setup"
	"example.com/dps/fsm/examples/internal/transport"
	"example.com/dps/packet"
)

// The exit codes.
const (
	exitAssigned = 0
	exitRefused  = 1
	exitUsage    = 2
	exitNetwork  = 3 // or a time-out, or Ctrl-C
)

// exitCode returns the exit code for the error of a registration.
func exitCode(err error) int {
	if errors.Is(err, fsm.ErrRefused) {
		return exitRefused
	}
	return exitNetwork // another try may help
}

// hopeless reports whether a dial that failed would always fail.
func hopeless(err error) bool {
	var cert *tls.CertificateVerificationError
	var dns *net.DNSError
	var status *transport.StatusError
	return errors.As(err, &cert) ||
		errors.As(err, &dns) && dns.IsNotFound ||
		errors.As(err, &status) && 300 <= status.Code && status.Code < 500 && status.Code != 429
}

var steps = map[fsm.State]string{
	fsm.Idle:        "connecting to the service",
	fsm.Dialing:     "connecting to the service",
	fsm.Connecting:  "CONNECT",
	fsm.Subscribing: "SUBSCRIBE",
	fsm.Registering: "registration request",
	fsm.Waiting:     "waiting before the next request",
	fsm.Polling:     "status query",
}

// cause returns the last failure of a registration that was given up, and any other error
// as it is.
func cause(err error) error {
	var gaveUp *fsm.GiveUpError
	if errors.As(err, &gaveUp) && gaveUp.Last != nil {
		return gaveUp.Last
	}
	return err
}

// step returns at which step an error happened, or "" if that is not known.
func step(err error) string {
	var gaveUp *fsm.GiveUpError
	var failed *fsm.StepError
	var service *fsm.ServiceError
	var connect *fsm.ConnectError
	switch err = cause(err); {
	case errors.As(err, &gaveUp):
		return steps[gaveUp.State]
	case errors.As(err, &failed):
		return steps[failed.State]
	case errors.As(err, &service):
		return steps[service.State]
	case errors.As(err, &connect):
		return steps[fsm.Connecting]
	case errors.Is(err, fsm.ErrSubscribe):
		return steps[fsm.Subscribing]
	}
	return ""
}

// hint returns what to try after an error, or "" if there is no advice.
func (d *device) hint(err error) string {
	last := cause(err)
	var failed *fsm.StepError
	switch {
	case err == nil, errors.Is(err, fsm.ErrStopped):
		return ""
	case errors.Is(err, setup.ErrClock):
		return "set the clock, by NTP for example: a password that is signed with a wrong time is not accepted"
	case errors.Is(last, fsm.ErrRefused):
		return d.withCloud(d.refusalHint(last))
	}
	if hint := d.networkHint(last); hint != "" {
		return hint
	}
	switch {
	case errors.As(last, &failed) && errors.Is(last, fsm.ErrLost) && failed.State != fsm.Idle:
		return d.withCloud(d.hangUpHint(failed))
	case errors.As(last, &failed) && errors.Is(last, fsm.ErrNoAnswer):
		return "is this really the port of a Device Provisioning Service? 8883 for TLS, 443 for -transport websocket"
	case errors.Is(err, fsm.ErrTimeout):
		return "a longer -timeout; an assignment that takes long goes on without us, so that a later run may find it done"
	}
	return ""
}

// withCloud adds what is wrong if the ID scope is another cloud's.
func (d *device) withCloud(hint string) string {
	host, _, _ := net.SplitHostPort(d.addr)
	scope := strings.ToLower(d.config.IDScope)
	switch {
	case strings.HasPrefix(scope, "0cn") && strings.HasSuffix(host, ".net"):
		return "the ID scope 0cn… is of the cloud in China: -host global.azure-devices-provisioning.cn"
	case strings.HasPrefix(scope, "0ne") && strings.HasSuffix(host, ".cn"):
		return "the ID scope 0ne… is of the public cloud: -host global.azure-devices-provisioning.net"
	}
	return hint
}

// refusalHint is about what the service refuses.
func (d *device) refusalHint(err error) string {
	var connect *fsm.ConnectError
	switch {
	case errors.As(err, &connect):
		return connectHint(connect)
	case errors.Is(err, fsm.ErrDisabled):
		return "enable the enrollment"
	case errors.Is(err, fsm.ErrFailed):
		return "look at the allocation policy of the enrollment, and whether a hub is linked to the service; the message says more"
	case errors.Is(err, fsm.ErrUnauthorized) && d.config.Attestation == fsm.X509:
		return "is the certificate, or the authority that signed it, enrolled, verified and not expired? Does -cert hold the whole chain?"
	case errors.Is(err, fsm.ErrUnauthorized):
		return "is the key the enrollment's own (-key), or the group's (-group-key)? Is the case of the ID that of the enrollment, and the clock right?"
	case errors.Is(err, fsm.ErrNotFound):
		return "is there an enrollment for this registration ID, in the service with this ID scope?"
	case errors.Is(err, fsm.ErrInvalid):
		return "check the letters of -registration-id, -api-version, and -payload"
	}
	return "wait: the service has too much to do, or this device asks too often" // 429 or 5xx
}

func connectHint(e *fsm.ConnectError) string {
	switch {
	case e.ReturnCode == packet.IdentifierRejected:
		return "check -registration-id"
	case errors.Is(e, fsm.ErrUnauthorized):
		return "check -id-scope, -registration-id and -api-version: they are the user name"
	}
	return "wait, or check that -host is a Device Provisioning Service"
}

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
	)
	switch {
	case errors.As(err, &authority):
		return "give the authority that signed the server's certificate with -ca, if you trust it"
	case errors.As(err, &name):
		return "-host must be a name that stands in the server's certificate"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "is the clock of this machine right? If so, the server needs a new certificate"
	case errors.As(err, &remote) && remote.Op == "remote error": // so crypto/tls marks an alert of the peer
		return d.alertHint()
	case errors.As(err, &notTLS):
		return "this port does not speak TLS: the service has 8883 for TLS and 443 for -transport websocket"
	case errors.As(err, &dns):
		return "check the name in -host, and that this machine can look up names"
	case errors.As(err, &status):
		return "check -host and -path: the server has no WebSocket there"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nobody listens there: check the port in -host; the service has 8883 for TLS and 443 for -transport websocket"
	case errors.As(err, &network) && network.Timeout() && !errors.Is(err, fsm.ErrNoAnswer):
		return "a firewall may be in the way: try -transport websocket, which uses port 443"
	}
	return ""
}

// alertHint is about a TLS handshake that the server refused.
func (d *device) alertHint() string {
	if d.config.Attestation == fsm.X509 {
		return "the server refused the client certificate: is it enrolled and not expired, and does -cert hold its chain?"
	}
	return "the server refused the TLS handshake: it may want a client certificate (-cert) or another version of TLS"
}

// hangUpHint is about a server that closed the connection.
func (d *device) hangUpHint(e *fsm.StepError) string {
	switch {
	case e.State == fsm.Waiting || e.State == fsm.Polling:
		return "is there another client with this registration ID? Each closes the other's connection"
	case d.config.Attestation == fsm.X509:
		return "the service hangs up on a certificate that it does not accept: is it enrolled and not expired, and does -cert hold its chain?"
	case e.State == fsm.Registering:
		return "the service hangs up on a device it does not know: check -id-scope, -registration-id and the enrollment"
	}
	return "is this really the port of a Device Provisioning Service? 8883 for TLS, 443 for -transport websocket"
}
