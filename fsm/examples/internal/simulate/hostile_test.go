package simulate_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/dps/fsm/examples/internal/transport"
	"example.com/dps/packet"
	"example.com/dps/sastoken"
	"example.com/dps/topic"
)

// loadEnv makes TestHostileClients take that many connections and, for each attack, ten
// seconds. It checks the wait of the good client then.
const loadEnv = "DPS_SIMULATE_LOAD"

// What the server promises whatever its clients do.
const (
	maxMemory = 256 // MiB
	maxWait   = 2 * time.Second
)

// An attack is what a hostile client does, again and again, until ctx ends.
type attack func(ctx context.Context, c *child, id string) error

// attacks are in the order of a run: the peak of memory is that of all so far.
var attacks = []struct {
	name string
	do   attack
}{
	{"silence", hold("")},
	{"silence in TLS", overTLS("", "")},
	{"TLS hello that stops", hold("\x16\x03\x01\x01\x00\x01\x00\x00\xfc\x03\x03")},
	{"TLS hello that never ends", hold("\x16\x03\x01\x40\x00\x01\x00\xff\x00" + strings.Repeat("\x00", 40<<10))},
	{"TLS record that stops", tricky(func(ctx context.Context, conn net.Conn, _ string) error {
		raw := conn.(*tls.Conn).NetConn()
		return write(ctx, raw, "\x17\x03\x03\x40\x00"+strings.Repeat("x", 16<<10-1), "")
	})},
	{"reconnecting", func(ctx context.Context, c *child, _ string) error {
		conn, err := transport.DialTLS(ctx, c.TLS, c.client)
		if err == nil {
			conn.Close()
		}
		return err
	}},
	{"half a packet", registered(string(publishOf(96 << 10)[:90<<10]), "")},
	{"half a packet first", overTLS("\x10\xc0\x80\x06"+strings.Repeat("\x00", 96<<10), "")},
	{"bytes one by one", tricky(func(ctx context.Context, conn net.Conn, id string) error {
		in := connect(id) + string(publishOf(96<<10))
		for i := 0; i < len(in) && ctx.Err() == nil; i++ {
			if err := write(ctx, conn, in[i:i+1], ""); err != nil {
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

// Whatever a thousand clients do, the server's memory stays within its bounds, and a client
// that behaves is served over either transport.
func TestHostileClients(t *testing.T) {
	conns, long := 100, 500*time.Millisecond
	load := os.Getenv(loadEnv)
	if load != "" {
		var err error
		if conns, err = strconv.Atoi(load); err != nil {
			t.Fatal(err)
		}
		long = 10 * time.Second
	} else if testing.Short() {
		t.Skip("takes 15 s")
	}
	c := startChild(t)
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), long)
			defer cancel()
			stopped := run(ctx, conns, func(id string) error { return a.do(ctx, c, id) })
			var waits []time.Duration
			for i := 0; ctx.Err() == nil; i++ {
				start := time.Now()
				if err := good(c, i%2 == 1, fmt.Sprint("good-", i)); err != nil {
					t.Fatalf("a good client after %v: %v", time.Since(start), err)
				}
				waits = append(waits, time.Since(start))
				time.Sleep(50 * time.Millisecond)
			}
			peak, now := c.memory(t)
			worst := time.Duration(0)
			for _, w := range waits {
				worst = max(worst, w)
			}
			stopped()
			t.Logf("memory %.0f MiB, %.0f at most so far; a good client waits %v at most (of %d)", now, peak, worst.Round(time.Millisecond), len(waits))
			if peak > maxMemory {
				t.Errorf("the server takes %.0f MiB", peak)
			}
			if load != "" && worst > maxWait {
				t.Errorf("a good client waits %v", worst)
			}
		})
	}
}

// run calls f over and over, in so many goroutines, until ctx ends. The function returned
// waits for them.
func run(ctx context.Context, conns int, f func(id string) error) (wait func()) {
	var all sync.WaitGroup
	for i := range conns {
		all.Add(1)
		go func() {
			defer all.Done()
			for ctx.Err() == nil {
				if f(fmt.Sprint("bad-", i)) != nil {
					select {
					case <-ctx.Done():
					case <-time.After(50 * time.Millisecond):
					}
				}
			}
		}()
	}
	return all.Wait
}

// good registers.
func good(c *child, websocket bool, id string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var conn transport.Conn
	var err error
	if websocket {
		conn, err = transport.DialWebSocket(ctx, c.Web, transport.Path, c.client)
	} else {
		conn, err = transport.DialTLS(ctx, c.TLS, c.client)
	}
	if err != nil {
		return err
	}
	defer conn.Close()
	return register(conn, connect(id)+subscribe(0)+string(publishOf(0)))
}

// connect returns a CONNECT with a good token.
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

// publishOf returns a registration of a size that is about n.
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

// subscribe returns a SUBSCRIBE of the right filter and n others.
func subscribe(n int) string {
	p := packet.Subscribe{ID: 1, Subscriptions: []packet.Subscription{{Filter: []byte(topic.ResponseFilter)}}}
	for range n {
		p.Subscriptions = append(p.Subscriptions, packet.Subscription{Filter: []byte("x")})
	}
	return encode(&p)
}

// write sends, and then again and again, until ctx ends or the server has had enough. It
// reads nothing.
func write(ctx context.Context, conn net.Conn, once, again string) error {
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Now()) })()
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

