package fsm_test

import (
	"testing"

	"example.com/dps/fsm"
	"example.com/dps/fsm/registration"
)

func TestEndpointsAreThoseOfTheRegistration(t *testing.T) {
	got := [...]string{fsm.Host, fsm.HostChina, fsm.HostGovernment, fsm.Port, fsm.WebSocketPort, fsm.WebSocketPath, fsm.WebSocketSubprotocol}
	want := [...]string{
		registration.Host, registration.HostChina, registration.HostGovernment, registration.Port,
		registration.WebSocketPort, registration.WebSocketPath, registration.WebSocketSubprotocol,
	}
	if got != want || fsm.MinTLSVersion != registration.MinTLSVersion {
		t.Errorf("got %q and %x, want %q and %x", got, fsm.MinTLSVersion, want, registration.MinTLSVersion)
	}
}
