package fsm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxOperationID bounds the operation id in bytes. Real ones have 55.
const maxOperationID = 256

// A body is the JSON of any answer: the status of an operation or an error. Its
// fields are raw values; nil if absent.
type body struct {
	operationID, status, registrationState, trustBundle []byte
	errorCode, trackingID, message, info, timestampUTC  []byte
}

// parseBody reads an answer, whose text the body borrows. With an error the body has
// what could be read.
func parseBody(text []byte) (b body, err error) {
	if !json.Valid(text) {
		var v json.RawMessage
		return b, fmt.Errorf("%w: %w", ErrBody, json.Unmarshal(text, &v)) // which says where
	}
	for key, value := range members(bytes.TrimSpace(text)) {
		if field := b.field(string(key)); field != nil {
			*field = value
		}
	}
	switch id := inner(b.operationID); {
	case !b.hasStatus() && codeOf(b.errorCode) == 0:
		return b, fmt.Errorf("%w: neither status nor errorCode", ErrBody)
	case len(id) > maxOperationID:
		return b, fmt.Errorf("%w: operationId has %d bytes, the limit is %d", ErrBody, len(id), maxOperationID)
	case !utf8.Valid(id): // decoding would make it three times as long
		return b, fmt.Errorf("%w: operationId is not UTF-8", ErrBody)
	}
	return b, nil
}

func (b *body) field(key string) *[]byte {
	switch key {
	case "operationId":
		return &b.operationID
	case "status":
		return &b.status
	case "registrationState":
		return &b.registrationState
	case "trustBundle":
		return &b.trustBundle
	case "errorCode":
		return &b.errorCode
	case "trackingId":
		return &b.trackingID
	case "message":
		return &b.message
	case "info":
		return &b.info
	case "timestampUtc":
		return &b.timestampUTC
	}
	return nil
}

// hasStatus reports whether the answer is the status of an operation.
func (b *body) hasStatus() bool { return len(inner(b.status)) > 0 }

func codeOf(value []byte) (c ErrorCode) {
	c.UnmarshalJSON(value)
	return c
}

// An outcome is what a registration status means.
type outcome byte

const (
	unknown outcome = iota
	pending
	assigned
	refused
)

// outcomeOf compares without regard to case: clients differ about it.
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
func (b *body) assignment() (*Assignment, error) {
	a := new(Assignment)
	decode(b.registrationState, a)
	switch {
	case a.AssignedHub == "" || a.DeviceID == "":
		return nil, fmt.Errorf("%w: assigned without assignedHub or deviceId", ErrBody)
	case len(a.IssuedCertificateChain) > maxChain:
		return nil, fmt.Errorf("%w: issuedCertificateChain has more than %d certificates", ErrBody, maxChain)
	}
	a.OperationID = stringOf(b.operationID)
	if a.Status == "" {
		a.Status = stringOf(b.status)
	}
	if b.trustBundle != nil {
		a.TrustBundle = bytes.Clone(b.trustBundle)
	}
	return a, nil
}

// refusal returns the error for a body that ends the registration otherwise.
func (b *body) refusal(state State, status int) *ServiceError {
	e := &ServiceError{
		State: state, Status: status, ErrorCode: int(codeOf(b.errorCode)), Message: stringOf(b.message),
		TrackingID: stringOf(b.trackingID), Timestamp: stringOf(b.timestampUTC), Info: string(b.info),
		RegistrationStatus: stringOf(b.status), OperationID: stringOf(b.operationID),
	}
	var s Assignment
	decode(b.registrationState, &s)
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
	return e
}

// appendRegistration appends the DeviceRegistration that goes out as the body of a
// registration.
func (c *Config) appendRegistration(b []byte) []byte {
	if c.EmptyBody {
		return b
	}
	b = slices.Grow(b, 64+len(c.RegistrationID)+len(c.Payload)+len(c.CSR))
	b = append(b, `{"registrationId":"`...)
	for _, d := range []byte(c.RegistrationID) {
		if d == '"' || d == '\\' { // what else JSON escapes is refused
			b = append(b, '\\')
		}
		b = append(b, d)
	}
	b = append(b, '"')
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
func (c *Config) username() string {
	s := c.IDScope + "/registrations/" + c.RegistrationID + "/api-version=" + c.APIVersion
	if c.UserAgent != "" {
		s += "&ClientVersion=" + percentEncode(c.UserAgent)
	}
	return s
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
