package dpstest_test

import (
	"fmt"
	"strings"
	"testing"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/packet"
	"example.com/dps/sastoken"
	"github.com/google/go-cmp/cmp"
)

// told returns the diagnoses for a CONNECT with a password.
func told(t *testing.T, id string, password []byte, all ...dpstest.Enrollment) (texts []string) {
	t.Helper()
	s, err := dpstest.New(dpstest.Config{IDScope: scope, Enrollments: all, Log: func(e dpstest.Event) {
		if e.Kind == dpstest.EventDiagnosis {
			texts = append(texts, string(e.Diagnosis)+": "+e.Text)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	newPeer(t, s).say(connect(func(c *packet.Connect) {
		c.ClientID, c.Username, c.Password = []byte(id), []byte(scope+"/registrations/"+id+"/api-version=2019-03-31"), password
	}))
	return texts
}

// Whatever was signed instead of sr, a line feed and se, the text states what
// it was.
func TestSignedTexts(t *testing.T) {
	se, plain := fmt.Sprint(expiry), scope+"/registrations/dev-1"
	quoted := fmt.Sprintf("%q", toSign)
	form := func(what string) []string {
		return []string{"signature-text: the text was signed " + what + ": sign sr, one line feed, and se, here " + quoted}
	}
	const lower = "signature-case: the sr was signed in lower case: sign it exactly as it is in the token"
	other := func(sr string) string {
		return fmt.Sprintf("signature-decoded: the sr that was signed is %q, but the token has another sr: sign the sr exactly as it is in the token", sr)
	}
	resource := func(sr, hint string) string {
		return fmt.Sprintf("token-resource: the sr of the token is %q%s: expected %q", sr, hint, sastoken.Resource(scope, "dev-1"))
	}
	for _, test := range []struct {
		sr, signed string
		want       []string
	}{
		{sr, toSign, nil},
		{sr, sr + se, form("without a line feed")},
		{sr, sr + `\n` + se, form(`with the two characters \n instead of a line feed`)},
		{sr, sr + "\r\n" + se, form("with CR LF instead of a line feed")},
		{sr, sr + "\n" + se + "\n", form("with a line feed after it")},
		{sr, se + "\n" + sr, form("with se before sr")},
		{sr, sr, form("without se")},
		{sr, "sr=" + sr + "\nse=" + se, form("with sr= and se= in it")},
		{sr, sr + "&" + se, form("with & instead of a line feed")},
		{sr, plain + "\n" + se, []string{"signature-decoded: the sr was signed before it was percent-encoded: sign the sr exactly as it is in the token"}},
		{sr, strings.ToLower(plain) + "\n" + se, []string{lower}},
		{sr, strings.ToLower(sr) + "\n" + se, []string{lower}},
		{plain, toSign, []string{other(sr)}},
		{plain, strings.ReplaceAll(sr, "%2F", "%2f") + "\n" + se, []string{other(strings.ReplaceAll(sr, "%2F", "%2f"))}},
		{strings.ToLower(sr), plain + "\n" + se, []string{resource(strings.ToLower(sr), ", which differs in case"), other(plain)}},
		{sr, "x", []string{"signature-key: the signature matches none of the keys of this device: check the key; the text to sign is " + quoted}},
	} {
		if d := cmp.Diff(test.want, told(t, "dev-1", token(key, test.sr, test.signed, expiry), device(dpstest.Outcome{}))); d != "" {
			t.Errorf("%q: %s", test.signed, d)
		}
	}
}

// One mistake is a better explanation than two, even if it is found only with
// another key.
func TestOneMistakeIsLikelier(t *testing.T) {
	twice := []byte(encoded(key))
	e := dpstest.Enrollment{RegistrationID: "dev-1", PrimaryKey: encoded(key), SecondaryKey: encoded(twice)}
	got := told(t, "dev-1", token(twice, sr, sr, expiry), e)
	if len(got) != 1 || !strings.HasPrefix(got[0], "signature-text: the text was signed without se") {
		t.Errorf("%q", got)
	}
}

// The second key is tried in the same ways as the first.
func TestSecondKeyAsText(t *testing.T) {
	e := dpstest.Enrollment{RegistrationID: "dev-1", PrimaryKey: encoded(key), SecondaryKey: " " + encoded(groupKey) + "\n"}
	got := told(t, "dev-1", token([]byte(encoded(groupKey)), sr, toSign, expiry), e)
	if want := []string{"signature-key-text: the base64 text of the key was used as the key: decode it first"}; !cmp.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// The key of a device may have been derived from the registration ID in the
// token, or from the registration ID in a different case.
func TestKeysOfOtherIDs(t *testing.T) {
	group := dpstest.Enrollment{Group: "g", PrimaryKey: encoded(groupKey)}
	for _, other := range []string{"sn-7", "SN-7", "sN-7"} {
		resource := sastoken.Resource(scope, other)
		password := token(sastoken.DeriveKey(groupKey, other), resource, fmt.Sprintf("%s\n%d", resource, expiry), expiry)
		want := []string{
			fmt.Sprintf("token-resource: the sr of the token is %q, which differs in case: expected %q", resource, sastoken.Resource(scope, "Sn-7")),
			fmt.Sprintf(`signature-case: the key was derived from the registration ID %q, but the device connects as "Sn-7": the derived key depends on its case`, other),
		}
		if d := cmp.Diff(want, told(t, "Sn-7", password, group)); d != "" {
			t.Error(d)
		}
	}
}

// A resource that looks like that of a device at an IoT hub is recognized.
func TestResourcesOfHubs(t *testing.T) {
	for resource, hub := range map[string]bool{
		"h.azure-devices.net": true, "h%2Fdevices%2Fdev-1": true, "h.azure-devices.cn%2Fdevices%2Fdev-1": true, "h%2Fregistrations%2Fdev-1": false,
	} {
		got := told(t, "dev-1", token(key, resource, fmt.Sprintf("%s\n%d", resource, expiry), expiry), device(dpstest.Outcome{}))
		if len(got) != 1 || strings.Contains(got[0], "which is a device at an IoT hub") != hub {
			t.Errorf("%s: %q", resource, got)
		}
	}
}

// The fields of a password are found in any order.
func TestFieldsInAnyOrder(t *testing.T) {
	raw := "" // begins with the signature, which has a '+'
	for i := int64(0); !strings.Contains(raw, "+"); i++ {
		_, fields, _ := strings.Cut(string(token(key, sr, fmt.Sprintf("%s\n%d", sr, expiry+i), expiry+i)), " ")
		resource, rest, _ := strings.Cut(fields, "&")
		raw = strings.ReplaceAll(rest, "%2B", "+") + "&" + resource
	}
	for password, want := range map[string]string{
		"":                             `no-password: there is no password: expected a SAS token, "SharedAccessSignature sr=…&sig=…&se=…"`,
		"SharedAccessSignature " + raw: "token-plus: ",
		"SharedAccessSignature sig=" + hex64 + "&sr=x":           "token-form: the password is not a SAS token: the signature is in hex, ",
		"SharedAccessSignature se=4611686018427387904&sr=x":      "token-expiry-unit: se is 4611686018427387904, which looks like a time in a unit smaller than milliseconds",
		"SharedAccessSignature sr=x&se=9223372036854775808&x=y":  "token-form: the password is not a SAS token: sastoken: ",
		"SharedAccessSignature sr=sec_ret&sig=x&se=253402300799": "token-form: the password is not a SAS token: sastoken: ",
	} {
		if got := told(t, "dev-1", []byte(password), device(dpstest.Outcome{})); len(got) != 1 || !strings.HasPrefix(got[0], want) {
			t.Errorf("%s: %q, want %s", password, got, want)
		}
	}
}

// The text about an expired token states when it expired, and gives a hint if
// there is one.
func TestExpiryTexts(t *testing.T) {
	for se, want := range map[int64]string{
		start.Unix():       "2026-11-22T12:00:00Z, and it is now 2026-11-22T12:00:00Z; the service accepts it for 5m0s after its expiry",
		start.Unix() - 299: "2026-11-22T11:55:01Z, and it is now 2026-11-22T12:00:00Z; the service accepts it for 5m0s after its expiry",
		start.Unix() - 300: "2026-11-22T11:55:00Z, and it is now 2026-11-22T12:00:00Z",
		946684800:          "2000-01-01T00:00:00Z, and it is now 2026-11-22T12:00:00Z",
		3600:               "1970-01-01T01:00:00Z, and it is now 2026-11-22T12:00:00Z; se is the Unix time of the expiry in seconds, not the lifetime of the token",
	} {
		got := told(t, "dev-1", token(key, sr, fmt.Sprintf("%s\n%d", sr, se), se), device(dpstest.Outcome{}))
		if d := cmp.Diff([]string{fmt.Sprintf("token-expired: se is %d, so the token expired at %s", se, want)}, got); d != "" {
			t.Error(d)
		}
	}
	se := start.Unix() + 1
	if got := told(t, "dev-1", token(key, sr, fmt.Sprintf("%s\n%d", sr, se), se), device(dpstest.Outcome{})); got != nil {
		t.Errorf("%q", got)
	}
}

// A password that is the second key is recognized, too.
func TestSecondKeyAsPassword(t *testing.T) {
	e := dpstest.Enrollment{RegistrationID: "dev-1", PrimaryKey: encoded(key), SecondaryKey: encoded(groupKey)}
	if got := told(t, "dev-1", []byte(encoded(groupKey)), e); len(got) != 1 || !strings.Contains(got[0], "the password is the key itself") {
		t.Errorf("%q", got)
	}
}

// The derived key of a group is tried with each text.
func TestSignedTextsInGroups(t *testing.T) {
	group := dpstest.Enrollment{Group: "g", PrimaryKey: encoded(groupKey)}
	got := told(t, "dev-1", token(sastoken.DeriveKey(groupKey, "dev-1"), sr, sr, expiry), group)
	if len(got) != 1 || !strings.HasPrefix(got[0], "signature-text: the text was signed without se: ") {
		t.Errorf("%q", got)
	}
}
