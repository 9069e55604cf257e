package dpstest_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/packet"
	"example.com/dps/sastoken"
	"example.com/dps/topic"
)

// A token is accepted only for the ID scope and the registration ID of the
// device, both in the same case, and with the key of the device.
func TestTokenMustFit(t *testing.T) {
	resource := func(scope, id string) []byte {
		text, err := sastoken.Sign(key, sastoken.Resource(scope, id), sastoken.KeyName, start.Add(time.Hour)).AppendPassword(nil)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for name, test := range map[string]struct {
		password []byte
		want     string
	}{
		"right":               {resource(scope, "dev-1"), "202"},
		"another scope":       {resource("0ne00000A1C", "dev-1"), "401"},
		"scope in lower case": {resource(strings.ToLower(scope), "dev-1"), "401"},
		"ID in upper case":    {resource(scope, "DEV-1"), "401"},
		"another ID":          {resource(scope, "dev-2"), "401"},
		"another key":         {signed(groupKey, "dev-1")(start), "401"},
	} {
		p := newPeer(t, newService(t, device(dpstest.Outcome{}), dpstest.Enrollment{RegistrationID: "dev-2", PrimaryKey: encoded(key)}))
		p.say(connect(func(c *packet.Connect) { c.Password = test.password }), subscribe(0))
		if got := p.status(registerT, ""); got[:3] != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// A '+' in a signature is read as a space unless LiteralPlus is set.
func TestTokenWithPlus(t *testing.T) {
	var password []byte
	for i := int64(0); !bytes.Contains(password, []byte("%2B")); i++ {
		password = token(key, sr, fmt.Sprintf("%s\n%d", sr, expiry+i), expiry+i)
	}
	raw := bytes.ReplaceAll(password, []byte("%2B"), []byte("+"))
	for _, test := range []struct {
		password []byte
		literal  bool
		want     string
	}{{password, false, "202"}, {password, true, "202"}, {raw, false, "401"}, {raw, true, "202"}} {
		p := newPeer(t, chosen(t, dpstest.Choices{LiteralPlus: test.literal}))
		p.say(connect(func(c *packet.Connect) { c.Password = test.password }), subscribe(0))
		if got := p.status(registerT, ""); got[:3] != test.want {
			t.Errorf("%t: %s, want %s", test.literal, got, test.want)
		}
	}
}

// Only the right filter is granted.
func TestFilters(t *testing.T) {
	for filter, code := range map[string]string{
		"$dps/registrations/res/#": "01", "$dps/registrations/res/": "80", "$dps/registrations/res/+/#": "80",
		"$dps/registrations/res/202/#": "80", "$dps/registrations/#": "80", "$dps/registrations/RES/#": "80", "#": "80",
	} {
		p := newPeer(t, newService(t, device(dpstest.Outcome{})))
		p.say(connect())
		s := &packet.Subscribe{ID: 3, Subscriptions: []packet.Subscription{{Filter: []byte(filter), QoS: 1}}}
		p.expect(p.say(s), false, "SUBACK id=3 codes="+code)
		if answers := p.say(publish(registerT, 0, 0, "")); (len(answers) == 1) != (code == "01") {
			t.Errorf("%q: answers %q", filter, answers)
		}
	}
}

// Answers are sent between the SUBSCRIBE and the UNSUBSCRIBE, with the QoS of
// the last SUBSCRIBE.
func TestUnsubscribe(t *testing.T) {
	p := newPeer(t, endless(t, func(*dpstest.Config) {}))
	request := publish(registerT, 0, 0, "")
	p.expect(p.say(connect(), subscribe(2), request), false, "CONNACK", "SUBACK id=1 codes=01", "PUBLISH id=1 qos=1")
	p.expect(p.say(subscribe(0), request), false, "SUBACK id=1 codes=00", "PUBLISH qos=0")
	unsubscribe := func(filters ...string) *packet.Unsubscribe {
		u := &packet.Unsubscribe{ID: 9}
		for _, f := range filters {
			u.Filters = append(u.Filters, []byte(f))
		}
		return u
	}
	p.expect(p.say(unsubscribe("#", "$dps/registrations/res/+"), request), false, "UNSUBACK id=9", "PUBLISH qos=0")
	p.expect(p.say(unsubscribe("#", topic.ResponseFilter), request), false, "UNSUBACK id=9")
	p.expect(p.say(subscribe(1), request), false, "SUBACK", "PUBLISH id=2 qos=1")
}

// An operation belongs to the device that began it.
func TestOperationsBelongToDevices(t *testing.T) {
	s := endless(t, func(*dpstest.Config) {})
	one, two := newDevice(t, s, "dev-1"), newDevice(t, s, "dev-2")
	one.status(registerT, "")
	if got := two.status(queryT("1"), ""); got != "404/?$rid=1" {
		t.Errorf("another device gets %s", got)
	}
	for _, id := range []string{"dev-1", "DEV-1"} {
		if got := newDevice(t, s, id).status(queryT("1"), ""); got != waiting {
			t.Errorf("the same device on another connection, as %s, gets %s", id, got)
		}
	}
}

// The text about an unknown operation ID states the reason.
func TestOperationTexts(t *testing.T) {
	o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{}), {RegistrationID: "dev-2", PrimaryKey: encoded(key)}}})
	newDevice(t, o.Service, "dev-1").status(registerT, "")
	p := newDevice(t, o.Service, "dev-2")
	for i, id := range []string{"4.0000000000000001.00000000-0000-4000-8000-000000000001", "4.0000000000000001.x", "4.", "5.0000000000000001.00000000-0000-4000-8000-000000000001", "4.000000000000000g.x"} {
		want := "the service has no operation \"" + id + "\": expected the operationId of the answer to the registration, unchanged"
		if i == 0 {
			want = "the operation \"" + id + "\" belongs to another device"
		}
		o.texts = nil
		if got := p.status(fmt.Sprintf("GET/iotdps-get-operationstatus/?$rid=%d&operationId=%s", i, id), ""); got != fmt.Sprintf("404/?$rid=%d", i) && got[:3] != "429" || len(o.texts) != 1 || o.texts[0] != want {
			t.Errorf("%s: %s, %q", id, got, o.texts)
		}
		p.now = p.now.Add(10 * time.Second)
	}
}

