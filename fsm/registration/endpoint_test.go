package registration_test

import (
	"crypto/tls"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"example.com/dps/fsm/registration"
)

// The address of the WebSocket is a valid URL, although its path has a '$'.
func TestEndpointsMakeAddresses(t *testing.T) {
	for _, host := range []string{registration.Host, registration.HostChina, registration.HostGovernment} {
		if !strings.HasPrefix(host, "global.azure-devices-provisioning.") {
			t.Errorf("host %q", host)
		}
		u, err := url.Parse("wss://" + host + ":" + registration.WebSocketPort + registration.WebSocketPath)
		if err != nil || u.Hostname() != host || u.Port() != registration.WebSocketPort || u.RequestURI() != registration.WebSocketPath {
			t.Errorf("address %v, %v", u, err)
		}
	}
	for _, port := range []string{registration.Port, registration.WebSocketPort} {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			t.Error(err)
		}
	}
	cfg := tls.Config{MinVersion: registration.MinTLSVersion}
	if cfg.MinVersion != tls.VersionTLS12 {
		t.Errorf("TLS version %x, want 1.2", cfg.MinVersion)
	}
}
