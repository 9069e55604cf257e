package simulate_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/simulate"
	"example.com/dps/fsm/examples/internal/transport"
)

// both runs a test twice: with the address for MQTT over TLS and with that for
// WebSocket.
func both(t *testing.T, f func(d *desk, addr string)) {
	for _, websocket := range []bool{false, true} {
		t.Run(fmt.Sprintf("websocket=%t", websocket), func(t *testing.T) {
			d := newDesk(t, nil)
			addr := d.tls
			if websocket {
				addr = d.web
			}
			f(d, addr)
		})
	}
}

// A client that does not trust the authority gets a diagnosis that names the CA
// file, in each version of TLS, no matter whether it sends an alert or closes
// the connection, during or after the handshake.
func TestUntrusted(t *testing.T) {
	both(t, func(d *desk, addr string) {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			for name, refuse := range map[string]func(*tls.Config, net.Conn){
				"no roots": func(c *tls.Config, _ net.Conn) { c.RootCAs = x509.NewCertPool() },
				"no alert": func(c *tls.Config, conn net.Conn) { refuseBy(c, func() { conn.Close() }) },
				"reset": func(c *tls.Config, conn net.Conn) {
					refuseBy(c, func() { conn.(*net.TCPConn).SetLinger(0); conn.Close() })
				},
				"garbage": func(c *tls.Config, conn net.Conn) {
					refuseBy(c, func() { io.WriteString(conn, "garbage garbage garbage") })
				},
				"plain": func(c *tls.Config, conn net.Conn) {
					refuseBy(c, func() { io.WriteString(conn, "\x15\x03\x03\x00\x02\x02\x30") })
				},
				"no record": func(c *tls.Config, conn net.Conn) {
					refuseBy(c, func() { io.WriteString(conn, "\x17\x03\x03\x00\x20"+string(make([]byte, 32))) })
				},
			} {
				conn := d.raw(addr)
				cfg := d.client.Clone()
				cfg.ServerName, cfg.MinVersion, cfg.MaxVersion = "localhost", version, version
				refuse(cfg, conn)
				if err := tls.Client(conn, cfg).HandshakeContext(d.Context()); err == nil {
					d.Errorf("%s: the handshake succeeded", name)
				}
				conn.Close()
				d.diagnosed(simulate.TLSUntrusted, "does not trust the CA in /tmp/ca file.pem")
				if d.forget() != 1 {
					d.Errorf("%s, %s: got more than one diagnosis", name, tls.VersionName(version))
				}
			}
		}
		cfg := d.client.Clone()
		cfg.ServerName = "localhost"
		conn := tls.Client(d.raw(addr), cfg)
		if err := conn.HandshakeContext(d.Context()); err != nil {
			d.Fatal(err)
		}
		conn.Close()
		d.diagnosed(simulate.TLSUntrusted, "does not trust", "after the handshake")
	})
}

// refuseBy rejects the server's certificate by calling how instead of sending
// an alert.
func refuseBy(c *tls.Config, how func()) {
	c.VerifyConnection = func(tls.ConnectionState) error {
		how()
		return io.ErrClosedPipe
	}
}

// If a client requests a name that is not in the certificate, the diagnosis
// lists the names in the certificate.
func TestWrongName(t *testing.T) {
	both(t, func(d *desk, addr string) {
		cfg := d.client.Clone()
		cfg.ServerName = "desk.example"
		if err := tls.Client(d.raw(addr), cfg).HandshakeContext(d.Context()); err == nil {
			t.Fatal("the handshake succeeded")
		}
		d.diagnosed(simulate.TLSName, `"desk.example"`, "localhost, 127.0.0.1, ::1")
	})
}

// TLS 1.1 and older versions are rejected regardless of the configuration, and
// the diagnosis names the version.
func TestOldTLS(t *testing.T) {
	d := newDesk(t, func(o *simulate.Options) { o.TLS.MinVersion = tls.VersionTLS10 })
	for _, addr := range []string{d.tls, d.web} {
		for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS11} {
			cfg := d.client.Clone()
			cfg.ServerName, cfg.MinVersion, cfg.MaxVersion = "localhost", tls.VersionTLS10, version
			if err := tls.Client(d.raw(addr), cfg).HandshakeContext(d.Context()); err == nil {
				t.Errorf("%s was accepted", tls.VersionName(version))
			}
			d.diagnosed(simulate.TLSVersion, tls.VersionName(version), "TLS 1.2")
			d.forget()
		}
	}
}

// If a client does not use TLS, the diagnosis names what it sent instead.
func TestNoTLS(t *testing.T) {
	both(t, func(d *desk, addr string) {
		for bytes, word := range map[string]string{
			"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00":         "MQTT CONNECT without TLS",
			"GET / HTTP/1.1\r\nHost: x\r\n\r\n":                    "HTTP request without TLS",
			"SSH-2.0-OpenSSH_9.2\r\n":                              "something other than TLS: 53 53 48",
			"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00\x00\x00\x00": "",
		} {
			conn := d.raw(addr)
			io.WriteString(conn, bytes)
			want := simulate.TLSMissing
			if word == "" {
				want = simulate.TLSHandshake
			}
			d.diagnosed(want, word)
			closed(d.T, conn, 5*time.Second)
			d.forget()
		}
	})
}

