package registration

// These are the host names of the service. All devices in a cloud can use its
// host, since the ID scope selects the DPS instance. Each instance also has its
// own host name, such as {name}.azure-devices-provisioning.net, which is
// required with a private endpoint.
const (
	// Host is the host in the public cloud, whose ID scopes begin with "0ne".
	Host = "global.azure-devices-provisioning.net"

	// HostChina is the host in the cloud that 21Vianet operates in China, whose
	// ID scopes begin with "0cn".
	HostChina = "global.azure-devices-provisioning.cn"

	// HostGovernment is the host in Azure Government. Microsoft's documentation
	// lists it for AMQP and HTTPS (ports 5671 and 443). No published source
	// shows its use with MQTT.
	HostGovernment = "global.azure-devices-provisioning.us"
)

// These constants specify how to connect to a host of the service. The service
// accepts no connections without TLS, and none on port 1883. Several hosts
// share an address, so the TLS handshake must include the host name (SNI), as
// that of crypto/tls does.
const (
	// Port is the TCP port for MQTT over TLS.
	Port = "8883"

	// WebSocketPort is the TCP port for MQTT over a WebSocket over TLS, at
	// "wss://" + Host + WebSocketPath.
	WebSocketPort = "443"

	// WebSocketPath is the path that the device SDKs for C, Node and Python
	// use. The SDKs for C# and Java send no path. The documentation does not
	// mention it.
	WebSocketPath = "/$iothub/websocket"

	// WebSocketSubprotocol must be offered in the WebSocket handshake (section
	// 6 of MQTT 3.1.1).
	WebSocketSubprotocol = "mqtt"

	// MinTLSVersion is the lowest TLS version that the service accepts: 1.2,
	// which is tls.VersionTLS12.
	MinTLSVersion = 0x0303
)
