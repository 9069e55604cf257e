package dpstest_test

import (
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/packet"
	"example.com/dps/sastoken"
	"github.com/google/go-cmp/cmp"
)

// diagnosed returns the text of the only diagnosis for a registration.
func diagnosed(t *testing.T, change func(*naive), all ...dpstest.Enrollment) string {
	t.Helper()
	o := observe(t, dpstest.Config{Enrollments: append(all, device(dpstest.Outcome{}))})
	n := newNaive(t, o, "dev-1", signed(key, "dev-1")(start))
	change(n)
	n.run()
	if len(o.texts) != 1 {
		t.Fatalf("%q: %q", o.named, o.texts)
	}
	return o.texts[0]
}

// The texts about a body quote its beginning, state what is expected, and give
// a hint if there is one.
func TestBodyTexts(t *testing.T) {
	const expected = `, expected a JSON object such as "{\"registrationId\":\"dev-1\"}", or nothing`
	for body, want := range map[string]string{
		"registrationId=dev-1":              `the body begins with "registration"` + expected,
		"\xef\xbb\xbf{}":                    `the body begins with "\ufeff{}"` + expected + "; the body begins with a byte order mark",
		"\xfe\xff\x00{\x00}":                `the body begins with "\xfe\xff\x00{\x00}"` + expected + "; the body is in UTF-16, but JSON is in UTF-8",
		"\x00{\x00}":                        `the body begins with "\x00{\x00}"` + expected + "; the body is in UTF-16, but JSON is in UTF-8",
		"'x'":                               `the body begins with "'x'"` + expected + "; JSON uses double quotes",
		"{a:1}":                             `the body is not JSON: invalid character 'a' looking for beginning of object key string`,
		`{"a":'1'}`:                         `the body is not JSON: invalid character '\'' looking for beginning of value`,
		"{'a':1}":                           `the body is not JSON: invalid character '\'' looking for beginning of object key string; JSON uses double quotes`,
		"{}\x00":                            `the body is not JSON: invalid character '\x00' after top-level value; the body ends with a zero byte: do not send the terminator of a C string`,
		`{"payload":1}`:                     `the payload in the body begins with "1", expected a JSON object`,
		`{"payload":["0123456789abcdef"]}`:  `the payload in the body begins with "[\"0123456789", expected a JSON object`,
		`{"csr":{}}`:                        `"csr" in the body is of type object, expected a string`,
		`{"registrationId":"dev-1 "}`:       `the registrationId in the body is "dev-1 ", expected "dev-1"`,
		`{"registrationId":""}`:             `the registrationId in the body is "", expected "dev-1"`,
		`{"registrationId":"dev-1"}garbage`: `the body is not JSON: invalid character 'g' after top-level value`,
	} {
		if d := cmp.Diff(want, diagnosed(t, func(n *naive) { n.register.Payload = []byte(body) })); d != "" {
			t.Error(d)
		}
	}
}

// The text about a body without registrationId quotes the member that was
// probably meant to be it, the most likely one first.
func TestMembersMeantToBeTheID(t *testing.T) {
	names := []string{"registration_id", "registration-id", "deviceId", "device_id", "regId", "id"}
	for i, name := range names {
		body := `{"` + strings.Join(names[i:], `":"dev-1","`) + `":"dev-1"}`
		o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{})}})
		newDevice(t, o.Service, "dev-1").status(registerT, body)
		want := []string{`the body has "` + name + `", which the service ignores, where "registrationId" is expected`}
		if d := cmp.Diff(want, o.texts); d != "" {
			t.Error(d)
		}
	}
}

// How texts list the operations of the service, and their topics.
const (
	operations = `"PUT/iotdps-register" or "GET/iotdps-get-operationstatus"`
	topics     = `"$dps/registrations/PUT/iotdps-register/?$rid={id}" or "$dps/registrations/GET/iotdps-get-operationstatus/?$rid={id}&operationId={operationId}"`
)

