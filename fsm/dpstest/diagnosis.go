package dpstest

// A Diagnosis names a mistake of a client. It does not change what the service
// answers: the real service silently accepts some of these mistakes.
type Diagnosis string

// The mistakes in a CONNECT.
const (
	NotConnect      Diagnosis = "not-connect"      // the first packet is not a CONNECT
	ProtocolLevel   Diagnosis = "protocol-level"   // the client does not speak MQTT 3.1.1
	Violation       Diagnosis = "violation"        // a packet violates MQTT 3.1.1; the text names the statement
	Username        Diagnosis = "username"         // the user name does not have the expected form
	UsernameHub     Diagnosis = "username-hub"     // the user name is one for an IoT hub
	UsernameEncoded Diagnosis = "username-encoded" // the user name is percent-encoded
	APIVersion      Diagnosis = "api-version"      // the api-version is missing or unknown
	IDScope         Diagnosis = "id-scope"         // the ID scope is not that of this service
	ClientID        Diagnosis = "client-id"        // the client ID is not the registration ID
	RegistrationID  Diagnosis = "registration-id"  // the registration ID is invalid
	CleanSession    Diagnosis = "clean-session"    // the client asks to keep its session, which DPS never does
	Will            Diagnosis = "will"             // the client has a will, which the service never publishes
)

// The mistakes in the identity. They are reported at the CONNECT, although the
// service does not check the password until a request arrives.
const (
	NotEnrolled            Diagnosis = "not-enrolled"           // no enrollment matches
	NoPassword             Diagnosis = "no-password"            // the enrollment expects a token, and there is no password
	TokenForm              Diagnosis = "token-form"             // the password is not a SAS token
	TokenResource          Diagnosis = "token-resource"         // the token is for another resource
	TokenExpired           Diagnosis = "token-expired"          // the token has expired
	TokenExpiryUnit        Diagnosis = "token-expiry-unit"      // the expiry is in milliseconds or another unit
	TokenPlus              Diagnosis = "token-plus"             // a '+' in the signature is not percent-encoded
	SignatureKey           Diagnosis = "signature-key"          // the signature matches none of the keys
	SignatureKeyText       Diagnosis = "signature-key-text"     // the base64 text of the key was used as the key
	SignatureGroupKey      Diagnosis = "signature-group-key"    // the group key was used instead of a derived key
	SignatureDecoded       Diagnosis = "signature-decoded"      // the decoded sr was signed
	SignatureCase          Diagnosis = "signature-case"         // the derived key or the sr has the ID in a different case
	SignatureText          Diagnosis = "signature-text"         // the signed text does not have the expected form
	CertificateMissing     Diagnosis = "certificate-missing"    // the enrollment expects a certificate
	CertificateName        Diagnosis = "certificate-name"       // the common name is not the registration ID
	CertificateExpired     Diagnosis = "certificate-expired"    // the certificate has expired or is not yet valid
	CertificateUntrusted   Diagnosis = "certificate-untrusted"  // no trusted authority has signed the certificate
	CertificateNotEnrolled Diagnosis = "certificate-unenrolled" // another certificate or authority is enrolled
)

// The mistakes in a session.
const (
	NoSubscription Diagnosis = "no-subscription" // a request without a subscription: its answer is dropped
	Filter         Diagnosis = "filter"          // a topic filter that the service refuses
	Topic          Diagnosis = "topic"           // a PUBLISH to a topic that is not a request
	Operation      Diagnosis = "operation"       // an operation that the service does not have
	NoRequestID    Diagnosis = "no-rid"          // a request without $rid
	RequestIDName  Diagnosis = "rid-name"        // a property that looks like a misspelled $rid
	RequestIDAgain Diagnosis = "rid-again"       // a $rid that an earlier request on this connection had
	BodyForm       Diagnosis = "body-form"       // the body is not a JSON object
	BodyID         Diagnosis = "body-id"         // the body names another registration ID
	BodyPayload    Diagnosis = "body-payload"    // the payload is not a JSON object
	OperationID    Diagnosis = "operation-id"    // a query for an operation that this device does not have
	EarlyQuery     Diagnosis = "early-query"     // a query before the retry-after had elapsed
	EarlyRetry     Diagnosis = "early-retry"     // a request before the retry-after of a 429 had elapsed
	RegisterAgain  Diagnosis = "register-again"  // a registration while an operation is in progress
	PublishFlags   Diagnosis = "publish-flags"   // RETAIN is set, or DUP in the first transmission
	NoPuback       Diagnosis = "no-puback"       // an answer with QoS 1 that the client does not acknowledge
	TooLarge       Diagnosis = "too-large"       // a packet larger than the service accepts
	Silent         Diagnosis = "silent"          // nothing arrived for one and a half times the keep-alive
	NotReading     Diagnosis = "not-reading"     // the client does not read its answers
	NoDisconnect   Diagnosis = "no-disconnect"   // the connection ended without a DISCONNECT
)

// Diagnoses returns all diagnoses of this package, in the order of its
// documentation.
func Diagnoses() []Diagnosis {
	return []Diagnosis{
		NotConnect, ProtocolLevel, Violation, Username, UsernameHub, UsernameEncoded, APIVersion,
		IDScope, ClientID, RegistrationID, CleanSession, Will, NotEnrolled, NoPassword, TokenForm,
		TokenResource, TokenExpired, TokenExpiryUnit, TokenPlus, SignatureKey, SignatureKeyText,
		SignatureGroupKey, SignatureDecoded, SignatureCase, SignatureText, CertificateMissing,
		CertificateName, CertificateExpired, CertificateUntrusted, CertificateNotEnrolled,
		NoSubscription, Filter, Topic, Operation, NoRequestID, RequestIDName, RequestIDAgain,
		BodyForm, BodyID, BodyPayload, OperationID, EarlyQuery, EarlyRetry, RegisterAgain,
		PublishFlags, NoPuback, TooLarge, Silent, NotReading, NoDisconnect,
	}
}
