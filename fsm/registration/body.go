package registration

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// maxOperationID is the maximum length in bytes of an operation ID. Those of
// the service have 55.
const maxOperationID = 256

// A body is the JSON object in an answer: the status of an operation, or an
// error. Its fields are undecoded JSON values, nil if absent or of the wrong
// type.
type body struct {
	operationID, status, trustBundle                   []byte
	errorCode, trackingID, message, info, timestampUTC []byte
	state                                              stateBody
}

// A stateBody is the registrationState in a body.
type stateBody struct {
	assignedHub, deviceID, registrationID, status, substatus []byte
	created, lastUpdated, etag, generationID, payload        []byte
	errorCode, errorMessage, x509, symmetricKey, trustBundle []byte
	issuedCertificateChain, connectionProfile                []byte
}

// parse parses an answer. The body refers to text afterward. If parse returns
// an error, the body has the fields that could be parsed.
func (b *body) parse(text []byte) error {
	if err := checkJSON(text); err != nil {
		return &detail{ErrBody, err}
	}
	m := walk(text, '{')
	for m.next() {
		b.member(string(m.key()), m.value)
	}
	switch {
	case !b.hasStatus() && numberOf(b.errorCode) == 0:
		return unreadable("neither status nor errorCode")
	case !utf8.Valid(b.operationID): // decoding could triple its length
		return unreadable("operationId is not UTF-8")
	}
	if n := len(decoded(b.operationID)); n > maxOperationID {
		return unreadable("operationId " + tooLong(n, maxOperationID))
	}
	return nil
}

// These are the first characters of values of each type. A value of another
// type counts as absent.
const (
	text   = `"`
	object = `{`
	array  = `[`
	code   = `"0123456789` // some servers send it as a string
)

// set sets *field to the value of a member if the type of the value is one of
// types. As with encoding/json, the last of several members with the same name
// wins.
func set(field *[]byte, value []byte, types string) {
	if strings.IndexByte(types, value[0]) >= 0 {
		*field = value
	}
}

func (b *body) member(key string, value []byte) {
	switch key {
	case "operationid":
		set(&b.operationID, value, text)
	case "status":
		set(&b.status, value, text)
	case "registrationstate":
		m := walk(value, '{')
		for m.next() {
			b.state.member(string(m.key()), m.value)
		}
	case "trustbundle":
		set(&b.trustBundle, value, object)
	case "errorcode":
		set(&b.errorCode, value, code)
	case "trackingid":
		set(&b.trackingID, value, text)
	case "message":
		set(&b.message, value, text)
	case "info":
		set(&b.info, value, object)
	case "timestamputc":
		set(&b.timestampUTC, value, text)
	}
}

func (s *stateBody) member(key string, value []byte) {
	switch key {
	case "assignedhub":
		set(&s.assignedHub, value, text)
	case "deviceid":
		set(&s.deviceID, value, text)
	case "registrationid":
		set(&s.registrationID, value, text)
	case "status":
		set(&s.status, value, text)
	case "substatus":
		set(&s.substatus, value, text)
	case "createddatetimeutc":
		set(&s.created, value, text)
	case "lastupdateddatetimeutc":
		set(&s.lastUpdated, value, text)
	case "etag":
		set(&s.etag, value, text)
	case "generationid":
		set(&s.generationID, value, text)
	case "payload":
		if s.payload = value; string(value) == "null" {
			s.payload = nil
		}
	case "errorcode":
		set(&s.errorCode, value, code)
	case "errormessage":
		set(&s.errorMessage, value, text)
	case "x509":
		set(&s.x509, value, object)
	case "symmetrickey":
		set(&s.symmetricKey, value, object)
	case "trustbundle":
		set(&s.trustBundle, value, object)
	case "issuedcertificatechain":
		set(&s.issuedCertificateChain, value, array)
	case "connectionprofile":
		set(&s.connectionProfile, value, text)
	}
}

// hasStatus reports whether the answer is the status of an operation.
func (b *body) hasStatus() bool { return len(b.status) > len(`""`) }

// An outcome is what a registration status means.
type outcome byte

const (
	none    outcome = iota // the answer has no status
	unknown                // the status is unknown
	pending
	assigned
	ended // failed or disabled
)

// outcomeOf returns the meaning of a status. It ignores case, since clients
// differ in this respect (S19).
func outcomeOf(status []byte) outcome {
	if len(status) == 0 {
		return none
	}
	var room [maxKey]byte
	switch lowered := lowerText(room[:0], status); string(lowered) {
	case "assigning", "unassigned":
		return pending
	case "assigned":
		return assigned
	case "failed", "disabled", "blacklisted":
		return ended
	}
	return unknown
}

func isDisabled(status string) bool {
	var room [maxKey]byte
	lowered := lowerText(room[:0], []byte(status))
	return string(lowered) == "disabled" || string(lowered) == "blacklisted"
}

// operation returns the operation ID of the answer. If the answer has none, or
// the same one, it returns known.
func (b *body) operation(known string) string {
	if id := decoded(b.operationID); len(id) > 0 && string(id) != known {
		return string(id)
	}
	return known
}

