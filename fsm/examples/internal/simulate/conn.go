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

// A conn is the network connection that TLS reads from and writes to. Closing
// it makes room for another connection.
type conn struct {
	net.Conn
	server    *Server
	meter     meter
	began     time.Time
	connected atomic.Bool // the service has accepted a CONNECT
	session   *session    // once the connection has reached the service; the server's mutex guards it
	cancel    func()      // ends the context of the connection
	close     func() error
	closed    chan struct{}

	// Set during the handshake, by a single goroutine.
	secured    atomic.Bool // the handshake is complete
	first      []byte      // the first bytes received, 8 at most
	read       int         // bytes received
	wrote      int         // bytes sent
	serverName string      // that the client requested
	versions   string      // that the client offered
	tooOld     bool        // all offered versions are too old
}

func newConn(accepted net.Conn, s *Server, cancel func()) *conn {
	c := &conn{Conn: accepted, server: s, began: time.Now(), cancel: cancel, closed: make(chan struct{})}
	c.close = sync.OnceValue(func() error {
		defer s.room.leave(c)
		close(c.closed)
		return accepted.Close()
	})
	return c
}

// Close closes the connection immediately, without the closing messages of TLS
// and WebSocket. It may be called at any time.
func (c *conn) Close() error { return c.close() }

var (
	errHandshakeSize = errors.New("the handshake is too large")
	errNoTLS         = errors.New("this is not TLS")
)

// Read reads data from the client, after the delay that its meter demands.
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
			return 0, errNoTLS // immediately, because TLS would wait for more
		}
	}
	return n, err
}

// Write writes data to the client, which is charged as much as a packet.
func (c *conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.meter.charge(time.Now(), perPacket)
	if !c.secured.Load() {
		c.wrote += n
	}
	return n, err
}

// portion returns how many bytes to read after a pause.
func (c *conn) portion() int {
	if c.meter.wait(time.Now(), c.server.room.rate()) > 0 {
		return crumb
	}
	return chunk
}

// pause waits until data may be read from the client again.
func (c *conn) pause() error {
	wait := c.meter.wait(time.Now(), c.server.room.rate())
	if wait <= 0 {
		return nil
	}
	if n := c.meter.flood(); n > 0 {
		c.server.diagnose(c.RemoteAddr(), Flood, "the client has sent so much (%d KiB, counting %d more bytes for each packet) that reading from it is slowed down", n>>10, perPacket)
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

// note records the parts of a ClientHello that diagnoses need.
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

// answered reports whether the server's certificate has been sent to the
// client: a refusal is an alert of only 7 bytes.
func (c *conn) answered() bool { return c.wrote > 100 }
