package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"example.com/dps/fsm/examples/internal/transport"
	"example.com/dps/packet"
	"example.com/dps/topic"
)

// A rogue is a service that answers correctly and behaves badly.
type rogue struct {
	hangUp   []int // for each connection, after how many client packets to hang up; later ones stay open
	bytewise bool  // send each byte in a separate segment or frame
	late     bool  // send the answer before its PUBACK, and both in one segment
	abrupt   bool  // close TCP without a TLS close_notify or a WebSocket close frame

	conns     atomic.Int32
	mu        sync.Mutex
	passwords []string // of each CONNECT
}

const (
	rogueScope = "0ne00000A1B"
	assigning  = `{"operationId":"4.op","status":"assigning"}`
	assigned   = `{"operationId":"4.op","status":"assigned","registrationState":{"registrationId":"dev","assignedHub":"hub.example","deviceId":"dev","status":"assigned"}}`
)

// start serves on loopback until the test ends. It returns the flags that
// connect to the service.
func (r *rogue) start(t *testing.T, websocket bool) []string {
	t.Helper()
	cfg, caFile := serverConfig(t)
	kind, addr := "tls", ""
	if websocket {
		kind = "websocket"
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if conn, err := transport.AcceptWebSocket(w, req); err == nil {
				r.serve(conn)
			}
		}))
		server.TLS = cfg
		server.StartTLS()
		t.Cleanup(server.Close)
		addr = server.Listener.Addr().String()
	} else {
		addr = listenTLS(t, cfg, r.serve)
	}
	return []string{"-host", addr, "-ca", caFile, "-transport", kind, "-id-scope", rogueScope}
}

// serve answers the client's packets until it hangs up.
func (r *rogue) serve(conn net.Conn) {
	limit := -1
	if n := int(r.conns.Add(1)) - 1; n < len(r.hangUp) {
		limit = r.hangUp[n]
	}
	defer func() {
		if tls, ok := conn.(*tls.Conn); ok && r.abrupt {
			tls.NetConn().Close()
		}
		conn.Close()
	}()
	var s packet.Splitter
	in := make([]byte, 512)
	for limit != 0 {
		n, err := conn.Read(in)
		s.Feed(in[:n])
		for limit != 0 {
			f, ferr := s.Next()
			if ferr == packet.ErrShort {
				break
			}
			p, derr := packet.Decode(f)
			if ferr != nil || derr != nil {
				return
			}
			if limit--; limit != 0 && !r.write(conn, r.answer(p)) {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (r *rogue) answer(p packet.Packet) []byte {
	var all []packet.Packet
	switch p := p.(type) {
	case *packet.Connect:
		r.mu.Lock()
		r.passwords = append(r.passwords, string(p.Password))
		r.mu.Unlock()
		all = append(all, &packet.Connack{})
	case *packet.Subscribe:
		all = append(all, &packet.Suback{ID: p.ID, ReturnCodes: []byte{1}})
	case *packet.Publish:
		q, err := topic.ParseRequest(p.Topic)
		if err != nil {
			return nil
		}
		a := topic.Response{Status: 202, RequestID: q.RequestID, RetryAfter: 0, HasRetryAfter: true}
		body := assigning
		if q.Op == topic.QueryStatus {
			a, body = topic.Response{Status: 200, RequestID: q.RequestID}, assigned
		}
		name, _ := a.AppendText(nil)
		ack, message := &packet.Puback{ID: p.ID}, &packet.Publish{QoS: packet.QoS1, ID: 2, Topic: name, Payload: []byte(body)}
		if all = append(all, ack, message); r.late {
			all[0], all[1] = message, ack
		}
	}
	var out []byte
	for _, p := range all {
		out, _ = p.AppendBinary(out)
	}
	return out
}

func (r *rogue) write(w io.Writer, out []byte) bool {
	step := max(1, len(out))
	if r.bytewise {
		step = 1
	}
	for len(out) > 0 {
		n, err := w.Write(out[:min(step, len(out))])
		if err != nil {
			return false
		}
		out = out[n:]
	}
	return true
}

// The device registers regardless of how the service splits the bytes and when
// it closes the connection.
func TestRogueService(t *testing.T) {
	t.Parallel()
	together := &group{t: t}
	defer together.wait()
	for _, websocket := range []bool{false, true} {
		for name, r := range map[string]*rogue{
			"1-byte fragments":           {bytewise: true},
			"answer before PUBACK":       {late: true},
			"late and bytewise":          {late: true, bytewise: true},
			"hangs up immediately":       {hangUp: []int{0}},
			"hangs up at CONNECT":        {hangUp: []int{1}},
			"hangs up at SUBSCRIBE":      {hangUp: []int{2}},
			"hangs up at register":       {hangUp: []int{3}},
			"hangs up at PUBACK":         {hangUp: []int{4}},
			"hangs up at query":          {hangUp: []int{5}},
			"hangs up at CONNECT, TCP":   {hangUp: []int{1}, abrupt: true},
			"hangs up at query, TCP":     {hangUp: []int{5}, abrupt: true},
			"hangs up at PUBACK, in TCP": {hangUp: []int{4}, abrupt: true, late: true},
		} {
			together.run(fmt.Sprintf("%s/websocket=%t", name, websocket), func(t *testing.T) {
				args := append(r.start(t, websocket), "-registration-id", "dev", "-key", testKey, "-timeout", "20s")
				if got := try(t, args...); got.code != exitAssigned {
					t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
				}
			})
		}
	}
}
