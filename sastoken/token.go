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

// KeyName is the skn of a device's token. The service does not require it (some
// clients omit skn, others leave it empty), but its documentation includes it.
const KeyName = "registration"

const (
	prefix      = "SharedAccessSignature "
	maxText     = 4096
	maxResource = 1024         // of sr as sent; an sr of the longest legal IDs, fully escaped, has 595
	maxKeyName  = 256          // of skn decoded; together, the limits keep what AppendPassword writes far below maxText
	maxExpiry   = 253402300799 // the last second of the year 9999, the latest time that RFC 3339 can represent
	sigLen      = 44           // base64 of 32 bytes
)

// A Token is an immutable SAS token, created by [Sign], [FromSignature] or
// [Parse]. The zero Token is invalid: [Token.AppendPassword] and [Token.Verify]
// return an error for it.
type Token struct {
	resource   string // as sent
	keyName    string // decoded
	hasKeyName bool
	expiry     int64 // Unix time in seconds

	// The signature is inside a function, where reflection cannot see it: fmt
	// does not call the methods of a token in an unexported field of another
	// struct, but prints all its contents, even through a pointer. It also
	// makes == impossible; see Equal.
	sig func() []byte

	fault error // why there is no sig
}

// Resource returns the sr of a device's token:
// "{idScope}/registrations/{registrationID}", percent-encoded once as in RFC
// 3986, with upper-case hex and the case of the IDs unchanged. If either ID is
// empty, the result is empty too, which is not valid in a token.
func Resource(idScope, registrationID string) string {
	return resource(idScope, "%2Fregistrations%2F", registrationID)
}

// HubResource returns the sr of the token with which an assigned device
// connects to its IoT hub: "{hub}/devices/{deviceID}", encoded as in
// [Resource]. hub is the host name of the hub; the assignment contains it and
// the device ID. Sign the token with the key with which the device registered,
// whether or not it is derived from a group key, and with an empty key name:
// the token has no skn. If hub or deviceID is empty, the result is empty too,
// which is not valid in a token.
//
// The hub accepts the token as the MQTT password, with the user name
// "{hub}/{deviceID}/?api-version=2021-04-12" and the device ID as the client
// identifier, neither of them percent-encoded.
func HubResource(hub, deviceID string) string {
	return resource(hub, "%2Fdevices%2F", deviceID)
}

// resource returns the two names, percent-encoded, with between as it is
// between them.
func resource(first, between, second string) string {
	if first == "" || second == "" {
		return ""
	}
	var room [128]byte
	b := appendEscaped(room[:0], first)
	b = append(b, between...)
	return string(appendEscaped(b, second))
}

// AppendStringToSign appends to b the bytes that a token's signature covers:
// the resource as it will be sent, a line feed, and the expiry as Unix time in
// seconds, without fractions. It is for keys that cannot leave an HSM: sign the
// bytes there with HMAC-SHA256 and pass the signature to [FromSignature]. The
// bytes contain no secret, and can help to find out why a token was rejected.
func AppendStringToSign(b []byte, resource string, expiry time.Time) []byte {
	return appendStringToSign(b, resource, expiry.Unix())
}

func appendStringToSign(b []byte, resource string, expiry int64) []byte {
	b = append(b, resource...)
	b = append(b, '\n')
	return strconv.AppendInt(b, expiry, 10)
}

// Sign creates a token with a key in memory. The key is the result of
// [DecodeKey] or [DeriveKey]. The resource is the result of [Resource] or
// [HubResource], or any other text that is legal in sr, and is sent unchanged.
// The key name is usually [KeyName]; if it is "", the token has no skn.
// Fractions of a second are dropped from the expiry.
//
// Sign does not return an error: if the token cannot be sent (empty key, bad
// resource, expiry out of range), [Token.AppendPassword] returns the reason.
func Sign(key []byte, resource, keyName string, expiry time.Time) Token {
	t := unsigned(resource, keyName, expiry)
	if len(key) == 0 {
		t.fault = errEmptyKey
		return t
	}
	return t.with(t.mac(key))
}

