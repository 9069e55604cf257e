package registration

// The hosts of the service. Every device of a cloud may use its host, whatever the DPS
// instance: the ID scope selects that. An instance also has a host of its own, such as
// {name}.azure-devices-provisioning.net, which devices need behind a private endpoint.
const (
	// Host is the host in the public cloud. Its ID scopes begin with "0ne".
	Host = "global.azure-devices-provisioning.net"

	// HostChina is the host in the cloud in China that 21Vianet operates. Its ID scopes
	// begin with "0cn".
	HostChina = "global.azure-devices-provisioning.cn"

	// HostGovernment is the host in Azure Government. Microsoft's documentation lists it
	// for AMQP and HTTPS (ports 5671 and 443); nothing published shows it in use with MQTT.
	HostGovernment = "global.azure-devices-provisioning.us"
)

// How to connect to a host of the service. It takes no connection without TLS, and none
// on port 1883. Several hosts share an address, so the TLS handshake has to name the
// host (SNI), as crypto/tls does.
const (
	// Port is the TCP port for MQTT over TLS.
	Port = "8883"

	// WebSocketPort is the TCP port for MQTT over a WebSocket over TLS, at
	// "wss://" + Host + WebSocketPath.
	WebSocketPort = "443"

	// WebSocketPath is the path that the device SDKs for C, Node and Python use. Those
	// for C# and Java send none. The documentation says nothing about it.
	WebSocketPath = "/$iothub/websocket"

	// WebSocketSubprotocol has to be offered in the WebSocket handshake (section 6 of MQTT
	// 3.1.1).
	WebSocketSubprotocol = "mqtt"

	// MinTLSVersion is the lowest TLS version that the service accepts: 1.2, which is
	// tls.VersionTLS12.
	MinTLSVersion = 0x0303
)
