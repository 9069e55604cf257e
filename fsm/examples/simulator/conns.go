package main

import (
	"net"
	"sync"
)

// fewConns is a listener that immediately closes a connection if there are too
// many.
type fewConns struct {
	net.Listener
	slots chan struct{} // each connection occupies one
}

// Accept returns the next connection for which there is room.
func (l *fewConns) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case l.slots <- struct{}{}:
			return &countedConn{Conn: conn, leave: sync.OnceFunc(func() { <-l.slots })}, nil
		default:
			conn.Close()
		}
	}
}

type countedConn struct {
	net.Conn
	leave func()
}

// Close closes the connection and makes room for another one.
func (c *countedConn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}
