package fsm

import "example.com/dps/fsm/registration"

// These constants specify where to connect. Package registration documents
// them, including what is uncertain about them.
const (
	Host           = registration.Host           // in the public cloud
	HostChina      = registration.HostChina      // in the cloud in China
	HostGovernment = registration.HostGovernment // in Azure Government

	Port                 = registration.Port                 // for MQTT over TLS
	WebSocketPort        = registration.WebSocketPort        // for MQTT over a WebSocket over TLS
	WebSocketPath        = registration.WebSocketPath        // "wss://" + Host + WebSocketPath
	WebSocketSubprotocol = registration.WebSocketSubprotocol // must be offered in the WebSocket handshake
	MinTLSVersion        = registration.MinTLSVersion        // 1.2, which is tls.VersionTLS12
)