// assignment returns the result for an assigned device. operationID is the ID
// that is already known.
func (b *body) assignment(operationID string) (*Assignment, error) {
	s := &b.state
	a := &Assignment{
		AssignedHub: stringOf(s.assignedHub), DeviceID: stringOf(s.deviceID), RegistrationID: stringOf(s.registrationID),
		OperationID: b.operation(operationID), Status: stringOf(s.status), Substatus: stringOf(s.substatus),
		CreatedDateTimeUTC: stringOf(s.created), LastUpdatedDateTimeUTC: stringOf(s.lastUpdated),
		ETag: stringOf(s.etag), GenerationID: stringOf(s.generationID), Payload: bytes.Clone(s.payload),
		ErrorCode: numberOf(s.errorCode), ErrorMessage: stringOf(s.errorMessage),
		X509: x509StateOf(s.x509), SymmetricKey: symmetricKeyStateOf(s.symmetricKey),
		IssuedCertificateChain: stringsOf(s.issuedCertificateChain), ConnectionProfile: stringOf(s.connectionProfile),
	}
	if a.AssignedHub == "" || a.DeviceID == "" {
		return nil, unreadable("assigned without assignedHub or deviceId")
	}
	if a.Status == "" {
		a.Status = stringOf(b.status)
	}
	if a.TrustBundle = bytes.Clone(s.trustBundle); b.trustBundle != nil {
		a.TrustBundle = bytes.Clone(b.trustBundle)
	}
	return a, nil
}

func x509StateOf(value []byte) *X509State {
	if value == nil {
		return nil
	}
	s := new(X509State)
	m := walk(value, '{')
	for m.next() {
		switch string(m.key()) {
		case "enrollmentgroupid":
			setString(&s.EnrollmentGroupID, m.value)
		case "certificateinfo":
			setInfo(&s.CertificateInfo, m.value)
		case "signingcertificateinfo":
			setInfo(&s.SigningCertificateInfo, m.value)
		}
	}
	return s
}

// setString and setInfo are like set, for fields that are kept decoded.
func setString(field *string, value []byte) {
	if isString(value) {
		*field = stringOf(value)
	}
}

func setInfo(field **CertificateInfo, value []byte) {
	if value[0] != '{' {
		return
	}
	c := new(CertificateInfo)
	m := walk(value, '{')
	for m.next() {
		switch string(m.key()) {
		case "subjectname":
			setString(&c.SubjectName, m.value)
		case "sha1thumbprint":
			setString(&c.SHA1Thumbprint, m.value)
		case "sha256thumbprint":
			setString(&c.SHA256Thumbprint, m.value)
		case "issuername":
			setString(&c.IssuerName, m.value)
		case "notbeforeutc":
			setString(&c.NotBeforeUTC, m.value)
		case "notafterutc":
			setString(&c.NotAfterUTC, m.value)
		case "serialnumber":
			setString(&c.SerialNumber, m.value)
		case "version":
			if strings.IndexByte(code, m.value[0]) >= 0 {
				c.Version = numberOf(m.value)
			}
		}
	}
	*field = c
}

func symmetricKeyStateOf(value []byte) *SymmetricKeyState {
	if value == nil {
		return nil
	}
	s := new(SymmetricKeyState)
	m := walk(value, '{')
	for m.next() {
		if string(m.key()) == "enrollmentgroupid" {
			setString(&s.EnrollmentGroupID, m.value)
		}
	}
	return s
}

// stringsOf decodes an array of strings. For nil or any other array, it returns
// nil.
func stringsOf(value []byte) (all []string) {
	e := walk(value, '[')
	for e.next() {
		if !isString(e.value) {
			return nil
		}
		all = append(all, stringOf(e.value))
	}
	return all
}

// refusal returns the error for an answer other than "assigned". asked is the
// state in which the answer was received.
func (b *body) refusal(asked State, status int) *ServiceError {
	e := &ServiceError{
		State: asked, Status: status, ErrorCode: numberOf(b.errorCode), Message: clip(b.message, maxText),
		TrackingID: clip(b.trackingID, maxText), Timestamp: clip(b.timestampUTC, maxText),
		RegistrationStatus: clip(b.status, maxText), Substatus: clip(b.state.substatus, maxText),
		OperationID: clip(b.operationID, maxText),
	}
	if len(b.info) <= maxText {
		e.Info = string(b.info)
	}
	if n := numberOf(b.state.errorCode); n != 0 {
		e.ErrorCode = n
	}
	if b.state.errorMessage != nil {
		e.Message = clip(b.state.errorMessage, maxText)
	}
	if e.Timestamp == "" {
		e.Timestamp = clip(b.state.lastUpdated, maxText)
	}
	return e
}

// maxText is the maximum length in bytes of each text in a [ServiceError].
const maxText = 1024

// clip decodes a string and truncates it to the given number of bytes.
func clip(value []byte, most int) string { return clipString(stringOf(value), most) }

func clipString(s string, most int) string {
	switch {
	case len(s) <= most:
		return s
	case most < len("…"):
		return ""
	}
	for most -= len("…"); !utf8.RuneStart(s[most]); {
		most--
	}
	return s[:most] + "…"
}
