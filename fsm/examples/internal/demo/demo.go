// Package demo starts a simulated service on loopback with one enrolled device,
// so that an example can run without arguments.
package demo

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/cert"
	"example.com/dps/fsm/examples/internal/simulate"
)

// The demo's device. Its key is not a secret, because only the demo's service
// knows the device.
const (
	IDScope        = "0ne00000A1B"
	RegistrationID = "demo-device"
	Key            = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" // in base64
	AssignedHub    = "demo-hub.azure-devices.example"
)

// Start starts a service that runs over WebSocket or TLS until ctx ends. It
// returns the service's address and the root of its certificate.
func Start(ctx context.Context, websocket bool) (addr string, roots *x509.CertPool, err error) {
	service, err := dpstest.New(dpstest.Config{
		IDScope:    IDScope,
		RetryAfter: "2",
		Enrollments: []dpstest.Enrollment{{
			RegistrationID: RegistrationID,
			PrimaryKey:     Key,
			Outcome:        dpstest.Outcome{Polls: 1, AssignedHub: AssignedHub},
		}},
	})
	if err != nil {
		return "", nil, err
	}
	ca, err := cert.NewAuthority("DPS demo CA", time.Now())
	if err != nil {
		return "", nil, err
	}
	own, err := ca.Server(time.Now())
	if err != nil {
		return "", nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("the demo cannot listen on loopback: %w", err)
	}
	server := simulate.New(simulate.Options{Service: service, TLS: &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{own}}, MaxConns: 10})
	serve := server.ServeTLS
	if websocket {
		serve = server.ServeWebSocket
	}
	go serve(ctx, listener)
	return listener.Addr().String(), ca.Pool(), nil
}