// A handshake that is too large ends the connection.
func TestLargeHandshake(t *testing.T) {
	both(t, func(d *desk, addr string) {
		conn := d.raw(addr)
		io.WriteString(conn, endlessHello)
		d.diagnosed(simulate.TLSHandshake, "more than 32 KiB")
		closed(d.T, conn, 5*time.Second)
	})
}

// A client that closes the connection before it sends anything, such as a
// health check, does not make a mistake.
func TestHealthCheck(t *testing.T) {
	both(t, func(d *desk, addr string) {
		d.raw(addr).Close()
		d.find("end", func(e dpstest.Event) bool { return e.Kind == dpstest.EventClosed })
		d.sound()
	})
}

// There are diagnoses for a client whose key does not belong to its
// certificate, and for a client that does not support ECDSA.
func TestOtherHandshakes(t *testing.T) {
	both(t, func(d *desk, addr string) {
		cfg := d.client.Clone()
		other, err := d.ca.Client("other", time.Now())
		if err != nil {
			d.Fatal(err)
		}
		cfg.ServerName, other.Certificate = "localhost", cfg.Certificates[0].Certificate
		cfg.Certificates = []tls.Certificate{other}
		conn := tls.Client(d.raw(addr), cfg)
		conn.HandshakeContext(d.Context())
		d.diagnosed(simulate.TLSHandshake, "private key")
		d.forget()

		cfg = d.client.Clone()
		cfg.ServerName, cfg.MaxVersion = "localhost", tls.VersionTLS12
		cfg.CipherSuites = []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}
		if err := tls.Client(d.raw(addr), cfg).HandshakeContext(d.Context()); err == nil {
			d.Error("the handshake succeeded")
		}
		d.diagnosed(simulate.TLSHandshake, "RSA certificate")
	})
}

// MQTT on the WebSocket port, and HTTP on the MQTT port, are diagnosed over
// TLS, too.
func TestWrongPort(t *testing.T) {
	d := newDesk(t, nil)
	conn, err := transport.DialTLS(t.Context(), d.web, d.client)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00")
	d.diagnosed(simulate.WebSocketMissing, "MQTT CONNECT over TLS to the WebSocket port")
	d.forget()
	if conn, err := transport.DialWebSocket(t.Context(), d.tls, transport.Path, d.client); err == nil {
		t.Error(conn)
	}
	d.diagnosed(simulate.WebSocketMissing, "HTTP request over TLS to the MQTT port")
}

// A failed handshake makes room for another connection, possibly a moment after
// the client has seen the end of its own.
func TestFailedHandshakesMakeRoom(t *testing.T) {
	d := newDesk(t, func(o *simulate.Options) { o.MaxConns = 1 })
	for _, addr := range []string{d.tls, d.web} {
		d.forget()
		for try := 0; d.count(simulate.TLSMissing) < 3; try++ {
			if try == 100 {
				t.Fatalf("no room for another connection at %s:\n%s", addr, d.lines())
			}
			conn := d.raw(addr)
			io.WriteString(conn, "\x10\x00")
			closed(t, conn, 5*time.Second)
			time.Sleep(20 * time.Millisecond)
		}
	}
	d.served()
}

// Clients that use OpenSSL, as in most other languages, get the same diagnoses.
// The test is skipped if OpenSSL is not installed.
func TestOpenSSL(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip(err)
	}
	both(t, func(d *desk, addr string) {
		file := filepath.Join(t.TempDir(), "ca.pem")
		if err := os.WriteFile(file, d.ca.PEM(), 0o600); err != nil {
			d.Fatal(err)
		}
		for _, c := range []struct {
			want dpstest.Diagnosis
			args []string
		}{
			{simulate.TLSUntrusted, []string{"-verify_return_error", "-tls1_2"}},
			{simulate.TLSUntrusted, []string{"-verify_return_error", "-tls1_3"}},
			{simulate.TLSUntrusted, []string{"-verify_return_error", "-CAfile", file, "-noservername", "-verify_hostname", "other.example"}},
			{simulate.TLSName, []string{"-verify_return_error", "-CAfile", file, "-servername", "other.example", "-verify_hostname", "other.example"}},
			{simulate.TLSVersion, []string{"-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"}},
		} {
			out, err := exec.Command(openssl, append([]string{"s_client", "-connect", addr}, c.args...)...).CombinedOutput()
			if err == nil {
				d.Errorf("%v succeeded: %s", c.args, out)
			}
			d.diagnosed(c.want)
			d.forget()
		}
	})
}
