package dpstest_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/packet"
	"example.com/dps/sastoken"
)

// token makes a SAS token by hand, with a signature of any text.
func token(key []byte, sr, text string, se int64) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return []byte(fmt.Sprintf("SharedAccessSignature sr=%s&sig=%s&se=%d&skn=registration", sr, url.QueryEscape(base64.StdEncoding.EncodeToString(m.Sum(nil))), se))
}

var (
	groupKey = []byte("the key of a group of some length")
	expiry   = start.Add(time.Hour).Unix()
	sr       = sastoken.Resource(scope, "dev-1")
	toSign   = fmt.Sprintf("%s\n%d", sr, expiry)
)

// Each mistake in a token is diagnosed at the CONNECT.
func TestNaiveTokens(t *testing.T) {
	right := signed(key, "dev-1")(start)
	plus := right // a token whose signature has a '+'
	for i := int64(0); !bytes.Contains(plus, []byte("%2B")); i++ {
		plus = token(key, sr, fmt.Sprintf("%s\n%d", sr, expiry+i), expiry+i)
	}
	password := func(p []byte) func(*naive) { return func(n *naive) { n.connect.Password = p } }
	for name, b := range map[string]bug{
		"not enrolled": {func(n *naive) {
			n.connect.ClientID, n.connect.Username = []byte("x"), []byte(scope+"/registrations/x/api-version=2019-03-31")
			n.register.Payload = nil
		}, "not-enrolled at CONNECT", "individual enrollments: 4, enrollment groups: 1"},
		"no password":            {password(nil), "no-password at CONNECT", "expected a SAS token"},
		"the key as a password":  {password([]byte(encoded(key))), "token-form at CONNECT", "the password is the key itself"},
		"no prefix":              {password(right[len("SharedAccessSignature "):]), "token-form at CONNECT", "without \"SharedAccessSignature \""},
		"encoded twice":          {password([]byte("SharedAccessSignature sr=" + sr + "&sig=" + strings.Repeat("a", 43) + "%253D&se=1")), "token-form at CONNECT", "percent-encoded twice"},
		"hex signature":          {password([]byte(fmt.Sprintf("SharedAccessSignature sr=%s&sig=%064x&se=1", sr, 1))), "token-form at CONNECT", "in hex"},
		"URL-safe base64":        {password([]byte("SharedAccessSignature sr=" + sr + "&sig=" + strings.Repeat("_", 43) + "%3D&se=1")), "token-form at CONNECT", "in URL-safe base64"},
		"quotation mark":         {password([]byte(`"` + string(right) + `"`)), "token-form at CONNECT", "begins with a quotation mark"},
		"connection string":      {password([]byte("HostName=h;DeviceId=dev-1;SharedAccessKey=" + encoded(key))), "token-form at CONNECT", "is a connection string"},
		"fraction":               {password([]byte("SharedAccessSignature sr=" + sr + "&sig=" + strings.Repeat("A", 43) + "%3D&se=1795352400.5")), "token-form at CONNECT", "a fraction or a date"},
		"date":                   {password([]byte("SharedAccessSignature sr=" + sr + "&sig=" + strings.Repeat("A", 43) + "%3D&se=2026-11-22T12:00:00Z")), "token-form at CONNECT", "a fraction or a date"},
		"SHA-1":                  {password([]byte("SharedAccessSignature sr=" + sr + "&sig=" + strings.Repeat("A", 27) + "%3D&se=1")), "token-form at CONNECT", "has the length of SHA-1"},
		"SHA-512":                {password([]byte("SharedAccessSignature sr=" + sr + "&sig=" + strings.Repeat("A", 86) + "==&se=1")), "token-form at CONNECT", "has the length of SHA-512"},
		"no padding":             {password([]byte("SharedAccessSignature sr=" + sr + "&sig=" + strings.Repeat("A", 43) + "&se=1")), "token-form at CONNECT", "the '=' at the end of the signature is missing"},
		"line break":             {password(append(bytes.Clone(right), '\n')), "token-form at CONNECT", "a line break"},
		"token of a hub":         {password(token(key, "h.azure-devices.net%2Fdevices%2Fdev-1", fmt.Sprintf("h.azure-devices.net%%2Fdevices%%2Fdev-1\n%d", expiry), expiry)), "token-resource at CONNECT", "a device at an IoT hub"},
		"token of another scope": {password(token(key, "0ne1%2Fregistrations%2Fdev-1", fmt.Sprintf("0ne1%%2Fregistrations%%2Fdev-1\n%d", expiry), expiry)), "token-resource at CONNECT", `"0ne1%2Fregistrations%2Fdev-1": expected "0ne00000A1B%2Fregistrations%2Fdev-1"`},
		"token in lower case":    {password(token(key, strings.ToLower(sr), fmt.Sprintf("%s\n%d", strings.ToLower(sr), expiry), expiry)), "token-resource at CONNECT", "differs in case"},
		"sr encoded twice":       {password(token(key, url.QueryEscape(sr), fmt.Sprintf("%s\n%d", url.QueryEscape(sr), expiry), expiry)), "token-resource at CONNECT", "percent-encoded twice"},
		"token expired":          {password(signed(key, "dev-1")(start.Add(-2 * time.Hour))), "token-expired at CONNECT", "so the token expired at 2026-11-22T11:00:00Z"},
		"token recently expired": {password(signed(key, "dev-1")(start.Add(-61 * time.Minute))), "token-expired at CONNECT", "accepts it for 5m0s after its expiry"},
		"duration as expiry":     {password(token(key, sr, sr+"\n3600", 3600)), "token-expired at CONNECT", "not the lifetime of the token"},
		"year 1999":              {password(token(key, sr, sr+"\n946684799", 946684799)), "token-expired at CONNECT", "not the lifetime of the token"},
		"year 2000":              {password(token(key, sr, sr+"\n946684800", 946684800)), "token-expired at CONNECT", "expired at 2000-01-01T00:00:00Z, and it is now 2026-11-22T12:00:00Z"},
		"token expires meanwhile": {func(n *naive) {
			n.before = func(n *naive) { n.send(&packet.Pingreq{}); n.o.now = n.o.now.Add(66 * time.Minute) }
			n.connect.KeepAlive = 0
		}, "token-expired at PUBLISH", "expired"},
		"milliseconds": {password(token(key, sr, fmt.Sprintf("%s\n%d", sr, 1000*expiry), 1000*expiry)), "token-expiry-unit at CONNECT", "milliseconds"},
		"microseconds": {password(token(key, sr, fmt.Sprintf("%s\n%d", sr, 1000000*expiry), 1000000*expiry)), "token-expiry-unit at CONNECT", "a unit smaller than milliseconds"},
		"raw +":        {password(bytes.Replace(plus, []byte("%2B"), []byte("+"), 1)), "token-plus at CONNECT", "percent-encode it as %2B"},
	} {
		t.Run(name, b.check)
	}
}

