package main

import (
	"errors"
	"net"
	"strings"

	"example.com/dps/fsm"
	"example.com/dps/fsm/examples/internal/setup"
	"example.com/dps/packet"
)

const wrongPort = "is this really the port of a Device Provisioning Service? " + fsm.Port + " for TLS, " + fsm.WebSocketPort + " for -transport websocket"

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
	case d.mute(last):
		return muteHint
	case errors.As(last, &failed) && errors.Is(last, fsm.ErrLost) && failed.State != fsm.Idle:
		return d.withCloud(d.hangUpHint(failed))
	case errors.As(last, &failed) && errors.Is(last, fsm.ErrNoAnswer):
		return wrongPort
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
		return "the ID scope 0cn… is of the cloud in China: -host " + fsm.HostChina
	case strings.HasPrefix(scope, "0ne") && strings.HasSuffix(host, ".cn"):
		return "the ID scope 0ne… is of the public cloud: -host " + fsm.Host
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
	return wrongPort
}
