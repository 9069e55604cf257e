package fsm

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// maxOperationID bounds the operation id in bytes. Real ones have 55.
const maxOperationID = 256

// A body is the JSON of any answer: the status of an operation or an error.
type body struct {
	OperationID       string          `json:"operationId"`
	Status            string          `json:"status"`
	RegistrationState *Assignment     `json:"registrationState"`
	TrustBundle       json.RawMessage `json:"trustBundle"`

	ErrorCode    ErrorCode       `json:"errorCode"`
	TrackingID   string          `json:"trackingId"`
	Message      string          `json:"message"`
	Info         json.RawMessage `json:"info"`
	TimestampUTC string          `json:"timestampUtc"`
}

// parseBody reads an answer. A field of another type than expected counts as
// absent: the service adds and changes fields, and only a few decide. With an error,
// b has what could be read.
func parseBody(text []byte) (b body, err error) {
	err = json.Unmarshal(text, &b)
	var odd *json.UnmarshalTypeError
	switch {
	case err != nil && !errors.As(err, &odd):
		return body{}, fmt.Errorf("%w: %w", ErrBody, err)
	case b.Status == "" && b.ErrorCode == 0:
		return b, fmt.Errorf("%w: neither status nor errorCode", ErrBody)
	case len(b.OperationID) > maxOperationID:
		return b, fmt.Errorf("%w: operationId has %d bytes, the limit is %d", ErrBody, len(b.OperationID), maxOperationID)
	}
	return b, nil
}

// An outcome is what a registration status means.
type outcome byte

const (
	unknown outcome = iota
	pending
	assigned
	refused
)

// outcomeOf compares without regard to ASCII case: clients differ about it.
func outcomeOf(status string) outcome {
	switch {
	case strings.EqualFold(status, "assigning"), strings.EqualFold(status, "unassigned"):
		return pending
	case strings.EqualFold(status, "assigned"):
		return assigned
	case strings.EqualFold(status, "failed"), strings.EqualFold(status, "disabled"), strings.EqualFold(status, "blacklisted"):
		return refused
	}
	return unknown
}

// assignment returns the result of an assigned device.
func (b *body) assignment() (Assignment, error) {
	if b.RegistrationState == nil {
		return Assignment{}, fmt.Errorf("%w: assigned without registrationState", ErrBody)
	}
	a := *b.RegistrationState
	if a.AssignedHub == "" || a.DeviceID == "" {
		return Assignment{}, fmt.Errorf("%w: assigned without assignedHub or deviceId", ErrBody)
	}
	if len(a.IssuedCertificateChain) > maxChain {
		return Assignment{}, fmt.Errorf("%w: issuedCertificateChain has more than %d certificates", ErrBody, maxChain)
	}
	a.OperationID = b.OperationID
	if a.Status == "" {
		a.Status = b.Status
	}
	if b.TrustBundle != nil {
		a.TrustBundle = b.TrustBundle
	}
	return a, nil
}

// refusal returns the error for a body that ends the registration otherwise.
func (b *body) refusal(state State, status int) *ServiceError {
	e := &ServiceError{
		State: state, Status: status, ErrorCode: int(b.ErrorCode), Message: b.Message, TrackingID: b.TrackingID,
		Timestamp: b.TimestampUTC, Info: string(b.Info), RegistrationStatus: b.Status, OperationID: b.OperationID,
	}
	if s := b.RegistrationState; s != nil {
		e.Substatus = s.Substatus
		if s.ErrorCode != 0 {
			e.ErrorCode = int(s.ErrorCode)
		}
		if s.ErrorMessage != "" {
			e.Message = s.ErrorMessage
		}
		if e.Timestamp == "" {
			e.Timestamp = s.LastUpdatedDateTimeUTC
		}
	}
	return e
}

// appendRegistration appends the DeviceRegistration that goes out as the body of a
// registration.
func (c *Config) appendRegistration(b []byte) []byte {
	if c.EmptyBody {
		return b
	}
	id, _ := json.Marshal(c.RegistrationID) // valid UTF-8 always marshals
	b = append(b, `{"registrationId":`...)
	b = append(b, id...)
	if c.Payload != nil {
		b = append(b, `,"payload":`...)
		b = append(b, c.Payload...)
	}
	if c.CSR != "" {
		b = append(b, `,"csr":"`...)
		b = append(b, c.CSR...)
		b = append(b, '"')
	}
	return append(b, '}')
}

// username returns the user name of the CONNECT: a path whose last segment goes on
// like a query. The ids stand in it as they are.
func (c *Config) username() []byte {
	s := c.IDScope + "/registrations/" + c.RegistrationID + "/api-version=" + c.APIVersion
	if c.UserAgent != "" {
		s += "&ClientVersion=" + percentEncode(c.UserAgent)
	}
	return []byte(s)
}

// percentEncode encodes all but the unreserved characters of RFC 3986, without
// the '+' for a space of net/url.
func percentEncode(s string) string {
	const hex = "0123456789ABCDEF"
	var out strings.Builder
	for _, c := range []byte(s) {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			out.WriteByte(c)
		} else {
			out.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return out.String()
}
