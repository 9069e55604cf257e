// Package sastoken makes, reads and checks the SAS tokens that the Azure IoT Hub Device Provisioning Service (DPS) takes
// as the MQTT password of a device that attests with a symmetric key.
//
// # The token
//
//	SharedAccessSignature sr=RESOURCE&sig=SIGNATURE&se=EXPIRY&skn=registration
//
// RESOURCE is "{idScope}/registrations/{registrationID}" ([Resource]), EXPIRY the Unix time in whole seconds from which on the
// token is worth nothing, and SIGNATURE the HMAC-SHA256, under the device's key, of RESOURCE, a line feed and EXPIRY.
//
// **What is signed is what is sent.** The service checks the signature over the very bytes that stand in sr; it puts nothing
// into a canonical form first. Clients in use write the slash as "%2F", as "%2f" or as it is, and all get in. So this package
// writes one form (RFC 3986, upper-case hex), and keeps the sr of a token that it parses as it stood.
//
// A device with its key in memory calls [Sign]. A device whose key lives in an HSM or a TPM has [AppendStringToSign] give it
// the bytes to sign and puts the signature into [FromSignature]. A service calls [Parse], [Token.IsFor], [Token.Verify] and
// [Token.Expired]: all four, since each answers another question.
//
// # Keys
//
// An enrolment shows its keys in base64; [DecodeKey] makes bytes of them. In an enrolment group no device gets the group's key:
// each has its own, made of the group's key and its registration ID by [DeriveKey]. The documentation asks for keys of
// [MinKeyLen] to [MaxKeyLen] bytes. This package takes any length but zero: it is for the service to refuse a key. (A
// program run with GODEBUG=fips140=only cannot use less than 14 bytes: there crypto/hmac panics.)
//
// # Time
//
// The package reads no clock. An expiry is in whole seconds, later than the start of 1970 and not later than the end of the
// year 9999. A device without a battery-backed clock wakes up in 1970: set its clock (by NTP, say) before signing, or the
// token has expired before it is sent. DPS looks at the expiry whenever a request arrives, so a token must outlive the whole
// registration with all its polls, plus the error of the clock (hub services tolerate some five minutes). One hour is usual.
//
// # Secrets
//
// The text of a token is a password until it expires. Only [Token.AppendPassword] and [Token.Signature] give it away. In log/slog,
// to every encoder that goes by the interfaces of package encoding, and under every verb of fmt but three, a token shows the word
// REDACTED in place of its signature. The three are %T, %p and %w, which do not ask a value how it wants to be printed: they show
// its type, its address or its other fields.
//
// No error of this package quotes a key or a signature. Of a token, errors show an expiry that is out of range and bytes that are not
// visible ASCII, and nothing else: lengths and offsets say where a mistake is.
//
// Keys are plain byte slices: the package neither changes nor keeps them, and cannot hide them.
package sastoken
