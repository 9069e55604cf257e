package simulate

import (
	"sync"
	"time"

	"example.com/dps/packet"
)

// These constants bound how much of the server's time its clients may use. The
// server counts the bytes that a client sends, and adds some for each read, for
// each packet or frame, and for each write, to account for the work. A
// registration uses about 10,000.
//
// Each connection may use burst immediately, and after that its share of
// totalRate, whatever the other connections do. Beyond that, its data is read
// later, so that TCP makes the client wait.
const (
	perPacket = 512
	perRead   = 64
	burst     = 16 << 10
	totalRate = 2 << 20 // per second
	maxWait   = time.Second

	// floods is the use from which a client is diagnosed: no registration uses
	// that much.
	floods = 1 << 20
)

// A meter counts what a client has used.
type meter struct {
	mu    sync.Mutex
	used  float64 // and not yet paid off by waiting
	at    time.Time
	total int
	told  bool
}

// charge adds n to the use.
func (m *meter) charge(now time.Time, n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.used += float64(n)
	m.total += n
}

// wait returns how long the client has to wait if it may use rate per second.
// It is at most maxWait, so that the connection is still checked regularly.
func (m *meter) wait(now time.Time, rate float64) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.used = max(0, m.used-rate*now.Sub(m.at).Seconds())
	m.at = now
	return min(maxWait, time.Duration((m.used-burst)/rate*float64(time.Second)))
}

// flood returns the total use of the client if that is a flood, but only once.
func (m *meter) flood() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.told || m.total < floods {
		return 0
	}
	m.told = true
	return m.total
}

// packets finds the boundaries between packets in a stream of bytes.
type packets struct {
	head    []byte // of an incomplete fixed header
	missing int    // bytes of the packet that have not been received
	held    int    // bytes of the packet that have been received
	kind    packet.Type
}

// scan processes received bytes. It returns how many packets ended in them, and
// reports whether one of these was a CONNECT.
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
	head []byte // the part of a frame header received so far
	skip uint64 // remaining bytes of the last frame
}

// scan processes received bytes and returns how many frames began in them. It
// ignores protocol violations, which end the connection elsewhere.
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
		length, size := uint64(f.head[1]&0x7f), 0 // size is that of the extended length
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
