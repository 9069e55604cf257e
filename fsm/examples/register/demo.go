package main

import (
	"context"

	"example.com/dps/fsm/examples/internal/demo"
	"example.com/dps/sastoken"
)

// startDemo starts a simulated service on loopback, until ctx ends, and makes d a device
// that is enrolled with it and trusts nobody else.
func (d *device) startDemo(ctx context.Context) error {
	var err error
	if d.addr, d.tls.RootCAs, err = demo.Start(ctx, d.websocket); err != nil {
		return err
	}
	d.config.IDScope, d.config.RegistrationID = demo.IDScope, demo.RegistrationID
	d.key, err = sastoken.DecodeKey(demo.Key)
	return err
}
