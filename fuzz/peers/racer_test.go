package peers

import (
	"bufio"
	"bytes"
	"io"

	"example.com/dps/packet"
	paho "github.com/eclipse/paho.mqtt.golang/packets"
	mochi "github.com/mochi-mqtt/server/v2/packets"
)

// A racer is a codec used as fast as its API allows: everything that can be
// made once or reused is. The bytes that the racers write are compared before
// they run.
type racer struct {
	name    string
	encoder func(packet.Packet) func() []byte // returns a function that encodes the packet
	decode  func([]byte) bool                 // decodes exactly one packet
	stream  func(in []byte, size int) int     // decodes in pieces of size bytes and returns the number of packets
}

func racers() []racer {
	var ours oursRacer
	var theirs mochiRacer
	unchecked := mochiRacer{unchecked: true}
	return []racer{
		{"ours", ours.encoder, ours.decode, ours.stream},
		{"paho", pahoEncoder, new(pahoRacer).decode, pahoStream},
		{"mochi", mochiEncoder, theirs.decode, theirs.stream},
		{"mochi-unchecked", nil, unchecked.decode, unchecked.stream}, // without its Validate
	}
}

// oursRacer decodes into one struct per type.
type oursRacer struct {
	connect     packet.Connect
	connack     packet.Connack
	publish     packet.Publish
	puback      packet.Puback
	pubrec      packet.Pubrec
	pubrel      packet.Pubrel
	pubcomp     packet.Pubcomp
	subscribe   packet.Subscribe
	suback      packet.Suback
	unsubscribe packet.Unsubscribe
	unsuback    packet.Unsuback
	in          packet.Splitter
}

func (*oursRacer) encoder(p packet.Packet) func() []byte {
	buf := mustAppend(nil, p)
	return func() []byte {
		buf, _ = p.AppendBinary(buf[:0])
		return buf
	}
}

func (r *oursRacer) take(f packet.Frame) error {
	switch f.Type {
	case packet.CONNECT:
		return r.connect.Decode(f)
	case packet.CONNACK:
		return r.connack.Decode(f)
	case packet.PUBLISH:
		return r.publish.Decode(f)
	case packet.PUBACK:
		return r.puback.Decode(f)
	case packet.PUBREC:
		return r.pubrec.Decode(f)
	case packet.PUBREL:
		return r.pubrel.Decode(f)
	case packet.PUBCOMP:
		return r.pubcomp.Decode(f)
	case packet.SUBSCRIBE:
		return r.subscribe.Decode(f)
	case packet.SUBACK:
		return r.suback.Decode(f)
	case packet.UNSUBSCRIBE:
		return r.unsubscribe.Decode(f)
	case packet.UNSUBACK:
		return r.unsuback.Decode(f)
	case packet.PINGREQ:
		return new(packet.Pingreq).Decode(f)
	case packet.PINGRESP:
		return new(packet.Pingresp).Decode(f)
	}
	return new(packet.Disconnect).Decode(f)
}

func (r *oursRacer) decode(b []byte) bool {
	f, rest, err := packet.Cut(b, 0)
	return err == nil && len(rest) == 0 && r.take(f) == nil
}

func (r *oursRacer) stream(in []byte, size int) (n int) {
	for len(in) > 0 {
		piece := min(size, len(in))
		r.in.Feed(in[:piece])
		in = in[piece:]
		for {
			f, err := r.in.Next()
			if err != nil || r.take(f) != nil {
				break
			}
			n++
		}
	}
	return n
}

// pieces is a reader that returns at most size bytes at a time. A read costs no
// more than a copy.
type pieces struct {
	in   []byte
	size int
}

func (r *pieces) Read(p []byte) (int, error) {
	if len(r.in) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.in[:min(r.size, len(r.in))])
	r.in = r.in[n:]
	return n, nil
}

type pahoRacer struct{ r bytes.Reader }

func pahoEncoder(p packet.Packet) func() []byte {
	var buf bytes.Buffer
	cp := toPaho(p)
	return func() []byte {
		buf.Reset()
		cp.Write(&buf)
		return buf.Bytes()
	}
}

func (d *pahoRacer) decode(b []byte) bool {
	d.r.Reset(b)
	_, err := paho.ReadPacket(&d.r)
	return err == nil && d.r.Len() == 0
}

func pahoStream(in []byte, size int) (n int) {
	r := &pieces{in, size}
	for {
		if _, err := paho.ReadPacket(r); err != nil {
			return n
		}
		n++
	}
}

// mochiRacer decodes in place into one Packet. It resets only the fields that
// decoding does not set.
type mochiRacer struct {
	pk        mochi.Packet
	r         bytes.Reader
	body      []byte
	in        *bufio.Reader
	unchecked bool
}

func mochiEncoder(p packet.Packet) func() []byte {
	var buf bytes.Buffer
	pk := toMochi(p)
	return func() []byte {
		buf.Reset()
		mochiEncode(&pk, &buf)
		return buf.Bytes()
	}
}

func (d *mochiRacer) header(first byte, r io.ByteReader) bool {
	d.pk.FixedHeader, d.pk.ProtocolVersion, d.pk.PacketID = mochi.FixedHeader{}, 4, 0
	if d.pk.FixedHeader.Decode(first) != nil {
		return false
	}
	if c := &d.pk.Connect; d.pk.FixedHeader.Type == mochi.Connect {
		c.WillTopic, c.WillPayload, c.Username, c.Password = "", nil, nil, nil
	}
	var err error
	d.pk.FixedHeader.Remaining, _, err = mochi.DecodeLength(r)
	return err == nil
}

func (d *mochiRacer) take(body []byte) bool {
	if d.unchecked {
		return mochiBody(&d.pk, body) == nil
	}
	return mochiDecode(&d.pk, body) == nil
}

func (d *mochiRacer) decode(b []byte) bool {
	d.r.Reset(b[1:])
	return d.header(b[0], &d.r) && d.pk.FixedHeader.Remaining == d.r.Len() && d.take(b[len(b)-d.r.Len():])
}

func (d *mochiRacer) stream(in []byte, size int) (n int) {
	if size >= len(in) {
		return d.whole(in)
	}
	if d.in == nil {
		d.in = bufio.NewReaderSize(nil, 2048) // as in its server
	}
	d.in.Reset(&pieces{in, size})
	for {
		first, err := d.in.ReadByte()
		if err != nil || !d.header(first, d.in) {
			return n
		}
		if need := d.pk.FixedHeader.Remaining; need > cap(d.body) {
			d.body = make([]byte, need)
		}
		body := d.body[:d.pk.FixedHeader.Remaining]
		if _, err := io.ReadFull(d.in, body); err != nil || !d.take(body) {
			return n
		}
		n++
	}
}

// whole decodes packets from a buffer. It uses a reader only for the length.
func (d *mochiRacer) whole(in []byte) (n int) {
	for len(in) > 0 {
		d.r.Reset(in[1:])
		if !d.header(in[0], &d.r) {
			return n
		}
		start := len(in) - d.r.Len()
		end := start + d.pk.FixedHeader.Remaining
		if end > len(in) || !d.take(in[start:end:end]) {
			return n
		}
		in = in[end:]
		n++
	}
	return n
}
