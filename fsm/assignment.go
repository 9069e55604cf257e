package fsm

import (
	"bytes"
	"encoding/json"

	"example.com/dps/packet"
)

// An Assignment is what the service says about a registered device: its
// registrationState, with the operation id. It marshals to JSON under the names
// that the service uses, so that it can be kept: a device should not register again
// at each start. What the service did not send is zero.
type Assignment struct {
	AssignedHub    string `json:"assignedHub,omitempty"` // host name of the IoT hub
	DeviceID       string `json:"deviceId,omitempty"`    // may differ from the registration id
	RegistrationID string `json:"registrationId,omitempty"`
	OperationID    string `json:"operationId,omitempty"`
	Status         string `json:"status,omitempty"`    // "assigned"
	Substatus      string `json:"substatus,omitempty"` // "initialAssignment", "deviceDataMigrated", "deviceDataReset", …

	// ISO 8601 as they came, usually with 7 digits of a second and "Z".
	CreatedDateTimeUTC     string `json:"createdDateTimeUtc,omitempty"`
	LastUpdatedDateTimeUTC string `json:"lastUpdatedDateTimeUtc,omitempty"`

	ETag         string          `json:"etag,omitempty"`
	GenerationID string          `json:"generationId,omitempty"`
	Payload      json.RawMessage `json:"payload,omitempty"` // what a custom allocation policy returned

	ErrorCode    ErrorCode `json:"errorCode,omitempty"`
	ErrorMessage string    `json:"errorMessage,omitempty"`

	X509         *X509State         `json:"x509,omitempty"`
	SymmetricKey *SymmetricKeyState `json:"symmetricKey,omitempty"`
	TPM          *TPMState          `json:"tpm,omitempty"`

	// IssuedCertificateChain answers Config.CSR: DER in base64, the device's own
	// certificate first. At most 6. IssuedClientCertificate (PEM) and TrustBundle are
	// their forerunners in api-version 2021-11-01-preview.
	IssuedCertificateChain  CertificateChain `json:"issuedCertificateChain,omitempty"`
	IssuedClientCertificate string           `json:"issuedClientCertificate,omitempty"`
	TrustBundle             json.RawMessage  `json:"trustBundle,omitempty"`

	// ConnectionProfile says how to connect to the hub: "classic" or "mqttV5"; empty
	// means classic.
	ConnectionProfile string `json:"connectionProfile,omitempty"`
}

// X509State tells which certificate the service saw. It may be empty.
type X509State struct {
	EnrollmentGroupID      string           `json:"enrollmentGroupId,omitempty"`
	CertificateInfo        *CertificateInfo `json:"certificateInfo,omitempty"`
	SigningCertificateInfo *CertificateInfo `json:"signingCertificateInfo,omitempty"`
}

// CertificateInfo describes a certificate.
type CertificateInfo struct {
	SubjectName      string `json:"subjectName,omitempty"`
	SHA1Thumbprint   string `json:"sha1Thumbprint,omitempty"`
	SHA256Thumbprint string `json:"sha256Thumbprint,omitempty"`
	IssuerName       string `json:"issuerName,omitempty"`
	NotBeforeUTC     string `json:"notBeforeUtc,omitempty"`
	NotAfterUTC      string `json:"notAfterUtc,omitempty"`
	SerialNumber     string `json:"serialNumber,omitempty"`
	Version          int    `json:"version,omitempty"`
}

// SymmetricKeyState tells which enrollment group the device belongs to.
type SymmetricKeyState struct {
	EnrollmentGroupID string `json:"enrollmentGroupId,omitempty"`
}

// TPMState exists over HTTPS and AMQP only. The key does not print.
type TPMState struct {
	AuthenticationKey packet.Secret `json:"authenticationKey,omitempty"`
}

// ErrorCode is a number such as 400207. It reads a JSON number, or a string of one.
type ErrorCode int

// UnmarshalJSON reads a number or a string of digits; anything else counts as 0.
func (c *ErrorCode) UnmarshalJSON(text []byte) error {
	n := 0
	for _, d := range bytes.Trim(text, `"`) {
		if d < '0' || d > '9' || n > 99_999_999 {
			n = 0
			break
		}
		n = 10*n + int(d-'0')
	}
	*c = ErrorCode(n)
	return nil
}

// maxChain is the largest number of certificates in a chain. Real ones have up to
// four; other clients stop at six too.
const maxChain = 6

// A CertificateChain has certificates in DER and base64.
type CertificateChain []string

// UnmarshalJSON reads an array of strings. It keeps at most 7, which is one too many
// and makes the machine refuse the answer.
func (c *CertificateChain) UnmarshalJSON(text []byte) error {
	var all [maxChain + 1]*string // encoding/json drops what an array has no room for
	err := json.Unmarshal(text, &all)
	*c = nil
	for _, cert := range all {
		if cert == nil {
			break
		}
		*c = append(*c, *cert)
	}
	return err
}
