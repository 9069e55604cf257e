package main

import (
	"errors"
	"net"
	"strings"

	"example.com/dps/fsm"
	"example.com/dps/fsm/examples/internal/setup"
	"example.com/dps/packet"
)

const wrongPort = "check that the port is that of a Device Provisioning Service: " + fsm.Port + " for TLS, " + fsm.WebSocketPort + " for -transport websocket"

// hint returns advice on what to try after an error, or "" if there is none.
func (d *device) hint(err error) string {
	last := cause(err)
	var failed *fsm.StepError
	switch {
	case err == nil, errors.Is(err, fsm.ErrStopped):
		return ""
	case errors.Is(err, setup.ErrClock):
		return "set the clock, for example by NTP: the service does not accept a password that is signed with a wrong time"
	case errors.Is(last, fsm.ErrRefused):
		return d.withCloud(d.refusalHint(last))
	}
	if hint := d.networkHint(last); hint != "" {
		return hint
	}
	switch {
	case d.mute(last):
		return muteHint
	case errors.As(last, &failed) && errors.Is(last, fsm.ErrLost) && failed.State != fsm.Idle:
		return d.withCloud(d.hangUpHint(failed))
	case errors.As(last, &failed) && errors.Is(last, fsm.ErrNoAnswer):
		return wrongPort
	case errors.Is(err, fsm.ErrTimeout):
		return "use a longer -timeout; the service continues a slow assignment without the device, so a later run may find it complete"
	}
	return ""
}

// withCloud returns hint, or better advice if the ID scope belongs to another
// cloud than the host.
func (d *device) withCloud(hint string) string {
	host, _, _ := net.SplitHostPort(d.addr)
	scope := strings.ToLower(d.config.IDScope)
	switch {
	case strings.HasPrefix(scope, "0cn") && strings.HasSuffix(host, ".net"):
		return "the ID scope 0cn… belongs to the cloud in China: use -host " + fsm.HostChina
	case strings.HasPrefix(scope, "0ne") && strings.HasSuffix(host, ".cn"):
		return "the ID scope 0ne… belongs to the public cloud: use -host " + fsm.Host
	}
	return hint
}

// refusalHint returns advice on a refusal by the service.
func (d *device) refusalHint(err error) string {
	var connect *fsm.ConnectError
	switch {
	case errors.As(err, &connect):
		return connectHint(connect)
	case errors.Is(err, fsm.ErrDisabled):
		return "enable the enrollment"
	case errors.Is(err, fsm.ErrFailed):
		return "check the allocation policy of the enrollment, and that an IoT hub is linked to the service; the message has details"
	case errors.Is(err, fsm.ErrUnauthorized) && d.config.Attestation == fsm.X509:
		return "check that the certificate, or the authority that signed it, is enrolled, verified and not expired, and that -cert contains the whole chain"
	case errors.Is(err, fsm.ErrUnauthorized):
		return "check that the key is the device's own (-key) or the group's (-group-key), that the registration ID is spelled as in the enrollment, including upper and lower case, and that the clock is right"
	case errors.Is(err, fsm.ErrNotFound):
		return "check that the service with this ID scope has an enrollment for this registration ID"
	case errors.Is(err, fsm.ErrInvalid):
		return "check the characters of -registration-id, and check -api-version and -payload"
	}
	return "wait: the service is overloaded, or this device sends requests too often" // 429 or 5xx
}

func connectHint(e *fsm.ConnectError) string {
	switch {
	case e.ReturnCode == packet.IdentifierRejected:
		return "check -registration-id"
	case errors.Is(e, fsm.ErrUnauthorized):
		return "check -id-scope, -registration-id and -api-version, which make up the user name"
	}
	return "wait, or check that -host is a Device Provisioning Service"
}

// hangUpHint returns advice on a server that closed the connection.
func (d *device) hangUpHint(e *fsm.StepError) string {
	switch {
	case e.State == fsm.Waiting || e.State == fsm.Polling:
		return "check whether another client uses this registration ID: each connection of one client closes that of the other"
	case d.config.Attestation == fsm.X509:
		return "the service closes the connection if it does not accept the certificate: check that it is enrolled and not expired, and that -cert contains its chain"
	case e.State == fsm.Registering:
		return "the service closes the connection of a device that it does not know: check -id-scope, -registration-id and the enrollment"
	}
	return wrongPort
}
