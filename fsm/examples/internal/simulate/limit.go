package simulate

import (
	"fmt"
	"net"
	"sync"
)

// limit returns a listener that closes a new connection at once if there are too many.
// To let it wait instead would let those who are connected lock the others out silently.
func (s *Server) limit(l net.Listener) net.Listener { return &limited{l, s} }

type limited struct {
	net.Listener
	server *Server
}

// Accept returns the next connection for which there is room.
func (l *limited) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case l.server.slots <- struct{}{}:
			return &slot{Conn: conn, leave: sync.OnceFunc(func() { <-l.server.slots })}, nil
		default:
			l.server.log(fmt.Sprintf("%v: closed, there are %d connections already", conn.RemoteAddr(), cap(l.server.slots)))
			conn.Close()
		}
	}
}

// A slot is a connection that makes room when it is closed.
type slot struct {
	net.Conn
	leave func()
}

// Close closes the connection.
func (c *slot) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// lines is a writer for the log of net/http.
type lines func(string)

func (log lines) Write(p []byte) (int, error) {
	log(string(p))
	return len(p), nil
}
