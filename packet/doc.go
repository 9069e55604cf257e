// Package packet encodes and decodes the 14 control packets of MQTT 3.1.1, in
// both directions, from whole buffers and from streams. It does no I/O.
//
// # Encoding
//
// Every packet type is a struct whose AppendBinary appends the encoded packet to
// a slice that the caller owns:
//
//	p := packet.Publish{Topic: []byte("a/b"), QoS: packet.QoS1, ID: 10, Payload: []byte("x")}
//	b, err := p.AppendBinary(nil)
//
// The encoder refuses what the decoder would refuse, before it writes one byte:
// on error the slice comes back as it was.
//
// # Decoding
//
// A stream of bytes is first cut into frames, each exactly one packet, and a
// frame is then decoded into a struct. Who owns a buffer uses [Cut]; who gets
// the stream in pieces uses a [Splitter], which takes any pieces:
//
//	var s packet.Splitter
//	s.Feed(p) // whatever has just been read
//	for {
//		f, err := s.Next()
//		if err == packet.ErrShort {
//			break // all there was; read on
//		}
//		if err != nil {
//			return err // for ever: close the connection
//		}
//		switch f.Type {
//		case packet.PUBLISH:
//			var m packet.Publish
//			err = m.Decode(f)
//		…
//	}
//
// Decoding copies nothing: byte slices of a decoded packet borrow the frame's body.
// They are valid as long as the bytes they were decoded from; Clone keeps a packet
// longer. Decoding into a struct that is used again allocates nothing, unless the
// packet has more topic filters than any before, or a will and the one before had none.
//
// # Present and absent
//
// In an optional field nil means absent, and an empty slice that is not nil means
// present and empty: MQTT tells the two apart.
//
// # Strictness
//
// Every statement of the standard that a codec can see is enforced in both
// directions. What the standard leaves open is decided so:
//
//   - A Remaining Length in more bytes than needed is malformed.
//   - Packet identifier 0 is malformed in an acknowledgement too.
//   - Control characters and noncharacters pass; U+0000 never does.
//   - A CONNACK return code above 5 is malformed.
//
// Two faulty CONNECT packets are well-formed, since a server owes an answer to
// both. An unknown protocol level decodes as far as it can be read, with
// [ErrProtocolLevel]; the answer is CONNACK with [UnacceptableProtocolVersion]. An
// empty client identifier with CleanSession 0 decodes without an error; the answer
// is [IdentifierRejected]. The encoder refuses both.
//
// # Memory
//
// A packet larger than a limit ([DefaultLimit] unless another is set) is refused
// on the sight of its fixed header. A Splitter keeps the beginning of a packet that was
// split in a buffer of at most twice the bytes that have come of it, or 1 KiB, whatever
// length the header announces. It uses that buffer again for the next packet that is
// split. When Next finds nothing more between two packets, at most 1 KiB is kept.
// Decoding a list of topic filters allocates at most 16 bytes for each byte of its packet,
// and a struct that is used again keeps the longest list.
//
// # Errors
//
// [ErrShort] means that nothing is wrong yet, and is never wrapped. Every other
// error is a [*SyntaxError], which says where, and by which numbered statement of
// the standard. It wraps [ErrMalformed] or [ErrTooLarge] if the peer is to blame and
// [ErrInvalid] if the caller is. A receiver of either of the first two closes the
// connection (MQTT-4.8.0-1).
package packet