// The reason why a signature does not match is determined by trying.
func TestNaiveSignatures(t *testing.T) {
	password := func(p []byte) func(*naive) { return func(n *naive) { n.connect.Password = p } }
	for name, b := range map[string]bug{
		"another key":             {password(token(groupKey, sr, toSign, expiry)), "signature-key at CONNECT", `the text to sign is "0ne00000A1B%2Fregistrations%2Fdev-1\n1795352400"`},
		"key not decoded":         {password(token([]byte(encoded(key)), sr, toSign, expiry)), "signature-key-text at CONNECT", "decode it first"},
		"derived, as text":        {password(token([]byte(encoded(sastoken.DeriveKey(key, "dev-1"))), sr, toSign, expiry)), "signature-key at CONNECT", "matches none of the keys"},
		"derived individual key":  {password(token(sastoken.DeriveKey(key, "dev-1"), sr, toSign, expiry)), "signature-key at CONNECT", "an individual enrollment"},
		"decoded sr signed":       {password(token(key, sr, fmt.Sprintf("%s/registrations/dev-1\n%d", scope, expiry), expiry)), "signature-decoded at CONNECT", "sign the sr exactly as it is"},
		"encoded sr signed":       {password(token(key, scope+"/registrations/dev-1", toSign, expiry)), "signature-decoded at CONNECT", "%2Fdev-1\", but the token has another sr"},
		"%2f signed":              {password(token(key, sr, strings.ReplaceAll(toSign, "%2F", "%2f"), expiry)), "signature-decoded at CONNECT", "%2fdev-1\", but the token has another sr"},
		"sr signed in lower case": {password(token(key, sr, strings.ToLower(sr)+toSign[len(sr):], expiry)), "signature-case at CONNECT", "in lower case"},
		"two mistakes":            {password(token([]byte(encoded(key)), sr, sr+fmt.Sprint(expiry), expiry)), "signature-key-text at CONNECT, signature-text at CONNECT", "decode"},
		"no line feed":            {password(token(key, sr, sr+fmt.Sprint(expiry), expiry)), "signature-text at CONNECT", "without a line feed"},
		"line feed at the end":    {password(token(key, sr, toSign+"\n", expiry)), "signature-text at CONNECT", "with a line feed after it"},
		`\n as two characters`:    {password(token(key, sr, strings.Replace(toSign, "\n", `\n`, 1), expiry)), "signature-text at CONNECT", `the two characters \n`},
	} {
		t.Run(name, b.check)
	}
}

