package dpstest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/dps/packet"
	"example.com/dps/sastoken"
)

// knownVersions lists the api-versions of the service that have been seen.
var knownVersions = []string{
	"2017-08-31-preview", "2017-11-15", "2018-04-01", "2018-09-01-preview", "2019-03-31", "2019-04-15", "2021-06-01", "2021-10-01",
	"2021-11-01-preview", "2025-07-01-preview", "2026-11-01", "2026-11-02-preview", "2026-11-15-preview",
}

// connect processes the CONNECT.
func (c *Conn) connect(p *packet.Connect) {
	c.setID(string(p.ClientID[:min(len(p.ClientID), maxID)]))
	c.password = p.Password
	defer func() { c.password = nil }() // it belongs to the packet
	code := c.checkUsername(string(p.Username))
	if len(p.ClientID) == 0 && !p.CleanSession {
		code = packet.IdentifierRejected // MQTT-3.1.3-8
	}
	c.checkFlags(p)
	fault := c.fault(OnConnect)
	c.connackAt = c.now.Add(fault.delay())
	if fault.ReturnCode != 0 {
		code = packet.ReturnCode(fault.ReturnCode)
	}
	if code != packet.Accepted {
		c.refuseConnect(code, fault)
		return
	}
	if other := c.service.live[c.key]; other != nil {
		other.tick(c.now)
		other.hangUp("because the device connected again") // MQTT-3.1.4-2
	}
	c.service.live[c.key] = c
	c.connected, c.keepAlive = true, time.Duration(p.KeepAlive)*time.Second
	c.token, c.tokenErr = sastoken.Parse(p.Password)
	c.identify()
	c.deliver(fault, []packet.Packet{&packet.Connack{}})
}

// maxID is the number of bytes of a client ID that are kept. A registration ID
// has at most 128.
const maxID = 256

// setID records the client ID. The user name must contain the same ID.
func (c *Conn) setID(id string) {
	c.registrationID, c.key = id, id
	if lower := strings.ToLower(id); lower != id {
		c.key = lower
	}
}

// refuseConnect sends a CONNACK that refuses the connection, and then closes
// the connection [MQTT-3.2.2-5].
func (c *Conn) refuseConnect(code packet.ReturnCode, fault *Fault) {
	c.refused = true
	if !fault.HangUp && !fault.Silence && code != packet.UnacceptableProtocolVersion && code != packet.ServerUnavailable {
		c.end(fmt.Sprintf("refused with CONNACK %d", code))
	}
	c.deliver(fault, []packet.Packet{&packet.Connack{ReturnCode: code}})
	c.sendBytes(nil, nil, fault.delay(), "because the CONNECT was refused")
}

// checkFlags reports what a CONNECT asks for but the service does not provide.
func (c *Conn) checkFlags(p *packet.Connect) {
	if !p.CleanSession {
		c.diagnose(CleanSession, "clean session is 0, but the service never keeps a session: set it to 1, and subscribe on each connection")
	}
	if p.Will != nil {
		c.diagnose(Will, "the CONNECT has a will for the topic %.80q, but the service is not a broker and never publishes it: omit it", p.Will.Topic)
	}
}

// checkUsername checks the user name, which is
// {idScope}/registrations/{id}/api-version={v}, optionally followed by "&" and
// more. It returns the return code of the CONNACK.
func (c *Conn) checkUsername(name string) packet.ReturnCode {
	choices := &c.service.cfg.Choices
	path, _, _ := strings.Cut(name, "&")
	parts := strings.Split(path, "/")
	var version string
	ok := len(parts) == 4 && parts[1] == "registrations"
	if ok {
		version, ok = strings.CutPrefix(parts[3], "api-version=")
	}
	if !ok {
		c.explainUsername(name, path, parts)
		return packet.ReturnCode(choices.UsernameCode)
	}
	c.version = strings.Clone(version[:min(len(version), 40)]) // do not retain the whole name
	if c.versionOK = c.acceptsVersion(version); !c.versionOK {
		c.diagnose(APIVersion, "the api-version is %.40q, and the service answers with 400: expected %s", version, c.expectedVersions())
	} else if !slices.Contains(c.versions(), version) {
		c.diagnose(APIVersion, "the api-version %.40q is unknown, and the real service may answer with 400: expected %s", version, c.expectedVersions())
	}
	switch {
	case parts[0] != c.service.cfg.IDScope:
		c.diagnose(IDScope, "the user name is for the ID scope %.80q, expected %q", parts[0], c.service.cfg.IDScope)
		return packet.ReturnCode(choices.IDScopeCode)
	case !strings.EqualFold(parts[2], c.registrationID):
		c.diagnose(ClientID, "the client ID is %.140q, but the registration ID in the user name is %.140q: they must be the same", c.registrationID, parts[2])
		return packet.ReturnCode(choices.ClientIDCode)
	case !validID(c.registrationID):
		c.diagnose(RegistrationID, `the registration ID is %.140q, and the service answers with 400: expected 1 to 128 letters, digits and "-._:", with a letter, a digit or "-" at the end`, c.registrationID)
	}
	return packet.Accepted
}