// The texts about a topic state what is expected, and give a hint if there is
// one.
func TestTopicTexts(t *testing.T) {
	const expected = ` is not that of a request: expected ` + topics
	for topic, hint := range map[string]string{
		"x":                               "",
		"x?y":                             "",
		"/x":                              ", without a slash at the beginning",
		"devices/dev-1/messages/events/":  "; this is a topic of an IoT hub",
		"$iothub/twin/GET/?$rid=1":        "; this is a topic of an IoT hub",
		"$dps/registrations/PUT?x":        `, with a slash before the "?"`,
		"$dps/registrations/PUT/?x":       "",
		"$dps/registrations/PUT/register": `, with "/?" and $rid at the end`,
	} {
		got := diagnosed(t, func(n *naive) { n.register.Topic = []byte(topic) })
		if want := `the topic "` + topic + `"` + expected + hint + " ("; !strings.HasPrefix(got, want) || !strings.HasSuffix(got, ")") {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}

// The texts about a password that is not a token give a hint if there is one,
// and do not contain any part of the password.
func TestTokenFormTexts(t *testing.T) {
	group := dpstest.Enrollment{Group: "g", Prefix: "dev-1", PrimaryKey: encoded(groupKey)}
	for password, want := range map[string]string{
		"secret":                 "text of 6 bytes does not begin with",
		"secret\n":               "it contains a line break; sastoken: ",
		"sec\rret":               "it contains a line break; sastoken: ",
		"sr=secret&sig=x":        `it begins with sr=, without "SharedAccessSignature "; sastoken: `,
		string(encoded(key)):     "the password is the key itself: sign a token with it; sastoken: ",
		"sig=sec%25ret":          "the signature is percent-encoded twice; sastoken: ",
		"sig=sec_ret":            "the signature is in URL-safe base64, with '-' and '_', expected standard base64; sastoken: ",
		"sig=sec-ret":            "the signature is in URL-safe base64, with '-' and '_', expected standard base64; sastoken: ",
		"sig=" + hex64:           "the signature is in hex, expected base64; sastoken: ",
		"sig=" + hex64[1:]:       "bytes does not begin with",
		`a"b'`:                   "bytes does not begin with",
		"_":                      "bytes does not begin with",
		"'a":                     "it begins with a quotation mark; sastoken: ",
		"se=.5":                  "se is a fraction or a date, expected Unix time in whole seconds; sastoken: ",
		"se=:5":                  "se is a fraction or a date, expected Unix time in whole seconds; sastoken: ",
		"se=253402300799":        "bytes does not begin with",
		"sig=" + hex64[1:] + "g": "bytes does not begin with",
	} {
		got := diagnosed(t, func(n *naive) { n.connect.Password = []byte(password) }, group)
		if !strings.HasPrefix(got, "the password is not a SAS token: ") || !strings.Contains(got, want) || strings.Contains(got, "; ") != strings.Contains(want, "; ") {
			t.Errorf("%q: %s, want %s", password, got, want)
		}
	}
	for se, want := range map[string]string{
		"253402300800":     "se is 253402300800, which looks like a time in milliseconds: expected Unix time in seconds, 10 digits",
		"1000000000000000": "se is 1000000000000000, which looks like a time in milliseconds: expected Unix time in seconds, 10 digits",
		"1000000000000001": "se is 1000000000000001, which looks like a time in a unit smaller than milliseconds: expected Unix time in seconds, 10 digits",
	} {
		if d := cmp.Diff(want, diagnosed(t, func(n *naive) { n.connect.Password = []byte("se=" + se) })); d != "" {
			t.Error(d)
		}
	}
}

const hex64 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// Both keys of up to four groups are tried.
func TestGroupsAreTried(t *testing.T) {
	var groups []dpstest.Enrollment
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		groups = append(groups, dpstest.Enrollment{Group: name, PrimaryKey: encoded([]byte("first key of group " + name)), SecondaryKey: encoded([]byte("second key of group " + name))})
	}
	for name, want := range map[string]string{"a": "signature-group-key", "d": "signature-group-key", "e": "signature-key"} {
		o := observe(t, dpstest.Config{Enrollments: groups})
		p := newPeer(t, o.Service)
		p.say(connect(func(c *packet.Connect) { c.Password = signed([]byte("second key of group "+name), "dev-1")(start) }))
		if len(o.named) != 1 || o.named[0] != want+" at CONNECT" {
			t.Errorf("%s: %q", name, o.named)
		}
	}
	o := observe(t, dpstest.Config{Enrollments: groups})
	p := newPeer(t, o.Service)
	p.say(connect(func(c *packet.Connect) {
		c.Password = signed(sastoken.DeriveKey([]byte("second key of group e"), "dev-1"), "dev-1")(start)
	}))
	if len(o.named) > 0 {
		t.Errorf("%q", o.named)
	}
}

// The texts about the CONNECT list what is expected.
func TestConnectTexts(t *testing.T) {
	const known = `["2017-08-31-preview" "2017-11-15" "2018-04-01" "2018-09-01-preview" "2019-03-31" "2019-04-15" "2021-06-01" "2021-10-01" ` +
		`"2021-11-01-preview" "2025-07-01-preview" "2026-11-01" "2026-11-02-preview" "2026-11-15-preview"]`
	for _, test := range []struct {
		version string
		choice  []string
		want    string
	}{
		{"2019-03-30", nil, `the api-version "2019-03-30" is unknown, and the real service may answer with 400: expected "2019-03-31", as documented, or another of ` + known},
		{"latest", nil, `the api-version is "latest", and the service answers with 400: expected "2019-03-31", as documented, or another of ` + known},
		{"2019-03-31", []string{"2021-06-01"}, `the api-version is "2019-03-31", and the service answers with 400: expected one of ["2021-06-01"]`},
	} {
		o := observe(t, dpstest.Config{Choices: dpstest.Choices{APIVersions: test.choice}, Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{})}})
		newPeer(t, o.Service).say(connect(func(c *packet.Connect) {
			c.Username = []byte(scope + "/registrations/dev-1/api-version=" + test.version)
		}))
		if d := cmp.Diff([]string{test.want}, o.texts); d != "" {
			t.Error(d)
		}
	}
}

