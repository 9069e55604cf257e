// Package sastoken creates, parses and verifies the SAS tokens that the Azure
// IoT Hub Device Provisioning Service (DPS) accepts as the MQTT password of a
// device that attests with a symmetric key.
//
// # The token
//
//	SharedAccessSignature sr=RESOURCE&sig=SIGNATURE&se=EXPIRY&skn=registration
//
// RESOURCE is "{idScope}/registrations/{registrationID}" ([Resource]). EXPIRY
// is the Unix time in whole seconds at which the token expires. SIGNATURE is
// the HMAC-SHA256, under the device's key, of RESOURCE, a line feed and EXPIRY.
//
// The signature covers the bytes that are sent. The service verifies it over
// the exact bytes of sr, without converting them to a canonical form first.
// Existing clients write the slash as "%2F", as "%2f" or unencoded, and the
// service accepts all of these. Therefore this package writes a single form
// (RFC 3986, upper-case hex), and keeps the sr of a parsed token unchanged.
//
// A device that has its key in memory calls [Sign]. A device whose key is
// stored in an HSM or a TPM calls [AppendStringToSign] to obtain the bytes to
// sign, and passes the signature to [FromSignature]. A service calls [Parse],
// [Token.IsFor], [Token.Verify] and [Token.Expired]: it needs all four, since
// each checks something different.
//
// # Keys
//
// An enrollment shows its keys in base64; [DecodeKey] converts them to bytes.
// The devices of an enrollment group never receive the group's key: each device
// has its own key, which [DeriveKey] derives from the group's key and the
// registration ID. The documentation of the service requires keys of
// [MinKeyLen] to [MaxKeyLen] bytes. This package accepts any length except
// zero: rejecting a key is up to the service. (In a program that runs with
// GODEBUG=fips140=only, crypto/hmac panics for a key of less than 14 bytes.)
//
// # Time
//
// The package does not read a clock. An expiry is a whole number of seconds,
// after the start of 1970 and no later than the end of the year 9999. A device
// without a battery-backed clock starts in 1970: set its clock before signing,
// for example by NTP, or the token will have expired before it is sent. DPS
// checks the expiry whenever a request arrives, so a token must remain valid
// for the whole registration including all polls, plus the error of the clock
// (services tolerate an error of about five minutes). One hour is a common
// choice.
//
// # Secrets
//
// The text of a token is a password until the token expires. Only
// [Token.AppendPassword] and [Token.Signature] reveal it. In log/slog, in every
// encoder that uses the interfaces of package encoding, and with all but three
// verbs of package fmt, a token shows the word REDACTED in place of its
// signature. The three verbs are %T, %p and %w, for which fmt does not call the
// methods of a value: they show its type, its address or its other fields.
//
// No error of this package contains a key or a signature. Of a token's text,
// errors contain only an expiry that is out of range and bytes that are not
// visible ASCII. Lengths and offsets show where a mistake is.
//
// Keys are plain byte slices: the package neither modifies nor retains them,
// and cannot hide them.
package sastoken
