package peers

import (
	"bytes"
	"testing"
)

// BenchmarkPeers has rows with names such as Decode/PUBLISH-128/ours.
func BenchmarkPeers(b *testing.B) {
	b.Run("Encode", func(b *testing.B) {
		for _, f := range fixtures() {
			b.Run(f.name, func(b *testing.B) { raceEncode(b, f) })
		}
	})
	b.Run("Decode", func(b *testing.B) {
		for _, f := range fixtures() {
			b.Run(f.name, func(b *testing.B) { raceDecode(b, mustAppend(nil, f)) })
		}
	})
	const packets = 1000
	stream := fixtureStream(packets)
	b.Run("Stream", func(b *testing.B) {
		b.Run("whole", func(b *testing.B) { raceStream(b, stream, len(stream), packets) })
		b.Run("segments1460", func(b *testing.B) { raceStream(b, stream, 1460, packets) })
		b.Run("bytes1", func(b *testing.B) { raceStream(b, stream, 1, packets) })
	})
}

func raceEncode(b *testing.B, f fixture) {
	for _, r := range racers() {
		if r.encoder == nil {
			continue
		}
		b.Run(r.name, func(b *testing.B) {
			encode := r.encoder(f.Packet)
			if got, want := encode(), mustAppend(nil, f); !bytes.Equal(got, want) {
				b.Fatalf("want %.80x, got %.80x", want, got)
			}
			b.ReportAllocs()
			for b.Loop() {
				encode()
			}
		})
	}
}

func raceDecode(b *testing.B, wire []byte) {
	for _, r := range racers() {
		b.Run(r.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !r.decode(wire) {
					b.Fatal("refused")
				}
			}
		})
	}
}

func raceStream(b *testing.B, stream []byte, size, packets int) {
	for _, r := range racers() {
		b.Run(r.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(stream)))
			for b.Loop() {
				if n := r.stream(stream, size); n != packets {
					b.Fatalf("want %d packets, got %d", packets, n)
				}
			}
		})
	}
}