// A registration that is refused, for any reason, does not begin an operation.
func TestRefusedRegistrationBeginsNothing(t *testing.T) {
	s := endless(t, func(c *dpstest.Config) {
		c.RegistrationsPerMinute = 2
		c.Enrollments[0].Faults = []dpstest.Fault{{At: dpstest.OnRegister, Nth: 1, Status: 503}}
	})
	p := newDevice(t, s, "dev-1")
	p.status(registerT, "")                           // the fault
	p.status(registerT, `{"registrationId":"dev-2"}`) // counts toward the quota
	for _, change := range []func(*packet.Connect){
		func(c *packet.Connect) { c.Password = signed(groupKey, "dev-1")(start) },
		func(c *packet.Connect) { c.Username = []byte(scope + "/registrations/dev-1/api-version=1") },
	} {
		p := newPeer(t, s)
		p.say(connect(change), subscribe(0))
		p.status(registerT, "")
	}
	p = newDevice(t, s, "dev-2")
	if all := p.say(publish(registerT, 0, 0, "")); !strings.Contains(all[0], `"4.0000000000000001.`) {
		t.Errorf("the first operation is %s", all[0])
	}
	p.status(registerT, "") // throttled
	p.now = start.Add(time.Minute)
	if all := p.say(publish(registerT, 0, 0, "")); !strings.Contains(all[0], `"4.0000000000000002.`) {
		t.Errorf("the second operation is %s", all[0])
	}
}

// A repeated answer is the same packet again, with DUP if its QoS is 1.
func TestRepeatedAnswers(t *testing.T) {
	for qos, want := range map[packet.QoS][]string{
		0: {"PUBLISH qos=0 topic", "PUBLISH qos=0 topic", "PUBLISH qos=0 topic"},
		1: {"PUBLISH id=1 qos=1 topic", "PUBLISH id=1 qos=1 dup topic", "PUBLISH id=1 qos=1 dup topic"},
	} {
		p := newPeer(t, newService(t, device(dpstest.Outcome{}, dpstest.Fault{At: dpstest.OnRegister, Repeat: 2})))
		p.say(connect(), subscribe(qos))
		all := p.say(publish(registerT, 0, 0, ""))
		if len(all) != 3 {
			t.Fatal(all)
		}
		for i := range all {
			a, _, _ := strings.Cut(all[i], "=\"")
			if a != want[i] {
				t.Errorf("%s, want %s", a, want[i])
			}
		}
	}
}