// FromSignature creates a token with a signature that was computed elsewhere,
// over the bytes that [AppendStringToSign] appends for the same resource and
// expiry. The signature is 32 raw bytes, which FromSignature copies. The other
// parameters are as in [Sign].
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
	room := make([]byte, 0, len(t.resource)+sha256.Size) // for the message, and then for the sum
	return mac(key, appendStringToSign(room, t.resource, t.expiry))
}

// Resource returns the token's sr as it is sent, including its
// percent-encoding.
func (t Token) Resource() string { return t.resource }

// KeyName returns the token's skn, decoded, and reports whether it is present:
// it may be present and empty.
func (t Token) KeyName() (name string, present bool) { return t.keyName, t.hasKeyName }

// Expiry returns the token's se, in UTC and in whole seconds.
func (t Token) Expiry() time.Time { return time.Unix(t.expiry, 0).UTC() }

// Signature returns a copy of the token's signature, 32 raw bytes, or nil if
// the token has none. The signature is a secret.
func (t Token) Signature() []byte {
	if t.sig == nil {
		return nil
	}
	return bytes.Clone(t.sig())
}

// Equal reports whether t and u have the same resource, expiry, signature and
// key name, and whether both or neither have an skn. The time it takes does not
// depend on where the signatures differ.
func (t Token) Equal(u Token) bool {
	return t.resource == u.resource && t.keyName == u.keyName && t.hasKeyName == u.hasKeyName && t.expiry == u.expiry &&
		hmac.Equal(t.Signature(), u.Signature()) // an absent signature differs in length from any other
}

// IsFor reports whether the token is for this device: whether its sr,
// percent-decoded once, is "{idScope}/registrations/{registrationID}". Case
// matters. A service must check this in addition to [Token.Verify], since two
// enrollments may have the same key.
func (t Token) IsFor(idScope, registrationID string) bool {
	if idScope == "" || registrationID == "" {
		return false
	}
	var room [256]byte
	return string(appendUnescaped(room[:0], t.resource)) == idScope+"/registrations/"+registrationID
}

// Expired reports whether the token has expired: whether now is at or after its
// expiry plus skew, the amount by which the clock may be fast. A service passes
// a positive skew to be lenient; a device passes a negative skew to create a
// new token early.
func (t Token) Expired(now time.Time, skew time.Duration) bool {
	return !now.Before(t.Expiry().Add(skew))
}

// Verify returns nil if the token was signed with this key, [ErrSignature] if
// it was not, and an error that wraps [ErrKey] if the key is empty. For a token
// that cannot be sent, it returns the error of [Token.AppendPassword]. The time
// it takes does not depend on where the signatures differ. Verify checks
// neither the expiry ([Token.Expired]) nor the device that the token is for
// ([Token.IsFor]).
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

// AppendPassword appends the token as it is sent, which is the MQTT password,
// in the order sr, sig, se, skn. (It is not called AppendText, because an
// encoder that checks for [encoding.TextAppender] would call it and write the
// signature.)
//
// If it returns an error, b is returned unchanged. The error wraps [ErrKey] if
// the token was signed with an empty key. Otherwise it wraps [ErrInvalid]: the
// resource is not 1 to 1024 bytes of visible ASCII with valid escapes and
// without '&', the expiry is not after 1970-01-01T00:00:00Z or not before the
// year 10000, the key name is longer than 256 bytes, or the signature passed to
// [FromSignature] was not 32 bytes.
//
// [Parse] accepts what AppendPassword appends. AppendPassword does not allocate
// if b has enough capacity.
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

// check returns the reason why the token cannot be sent, if any. If it returns
// nil, the token has a signature.
func (t Token) check() error {
	if t.fault != nil {
		return t.fault
	}
	if what := t.fieldFault(); what != "" {
		return invalid(what)
	}
	return nil
}

// fieldFault reports why a field is invalid, or returns "". Both Parse and
// AppendPassword use it, so that they agree.
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
