package demo_test

import (
	"crypto/tls"
	"testing"

	"example.com/dps/fsm/examples/internal/demo"
	"example.com/dps/fsm/examples/internal/transport"
)

// The demo's service supports TLS 1.2 and later, but no earlier version.
func TestNoOldTLS(t *testing.T) {
	for _, websocket := range []bool{false, true} {
		addr, roots, err := demo.Start(t.Context(), websocket)
		if err != nil {
			t.Fatal(err)
		}
		for version := uint16(tls.VersionTLS10); version <= tls.VersionTLS13; version++ {
			conn, err := transport.DialTLS(t.Context(), addr, &tls.Config{RootCAs: roots, MinVersion: version, MaxVersion: version})
			if err == nil {
				conn.Close()
			}
			if accepted := err == nil; accepted != (version >= tls.VersionTLS12) {
				t.Errorf("WebSocket: %t, %s: %v", websocket, tls.VersionName(version), err)
			}
		}
	}
}