// The first eight bytes of a connection that does not begin with a CONNECT are
// quoted, if they arrived in one piece.
func TestNotConnectTexts(t *testing.T) {
	for _, test := range []struct {
		pieces []string
		want   string
	}{
		{[]string{"\xc0\x00"}, `expected a CONNECT, the connection begins with "\xc0\x00": the first packet is PINGREQ [MQTT-3.1.0-1]`},
		{[]string{"\x30\xff\xff\xff\x7f"}, `expected a CONNECT, the connection begins with "0\xff\xff\xff\x7f": packet: too large PUBLISH at byte 1: the packet has 268435460 bytes, the limit is 99328 [section 2.2.3]`},
		{[]string{"\x10\x03abc"}, "packet: malformed CONNECT at byte 1: Remaining Length is 3, expected at least 10 [section 2.4]"},
		{[]string{"\xc0", "\x00"}, "expected a CONNECT: the first packet is PINGREQ [MQTT-3.1.0-1]"},
		{[]string{"\x16\x03\x01\x02\x03\x04\x05\x06\x07"}, `expected a CONNECT, the connection begins with "\x16\x03\x01\x02\x03\x04\x05\x06"; this is the beginning of a TLS handshake: packet: malformed CONNECT at byte 0: flags are 0110, expected 0000 [MQTT-2.2.2-2]`},
	} {
		o := observe(t, dpstest.Config{})
		c := o.Open(start, nil)
		for _, p := range test.pieces {
			c.Receive(start, []byte(p))
		}
		if d := cmp.Diff([]string{test.want}, o.texts); d != "" {
			t.Error(d)
		}
	}
}

