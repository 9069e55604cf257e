package main

import (
	"encoding/json"
	"io"
	"net"
	"strings"
	"testing"

	"example.com/dps/fsm/dpstest"
)

// A server that does not speak the chosen protocol is recognized by its answer,
// or by its silence.
func TestWrongTransport(t *testing.T) {
	t.Parallel()
	d := newDesk(t, dpstest.Enrollment{RegistrationID: "dev", PrimaryKey: testKey})
	cfg, caFile := serverConfig(t)
	after := func(answer string) string { // answers the first bytes of the client
		return listenTLS(t, cfg, func(conn net.Conn) {
			conn.Read(make([]byte, 4<<10))
			io.WriteString(conn, answer)
			conn.Close()
		})
	}
	silent := listenTLS(t, cfg, func(conn net.Conn) { io.Copy(io.Discard, conn) })
	const webSocket, notWebSocket, port = "seems to speak WebSocket on this port: try -transport websocket", "does not speak WebSocket on this port, but may speak MQTT: try -transport tls", "check that the port is"
	const mute = "does not answer in MQTT; it may speak WebSocket on this port (try -transport websocket)"
	together := &group{t: t}
	defer together.wait()
	for name, c := range map[string]struct {
		transport, addr, ca string
		want                string
	}{
		"TLS to a service's WebSocket":          {"tls", d.web, d.caFile, mute}, // which waits for the end of a line
		"TLS to HTTP":                           {"tls", after("HTTP/1.1 400 Bad Request\r\n\r\n"), caFile, webSocket},
		"TLS to a server that closes":           {"tls", after(""), caFile, mute},
		"TLS to silence":                        {"tls", silent, caFile, mute},
		"TLS to nonsense":                       {"tls", after("220 smtp\r\n"), caFile, port},
		"TLS to MQTT and silence":               {"tls", after("\x20\x02\x00\x00"), caFile, port},
		"WebSocket to a service's TLS":          {"websocket", d.tls, d.caFile, notWebSocket},
		"WebSocket to a server that sends MQTT": {"websocket", after("\x20\x02\x00\x05"), caFile, notWebSocket},
		"WebSocket to a server that closes":     {"websocket", after(""), caFile, notWebSocket},
		"WebSocket to silence":                  {"websocket", silent, caFile, notWebSocket},
		"WebSocket to plain HTTP":               {"websocket", after("HTTP/1.1 404 Not Found\r\n\r\n"), caFile, "check -host and -path"},
		"WebSocket to half an HTTP response":    {"websocket", after("HTTP/1.1 10"), caFile, notWebSocket},
	} {
		together.run(name, func(t *testing.T) {
			got := try(t, "-host", c.addr, "-ca", c.ca, "-transport", c.transport, "-id-scope", rogueScope,
				"-registration-id", "dev", "-key", testKey, "-timeout", "4s", "-json", "-v")
			var r report
			if err := json.Unmarshal([]byte(got.stdout), &r); err != nil {
				t.Fatal(err, got.stdout)
			}
			// The last attempt may have been cut short, but the first one has
			// the hint, too.
			if !strings.Contains(got.stderr+r.Hint, c.want) || got.code != 3 {
				t.Errorf("exit code %d, want %q, got %q\n%s\n%s", got.code, c.want, r.Hint, r.Error, got.stderr)
			}
		})
	}
}
