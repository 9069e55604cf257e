package simulate_test

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"example.com/dps/packet"
	"example.com/dps/sastoken"
	"example.com/dps/topic"
)

// endlessHello is a ClientHello of 65,280 bytes in records of 16 KiB.
var endlessHello = "\x16\x03\x01\x40\x00\x01\x00\xff\x00" + strings.Repeat("\x00", 16<<10-4) +
	strings.Repeat("\x16\x03\x01\x40\x00"+strings.Repeat("\x00", 16<<10), 2)

// An attack is the behavior of a hostile client, which repeats it without end.
type attack struct {
	name string
	do   func(c *target, id string) error
}

// attacks lists the attacks in the order in which they run. The peak of memory
// covers all attacks so far.
var attacks = []attack{
	{"silence", hold("")},
	{"silence in TLS", overTLS("", "")},
	{"TLS hello that stops", hold("\x16\x03\x01\x01\x00\x01\x00\x00\xfc\x03\x03")},
	{"TLS hello that never ends", hold(endlessHello)},
	{"TLS record that stops", tricky(func(conn net.Conn, _ string) error {
		raw := conn.(*tls.Conn).NetConn()
		return write(raw, "\x17\x03\x03\x40\x00"+strings.Repeat("x", 16<<10-1), "")
	})},
	{"reconnecting", func(c *target, _ string) error {
		conn, err := dial(c.tls, c)
		if err == nil {
			conn.Close()
		}
		return err
	}},
	{"half a packet", registered(string(publishOf(96 << 10)[:90<<10]), "")},
	{"half a packet first", overTLS("\x10\xc0\x80\x06"+strings.Repeat("\x00", 96<<10), "")},
	{"bytes one by one", tricky(func(conn net.Conn, id string) error {
		in := connect(id) + string(publishOf(96<<10))
		for i := 0; i < len(in); i++ {
			if err := write(conn, in[i:i+1], ""); err != nil {
				return err
			}
			time.Sleep(time.Millisecond)
		}
		return nil
	})},
	{"flood of PUBLISH", registered("", strings.Repeat(string(publishOf(0)), 200))},
	{"flood of queries", registered("", strings.Repeat(string(query), 200))},
	{"flood of PINGREQ", registered("", strings.Repeat("\xc0\x00", 8<<10))},
	{"flood of SUBSCRIBE", registered("", subscribe(24_000))},
	{"flood of small SUBSCRIBE", registered("", strings.Repeat(subscribe(1), 500))},
	{"large PUBLISH", registered("", string(publishOf(96<<10)))},
	{"WebSocket frame that never ends", webSocket("\x82\xff\x00\x00\x00\xff\x00\x00\x00\x00\x00\x00\x00\x00", strings.Repeat("\xc0\x00", 8<<10))},
	{"WebSocket fragments", webSocket("\x02\x81\x00\x00\x00\x00\x10", strings.Repeat("\x00\x80\x00\x00\x00\x00", 4<<10))},
	{"WebSocket pings", webSocket("", strings.Repeat("\x89\x80\x00\x00\x00\x00", 4<<10))},
	{"HTTP header that never ends", web("GET / HTTP/1.1\r\nX: ", strings.Repeat("x", 4<<10))},
	{"HTTP header of many fields", web("GET / HTTP/1.1\r\n", fields())},
}

// connect returns a CONNECT with a valid token.
func connect(id string) string {
	key, err := sastoken.DecodeKey(groupKey)
	if err != nil {
		panic(err)
	}
	resource := sastoken.Resource(scope, id)
	token, err := sastoken.Sign(sastoken.DeriveKey(key, id), resource, sastoken.KeyName, time.Now().Add(time.Hour)).AppendPassword(nil)
	if err != nil {
		panic(err)
	}
	return encode(&packet.Connect{
		ClientID: []byte(id), Username: []byte(scope + "/registrations/" + id + "/api-version=2019-03-31"), Password: token, CleanSession: true,
	})
}

func encode(p packet.Packet) string {
	b, err := p.AppendBinary(nil)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// publishOf returns a registration request of about n bytes.
func publishOf(n int) []byte {
	name, err := topic.Request{Op: topic.Register, RequestID: []byte("1")}.AppendText(nil)
	if err != nil {
		panic(err)
	}
	p := packet.Publish{Topic: name}
	if n > 0 {
		p.Payload = []byte(`{"payload":{"x":"` + strings.Repeat("x", n-100) + `"}}`)
	}
	return []byte(encode(&p))
}

var query = encode(&packet.Publish{Topic: []byte("$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=x")})

// subscribe returns a SUBSCRIBE with the right filter and n others.
func subscribe(n int) string {
	p := packet.Subscribe{ID: 1, Subscriptions: []packet.Subscription{{Filter: []byte(topic.ResponseFilter)}}}
	for range n {
		p.Subscriptions = append(p.Subscriptions, packet.Subscription{Filter: []byte("x")})
	}
	return encode(&p)
}

// write sends once, and then sends again repeatedly until the connection fails.
// It reads nothing.
func write(conn net.Conn, once, again string) error {
	if _, err := conn.Write([]byte(once)); err != nil {
		return err
	}
	for again != "" {
		if _, err := conn.Write([]byte(again)); err != nil {
			return err
		}
	}
	return nil
}

// linger waits until the server closes the connection.
func linger(conn net.Conn) error {
	for b := make([]byte, 1); ; time.Sleep(100 * time.Millisecond) {
		if _, err := conn.Read(b); err != nil {
			return err
		}
	}
}

// hold sends bytes without TLS and stays connected.
func hold(bytes string) func(*target, string) error {
	return func(c *target, _ string) error {
		conn, err := net.Dial("tcp", c.tls)
		if err != nil {
			return err
		}
		defer conn.Close()
		return errors.Join(write(conn, bytes, ""), linger(conn))
	}
}

// tricky connects with TLS, calls f and stays connected.
func tricky(f func(conn net.Conn, id string) error) func(*target, string) error {
	return func(c *target, id string) error {
		conn, err := dial(c.tls, c)
		if err != nil {
			return err
		}
		defer conn.NetConn().Close()
		return errors.Join(f(conn, id), linger(conn))
	}
}

func overTLS(once, again string) func(*target, string) error {
	return tricky(func(conn net.Conn, _ string) error { return write(conn, once, again) })
}

// registered sends CONNECT and SUBSCRIBE, and then more.
func registered(once, again string) func(*target, string) error {
	return tricky(func(conn net.Conn, id string) error {
		return write(conn, connect(id)+subscribe(0)+once, again)
	})
}

// web sends bytes over TLS to the WebSocket port.
func web(once, again string) func(*target, string) error {
	return func(c *target, _ string) error {
		conn, err := dial(c.web, c)
		if err != nil {
			return err
		}
		defer conn.NetConn().Close()
		return errors.Join(write(conn, once, again), linger(conn))
	}
}

// webSocket opens a WebSocket, sends a CONNECT, and then the given frames.
func webSocket(once, again string) func(*target, string) error {
	return func(c *target, id string) error {
		request := "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
			"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n"
		in := connect(id)
		frame := "\x82\xfe" + string(binary.BigEndian.AppendUint16(nil, uint16(len(in)))) + "\x00\x00\x00\x00" + in
		return web(request+frame+once, again)(c, id)
	}
}

// fields returns header fields with different names.
func fields() string {
	var s strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&s, "%03x:\r\n", i)
	}
	return s.String()
}

func dial(addr string, c *target) (*tls.Conn, error) { return tls.Dial("tcp", addr, c.client) }
