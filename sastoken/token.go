package sastoken

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// KeyName is the skn of a device's token. The service does not need it (some clients leave skn out, others leave it empty),
// but its documentation shows it.
const KeyName = "registration"

const (
	prefix      = "SharedAccessSignature "
	maxText     = 4096
	maxResource = 1024         // of sr as sent; that of the longest legal IDs, all escaped, has 595
	maxKeyName  = 256          // of skn decoded; with the others it keeps what AppendPassword writes far below maxText
	maxExpiry   = 253402300799 // the last second of the year 9999, the last that RFC 3339 can write
	sigLen      = 44           // base64 of 32 bytes
)

// Token is a SAS token: made by [Sign], [FromSignature] or [Parse], and never changed afterwards.
// The zero Token is invalid: [Token.AppendPassword] and [Token.Verify] say so.
type Token struct {
	resource   string // as sent
	keyName    string // decoded
	hasKeyName bool
	expiry     int64 // Unix time in seconds

	// The signature is inside a function, where reflection cannot see it: fmt calls no method of a token that stands in an
	// unexported field of somebody's struct, but prints all it finds, even through a pointer. It also forbids ==; see Equal.
	sig func() []byte

	fault error // why there is no sig
}

// Resource returns the sr of a device's token: "{idScope}/registrations/{registrationID}", percent-encoded once as RFC 3986 has it,
// with upper-case hex and with the case of the IDs kept. If either ID is empty so is the result, which no token can be made of.
func Resource(idScope, registrationID string) string {
	return resource(idScope, "%2Fregistrations%2F", registrationID)
}

// HubResource returns the sr of the token with which an assigned device connects to its
// IoT hub: "{hub}/devices/{deviceID}", encoded as in [Resource]. hub is the host name of
// the hub; it and the device ID are in the assignment. The key is the one with which the
// device registered, derived from a group key or not, and the token has no skn: sign it
// with an empty key name. If hub or deviceID is empty so is the result, which no token
// can be made of.
//
// The hub takes the token as the MQTT password, with the user name
// "{hub}/{deviceID}/?api-version=2021-04-12" and the device ID as client identifier,
// neither of them percent-encoded.
func HubResource(hub, deviceID string) string {
	return resource(hub, "%2Fdevices%2F", deviceID)
}

// resource returns the two names, percent-encoded, with the text between them.
func resource(first, between, second string) string {
	if first == "" || second == "" {
		return ""
	}
	var room [128]byte
	b := appendEscaped(room[:0], first)
	b = append(b, between...)
	return string(appendEscaped(b, second))
}

// AppendStringToSign appends to b the bytes that a token's signature is made of: the resource as it will be sent, a line feed,
// and the expiry as Unix time in seconds, fractions dropped. It is for keys that cannot leave an HSM: sign the
// bytes there with HMAC-SHA256 and give the signature to [FromSignature]. It holds no secret, and helps to debug a refusal.
func AppendStringToSign(b []byte, resource string, expiry time.Time) []byte {
	return appendStringToSign(b, resource, expiry.Unix())
}

func appendStringToSign(b []byte, resource string, expiry int64) []byte {
	b = append(b, resource...)
	b = append(b, '\n')
	return strconv.AppendInt(b, expiry, 10)
}

// Sign makes a token with a key in memory. The key is the bytes that [DecodeKey] or [DeriveKey] returned; the resource comes from
// [Resource], or is any other text that may stand in sr, and is sent as it is. The key name is [KeyName]; with "" the token has no skn.
// Fractions of a second are dropped from the expiry.
//
// There is no error to look at here: a token that cannot be sent (empty key, bad resource, expiry out of range)
// says why from [Token.AppendPassword].
func Sign(key []byte, resource, keyName string, expiry time.Time) Token {
	t := unsigned(resource, keyName, expiry)
	if len(key) == 0 {
		t.fault = errEmptyKey
		return t
	}
	return t.with(t.mac(key))
}

// FromSignature makes a token with a signature that was made elsewhere, over what [AppendStringToSign] gives for the same resource
// and expiry: 32 raw bytes, which are copied. The rest is as in [Sign].
func FromSignature(resource, keyName string, expiry time.Time, signature []byte) Token {
	t := unsigned(resource, keyName, expiry)
	if len(signature) != sha256.Size {
		t.fault = invalid("signature of " + decimal(len(signature)) + " bytes, expected " + decimal(sha256.Size))
		return t
	}
	return t.with(bytes.Clone(signature))
}

func unsigned(resource, keyName string, expiry time.Time) Token {
	return Token{resource: resource, keyName: keyName, hasKeyName: keyName != "", expiry: expiry.Unix()}
}

func (t Token) with(sig []byte) Token {
	t.sig = func() []byte { return sig }
	return t
}

func (t Token) mac(key []byte) []byte {
	room := make([]byte, 0, len(t.resource)+sha256.Size) // for the message, and then for its sum
	return mac(key, appendStringToSign(room, t.resource, t.expiry))
}

// Resource returns the token's sr as it is sent, percent-encoding and all.
func (t Token) Resource() string { return t.resource }

