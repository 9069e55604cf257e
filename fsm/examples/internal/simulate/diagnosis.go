package simulate

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
	"unicode"

	"example.com/dps/fsm/dpstest"
)

// The mistakes that a client can make before its bytes reach the service.
const (
	TooManyConnections   dpstest.Diagnosis = "too-many-connections"  // there was no room, so this connection was closed
	TLSMissing           dpstest.Diagnosis = "tls-missing"           // the client sent MQTT or HTTP without TLS
	TLSVersion           dpstest.Diagnosis = "tls-version"           // the client does not speak TLS 1.2 or later
	TLSHandshake         dpstest.Diagnosis = "tls-handshake"         // the handshake failed for another reason
	TLSUntrusted         dpstest.Diagnosis = "tls-untrusted"         // the client does not trust the server's certificate
	TLSName              dpstest.Diagnosis = "tls-name"              // the client requested a name that is not in the certificate
	WebSocketMissing     dpstest.Diagnosis = "websocket-missing"     // MQTT was sent to the WebSocket port, or HTTP to the MQTT port
	WebSocketRequest     dpstest.Diagnosis = "websocket-request"     // the HTTP request does not open a WebSocket
	WebSocketSubprotocol dpstest.Diagnosis = "websocket-subprotocol" // the client does not request the subprotocol mqtt
	WebSocketFrame       dpstest.Diagnosis = "websocket-frame"       // a frame violates the WebSocket protocol or is not binary
	HalfPacket           dpstest.Diagnosis = "half-packet"           // a large packet was incomplete while memory was scarce
	Flood                dpstest.Diagnosis = "flood"                 // the client sent so much that reading from it is slowed down
)

// Diagnoses returns all diagnoses of this package. The package also reports
// [dpstest.NotReading] and [dpstest.Silent].
func Diagnoses() []dpstest.Diagnosis {
	return []dpstest.Diagnosis{
		TooManyConnections, TLSMissing, TLSVersion, TLSHandshake, TLSUntrusted, TLSName,
		WebSocketMissing, WebSocketRequest, WebSocketSubprotocol, WebSocketFrame, HalfPacket, Flood,
	}
}

// diagnose reports a mistake of a client. The service must not be locked.
func (s *Server) diagnose(who net.Addr, d dpstest.Diagnosis, format string, args ...any) {
	s.event(dpstest.Event{Kind: dpstest.EventDiagnosis, Diagnosis: d, Text: who.String() + ": " + fmt.Sprintf(format, args...)})
}

func (s *Server) event(e dpstest.Event) {
	if s.log != nil {
		e.Time, e.Text = time.Now(), clean(e.Text)
		s.log(e)
	}
}

// clean returns text as one line of at most 1 KiB that contains only printable
// characters.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && r != unicode.ReplacementChar {
			return r
		}
		return '?'
	}, text[:min(len(text), 2<<10)])
	if len(text) > 1<<10 {
		text = strings.ToValidUTF8(text[:1<<10-len("…")], "") + "…"
	}
	return text
}

// isHTTP reports whether b begins an HTTP request.
func isHTTP(b []byte) bool {
	method, _, found := strings.Cut(string(b), " ")
	switch method {
	case "GET", "HEAD", "POST", "PUT", "CONNECT", "OPTIONS":
		return found
	}
	return false
}

// isConnect reports whether b begins an MQTT CONNECT.
func isConnect(b []byte) bool { return len(b) > 0 && b[0] == 0x10 }

// failed reports the mistake because of which the handshake failed, if it is
// one.
func (s *Server) failed(c *conn, err error) {
	remote := remoteAlert(err)
	switch {
	case len(c.first) == 0: // a port scan, or a health check
		if errors.Is(err, os.ErrDeadlineExceeded) {
			s.diagnose(c.RemoteAddr(), TLSHandshake, "the client sent nothing for %v; in TLS, the client sends first", s.handshakeTimeout)
		} else {
			s.event(dpstest.Event{Kind: dpstest.EventClosed, Text: c.RemoteAddr().String() + ": the client closed the connection before it sent anything"})
		}
	case isConnect(c.first):
		s.diagnose(c.RemoteAddr(), TLSMissing, "the client sent an MQTT CONNECT without TLS; the service speaks TLS only (mqtts, ssl, 8883)")
	case isHTTP(c.first):
		s.diagnose(c.RemoteAddr(), TLSMissing, "the client sent an HTTP request without TLS; the service speaks TLS only (wss, https)")
	case c.first[0] != recordHandshake:
		s.diagnose(c.RemoteAddr(), TLSMissing, "the client sent something other than TLS: % x", c.first)
	case c.tooOld || strings.Contains(remote, "protocol version"):
		s.diagnose(c.RemoteAddr(), TLSVersion, "the client offers %s; the service speaks TLS 1.2 and 1.3", cmp.Or(c.versions, "another version"))
	case c.answered() && (remote != "" || gone(err)):
		s.untrusted(c, "during the handshake", remote)
	default:
		s.diagnose(c.RemoteAddr(), TLSHandshake, "%s", s.handshakeHint(err, remote))
	}
}

const recordHandshake = 0x16 // the type of the first record of TLS

// untrusted reports that the client closed the connection after it had received
// the certificate. alert is the alert that it sent, if any.
func (s *Server) untrusted(c *conn, when, alert string) {
	if alert != "" {
		alert = fmt.Sprintf(" (alert: %s)", alert)
	}
	if c.serverName != "" && !s.hasName(c.serverName) {
		s.diagnose(c.RemoteAddr(), TLSName, "the client closed the connection %s%s: it requested the server name %q, but the certificate is only for %s",
			when, alert, c.serverName, s.names())
		return
	}
	which := "the certificate of this service"
	if s.caFile != "" {
		which = "the CA in " + s.caFile
	}
	text := "the client closed the connection %s%s: it probably does not trust %s"
	if strings.Contains(alert, "expired") {
		text = "the client closed the connection %s%s: its clock is wrong, or it does not trust %s"
	} else if c.serverName == "" {
		text += fmt.Sprintf(", or it expects a name other than %s", strings.ReplaceAll(s.names(), "%", "%%"))
	}
	s.diagnose(c.RemoteAddr(), TLSUntrusted, text, when, alert, which)
}

// remoteAlert returns the text of the alert that the peer sent, without "tls:
// ". It returns an empty string if err is not about an alert.
func remoteAlert(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" {
		return strings.TrimPrefix(op.Err.Error(), "tls: ")
	}
	return ""
}

// gone reports whether err means that the peer closed the connection, or sent
// data that cannot be decrypted: some clients abort with an unencrypted alert.
func gone(err error) bool {
	var op *net.OpError
	var record tls.RecordHeaderError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EPIPE) || errors.As(err, &record) || errors.As(err, &op) && op.Op == "local error"
}

// handshakeHint describes why the handshake failed, with advice if possible.
func (s *Server) handshakeHint(err error, alert string) string {
	text := err.Error()
	switch {
	case errors.Is(err, errHandshakeSize):
		return fmt.Sprintf("the client sent more than %d KiB in the handshake", handshakeLimit>>10)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Sprintf("the handshake was not complete after %v", s.handshakeTimeout)
	case alert != "":
		return "the client aborted with an alert: " + alert
	case strings.Contains(text, "signature algorithms"), strings.Contains(text, "cipher suite"), strings.Contains(text, "curves"):
		return text + "; a client that does not support ECDSA needs a server with an RSA certificate"
	case strings.Contains(text, "client certificate"):
		return text + "; check that the client's private key belongs to its certificate"
	}
	return text
}
