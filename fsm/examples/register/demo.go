package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/cert"
	"example.com/dps/fsm/examples/internal/simulate"
	"example.com/dps/sastoken"
)

// The demo's device. Its key is no secret: nobody else has a service that knows it.
const (
	demoScope  = "0ne00000A1B"
	demoDevice = "demo-device"
	demoKey    = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
)

// startDemo starts a simulated service on loopback, until ctx ends, and makes d a device
// that is enrolled with it and trusts nobody else.
func (d *device) startDemo(ctx context.Context) error {
	service, err := dpstest.New(dpstest.Config{
		IDScope:    demoScope,
		RetryAfter: "2",
		Enrollments: []dpstest.Enrollment{{
			RegistrationID: demoDevice,
			PrimaryKey:     demoKey,
			Outcome:        dpstest.Outcome{Polls: 1, AssignedHub: "demo-hub.azure-devices.example"},
		}},
	})
	if err != nil {
		return err
	}
	ca, err := cert.NewAuthority("DPS demo CA", time.Now())
	if err != nil {
		return err
	}
	own, err := ca.Server(time.Now())
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("the demo needs a port on loopback: %w", err)
	}
	server := simulate.New(service, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{own}}, 10, func(string) {})
	serve := server.ServeTLS
	if d.websocket {
		serve = server.ServeWebSocket
	}
	go serve(ctx, listener)

	d.addr = listener.Addr().String()
	d.tls.RootCAs = ca.Pool()
	d.config.IDScope, d.config.RegistrationID = demoScope, demoDevice
	d.key, err = sastoken.DecodeKey(demoKey)
	return err
}
