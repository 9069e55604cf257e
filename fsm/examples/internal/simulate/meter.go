package simulate

import (
	"sync"
	"time"

	"example.com/dps/packet"
)

// How much of the server's time its clients may take. What a client sends is counted in
// bytes, and each piece of them, each packet or frame, and each piece of output with some
// more, which stand for the work. A registration takes some 10,000.
//
// Each connection may have burst at once, and then its share of totalRate, whatever the
// others do. Above that it is read later: TCP makes the client wait.
const (
	perPacket = 512
	perRead   = 64
	burst     = 16 << 10
	totalRate = 2 << 20 // a second
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

// packets finds the borders between packets in a stream of bytes.
type packets struct {
	head    []byte // of a fixed header that has not come whole
	missing int    // of the packet
	held    int    // bytes that came of it
	kind    packet.Type
}

// scan looks at what came, and returns how many packets ended in it, and whether a CONNECT did.
func (f *packets) scan(p []byte) (ended int, connect bool) {
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
				return ended, connect // the service closes the connection
			}
			f.head, f.kind, f.missing, f.held = f.head[:0], h.Type, h.Length, n
		}
		if f.missing == 0 {
			ended, connect, f.held = ended+1, connect || f.kind == packet.CONNECT, 0
		}
	}
	return ended, connect
}

// frames counts the frames of WebSocket in a stream of bytes.
type frames struct {
	head []byte // of a frame, as far as it has come
	skip uint64 // bytes that the last frame has yet
}

// scan looks at what came, and returns how many frames began in it. It does not mind frames
// that are not allowed: they end the connection.
func (f *frames) scan(p []byte) (begun int) {
	for len(p) > 0 {
		if n := min(f.skip, uint64(len(p))); n > 0 {
			p, f.skip = p[n:], f.skip-n
			continue
		}
		f.head = append(f.head, p[0])
		p = p[1:]
		if len(f.head) < 2 {
			continue
		}
		length, size := uint64(f.head[1]&0x7f), 0 // and the bytes that have it instead
		switch length {
		case 126:
			size = 2
		case 127:
			size = 8
		}
		mask := int(f.head[1]>>7) * 4
		if len(f.head) < 2+size+mask {
			continue
		}
		if size > 0 {
			length = 0
			for _, b := range f.head[2 : 2+size] {
				length = length<<8 | uint64(b)
			}
		}
		f.head, f.skip, begun = f.head[:0], length, begun+1
	}
	return begun
}
