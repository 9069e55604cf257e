package main

import (
	"crypto/tls"
	"errors"
	"net"

	"example.com/dps/fsm"
	"example.com/dps/fsm/examples/internal/transport"
)

// The exit codes.
const (
	exitAssigned = 0
	exitRefused  = 1
	exitUsage    = 2
	exitNetwork  = 3 // or a timeout, or Ctrl-C
)

// exitCode returns the exit code for the error of a registration.
func exitCode(err error) int {
	if errors.Is(err, fsm.ErrRefused) {
		return exitRefused
	}
	return exitNetwork // another attempt may succeed
}

// hopeless reports whether another dial would fail in the same way.
func hopeless(err error) bool {
	var cert *tls.CertificateVerificationError
	var dns *net.DNSError
	var status *transport.StatusError
	var proxy *transport.ProxyError
	lasting := func(code int) bool { return 300 <= code && code < 500 && code != 429 }
	return errors.As(err, &cert) ||
		errors.As(err, &dns) && dns.IsNotFound ||
		errors.As(err, &status) && lasting(status.Code) ||
		errors.As(err, &proxy) && lasting(proxy.Code)
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

// cause returns the last failure of a registration that gave up, and any other
// error unchanged.
func cause(err error) error {
	var gaveUp *fsm.GiveUpError
	if errors.As(err, &gaveUp) && gaveUp.Last != nil {
		return gaveUp.Last
	}
	return err
}

// step returns the step at which an error happened, or "" if it is unknown.
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
