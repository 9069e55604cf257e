package simulate

import (
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A conn is a connection on its way through the server: what TLS reads from and writes to.
// It makes room for another one when it is closed.
type conn struct {
	net.Conn
	server *Server
	meter  meter
	close  func() error
	closed chan struct{}

	// From the handshake, which one goroutine does.
	secured    atomic.Bool // it is over
	first      []byte      // the first bytes that came, 8 at most
	read       int         // bytes that came
	wrote      int         // bytes that were sent
	serverName string      // that the client asked for
	versions   string      // that the client offers
	tooOld     bool        // all of them are
}

func newConn(accepted net.Conn, s *Server) *conn {
	c := &conn{Conn: accepted, server: s, closed: make(chan struct{})}
	c.close = sync.OnceValue(func() error {
		defer func() { <-s.slots }()
		close(c.closed)
		return accepted.Close()
	})
	return c
}

// Close closes the connection, whatever TLS and WebSocket would like to say yet. It may be
// called at any time.
func (c *conn) Close() error { return c.close() }

var (
	errHandshakeSize = errors.New("the handshake is too large")
	errNoTLS         = errors.New("this is not TLS")
)

// Read reads what the client sends, with the delay that it deserves.
func (c *conn) Read(p []byte) (int, error) {
	if err := c.pause(); err != nil {
		return 0, err
	}
	secured := c.secured.Load()
	if !secured {
		if p = p[:min(len(p), handshakeLimit-c.read)]; len(p) == 0 {
			return 0, errHandshakeSize
		}
	}
	n, err := c.Conn.Read(p)
	c.meter.charge(time.Now(), n+perRead)
	if !secured {
		c.read += n
		c.first = append(c.first, p[:min(n, 8-len(c.first))]...)
		if n > 0 && c.first[0] != recordHandshake {
			return 0, errNoTLS // at once: TLS would wait for more
		}
	}
	return n, err
}

// Write sends. It costs the client as much as a packet.
func (c *conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.meter.charge(time.Now(), perPacket)
	if !c.secured.Load() {
		c.wrote += n
	}
	return n, err
}

// rate is how much the client may use in a second.
func (c *conn) rate() float64 { return totalRate / float64(max(1, len(c.server.slots))) }

// portion returns how many bytes are to be read, after a pause.
func (c *conn) portion() int {
	if c.meter.wait(time.Now(), c.rate()) > 0 {
		return crumb
	}
	return chunk
}

// pause waits until the client may be read again.
func (c *conn) pause() error {
	wait := c.meter.wait(time.Now(), c.rate())
	if wait <= 0 {
		return nil
	}
	if n := c.meter.flood(); n > 0 {
		c.server.diagnose(c.RemoteAddr(), Flood, "the client has sent so much (%d KiB, each packet counted with %d bytes more) that it is read with delay", n>>10, perPacket)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-c.closed:
		return net.ErrClosed
	}
}

// note keeps what is worth knowing of a ClientHello.
func (c *conn) note(hello *tls.ClientHelloInfo, cfg *tls.Config) {
	c.serverName, c.tooOld = strings.Clone(hello.ServerName), true
	var names []string
	for _, v := range hello.SupportedVersions {
		if c.tooOld = c.tooOld && v < cfg.MinVersion; v >= tls.VersionTLS10 && v <= tls.VersionTLS13 {
			names = append(names, tls.VersionName(v))
		}
	}
	c.versions = strings.Join(names[:min(len(names), 4)], ", ")
}

// answered reports whether the handshake got so far that the client has seen the server's
// certificate: a refusal is an alert of 7 bytes.
func (c *conn) answered() bool { return c.wrote > 100 }
