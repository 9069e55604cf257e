package registration

import (
	"bytes"
	"encoding/json"
	"slices"
)

// An Assignment is what the service reports about a registered device: its
// registrationState and the operation ID. It marshals to JSON with the names
// that the service uses, so that it can be stored: a device should not register
// again each time it starts. Fields that the service did not send are zero.
type Assignment struct {
	AssignedHub    string `json:"assignedHub,omitempty"` // host name of the IoT hub
	DeviceID       string `json:"deviceId,omitempty"`    // may differ from the registration ID
	RegistrationID string `json:"registrationId,omitempty"`
	OperationID    string `json:"operationId,omitempty"`
	Status         string `json:"status,omitempty"`    // "assigned"
	Substatus      string `json:"substatus,omitempty"` // "initialAssignment", "deviceDataMigrated", "deviceDataReset", …

	// These times are in ISO 8601 format as received, usually with 7 digits for
	// fractions of a second and "Z".
	CreatedDateTimeUTC     string `json:"createdDateTimeUtc,omitempty"`
	LastUpdatedDateTimeUTC string `json:"lastUpdatedDateTimeUtc,omitempty"`

	ETag         string          `json:"etag,omitempty"`
	GenerationID string          `json:"generationId,omitempty"`
	Payload      json.RawMessage `json:"payload,omitempty"` // what a custom allocation policy returned

	ErrorCode    int    `json:"errorCode,omitempty"`
	ErrorMessage string `json:"errorMessage,omitempty"`

	X509         *X509State         `json:"x509,omitempty"`
	SymmetricKey *SymmetricKeyState `json:"symmetricKey,omitempty"`

	// IssuedCertificateChain is the answer to Config.CSR: certificates in
	// base64-encoded DER, beginning with the certificate of the device.
	// CSRIgnored reports that Config.CSR was set but the service returned no
	// certificate.
	IssuedCertificateChain []string `json:"issuedCertificateChain,omitempty"`
	CSRIgnored             bool     `json:"csrIgnored,omitempty"`

	// TrustBundle is the trust bundle of api-version 2021-11-01-preview, as
	// JSON.
	TrustBundle json.RawMessage `json:"trustBundle,omitempty"`

	// ConnectionProfile specifies how to connect to the hub: "classic" or
	// "mqttV5". Empty means classic.
	ConnectionProfile string `json:"connectionProfile,omitempty"`
}

// X509State describes the certificate that the service received. It may be
// empty.
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

// SymmetricKeyState reports the enrollment group to which the device belongs.
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