// Mistakes in the signature are also determined for a group, whose devices
// derive their keys.
func TestNaiveGroups(t *testing.T) {
	group := func(key []byte) func(*naive) {
		return func(n *naive) {
			resource := sastoken.Resource(scope, "Sn-7")
			n.connect.ClientID, n.connect.Username = []byte("Sn-7"), []byte(scope+"/registrations/Sn-7/api-version=2019-03-31")
			n.connect.Password = token(key, resource, fmt.Sprintf("%s\n%d", resource, expiry), expiry)
			n.register.Payload = nil
		}
	}
	for name, b := range map[string]bug{
		"group key":             {group(groupKey), "signature-group-key at CONNECT", "derive the key of the device"},
		"group key not decoded": {group([]byte(encoded(groupKey))), "signature-group-key at CONNECT", "without decoding"},
		"derived key as text":   {group([]byte(encoded(sastoken.DeriveKey(groupKey, "Sn-7")))), "signature-key-text at CONNECT", "use its 32 bytes"},
		"derived from text":     {group(sastoken.DeriveKey([]byte(encoded(groupKey)), "Sn-7")), "signature-key-text at CONNECT", "the base64 text of the group key"},
		"derived in lower case": {group(sastoken.DeriveKey(groupKey, "sn-7")), "signature-case at CONNECT", `"sn-7", but the device connects as "Sn-7"`},
		"derived in upper case": {group(sastoken.DeriveKey(groupKey, "SN-7")), "signature-case at CONNECT", `"SN-7"`},
		"derived correctly":     {group(sastoken.DeriveKey(groupKey, "Sn-7")), "", ""},
	} {
		t.Run(name, b.check)
	}
}

// Each mistake with a certificate is diagnosed at the CONNECT.
func TestNaiveCertificates(t *testing.T) {
	x509 := func(cert *dpstest.Certificate) func(*naive) {
		return func(n *naive) {
			n.connect.ClientID, n.connect.Username, n.connect.Password, n.cert = []byte("dev-x"), []byte(scope+"/registrations/dev-x/api-version=2019-03-31"), nil, cert
			n.register.Payload = nil
		}
	}
	ca := []string{"CA"}
	for name, b := range map[string]bug{
		"no certificate":          {x509(nil), "certificate-missing at CONNECT", "presented none"},
		"other common name":       {x509(&dpstest.Certificate{CommonName: "dev-y"}), "certificate-name at CONNECT", `"dev-y", but the registration ID is "dev-x"`},
		"certificate expired":     {x509(&dpstest.Certificate{CommonName: "dev-x", NotAfter: start.Add(-time.Second), Authorities: ca}), "certificate-expired at CONNECT", "to 2026-11-22T11:59:59Z"},
		"certificate of tomorrow": {x509(&dpstest.Certificate{CommonName: "dev-x", NotBefore: start.Add(time.Hour), Authorities: ca}), "certificate-expired at CONNECT", "from 2026-11-22T13:00:00Z"},
		"certificate untrusted":   {x509(&dpstest.Certificate{CommonName: "dev-x", Untrusted: "unknown authority"}), "certificate-untrusted at CONNECT", "unknown authority"},
		"certificate unknown":     {x509(&dpstest.Certificate{CommonName: "dev-x", Authorities: []string{"Other CA"}}), "certificate-unenrolled at CONNECT", `"Other CA"`},
		"valid certificate":       {x509(&dpstest.Certificate{CommonName: "DEV-X", NotAfter: start.Add(time.Hour), Authorities: ca}), "", ""},
	} {
		t.Run(name, b.check)
	}
}