// The common name and the dates of a certificate are checked in individual
// enrollments and in groups. Thumbprints and authorities are checked if the
// enrollment lists them.
func TestCertificates(t *testing.T) {
	sum := strings.Repeat("ab", 20)
	cn := func(change ...func(*dpstest.Certificate)) *dpstest.Certificate {
		c := &dpstest.Certificate{CommonName: "dev-1"}
		for _, f := range change {
			f(c)
		}
		return c
	}
	untrusted := func(c *dpstest.Certificate) { c.Untrusted = "signed by an unknown authority" }
	signedBy := func(a ...string) func(*dpstest.Certificate) {
		return func(c *dpstest.Certificate) { c.Authorities = a }
	}
	has := func(t ...string) func(*dpstest.Certificate) {
		return func(c *dpstest.Certificate) { c.Thumbprints = t }
	}
	dates := func(from, to time.Time) func(*dpstest.Certificate) {
		return func(c *dpstest.Certificate) { c.NotBefore, c.NotAfter = from, to }
	}
	alone, group := dpstest.Enrollment{RegistrationID: "dev-1", X509: true}, dpstest.Enrollment{Group: "g", X509: true}
	with := func(e dpstest.Enrollment, authority string, thumbprints ...string) dpstest.Enrollment {
		e.Authority, e.Thumbprints = authority, thumbprints
		return e
	}
	for name, test := range map[string]struct {
		e    dpstest.Enrollment
		cert *dpstest.Certificate
		want string
	}{
		"individual":               {alone, cn(), "202"},
		"other name":               {alone, &dpstest.Certificate{CommonName: "dev-2"}, "401"},
		"name in a different case": {alone, &dpstest.Certificate{CommonName: "DEV-1"}, "202"},
		"group":                    {group, cn(), "202"},
		"other name in group":      {group, &dpstest.Certificate{CommonName: "dev-2"}, "401"},
		"no name in group":         {group, &dpstest.Certificate{}, "401"},
		"none":                     {alone, nil, "401"},
		"none in group":            {group, nil, "404"},
		"untrusted":                {alone, cn(untrusted), "401"},
		"untrusted in group":       {group, cn(untrusted), "401"},
		"thumbprint":               {with(alone, "", strings.Repeat("cd", 32), sum), cn(untrusted, has("AB:"+strings.ToUpper(sum[2:]))), "202"},
		"other thumbprint":         {with(alone, "", sum), cn(has(strings.Repeat("cd", 20))), "401"},
		"no thumbprint":            {with(alone, "", sum), cn(), "401"},
		"authority":                {with(group, "CA"), cn(signedBy("other", "CA")), "202"},
		"authority by thumbprint":  {with(group, strings.ToUpper(sum)), cn(signedBy(sum)), "202"},
		"authority in other case":  {with(group, "CA"), cn(signedBy("cA ")), "401"},
		"other authority":          {with(group, "CA"), cn(signedBy("other")), "401"},
		"no authority":             {with(alone, "CA"), cn(), "401"},
		"thumbprint and authority": {with(alone, "CA", sum), cn(untrusted, has(sum), signedBy("CA")), "202"},
		"thumbprint, no authority": {with(alone, "CA", sum), cn(has(sum)), "401"},
		"first moment":             {alone, cn(dates(start, time.Time{})), "202"},
		"last moment":              {alone, cn(dates(time.Time{}, start)), "202"},
		"too early":                {alone, cn(dates(start.Add(1), time.Time{})), "401"},
		"too late":                 {alone, cn(dates(time.Time{}, start.Add(-1))), "401"},
	} {
		p := &peer{t, newService(t, test.e).Open(start, test.cert), start}
		p.say(connect(), subscribe(0))
		if got := p.status(registerT, ""); got[:3] != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// The dates of a certificate are compared with the time of the request.
func TestCertificateExpires(t *testing.T) {
	cert := &dpstest.Certificate{CommonName: "dev-1", NotBefore: start, NotAfter: start.Add(time.Minute)}
	p := &peer{t, newService(t, dpstest.Enrollment{RegistrationID: "dev-1", X509: true}).Open(start, cert), start}
	p.say(connect(), subscribe(0))
	first := p.status(registerT, "")
	p.now = start.Add(time.Minute + 1)
	if second := p.status(registerT, ""); first[:3] != "202" || second[:3] != "401" {
		t.Errorf("answered %s, and after the end %s", first, second)
	}
}

// The text about a device that no enrollment matches states which enrollments
// there are.
func TestStrangers(t *testing.T) {
	keys, x509 := dpstest.Enrollment{Group: "keys", Prefix: "Dev-", PrimaryKey: encoded(key)}, dpstest.Enrollment{Group: "x509", Prefix: "dev-", X509: true}
	other := dpstest.Enrollment{Group: "other", Prefix: "sn-", PrimaryKey: encoded(key)}
	for name, test := range map[string]struct {
		e    []dpstest.Enrollment
		cert *dpstest.Certificate
		want string // after "#1 dev-1: diagnosis "
	}{
		"certificate for a key":  {[]dpstest.Enrollment{keys}, certificate("dev-1"), `not-enrolled: the registration ID "dev-1" matches the group "keys", whose devices have a key, but the client presented a certificate`},
		"no certificate":         {[]dpstest.Enrollment{x509, other}, nil, `certificate-missing: the registration ID "dev-1" matches the group "x509", whose devices present a certificate, but the client presented none`},
		"nothing":                {[]dpstest.Enrollment{other, {RegistrationID: "dev-2", X509: true}}, nil, `not-enrolled: no enrollment matches the registration ID "dev-1"; individual enrollments: 1, enrollment groups: 1`},
		"nothing, certificate":   {[]dpstest.Enrollment{other}, certificate("dev-1"), `not-enrolled: no enrollment matches the registration ID "dev-1"; individual enrollments: 0, enrollment groups: 1`},
		"certificate name wrong": {[]dpstest.Enrollment{x509, keys}, certificate("dev-2"), `certificate-name: the common name of the certificate is "dev-2", but the registration ID is "dev-1": they must be the same`},
		"thumbprints": {[]dpstest.Enrollment{{RegistrationID: "dev-1", X509: true, Thumbprints: []string{strings.Repeat("0", 40)}}}, &dpstest.Certificate{CommonName: "dev-1", Thumbprints: []string{"11"}},
			`certificate-unenrolled: the thumbprints of the certificate are ["11"], but the enrollment has ["` + strings.Repeat("0", 40) + `"]`},
	} {
		o := observe(t, dpstest.Config{Enrollments: test.e})
		p := &peer{t, o.Open(start, test.cert), start}
		p.say(connect())
		if len(o.named) != 1 || o.all[2] != "#1 dev-1: diagnosis "+test.want {
			t.Errorf("%s: %q", name, o.all[2:])
		}
	}
}

// The certificate chain is sent only to a device that requested a certificate.
func TestIssuedCertificates(t *testing.T) {
	for body, want := range map[string]bool{"": false, `{"csr":""}`: false, `{"csr":"MIIB"}`: true} {
		p := newDevice(t, newService(t, device(dpstest.Outcome{AtOnce: true, IssuedCertificateChain: []string{"bGVhZg==", "cm9vdA=="}})), "dev-1")
		all := p.say(publish(registerT, 0, 0, body))
		if got := strings.Contains(all[0], `"issuedCertificateChain":["bGVhZg==","cm9vdA=="]`); got != want {
			t.Errorf("%s: %s", body, all[0])
		}
	}
}

// No event shows a password, a signature or a key, whatever is wrong with it.
func TestLogHasNoSecrets(t *testing.T) {
	right := signed(key, "dev-1")(start)
	secrets := [][]byte{[]byte(encoded(key)), []byte(encoded(groupKey)), key, groupKey, []byte("hunter2"), []byte(hex.EncodeToString(key))}
	for _, password := range [][]byte{
		right, signed(groupKey, "dev-1")(start), []byte("hunter2"), []byte("SharedAccessSignature hunter2"), []byte("SharedAccessSignature sr=x&sig=hunter2&se=hunter2"),
		[]byte("sr=x&sig=hunter2&se=1795352400000"), []byte(encoded(key)), key, []byte(hex.EncodeToString(key)), append([]byte("x"), right...), token([]byte(encoded(key)), sr, toSign, expiry),
	} {
		_, sig, _ := bytes.Cut(password, []byte("sig="))
		sig, _, _ = bytes.Cut(sig, []byte("&"))
		for _, e := range []dpstest.Enrollment{device(dpstest.Outcome{}), {Group: "g", PrimaryKey: encoded(groupKey), SecondaryKey: encoded(key)}} {
			o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{e}})
			n := newNaive(t, o, "dev-1", password)
			n.run()
			if len(o.all) < 8 {
				t.Fatal(o.all)
			}
			for _, line := range o.all {
				for _, secret := range append(secrets, sig) {
					if len(secret) > 0 && strings.Contains(line, string(secret)) {
						t.Errorf("%q shows %q", line, secret)
					}
				}
			}
		}
	}
}
