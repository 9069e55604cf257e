// Package topic builds and parses the MQTT topic names of the Azure IoT Hub Device
// Provisioning Service (DPS), for both sides: a device writes a [Request] and reads a
// [Response], a service the other way round.
//
// The grammar, with its two oddities, the slash before the question mark and the dollar
// sign in the key $rid:
//
//	request    = "$dps/registrations/" verb "/" operation "/?" properties
//	response   = "$dps/registrations/res/" status "/?" properties
//	properties = [ property *( "&" property ) ]
//	property   = key [ "=" value ]
//
// The templates are those of the service's documentation ("Communicate with DPS using the
// MQTT protocol"); where it is silent, the package follows what the service and its
// published SDKs are seen to do, strict when it writes and lenient when it reads.
//
// # Writing
//
// The AppendText methods put $rid first and percent-encode identifiers: every byte outside
// of the unreserved set of RFC 3986, section 2.3, becomes %XX in upper-case hex, and a
// space is never '+'. A struct that cannot be written is refused as a whole with
// [ErrInvalid], and the caller's slice comes back unchanged; so is one whose topic name
// would be longer than the 65,535 bytes of a string in MQTT. Building into a slice with
// enough capacity does not allocate.
//
// What was written parses to the same fields again, with three exceptions: an Op that
// differs from Register or QueryStatus in ASCII case alone comes back as that constant, an
// empty Extra comes back as nil, and Repeated, which is not written, comes back unset.
//
// # Reading
//
// The prefix is compared exactly. Properties may stand in any order, and empty ones are
// skipped. Keys are compared as they stand, not decoded, and without regard to ASCII case.
// In a value, %XX is decoded in both hex cases and '+' is a plus sign. A $rid of a response
// with a broken escape is taken as it stands: it is a response to somebody else's request,
// and no fault of its topic. An unknown property is not an error; it is kept in Extra. Of a property that came more than once the first
// counts. Not checked here is what any MQTT decoder checks already: that a topic name is
// UTF-8 of at most 65,535 bytes without U+0000 and wildcards.
//
// A parsed slice borrows the topic, its capacity limited to its length, if that text can be
// used as it stands. Otherwise it is a fresh one: an identifier that holds an escape, and
// an Extra whose properties do not stand side by side. Who keeps a borrowed slice longer
// than the topic must copy it. Parsing a topic that calls for no fresh slice does not
// allocate, but for the [Op] this package has no name for. A fresh slice holds no more
// bytes than the topic has, and the time taken is linear in its length.
//
// In every slice, nil means absent, and empty means present and empty.
package topic
