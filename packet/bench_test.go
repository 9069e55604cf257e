package packet_test

import (
	"bytes"
	"strconv"
	"testing"

	"example.com/dps/packet"
)

// Each row has a counterpart …/floor: code written by hand for that packet
// only, with the same checks (see floor_test.go). The decoding floors do not
// know the type of the packet in advance, since otherwise they would not
// measure Cut. Go 1.23 does not have b.Loop. The loops count up to b.N, since
// measurements show that "for range b.N" makes the code inside it slower.

func BenchmarkEncode(b *testing.B) {
	encodeRows(b, "CONNECT", fixtureConnect(), floorAppendConnect)
	encodeRows(b, "CONNACK", &packet.Connack{}, floorAppendConnack)
	encodeRows(b, "PUBLISH/0", fixturePublish(0), floorAppendPublish)
	encodeRows(b, "PUBLISH/128", fixturePublish(128), floorAppendPublish)
	encodeRows(b, "PUBLISH/4096", fixturePublish(4096), floorAppendPublish)
	encodeRows(b, "PUBLISH/65536", fixturePublish(65536), floorAppendPublish)
	encodeRows(b, "PUBACK", &packet.Puback{ID: 4660}, floorAppendPuback)
	encodeRows(b, "SUBSCRIBE/1", fixtureSubscribe(1), floorAppendSubscribe)
	encodeRows(b, "SUBSCRIBE/8", fixtureSubscribe(8), floorAppendSubscribe)
	encodeRows(b, "SUBACK/8", fixtureSuback(), floorAppendSuback)
	encodeRows(b, "PINGREQ", &packet.Pingreq{}, floorAppendPingreq)
}

func encodeRows[P packet.Packet](b *testing.B, name string, p P, floor func([]byte, P) ([]byte, bool)) {
	buf := mustAppend(nil, p)
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; i < b.N; i++ {
			buf, _ = p.AppendBinary(buf[:0])
		}
	})
	b.Run(name+"/floor", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; i < b.N; i++ {
			buf, _ = floor(buf[:0], p)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	decodeRows(b, "CONNECT", fixtureConnect(), floorDecodeConnect)
	decodeRows(b, "CONNACK", &packet.Connack{}, floorAny(floorDecodeConnack))
	decodeRows(b, "PUBLISH/0", fixturePublish(0), floorDecodePublish)
	decodeRows(b, "PUBLISH/128", fixturePublish(128), floorDecodePublish)
	decodeRows(b, "PUBLISH/4096", fixturePublish(4096), floorDecodePublish)
	decodeRows(b, "PUBLISH/65536", fixturePublish(65536), floorDecodePublish)
	decodeRows(b, "PUBACK", &packet.Puback{ID: 4660}, floorAny(floorDecodePuback))
	decodeRows(b, "SUBSCRIBE/1", fixtureSubscribe(1), floorDecodeSubscribe)
	decodeRows(b, "SUBSCRIBE/8", fixtureSubscribe(8), floorDecodeSubscribe)
	decodeRows(b, "SUBACK/8", fixtureSuback(), floorDecodeSuback)
	decodeRows(b, "PINGREQ", &packet.Pingreq{}, floorAny(floorDecodePingreq))
}

func decodeRows[P packet.Packet](b *testing.B, name string, p P, floor func(P, []byte) int) {
	wire := mustAppend(nil, p)
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; i < b.N; i++ {
			f, _, err := packet.Cut(wire, 0)
			if err != nil || p.Decode(f) != nil {
				b.Fatal("rejected")
			}
		}
	})
	b.Run(name+"/floor", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; i < b.N; i++ {
			if floor(p, wire) != len(wire) {
				b.Fatal("rejected")
			}
		}
	})
}

// The stream is a thousand packets, which arrive at once, in TCP segments, or
// byte by byte.
func BenchmarkStream(b *testing.B) {
	stream := fixtureStream(1000)
	for _, row := range []struct {
		name string
		size int
	}{{"whole", len(stream)}, {"segments1460", 1460}, {"bytes1", 1}} {
		b.Run(row.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(stream)))
			var s splitterFeeder
			for i := 0; i < b.N; i++ {
				feedAll(b, stream, row.size, s.feed)
			}
			if s.packets%1000 != 0 {
				b.Error("packets were lost")
			}
		})
		b.Run(row.name+"/floor", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(stream)))
			var s floorFeeder
			for i := 0; i < b.N; i++ {
				feedAll(b, stream, row.size, s.feed)
			}
			if s.packets%1000 != 0 {
				b.Error("packets were lost")
			}
		})
	}
}

// The cost of a packet or a byte does not depend on how many there are.
func BenchmarkFlat(b *testing.B) {
	wire := mustAppend(nil, fixturePublish(128))
	for _, n := range []int{1, 1000, 1_000_000} {
		b.Run("packets/"+strconv.Itoa(n), func(b *testing.B) {
			stream := bytes.Repeat(wire, min(n, 1000))
			var s splitterFeeder
			b.ResetTimer()
			for i := 0; i < b.N; i++ {
				for range n / min(n, 1000) {
					feedAll(b, stream, len(stream), s.feed)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(s.packets), "ns/packet")
		})
	}
	for _, n := range []int{100, 10_000, 1_000_000} {
		b.Run("bytes/"+strconv.Itoa(n), func(b *testing.B) {
			wire := mustAppend(nil, fixturePublish(n))
			s := splitterFeeder{Splitter: packet.Splitter{Limit: 2 << 20}}
			b.ResetTimer()
			for i := 0; i < b.N; i++ {
				feedAll(b, wire, 1, s.feed)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(s.packets*len(wire)), "ns/byte")
		})
	}
}

func feedAll(b *testing.B, stream []byte, size int, feed func([]byte) error) {
	for len(stream) > 0 {
		n := min(size, len(stream))
		if feed(stream[:n:n]) != packet.ErrShort {
			b.Fatal("rejected")
		}
		stream = stream[n:]
	}
}

// A splitterFeeder does the same as a floorFeeder, using a Splitter.
type splitterFeeder struct {
	structs
	packet.Splitter
	packets int
}

func (s *splitterFeeder) feed(b []byte) error {
	s.Feed(b)
	for {
		f, err := s.Next()
		if err != nil {
			return err
		}
		if err := s.decode(f); err != nil {
			return err
		}
		s.packets++
	}
}

func (s *structs) decode(f packet.Frame) error {
	switch f.Type {
	case packet.CONNECT:
		return s.connect.Decode(f)
	case packet.CONNACK:
		return s.connack.Decode(f)
	case packet.PUBLISH:
		return s.publish.Decode(f)
	case packet.PUBACK:
		return s.puback.Decode(f)
	case packet.SUBSCRIBE:
		return s.subscribe.Decode(f)
	case packet.SUBACK:
		return s.suback.Decode(f)
	case packet.PINGREQ:
		return s.pingreq.Decode(f)
	}
	return packet.ErrInvalid
}
