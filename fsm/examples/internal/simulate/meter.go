package simulate

import (
	"sync"
	"time"

	"example.com/dps/packet"
)

// How much of the server's time its clients may take. What a client sends is counted in
// bytes, and each packet or piece of output with some more, which stand for its work. A
// registration takes some 10,000.
//
// Each connection may have burst at once, and then its share of totalRate, whatever the
// others do. Above that it is read later: TCP makes the client wait.
const (
	perPacket = 512
	burst     = 24 << 10
	totalRate = 4 << 20 // a second
	maxWait   = time.Second

	// floods is from when on a client is told: no registration takes so much.
	floods = 1 << 20
)

// A meter counts what a client has used.
type meter struct {
	mu    sync.Mutex
	used  float64 // and not made up for
	at    time.Time
	total int
	told  bool
}

// charge counts n more.
func (m *meter) charge(now time.Time, n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.used += float64(n)
	m.total += n
}

// wait returns how long the client has to wait if it may use rate a second. It is never
// so long that the other end of the connection is forgotten.
func (m *meter) wait(now time.Time, rate float64) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.used = max(0, m.used-rate*now.Sub(m.at).Seconds())
	m.at = now
	return min(maxWait, time.Duration((m.used-burst)/rate*float64(time.Second)))
}

// flood returns, once, how much the client has used in all, if that is a flood.
func (m *meter) flood() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.told || m.total < floods {
		return 0
	}
	m.told = true
	return m.total
}

// frames finds the borders between packets in a stream of bytes.
type frames struct {
	head    []byte // of a fixed header that has not come whole
	missing int    // of the packet
	held    int    // bytes that came of it
	kind    packet.Type
}

// scan looks at what came, and returns how many packets ended in it, and whether a CONNECT did.
func (f *frames) scan(p []byte) (packets int, connect bool) {
	for len(p) > 0 {
		if f.missing > 0 {
			n := min(f.missing, len(p))
			p, f.missing, f.held = p[n:], f.missing-n, f.held+n
		} else {
			f.head = append(f.head, p[0])
			p = p[1:]
			h, n, err := packet.ParseHeader(f.head)
			if err == packet.ErrShort {
				continue
			}
			if err != nil {
				return packets, connect // the service closes the connection
			}
			f.head, f.kind, f.missing, f.held = f.head[:0], h.Type, h.Length, n
		}
		if f.missing == 0 {
			packets, connect, f.held = packets+1, connect || f.kind == packet.CONNECT, 0
		}
	}
	return packets, connect
}
