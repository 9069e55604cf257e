package main

import (
	"context"

	"example.com/dps/fsm/examples/internal/demo"
	"example.com/dps/sastoken"
)

// startDemo starts a simulated service on loopback that runs until ctx ends. It
// makes d a device that is enrolled with this service and trusts no other
// server.
func (d *device) startDemo(ctx context.Context) error {
	var err error
	if d.addr, d.tls.RootCAs, err = demo.Start(ctx, d.websocket); err != nil {
		return err
	}
	d.config.IDScope, d.config.RegistrationID = demo.IDScope, demo.RegistrationID
	d.key, err = sastoken.DecodeKey(demo.Key)
	return err
}
