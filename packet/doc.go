// Package packet encodes and decodes the 14 control packets of MQTT 3.1.1, in
// both directions, from whole buffers and from streams. It does no I/O.
//
// # Encoding
//
// Every packet type is a struct whose AppendBinary method appends the encoded
// packet to a slice that the caller owns:
//
//	p := packet.Publish{Topic: []byte("a/b"), QoS: packet.QoS1, ID: 10, Payload: []byte("x")}
//	b, err := p.AppendBinary(nil)
//
// The encoder rejects whatever the decoder would reject, before it writes a
// single byte. If it returns an error, it also returns the slice unchanged.
//
// # Decoding
//
// Decoding takes two steps. First a stream of bytes is cut into frames, each of
// which is exactly one packet; then each frame is decoded into a struct. If you
// have the whole buffer, use [Cut]. If the stream arrives in pieces, use a
// [Splitter], which accepts pieces of any size:
//
//	var s packet.Splitter
//	s.Feed(p) // the bytes just read
//	for {
//		f, err := s.Next()
//		if err == packet.ErrShort {
//			break // all complete packets have been returned; read more
//		}
//		if err != nil {
//			return err // permanent: close the connection
//		}
//		switch f.Type {
//		case packet.PUBLISH:
//			var m packet.Publish
//			err = m.Decode(f)
//		…
//	}
//
// Decoding copies nothing: the byte slices of a decoded packet borrow the
// frame's body. They remain valid as long as the bytes they were decoded from;
// use Clone to keep a packet longer. Decoding into a reused struct does not
// allocate, unless the packet has more topic filters than any packet before it,
// or it has a will and the previous packet had none.
//
// # Present and absent
//
// In an optional field, nil means absent, and an empty slice that is not nil
// means present and empty: MQTT distinguishes the two.
//
// # Strictness
//
// The package enforces, in both directions, every statement of the standard
// that a codec can check. Where the standard leaves a question open, the
// package decides as follows:
//
//   - A Remaining Length encoded in more bytes than necessary is malformed.
//   - Packet identifier 0 is malformed in acknowledgments too.
//   - Control characters and noncharacters are accepted; U+0000 never is.
//   - A CONNACK return code above 5 is malformed.
//
// Two kinds of faulty CONNECT packets are not malformed, since a server must
// answer them. A CONNECT with an unknown protocol level is decoded as far as it
// can be understood, with [ErrProtocolLevel]; the server answers with a CONNACK
// that carries [UnacceptableProtocolVersion]. A CONNECT with an empty client
// identifier and CleanSession 0 is decoded without an error; the server answers
// with [IdentifierRejected]. The encoder rejects both.
//
// # Memory
//
// A packet larger than the limit ([DefaultLimit] unless another is set) is
// rejected as soon as its fixed header has been read. A Splitter stores the
// beginning of a split packet in a buffer of at most twice the number of bytes
// received of that packet, or 1 KiB, whichever is larger, no matter what length
// the header announces. It reuses that buffer for the next split packet. When
// Next finds no further bytes between two packets, the Splitter retains at most
// 1 KiB. Decoding a list of topic filters allocates at most 16 bytes for each
// byte of the packet, and a reused struct retains the longest list.
//
// # Errors
//
// [ErrShort] means that the input is valid so far but incomplete; it is never
// wrapped. Every other error is a [*SyntaxError], which reports the offset of
// the fault and the numbered statement of the standard that is violated. It
// wraps [ErrMalformed] or [ErrTooLarge] if the peer is at fault, [ErrInvalid]
// if the caller is, and [ErrProtocolLevel] for a CONNECT of another version of
// MQTT. On ErrMalformed and ErrTooLarge, the receiver must close the connection
// (MQTT-4.8.0-1).
package packet
