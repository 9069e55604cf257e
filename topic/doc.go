// Package topic builds and parses the MQTT topic names of the Azure IoT Hub
// Device Provisioning Service (DPS), for both sides: a device writes a
// [Request] and reads a [Response]; a service reads a Request and writes a
// Response.
//
// The grammar has two peculiarities, the slash before the question mark and the
// dollar sign in the key $rid:
//
//	request    = "$dps/registrations/" verb "/" operation "/?" properties
//	response   = "$dps/registrations/res/" status "/?" properties
//	properties = [ property *( "&" property ) ]
//	property   = key [ "=" value ]
//
// The templates are those of the service's documentation ("Communicate with DPS
// using the MQTT protocol"). Where the documentation is silent, the package
// follows the observed behavior of the service and its published SDKs: it is
// strict when it writes and lenient when it reads.
//
// # Writing
//
// The AppendText methods write $rid first and percent-encode identifiers: every
// byte outside the unreserved set of RFC 3986, section 2.3, becomes %XX with
// upper-case hex digits, and a space never becomes '+'. If a struct cannot be
// written, AppendText returns an error that wraps [ErrInvalid], and the
// caller's slice unchanged. The same holds if the topic name would be longer
// than 65,535 bytes, the limit for a string in MQTT. Appending to a slice with
// enough capacity does not allocate.
//
// Parsing a topic name that was written returns the same fields, with three
// exceptions: an Op that differs from Register or QueryStatus only in ASCII
// case is returned as that constant, an empty Extra is returned as nil, and
// Repeated, which is not written, is returned as false.
//
// # Reading
//
// The prefix must match exactly. Properties may be in any order, and empty ones
// are skipped. Keys are compared without decoding them and without regard to
// ASCII case. In a value, %XX is decoded, with hex digits in either case, and
// '+' is a plus sign. If the $rid of a response contains an invalid escape, it
// is returned undecoded: it is a response to some other client's request, and
// its topic is not at fault. An unknown property is not an error; it is stored
// in Extra. If a property is present more than once, the first one counts. The
// package does not check what any MQTT decoder already checks: that a topic
// name is UTF-8 of at most 65,535 bytes without U+0000 or wildcards.
//
// A slice in a parsed struct borrows the topic if the text can be used without
// change; its capacity is limited to its length. Otherwise the slice is newly
// allocated: this is the case for an identifier that contains an escape, and
// for an Extra whose properties are not adjacent. Callers that keep a borrowed
// slice longer than the topic must copy it. Parsing a topic that requires no
// new slice does not allocate, except for an [Op] that this package has no
// constant for. A new slice has no more bytes than the topic, and parsing takes
// time linear in the length of the topic.
//
// In every slice, nil means absent, and empty means present and empty.
package topic
