package dpstest

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// statusBody is the RegistrationOperationStatus, with its fields in the order
// in which the real service sends them.
type statusBody struct {
	OperationID string     `json:"operationId"`
	Status      string     `json:"status"`
	State       *stateBody `json:"registrationState,omitempty"`
}

// stateBody is the DeviceRegistrationResult.
type stateBody struct {
	X509                   json.RawMessage `json:"x509,omitempty"`
	SymmetricKey           json.RawMessage `json:"symmetricKey,omitempty"`
	RegistrationID         string          `json:"registrationId"`
	CreatedDateTimeUTC     string          `json:"createdDateTimeUtc,omitempty"`
	AssignedHub            string          `json:"assignedHub,omitempty"`
	DeviceID               string          `json:"deviceId,omitempty"`
	Status                 string          `json:"status"`
	Substatus              string          `json:"substatus,omitempty"`
	ErrorCode              int             `json:"errorCode,omitempty"`
	ErrorMessage           string          `json:"errorMessage,omitempty"`
	LastUpdatedDateTimeUTC string          `json:"lastUpdatedDateTimeUtc,omitempty"`
	ETag                   string          `json:"etag,omitempty"`
	Payload                json.RawMessage `json:"payload,omitempty"`
	IssuedCertificateChain []string        `json:"issuedCertificateChain,omitempty"`
}

// errorBody is the body of an error answer.
type errorBody struct {
	ErrorCode    int    `json:"errorCode"`
	TrackingID   string `json:"trackingId"`
	Message      string `json:"message"`
	TimestampUTC string `json:"timestampUtc"`
}

// outcome returns the answer that ends an operation.
func (c *Conn) outcome(op *operation) answer {
	o := &op.enrollment.Outcome
	s := &stateBody{
		X509: o.X509, SymmetricKey: o.SymmetricKey, RegistrationID: c.registrationID, Status: o.Status,
		CreatedDateTimeUTC: timestamp(op.created), LastUpdatedDateTimeUTC: timestamp(c.now),
		ErrorCode: o.ErrorCode, ErrorMessage: o.ErrorMessage, Payload: o.Payload,
		ETag: "IjAwMDAwMDAwIg==",
	}
	setDefault(&s.Status, "assigned")
	if strings.EqualFold(s.Status, "assigned") { // clients differ in whether they compare it with regard to case
		s.AssignedHub, s.DeviceID, s.Substatus = o.AssignedHub, o.DeviceID, o.Substatus
		setDefault(&s.AssignedHub, c.service.cfg.AssignedHub)
		setDefault(&s.DeviceID, c.registrationID)
		setDefault(&s.Substatus, "initialAssignment")
		if op.csr {
			s.IssuedCertificateChain = o.IssuedCertificateChain
		}
	}
	if group := op.enrollment.Group; group != "" && op.enrollment.X509 && s.X509 == nil {
		s.X509 = encode(map[string]string{"enrollmentGroupId": group})
	} else if group != "" && !op.enrollment.X509 && s.SymmetricKey == nil {
		s.SymmetricKey = encode(map[string]string{"enrollmentGroupId": group})
	}
	op.ended = true
	end := s.Status
	if s.AssignedHub != "" {
		end += " to " + s.AssignedHub
	}
	return answer{status: 200, body: encode(statusBody{op.id, s.Status, s}), end: end}
}

// encode returns v in JSON. It cannot fail, because raw JSON in v has been
// checked.
func encode(v any) []byte {
	text, _ := json.Marshal(v)
	return text
}

// timestamp formats a time as the service does, with seven digits after the
// decimal point.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.0000000Z") }

func hex16(n uint64) string { return fmt.Sprintf("%016x", n) }

// uuid returns a number in the form of a UUID.
func uuid(n uint64) string {
	return fmt.Sprintf("00000000-0000-4000-8000-%012x", n&0xffffffffffff)
}