// versions returns the api-versions that a client is expected to use.
func (c *Conn) versions() []string {
	if all := c.service.cfg.Choices.APIVersions; len(all) > 0 {
		return all
	}
	return slices.Clone(knownVersions)
}

// expectedVersions describes them for a diagnosis. Unless the configuration
// lists versions, the documented one comes first.
func (c *Conn) expectedVersions() string {
	if len(c.service.cfg.Choices.APIVersions) > 0 {
		return fmt.Sprintf("one of %q", c.versions())
	}
	return fmt.Sprintf("%q, as documented, or another of %q", "2019-03-31", knownVersions)
}

func (c *Conn) acceptsVersion(v string) bool {
	if all := c.service.cfg.Choices.APIVersions; len(all) > 0 {
		return slices.Contains(all, v)
	}
	return isVersion(v)
}

// isVersion reports whether v looks like 2019-03-31 or 2026-11-02-preview.
func isVersion(v string) bool {
	v = strings.TrimSuffix(v, "-preview")
	_, err := time.Parse(time.DateOnly, v)
	return err == nil
}

// explainUsername reports what is wrong with the form of a user name.
func (c *Conn) explainUsername(name, path string, parts []string) {
	want := fmt.Sprintf("expected %q", c.service.cfg.IDScope+"/registrations/{registrationId}/api-version=2019-03-31")
	decoded := unescape(path)
	switch {
	case name == "":
		c.diagnose(Username, "there is no user name: %s", want)
	case strings.HasPrefix(name, "SharedAccessSignature"):
		c.diagnose(Username, "the user name is a SAS token, which is the password: %s", want)
	case strings.Count(decoded, "/") > strings.Count(path, "/") && strings.Contains(decoded, "/registrations/"):
		c.diagnose(UsernameEncoded, "the user name %.200q is percent-encoded: send it unencoded; only the sr of a token is encoded; %s", name, want)
	case len(parts) >= 2 && parts[1] != "registrations" && (strings.Contains(parts[0], ".") || strings.Contains(path, "/?api-version=")):
		c.diagnose(UsernameHub, "the user name %.200q is that of a device at an IoT hub, not of a device that registers: %s", name, want)
	case strings.Contains(strings.TrimPrefix(name, path), "&api-version="):
		c.diagnose(Username, "the user name %.200q has %q where %q belongs: %s", name, "&api-version=", "/api-version=", want)
	case len(parts) == 3 && parts[1] == "registrations" || len(parts) == 4 && parts[1] == "registrations" && parts[3] == "":
		c.diagnose(APIVersion, "the user name %.200q ends without an api-version: %s", name, want)
	case len(parts) == 4 && parts[1] == "registrations":
		c.diagnose(Username, "the user name %.200q has %.80q where api-version={version} belongs: %s", name, parts[3], want)
	default:
		c.diagnose(Username, "the user name is %.200q: %s", name, want)
	}
}

// notMQTT reports that the connection does not begin with a CONNECT. begin is
// the beginning of the connection, or empty if it is no longer known.
func (c *Conn) notMQTT(err error, begin []byte) {
	hint := ""
	switch {
	case bytes.HasPrefix(begin, []byte("GET ")) || bytes.HasPrefix(begin, []byte("CONNECT ")) || bytes.HasPrefix(begin, []byte("POST ")):
		hint = "; this is HTTP, and MQTT over WebSocket has its own port"
	case isTLS(begin):
		hint = "; this is the beginning of a TLS handshake"
	}
	if len(begin) > 0 {
		hint = fmt.Sprintf(", the connection begins with %q%s", begin[:min(len(begin), 8)], hint)
	}
	c.diagnose(NotConnect, "expected a CONNECT%s: %v", hint, err)
}

// otherProtocol reports whether a CONNECT that cannot be decoded belongs to
// another version of MQTT. If so, it diagnoses that.
func (c *Conn) otherProtocol(f packet.Frame, err error) bool {
	var version string
	switch {
	case errors.Is(err, packet.ErrProtocolLevel) && f.Body[6] == 5:
		version = "MQTT 5"
	case errors.Is(err, packet.ErrProtocolLevel):
		version = fmt.Sprintf("protocol level %d", f.Body[6])
	case f.Type == packet.CONNECT && bytes.HasPrefix(f.Body, []byte("\x00\x06MQIsdp")):
		version = "MQTT 3.1"
	default:
		return false
	}
	c.diagnose(ProtocolLevel, "the CONNECT is for %s, but the service speaks only MQTT 3.1.1: set the protocol version of the client to 4, which is 3.1.1 [MQTT-3.1.2-1, MQTT-3.1.2-2]", version)
	return true
}