// linger waits until ctx ends or the server closes.
func linger(ctx context.Context, conn net.Conn) error {
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Now()) })()
	for b := make([]byte, 1); ; time.Sleep(100 * time.Millisecond) {
		if _, err := conn.Read(b); err != nil {
			return err
		}
	}
}

// hold sends bytes without TLS and stays.
func hold(bytes string) attack {
	return func(ctx context.Context, c *child, _ string) error {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.TLS)
		if err != nil {
			return err
		}
		defer conn.Close()
		return errors.Join(write(ctx, conn, bytes, ""), linger(ctx, conn))
	}
}

// tricky connects with TLS, does something and stays.
func tricky(f func(ctx context.Context, conn net.Conn, id string) error) attack {
	return func(ctx context.Context, c *child, id string) error {
		conn, err := transport.DialTLS(ctx, c.TLS, c.client)
		if err != nil {
			return err
		}
		defer conn.(*tls.Conn).NetConn().Close()
		return errors.Join(f(ctx, conn, id), linger(ctx, conn))
	}
}

func overTLS(once, again string) attack {
	return tricky(func(ctx context.Context, conn net.Conn, _ string) error { return write(ctx, conn, once, again) })
}

// registered is CONNECT and SUBSCRIBE, and more.
func registered(once, again string) attack {
	return tricky(func(ctx context.Context, conn net.Conn, id string) error {
		return write(ctx, conn, connect(id)+subscribe(0)+once, again)
	})
}

// web is HTTP on the port of WebSocket.
func web(once, again string) attack {
	return func(ctx context.Context, c *child, _ string) error {
		conn, err := transport.DialTLS(ctx, c.Web, c.client)
		if err != nil {
			return err
		}
		defer conn.(*tls.Conn).NetConn().Close()
		return errors.Join(write(ctx, conn, once, again), linger(ctx, conn))
	}
}

// webSocket is a WebSocket with a CONNECT, and frames made by hand behind it.
func webSocket(once, again string) attack {
	return func(ctx context.Context, c *child, id string) error {
		request := "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
			"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n"
		in := connect(id)
		frame := "\x82\xfe" + string(binary.BigEndian.AppendUint16(nil, uint16(len(in)))) + "\x00\x00\x00\x00" + in
		return web(request+frame+once, again)(ctx, c, id)
	}
}

// fields are header fields that differ from one another.
func fields() string {
	var s strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&s, "%03x:\r\n", i)
	}
	return s.String()
}
