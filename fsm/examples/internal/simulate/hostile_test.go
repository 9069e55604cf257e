package simulate_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"example.com/dps/fsm/examples/internal/transport"
)

// The environment variable loadEnv sets the number of connections of
// TestHostileClients. Each attack then lasts ten seconds, and the test checks
// how long a well-behaved client waits.
const loadEnv = "DPS_SIMULATE_LOAD"

// The limits that the server guarantees regardless of what its clients do.
const (
	maxMemory = 256 // MiB
	maxWait   = 2 * time.Second
)

// Regardless of what a thousand hostile clients do, the server's memory stays
// within its limit, and a well-behaved client is served over either transport.
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
	c := startServer(t)
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			_, _, before := c.usage(t)
			start := time.Now()
			stop := c.attack(t, a.name, conns)
			var worst, spent time.Duration // spent is the processor time of the server during the longest wait
			n := 0
			for time.Since(start) < long {
				_, _, cpu := c.usage(t)
				begin := time.Now()
				if err := good(c.target(), n%2 == 1, fmt.Sprint("good-", n)); err != nil {
					stop()
					t.Fatalf("a well-behaved client failed after %v: %v", time.Since(begin), err)
				}
				if wait := time.Since(begin); wait > worst {
					_, _, later := c.usage(t)
					worst, spent = wait, later-cpu
				}
				n++
				time.Sleep(50 * time.Millisecond)
			}
			peak, now, cpu := c.usage(t)
			share := 100 * (cpu - before).Seconds() / time.Since(start).Seconds()
			stop()
			t.Logf("memory: %.0f MiB, peak so far: %.0f MiB; longest wait of a well-behaved client: %v in %d registrations, with %v of processor time of the server; processor use: %.0f %%",
				now, peak, worst.Round(time.Millisecond), n, spent, share)
			if peak > maxMemory {
				t.Errorf("want at most %d MiB of memory, got %.0f", maxMemory, peak)
			}
			if load != "" && worst > maxWait {
				t.Errorf("want a well-behaved client to wait at most %v, got %v", maxWait, worst)
			}
		})
	}
}

// good registers a device without mistakes.
func good(c *target, websocket bool, id string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var conn transport.Conn
	var err error
	if websocket {
		conn, err = transport.DialWebSocket(ctx, c.web, transport.Path, c.client)
	} else {
		conn, err = transport.DialTLS(ctx, c.tls, c.client)
	}
	if err != nil {
		return err
	}
	defer conn.Close()
	return register(conn, connect(id)+subscribe(0)+string(publishOf(0)))
}
