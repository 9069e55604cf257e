package dpstest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"example.com/dps/sastoken"
)

// maxTried is the maximum number of enrollments whose keys are tried to explain
// a signature that does not match.
const maxTried = 4

// An attempt is one of the ways in which the client may have made a signature:
// a text that it may have signed, or a key that it may have used.
type attempt struct {
	mistake Diagnosis // empty if this is the right way
	what    string
	bytes   []byte
}

// explainSignature reports how a signature that does not match was made, which
// it determines by trying the common mistakes.
func (c *Conn) explainSignature(all []*enrollment) {
	texts := c.texts()
	for _, right := range []bool{true, false} { // one mistake is more likely than two
		for _, e := range all[:min(len(all), maxTried)] {
			for _, key := range c.keys(e) {
				if right == (key.mistake == "") && c.explainWith(key, texts) {
					return
				}
			}
		}
	}
	c.diagnose(SignatureKey, "the signature matches none of the keys of this device: check the key; the text to sign is %.300q", texts[0].bytes)
}

// explainWith reports whether the signature was made with this key and one of
// these texts. If so, it diagnoses the mistakes.
func (c *Conn) explainWith(key attempt, texts []attempt) bool {
	for _, text := range texts {
		if signs(key.bytes, text.bytes, c.token.Signature()) {
			for _, a := range []attempt{key, text} {
				if a.mistake != "" {
					c.diagnose(a.mistake, "%s", a.what)
				}
			}
			return true
		}
	}
	return false
}

func signs(key, text, signature []byte) bool {
	m := hmac.New(sha256.New, key)
	m.Write(text)
	return hmac.Equal(m.Sum(nil), signature)
}

// texts returns what the client may have signed.
func (c *Conn) texts() []attempt {
	sr, se := c.token.Resource(), strconv.FormatInt(c.token.Expiry().Unix(), 10)
	var all []attempt
	add := func(mistake Diagnosis, what, text string) {
		all = append(all, attempt{mistake, what, []byte(text)})
	}
	add("", "", sr+"\n"+se)
	raw, encoded := unescape(sr), sastoken.Resource(c.service.cfg.IDScope, c.registrationID)
	add(SignatureDecoded, "the sr was signed before it was percent-encoded: sign the sr exactly as it is in the token", raw+"\n"+se)
	for _, other := range []string{encoded, strings.ReplaceAll(encoded, "%2F", "%2f"), c.service.cfg.IDScope + "/registrations/" + c.registrationID} {
		add(SignatureDecoded, "the sr that was signed is "+strconv.Quote(other)+", but the token has another sr: sign the sr exactly as it is in the token", other+"\n"+se)
	}
	for _, lower := range []string{strings.ToLower(sr), strings.ToLower(raw)} {
		add(SignatureCase, "the sr was signed in lower case: sign it exactly as it is in the token", lower+"\n"+se)
	}
	for _, form := range []struct{ what, text string }{
		{"without a line feed", sr + se}, {`with the two characters \n instead of a line feed`, sr + `\n` + se}, {"with CR LF instead of a line feed", sr + "\r\n" + se},
		{"with a line feed after it", sr + "\n" + se + "\n"}, {"with se before sr", se + "\n" + sr}, {"without se", sr}, {"with sr= and se= in it", "sr=" + sr + "\nse=" + se},
		{"with & instead of a line feed", sr + "&" + se},
	} {
		add(SignatureText, fmt.Sprintf("the text was signed %s: sign sr, one line feed, and se, here %.300q", form.what, sr+"\n"+se), form.text)
	}
	return all
}

// keys returns the keys that the client may have used for an enrollment.
func (c *Conn) keys(e *enrollment) (all []attempt) {
	id := c.registrationID
	for i, key := range e.keys {
		text := []byte(strings.TrimSpace(string([]Key{e.PrimaryKey, e.SecondaryKey}[i])))
		if e.Group == "" {
			all = append(all,
				attempt{"", "", key},
				attempt{SignatureKeyText, "the base64 text of the key was used as the key: decode it first", text},
				attempt{SignatureKey, "the key was derived from the key of the enrollment, but this is an individual enrollment: use its key directly", sastoken.DeriveKey(key, id)})
			continue
		}
		derived := sastoken.DeriveKey(key, id)
		all = append(all,
			attempt{"", "", derived},
			attempt{SignatureGroupKey, "the key of the group was used: derive the key of the device, the HMAC-SHA256 of the registration ID with that key", key},
			attempt{SignatureGroupKey, "the key of the group was used, without decoding its base64: decode it and derive the key of the device, the HMAC-SHA256 of the registration ID with that key", text},
			attempt{SignatureKeyText, "the base64 text of the derived key was used: use its 32 bytes", []byte(base64.StdEncoding.EncodeToString(derived))},
			attempt{SignatureKeyText, "the key was derived from the base64 text of the group key: decode it first", sastoken.DeriveKey(text, id)})
		for _, other := range []string{strings.ToLower(id), strings.ToUpper(id), unescape(c.token.Resource())} {
			other = other[strings.LastIndexByte(other, '/')+1:]
			what := fmt.Sprintf("the key was derived from the registration ID %.140q, but the device connects as %q: the derived key depends on its case", other, id)
			all = append(all, attempt{SignatureCase, what, sastoken.DeriveKey(key, other)})
		}
	}
	return all
}
