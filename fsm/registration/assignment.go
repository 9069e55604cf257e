package registration

import (
	"bytes"
	"encoding/json"
	"slices"
)

// An Assignment is what the service says about a registered device: its
// registrationState, with the operation id. It marshals to JSON under the service's
// names, so that it can be stored: a device should not register again at each start.
// What the service did not send is zero.
type Assignment struct {
	AssignedHub    string `json:"assignedHub,omitempty"` // host name of the IoT hub
	DeviceID       string `json:"deviceId,omitempty"`    // may differ from the registration id
	RegistrationID string `json:"registrationId,omitempty"`
	OperationID    string `json:"operationId,omitempty"`
	Status         string `json:"status,omitempty"`    // "assigned"
	Substatus      string `json:"substatus,omitempty"` // "initialAssignment", "deviceDataMigrated", "deviceDataReset", …

	// ISO 8601 as received, usually with 7 digits of a second and "Z".
	CreatedDateTimeUTC     string `json:"createdDateTimeUtc,omitempty"`
	LastUpdatedDateTimeUTC string `json:"lastUpdatedDateTimeUtc,omitempty"`

	ETag         string          `json:"etag,omitempty"`
	GenerationID string          `json:"generationId,omitempty"`
	Payload      json.RawMessage `json:"payload,omitempty"` // what a custom allocation policy returned

	ErrorCode    int    `json:"errorCode,omitempty"`
	ErrorMessage string `json:"errorMessage,omitempty"`

	X509         *X509State         `json:"x509,omitempty"`
	SymmetricKey *SymmetricKeyState `json:"symmetricKey,omitempty"`

	// IssuedCertificateChain answers Config.CSR: DER in base64, the device's own
	// certificate first. CSRIgnored reports that Config.CSR asked for one and that
	// the service returned none.
	IssuedCertificateChain []string `json:"issuedCertificateChain,omitempty"`
	CSRIgnored             bool     `json:"csrIgnored,omitempty"`

	// TrustBundle is the JSON of api-version 2021-11-01-preview.
	TrustBundle json.RawMessage `json:"trustBundle,omitempty"`

	// ConnectionProfile says how to connect to the hub: "classic" or "mqttV5"; empty
	// means classic.
	ConnectionProfile string `json:"connectionProfile,omitempty"`
}

// X509State says which certificate the service saw. It may be empty.
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

// SymmetricKeyState says which enrollment group the device belongs to.
type SymmetricKeyState struct {
	EnrollmentGroupID string `json:"enrollmentGroupId,omitempty"`
}

// Clone returns a copy that shares no memory with a.
func (a Assignment) Clone() Assignment {
	a.Payload, a.TrustBundle = bytes.Clone(a.Payload), bytes.Clone(a.TrustBundle)
	a.IssuedCertificateChain = slices.Clone(a.IssuedCertificateChain)
	if a.X509 = clone(a.X509); a.X509 != nil {
		a.X509.CertificateInfo = clone(a.X509.CertificateInfo)
		a.X509.SigningCertificateInfo = clone(a.X509.SigningCertificateInfo)
	}
	a.SymmetricKey = clone(a.SymmetricKey)
	return a
}

func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	c := *p
	return &c
}