// The texts about subscriptions quote the filters that the client requested
// instead.
func TestSubscriptionTexts(t *testing.T) {
	const nowhere = `the answer cannot be delivered: subscribe to "$dps/registrations/res/#"`
	for filters, want := range map[string][]string{
		"":                           {nowhere + ", and wait for the SUBACK before the first request"},
		"a":                          {`1 of 1 topic filters are refused with 0x80, among them "a": the service grants only "$dps/registrations/res/#"`, nowhere + `, not to "a", and wait for the SUBACK before the first request`},
		"a b c d e":                  {`5 of 5 topic filters are refused with 0x80, among them "a", "b", "c": the service grants only "$dps/registrations/res/#"`, nowhere + `, not to "a", and wait for the SUBACK before the first request`},
		"a $dps/registrations/res/#": {`1 of 2 topic filters are refused with 0x80, among them "a": the service grants only "$dps/registrations/res/#"`},
	} {
		o := observe(t, dpstest.Config{Enrollments: []dpstest.Enrollment{device(dpstest.Outcome{})}})
		p := newPeer(t, o.Service)
		p.say(connect())
		s := &packet.Subscribe{ID: 1}
		for _, f := range strings.Fields(filters) {
			s.Subscriptions = append(s.Subscriptions, packet.Subscription{Filter: []byte(f)})
		}
		if filters != "" {
			p.say(s)
		}
		p.say(publish(registerT, 0, 0, ""))
		if d := cmp.Diff(want, o.texts); d != "" {
			t.Error(d)
		}
	}
}

// The numbers in the texts about times and acknowledgments are easy to read.
func TestTimesInTexts(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*naive)
		want   string
	}{
		"query":  {func(n *naive) { n.queryAfter = 1234567 * time.Microsecond }, "the query arrived 1.765s before the retry-after of the last answer had elapsed: wait at least that long after each answer"},
		"PUBACK": {func(n *naive) { n.puback, n.queryAfter = false, 3000400*time.Microsecond }, "the answer with packet identifier 1 was sent with QoS 1 3s ago and has not been acknowledged: send a PUBACK immediately [MQTT-4.3.2-2]"},
		"silent": {func(n *naive) { n.queryAfter = 90 * time.Second }, "nothing arrived for 1m30s, which is more than one and a half times the keep-alive of 1m0s: send a PINGREQ in time [MQTT-3.1.2-24]"},
	} {
		if d := cmp.Diff(test.want, diagnosed(t, test.change)); d != "" {
			t.Error(name, d)
		}
	}
	half := func(n *naive) {
		n.disconnect = false
		n.after = func(n *naive) {
			n.c.Receive(n.o.now, []byte("\x30\x20ab"))
			n.c.Advance(n.o.now.Add(88 * time.Second))
		}
	}
	const silent = "nothing arrived for 1m31s except 4 bytes of a packet whose Remaining Length is larger, which is more than one and a half times the keep-alive of 1m0s: send a PINGREQ in time [MQTT-3.1.2-24]"
	if d := cmp.Diff(silent, diagnosed(t, half)); d != "" {
		t.Error(d)
	}
	again := func(n *naive) {
		n.after = func(n *naive) {
			n.register.Topic = []byte("$dps/registrations/PUT/iotdps-register/?$rid=3")
			n.publish(n.register)
			n.o.now = n.o.now.Add(3 * time.Second)
		}
	}
	const want = `the operation "4.0000000000000001.00000000-0000-4000-8000-000000000001", which began 3s ago, is in progress: query it instead, even on another connection`
	if d := cmp.Diff(want, diagnosed(t, again)); d != "" {
		t.Error(d)
	}
	for arrived, want := range map[string]string{
		"":                     "no CONNECT arrived within 30.123s",
		"\x10":                 "no CONNECT arrived within 30.123s except 1 bytes of a packet whose Remaining Length is larger",
		"\x10\x0c\x00\x04MQTT": "no CONNECT arrived within 30.123s except 8 bytes of a packet whose Remaining Length is larger",
	} {
		o := observe(t, dpstest.Config{})
		c := o.Open(start, nil)
		c.Receive(start, []byte(arrived))
		c.Advance(start.Add(30123400 * time.Microsecond))
		if d := cmp.Diff([]string{want}, o.texts); d != "" {
			t.Error(d)
		}
	}
}