// KeyName returns the token's skn, decoded, and whether there is one: it may be present and empty.
func (t Token) KeyName() (name string, present bool) { return t.keyName, t.hasKeyName }

// Expiry returns the token's se, in UTC and whole seconds.
func (t Token) Expiry() time.Time { return time.Unix(t.expiry, 0).UTC() }

// Signature returns a copy of the token's signature, 32 raw bytes, or nil if it has none. It is a secret.
func (t Token) Signature() []byte {
	if t.sig == nil {
		return nil
	}
	return bytes.Clone(t.sig())
}

// Equal reports whether t and u have the same resource, expiry, signature and key name, and whether both or neither have an skn.
// It takes the same time wherever signatures differ.
func (t Token) Equal(u Token) bool {
	return t.resource == u.resource && t.keyName == u.keyName && t.hasKeyName == u.hasKeyName && t.expiry == u.expiry &&
		hmac.Equal(t.Signature(), u.Signature()) // a missing one is not as long as any other
}

// IsFor reports whether the token speaks for this device: whether its sr, percent-decoded once, is "{idScope}/registrations/{registrationID}".
// Case matters. A service asks this besides [Token.Verify], since two enrolments may have the same key.
func (t Token) IsFor(idScope, registrationID string) bool {
	if idScope == "" || registrationID == "" {
		return false
	}
	var room [256]byte
	return string(appendUnescaped(room[:0], t.resource)) == idScope+"/registrations/"+registrationID
}

// Expired reports whether the token is worth nothing at a time: whether now is at its expiry, or later, by a clock that may be fast
// by skew. A service gives a positive skew to be lenient; a device gives a negative one to make a new token early.
func (t Token) Expired(now time.Time, skew time.Duration) bool {
	return !now.Before(t.Expiry().Add(skew))
}

// Verify returns nil if the token was signed with this key, [ErrSignature] if it was not, [ErrKey] if the key is empty, and for
// a token that cannot be sent what [Token.AppendPassword] returns. It takes the same time wherever signatures differ.
// It looks neither at the clock ([Token.Expired]) nor at whom the token is for ([Token.IsFor]).
func (t Token) Verify(key []byte) error {
	if err := t.check(); err != nil {
		return err
	}
	if len(key) == 0 {
		return errEmptyKey
	}
	if !hmac.Equal(t.mac(key), t.sig()) {
		return ErrSignature
	}
	return nil
}

// AppendPassword appends the token as it is sent, the MQTT password, in the order sr, sig, se, skn. (It is not called AppendText, since
// an encoder that looks for [encoding.TextAppender] would find it and write the signature.)
// On error b comes back unchanged: [ErrKey] if the token was signed with an empty key, otherwise [ErrInvalid] (the resource is not
// 1 to 1024 bytes of visible ASCII with whole escapes and no '&'; the expiry is not after 1970-01-01T00:00:00Z or not before
// the year 10000; the key name is over 256 bytes; the signature given was not 32 bytes).
// What it appends, [Parse] takes. It does not allocate if b has room.
func (t Token) AppendPassword(b []byte) ([]byte, error) {
	if err := t.check(); err != nil {
		return b, err
	}
	var text [sigLen]byte
	base64.StdEncoding.Encode(text[:], t.sig())
	return t.append(b, text[:]), nil
}

func (t Token) append(b, sig []byte) []byte {
	b = append(b, prefix+"sr="...)
	b = append(b, t.resource...)
	b = append(b, "&sig="...)
	b = appendEscaped(b, sig)
	b = append(b, "&se="...)
	b = strconv.AppendInt(b, t.expiry, 10)
	if t.hasKeyName {
		b = append(b, "&skn="...)
		b = appendEscaped(b, t.keyName)
	}
	return b
}

// check returns why the token cannot be sent. A token that passes has a signature.
func (t Token) check() error {
	if t.fault != nil {
		return t.fault
	}
	if what := t.fieldFault(); what != "" {
		return invalid(what)
	}
	return nil
}

// fieldFault says what is wrong with a field, or "". Parse and AppendPassword agree on it.
func (t Token) fieldFault() string {
	if t.resource == "" {
		return "resource (sr) is empty"
	}
	if n := len(t.resource); n > maxResource {
		return "resource (sr) of " + decimal(n) + " bytes, expected at most " + decimal(maxResource)
	}
	if what := textFault(t.resource, 0); what != "" {
		return "resource (sr): " + what
	}
	if i := strings.IndexByte(t.resource, '&'); i >= 0 {
		return "resource (sr): '&' at offset " + decimal(i) + ", expected it percent-encoded"
	}
	if t.expiry <= 0 || t.expiry > maxExpiry {
		return "expiry (se) of " + decimal(t.expiry) + " s since 1970, expected 1 to " + decimal(int64(maxExpiry)) + ": is the clock set?"
	}
	if n := len(t.keyName); n > maxKeyName {
		return "key name (skn) of " + decimal(n) + " bytes, expected at most " + decimal(maxKeyName)
	}
	return ""
}
