package topic

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// These topics are from published logs of the real service, the tests of the
// published SDKs, and a simulated service whose responses recorded clients
// accepted.
func TestParseResponseTakesWhatIsObserved(t *testing.T) {
	for _, tt := range []struct {
		source, topic string // the topic without the common prefix
		want          Response
	}{
		{"service 2019-03-31, azure-iot-sdk-c", "202/?$rid=1&retry-after=3",
			Response{Status: 202, RequestID: []byte("1"), RetryAfter: 3 * time.Second, HasRetryAfter: true}},
		{"service 2019-03-31, azure-iot-sdk-c", "200/?$rid=3", Response{Status: 200, RequestID: []byte("3")}},
		{"service, Microchip AT modem that sent rid=1", "202/?$rid=&retry-after=3",
			Response{Status: 202, RequestID: []byte{}, RetryAfter: 3 * time.Second, HasRetryAfter: true}},
		{"service, azure-iot-sdk-python", "202/?$rid=eec9e495-ea9e-4c0c-9da4-e820ce7aef2e&retry-after=3",
			Response{Status: 202, RequestID: []byte("eec9e495-ea9e-4c0c-9da4-e820ce7aef2e"), RetryAfter: 3 * time.Second, HasRetryAfter: true}},
		{"azure-sdk-for-c test", "202/?retry-after=120&$rid=1",
			Response{Status: 202, RequestID: []byte("1"), RetryAfter: 2 * time.Minute, HasRetryAfter: true}},
		{"azure-iot-sdk-node test", "200/?retry-after=456&something=89&$rid=123",
			Response{Status: 200, RequestID: []byte("123"), RetryAfter: 456 * time.Second, HasRetryAfter: true, Extra: []byte("something=89")}},
		{"azure-iot-sdk-csharp test", "202/?$rid=2&Retry-After=8",
			Response{Status: 202, RequestID: []byte("2"), RetryAfter: 8 * time.Second, HasRetryAfter: true}},
		{"azure-iot-sdk-c test", "429/?$rid=1", Response{Status: 429, RequestID: []byte("1")}},
		{"azure-iot-sdk-c test", "429/?$rid=1&retry-after=30",
			Response{Status: 429, RequestID: []byte("1"), RetryAfter: 30 * time.Second, HasRetryAfter: true}},
		{"simulation, azure-iot-sdk-c", "202/?retry-after=1&$rid=1&x=%24y",
			Response{Status: 202, RequestID: []byte("1"), RetryAfter: time.Second, HasRetryAfter: true, Extra: []byte("x=%24y")}},
		{"simulation, azure-iot-sdk-node", "200/?", Response{Status: 200}},
		{"simulation, azure-iot-sdk-node", "401/?$rid=nobody", Response{Status: 401, RequestID: []byte("nobody")}},
		{"simulation, azure-iot-sdk-python", "503/?$rid=26f36ec0-2850-47e9-84fd-a9012e7333b3&retry-after=1",
			Response{Status: 503, RequestID: []byte("26f36ec0-2850-47e9-84fd-a9012e7333b3"), RetryAfter: time.Second, HasRetryAfter: true}},
	} {
		got, err := ParseResponse([]byte(responsePrefix + tt.topic))
		if err != nil {
			t.Errorf("%s: %v", tt.source, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", tt.source, tt.topic, diff)
		}
	}
}

func TestParseResponseIsLenient(t *testing.T) {
	for _, tt := range []struct {
		topic string
		want  Response
	}{
		{"100/?", Response{Status: 100}},
		{"599/?&&&", Response{Status: 599}},
		{"200/?$RiD=a%2fb%2Fc+d", Response{Status: 200, RequestID: []byte("a/b/c+d")}},
		{"200/?$rid", Response{Status: 200, RequestID: []byte{}}},
		{"200/?x&$rid=1&y", Response{Status: 200, RequestID: []byte("1"), Extra: []byte("x&y")}},
		{"200/?x&&y&$rid=1&z&$rid=%", Response{Status: 200, RequestID: []byte("1"), Extra: []byte("x&y&z"), Repeated: true}},
		{"200/?=&%24rid=1", Response{Status: 200, Extra: []byte("=&%24rid=1")}},
		{"200/?operationId=1", Response{Status: 200, Extra: []byte("operationId=1")}},
		{"200/?$rid=%", Response{Status: 200, RequestID: []byte("%")}},
		{"200/?a=%&$rid=%41%4&b", Response{Status: 200, RequestID: []byte("%41%4"), Extra: []byte("a=%&b")}},
		{"200/?$rid=%g0&$rid=1", Response{Status: 200, RequestID: []byte("%g0"), Repeated: true}},
		{"200/?$rid=&$rid=2", Response{Status: 200, RequestID: []byte{}, Repeated: true}},
		{"200/?retry-after=1&RETRY-AFTER=2",
			Response{Status: 200, RetryAfter: time.Second, HasRetryAfter: true, Repeated: true}},
		{"200/?retry-after=0&retry-after=2", Response{Status: 200, HasRetryAfter: true, Repeated: true}},
		{"200/?retry-after=&retry-after=2", Response{Status: 200, BadRetryAfter: []byte{}, Repeated: true}},
	} {
		got, err := ParseResponse([]byte(responsePrefix + tt.topic))
		if err != nil {
			t.Errorf("%s: %v", tt.topic, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.topic, diff)
		}
	}
}

func TestRetryAfterIsANumberOfSecondsOrReportedAsBad(t *testing.T) {
	for _, tt := range []struct {
		value   string
		seconds time.Duration // -1 means not a number
	}{
		{"0", 0}, {"3", 3}, {"007", 7}, {"00000000000000000000000000000003", 3}, {"%33%30", 30},
		{"2147483647", 1<<31 - 1}, {"2147483648", 1 << 31},
		{"2147483649", -1}, {"9999999999", -1}, {"9223372037", -1}, {"18446744073709551617", -1},
		{"99999999999999999999999999999999999999", -1},
		{"", -1}, {"-1", -1}, {"+1", -1}, {"1.5", -1}, {"0x10", -1}, {"1e3", -1}, {" 1", -1}, {"1 ", -1}, {"1;", -1},
		{"%", -1}, {"%3", -1}, {"1%2", -1}, {"%zz", -1}, {"%2B1", -1}, {"٣", -1}, {"/", -1}, {":", -1}, {"=1", -1},
		{"Wed, 21 Oct 2015 07:28:00 GMT", -1},
	} {
		want := Response{Status: 202, RequestID: []byte("1"), RetryAfter: tt.seconds * time.Second, HasRetryAfter: true}
		if tt.seconds < 0 {
			want = Response{Status: 202, RequestID: []byte("1"), BadRetryAfter: []byte(tt.value)}
		}
		got, err := ParseResponse([]byte(responsePrefix + "202/?retry-after=" + tt.value + "&$rid=1"))
		if err != nil {
			t.Errorf("%q: %v", tt.value, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.value, diff)
		}
	}
	got, err := ParseResponse([]byte(responsePrefix + "202/?retry-after"))
	if diff := cmp.Diff(Response{Status: 202, BadRetryAfter: []byte{}}, got); err != nil || diff != "" {
		t.Errorf("key alone: %v (-want +got):\n%s", err, diff)
	}
}

func TestParseResponseSaysWhatIsWrongAndWhere(t *testing.T) {
	const (
		notDPS = `topic: not a DPS topic: expected prefix "$dps/registrations/res/", got `
		status = `topic: malformed: expected a status of three digits from 100 to 599, got `
		slash  = `topic: malformed: expected "/?", got `
	)
	for _, tt := range []struct {
		topic string
		kind  error
		text  string
	}{
		{"", ErrNotDPS, notDPS + `"" at byte 0`},
		{"$dps/registrations/res", ErrNotDPS, notDPS + `"$dps/registrations/res" at byte 0`},
		{"$dps/Registrations/res/200/?$rid=1", ErrNotDPS, notDPS + `"$dps/Registrations/res/200/?$rid" at byte 0`},
		{"x$dps/registrations/res/200/?$rid=1", ErrNotDPS, notDPS + `"x$dps/registrations/res/200/?$ri" at byte 0`},
		{"$dps/registrations/other/200/?$rid=1", ErrNotDPS, notDPS + `"$dps/registrations/other/200/?$r" at byte 0`},
		{"$dps/registrations/PUT/iotdps-register/?$rid=1", ErrNotDPS, notDPS + `"$dps/registrations/PUT/iotdps-re" at byte 0`},
		{"$iothub/twin/res/200/?$rid=1", ErrNotDPS, notDPS + `"$iothub/twin/res/200/?$rid=1" at byte 0`},
		{"$dps/registrations/res/", ErrMalformed, status + `"" at byte 23`},
		{"$dps/registrations/res/#", ErrMalformed, status + `"#" at byte 23`},
		{"$dps/registrations/res//?$rid=1", ErrMalformed, status + `"/?$rid=1" at byte 23`},
		{"$dps/registrations/res/20/?$rid=1", ErrMalformed, status + `"20/?$rid=1" at byte 23`},
		{"$dps/registrations/res/2000/?$rid=1", ErrMalformed, status + `"2000/?$rid=1" at byte 23`},
		{"$dps/registrations/res/099/?$rid=1", ErrMalformed, status + `"099/?$rid=1" at byte 23`},
		{"$dps/registrations/res/600/?$rid=1", ErrMalformed, status + `"600/?$rid=1" at byte 23`},
		{"$dps/registrations/res/2:0/?$rid=1", ErrMalformed, status + `"2:0/?$rid=1" at byte 23`},
		{"$dps/registrations/res/+20/?$rid=1", ErrMalformed, status + `"+20/?$rid=1" at byte 23`},
		{"$dps/registrations/res/10//?$rid=1", ErrMalformed, status + `"10//?$rid=1" at byte 23`},
		{"$dps/registrations/res/2000", ErrMalformed, status + `"2000" at byte 23`},
		{"$dps/registrations/res/OK /?$rid=1", ErrMalformed, status + `"OK /?$rid=1" at byte 23`},
		{"$dps/registrations/res/200?$rid=1", ErrMalformed, status + `"200?$rid=1" at byte 23`},
		{"$dps/registrations/res/200", ErrMalformed, slash + `"" at byte 26`},
		{"$dps/registrations/res/200/", ErrMalformed, slash + `"/" at byte 26`},
		{"$dps/registrations/res/200/$rid=1", ErrMalformed, slash + `"/$rid=1" at byte 26`},
	} {
		got, err := ParseResponse([]byte(tt.topic))
		if !errors.Is(err, tt.kind) || err.Error() != tt.text {
			t.Errorf("%s:\n got %v\nwant %v", tt.topic, err, tt.text)
		}
		if diff := cmp.Diff(Response{}, got); diff != "" {
			t.Errorf("%s: a response with the error (-want +got):\n%s", tt.topic, diff)
		}
	}
}

func TestResponseIsWrittenWithoutStraySeparators(t *testing.T) {
	longest := strings.Repeat("a", MaxIDLen)
	for _, tt := range []struct {
		response Response
		want     string
	}{
		{Response{Status: 100}, "100/?"},
		{Response{Status: 202, RequestID: []byte{}}, "202/?$rid="},
		{Response{Status: 202, RequestID: []byte("a b"), HasRetryAfter: true, RetryAfter: 3 * time.Second, Extra: []byte("x=1&y")},
			"202/?$rid=a%20b&retry-after=3&x=1&y"},
		{Response{Status: 429, HasRetryAfter: true}, "429/?retry-after=0"},
		{Response{Status: 429, HasRetryAfter: true, RetryAfter: MaxRetryAfter}, "429/?retry-after=2147483648"},
		{Response{Status: 429, BadRetryAfter: []byte{}}, "429/?retry-after="},
		{Response{Status: 429, RequestID: []byte("1"), BadRetryAfter: []byte("a%/é =")}, "429/?$rid=1&retry-after=a%/é ="},
		{Response{Status: 599, Extra: []byte("x"), Repeated: true}, "599/?x"},
		{Response{Status: 200, Extra: []byte{}}, "200/?"},
		{Response{Status: 200, RequestID: []byte(longest)}, "200/?$rid=" + longest},
	} {
		got, err := tt.response.AppendText(nil)
		if err != nil || string(got) != responsePrefix+tt.want {
			t.Errorf("got %s, %v\nwant %s", got, err, responsePrefix+tt.want)
		}
	}
}

func TestResponseFilterMatchesEveryResponse(t *testing.T) {
	response, err := Response{Status: 200}.AppendText(nil)
	if err != nil || ResponseFilter != string(response[:len(response)-len("200/?")])+"#" {
		t.Errorf("filter %s, response %s, %v", ResponseFilter, response, err)
	}
}

func TestResponseThatCannotBeWrittenLeavesTheBufferAlone(t *testing.T) {
	const number = "BadRetryAfter that is not a number of seconds, got "
	const text = "BadRetryAfter in UTF-8 without control characters, '&', '+' and '#', got "
	for _, tt := range []struct {
		text     string
		response Response
	}{
		{"Status from 100 to 599, got 0", Response{}},
		{"Status from 100 to 599, got 99", Response{Status: 99}},
		{"Status from 100 to 599, got 600", Response{Status: 600}},
		{"Status from 100 to 599, got -200", Response{Status: -200}},
		{"RequestID of at most 256 bytes, got 257", Response{Status: 200, RequestID: make([]byte, 257)}},
		{"HasRetryAfter to be set with RetryAfter, got 3s alone", Response{Status: 200, RetryAfter: 3 * time.Second}},
		{"RetryAfter in whole seconds from 0 to 596523h14m8s, got -1s",
			Response{Status: 200, HasRetryAfter: true, RetryAfter: -time.Second}},
		{"RetryAfter in whole seconds from 0 to 596523h14m8s, got 1.5s",
			Response{Status: 200, HasRetryAfter: true, RetryAfter: 1500 * time.Millisecond}},
		{"RetryAfter in whole seconds from 0 to 596523h14m8s, got 596523h14m9s",
			Response{Status: 200, HasRetryAfter: true, RetryAfter: MaxRetryAfter + time.Second}},
		{`either RetryAfter or BadRetryAfter, got both 0s and "x"`, Response{Status: 200, HasRetryAfter: true, BadRetryAfter: []byte("x")}},
		{number + `"3"`, Response{Status: 200, BadRetryAfter: []byte("3")}},
		{number + `"%33"`, Response{Status: 200, BadRetryAfter: []byte("%33")}},
		{text + `"x&y"`, Response{Status: 200, BadRetryAfter: []byte("x&y")}},
		{text + `"&"`, Response{Status: 200, BadRetryAfter: []byte("&")}},
		{text + `"+3"`, Response{Status: 200, BadRetryAfter: []byte("+3")}},
		{text + `"\n"`, Response{Status: 200, BadRetryAfter: []byte("\n")}},
		{`Extra without properties that have their own field, got "$rid"`, Response{Status: 200, Extra: []byte("$rid")}},
		{`Extra without properties that have their own field, got "Retry-After=1"`,
			Response{Status: 200, Extra: []byte("a=b&Retry-After=1")}},
	} {
		_, err := tt.response.AppendText(nil)
		if want := "topic: cannot be written: expected " + tt.text; !errors.Is(err, ErrInvalid) || err.Error() != want {
			t.Errorf("\n got %v\nwant %v", err, want)
		}
		checkUnchanged(t, tt.response)
	}
}

func genResponse(t *rapid.T) Response {
	r := Response{
		Status:    rapid.IntRange(100, 599).Draw(t, "status"),
		RequestID: genID.Draw(t, "rid"),
		Extra:     genExtra.Draw(t, "extra"),
	}
	switch rapid.IntRange(0, 2).Draw(t, "retry-after") {
	case 1:
		r.HasRetryAfter = true
		r.RetryAfter = time.Duration(rapid.Int64Range(0, 1<<31).Draw(t, "seconds")) * time.Second
	case 2:
		r.BadRetryAfter = []byte(rapid.SampledFrom([]string{"", "-1", "soon", "%", "2147483649", "1=1"}).Draw(t, "bad"))
	}
	return r
}

func TestResponseRoundTripsBehindAnyPrefix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := genResponse(t)
		prefix := rapid.SliceOf(rapid.Byte()).Draw(t, "prefix")
		b, err := want.AppendText(prefix)
		if err != nil {
			t.Fatal(err)
		}
		if string(b[:len(prefix)]) != string(prefix) {
			t.Fatalf("prefix became %q", b[:len(prefix)])
		}
		got, err := ParseResponse(b[len(prefix):])
		if err != nil {
			t.Fatalf("%q: %v", b, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q (-want +got):\n%s", b, diff)
		}
	})
}
