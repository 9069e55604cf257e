package packet_test

import (
	"errors"
	"fmt"

	"example.com/dps/packet"
)

func Example() {
	b, err := (&packet.Connect{CleanSession: true, KeepAlive: 60, ClientID: []byte("device-1")}).AppendBinary(nil)
	if err == nil {
		b, err = (&packet.Pingreq{}).AppendBinary(b) // after the CONNECT
	}
	for err == nil && len(b) > 0 {
		var f packet.Frame
		if f, b, err = packet.Cut(b, 0); err != nil {
			break
		}
		var p packet.Packet
		if p, err = packet.Decode(f); err == nil {
			fmt.Println(p)
		}
	}
	fmt.Println(err)
	// Output:
	// CONNECT client="device-1" clean=true keepalive=60s
	// PINGREQ
	// <nil>
}

func ExamplePublish_AppendBinary() {
	p := packet.Publish{Topic: []byte("a/b"), QoS: packet.QoS1, ID: 10, Payload: []byte("x")}
	b, err := p.AppendBinary(nil)
	fmt.Printf("% x %v\n", b, err)

	p.ID = 0 // the encoder rejects whatever the decoder would reject
	b, err = p.AppendBinary(b)
	fmt.Printf("% x %v\n", b, err)
	// Output:
	// 32 08 00 03 61 2f 62 00 0a 78 <nil>
	// 32 08 00 03 61 2f 62 00 0a 78 packet: invalid PUBLISH: packet identifier is 0 but QoS is 1 [MQTT-2.3.1-1]
}

// This example sends a payload without copying it, with one vectored write.
func ExamplePublish_AppendHeader() {
	p := packet.Publish{Topic: []byte("image"), Payload: make([]byte, 100_000)}
	header, err := p.AppendHeader(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	buffers := [][]byte{header, p.Payload} // a net.Buffers, whose WriteTo sends both
	fmt.Printf("% x\n", buffers[0])
	fmt.Println(len(buffers[1]), &buffers[1][0] == &p.Payload[0])
	// Output:
	// 30 a7 8d 06 00 05 69 6d 61 67 65
	// 100000 true
}

// This example reuses a struct, so that decoding does not allocate.
func ExamplePublish_Decode() {
	stream := []byte("\x30\x05\x00\x01ahi\x30\x06\x00\x01byou")
	var p packet.Publish
	for len(stream) > 0 {
		f, rest, err := packet.Cut(stream, 0)
		if err == nil {
			err = p.Decode(f)
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s: %s\n", p.Topic, p.Payload)
		stream = rest
	}
	// Output:
	// a: hi
	// b: you
}

func ExampleSplitter() {
	reads := []string{"\x20", "\x02\x00\x00\x30\x05\x00", "\x01ahi\xd0\x00", "\x30\x7f"}
	var s packet.Splitter
	for _, read := range reads {
		s.Feed([]byte(read))
		for {
			f, err := s.Next()
			if err == packet.ErrShort {
				break // read more
			}
			if err != nil {
				fmt.Println(err) // permanent: close the connection
				return
			}
			fmt.Println(f.Type, len(f.Body))
		}
	}
	// The stream ends here. Buffered reports whether it ended within a packet.
	fmt.Println(s.Buffered(), "bytes of an incomplete packet")
	// Output:
	// CONNACK 2
	// PUBLISH 5
	// PINGRESP 0
	// 2 bytes of an incomplete packet
}

// A decoded packet borrows the buffer. A clone remains valid when the buffer is
// reused.
func ExamplePublish_Clone() {
	buffer := []byte("\x30\x05\x00\x01ahi")
	f, _, err := packet.Cut(buffer, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	var p packet.Publish
	if err := p.Decode(f); err != nil {
		fmt.Println(err)
		return
	}
	kept := p.Clone()
	copy(buffer, "\x30\x05\x00\x01bno")
	fmt.Printf("borrowed %s %s, kept %s %s\n", p.Topic, p.Payload, kept.Topic, kept.Payload)
	// Output: borrowed b no, kept a hi
}

func ExampleSyntaxError() {
	f, _, err := packet.Cut([]byte("\x30\x07\x00\x04a/\x00bx"), 0)
	if err == nil {
		_, err = packet.Decode(f)
	}
	var e *packet.SyntaxError
	if errors.As(err, &e) {
		fmt.Println(e.Type, e.Offset, e.Rule)
		fmt.Println("the peer is at fault:", errors.Is(err, packet.ErrMalformed))
	}
	fmt.Println(err)
	// Output:
	// PUBLISH 6 MQTT-1.5.3-2
	// the peer is at fault: true
	// packet: malformed PUBLISH at byte 6: topic name contains U+0000 [MQTT-1.5.3-2]
}

// A server answers a client that uses another version of MQTT, instead of just
// closing the connection.
func ExampleConnect_Decode() {
	f, _, err := packet.Cut([]byte("\x10\x0e\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x01a"), 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	var p packet.Connect
	if err = p.Decode(f); errors.Is(err, packet.ErrProtocolLevel) {
		answer, _ := (&packet.Connack{ReturnCode: packet.UnacceptableProtocolVersion}).AppendBinary(nil)
		fmt.Printf("level %d: % x\n", p.ProtocolLevel, answer)
	}
	// Output: level 5: 20 02 00 01
}

// A fixed header contains the type and the length of the packet.
func ExampleParseHeader() {
	h, n, err := packet.ParseHeader([]byte{0x32, 0xc1, 0x02})
	fmt.Println(h.Type, h.Length, n, err)
	_, _, err = packet.ParseHeader([]byte{0x32, 0xc1})
	fmt.Println(err)
	_, _, err = packet.ParseHeader([]byte{0xc0, 0x01})
	fmt.Println(err)
	// Output:
	// PUBLISH 321 3 <nil>
	// packet: incomplete, more bytes are needed
	// packet: malformed PINGREQ at byte 1: Remaining Length is 1, expected 0 [section 2.4]
}
