package topic

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// genID draws an identifier: absent, empty, or any bytes.
var genID = rapid.OneOf(
	rapid.Just([]byte(nil)),
	rapid.SliceOfN(rapid.Byte(), 0, MaxIDLen),
)

// genExtra draws a valid Extra.
var genExtra = rapid.Custom(func(t *rapid.T) []byte {
	text := rapid.StringMatching(`([ -"$%'-*,-<>-~é€]|%[0-9a-fA-F]{2}){0,8}`)
	properties := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
		s := "k" + text.Draw(t, "key")
		if rapid.Bool().Draw(t, "has value") {
			s += "=" + text.Draw(t, "value")
		}
		return s
	}).Filter(func(s string) bool {
		return brokenEscape([]byte(s)) < 0
	}), 0, 4).Draw(t, "properties")
	if len(properties) == 0 {
		return nil
	}
	return []byte(strings.Join(properties, "&"))
})

func TestPropertiesAreDecodedAndNilWithoutValue(t *testing.T) {
	type property struct{ Key, Value []byte }
	var got []property
	for k, v := range Properties([]byte("x=%24y&&flag&empty=&a%3Db=c=d+e&=v&%zz=%4&")) {
		got = append(got, property{k, v})
	}
	want := []property{
		{[]byte("x"), []byte("$y")},
		{[]byte("flag"), nil},
		{[]byte("empty"), []byte{}},
		{[]byte("a=b"), []byte("c=d+e")},
		{[]byte{}, []byte("v")},
		{[]byte("%zz"), []byte("%4")},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for range Properties(nil) {
		t.Error("a property in nil")
	}
}

func TestPropertiesCannotGrowIntoExtra(t *testing.T) {
	extra := []byte("k=v&l")
	for key, value := range Properties(extra) {
		if cap(key) != len(key) || cap(value) != len(value) {
			t.Errorf("capacity of %q: %d, of %q: %d", key, cap(key), value, cap(value))
		}
	}
}

func TestPropertiesCanBeLeftEarly(t *testing.T) {
	n := 0
	for range Properties([]byte("a&b&c")) {
		n++
		break
	}
	if n != 1 {
		t.Errorf("got %d properties, want 1", n)
	}
}

func TestExtraThatCannotBeWrittenIsRefused(t *testing.T) {
	const (
		legal  = "Extra in UTF-8 without control characters, '+' and '#', got "
		key    = "a key in every property of Extra, got "
		escape = "two hex digits after '%' in Extra, got "
	)
	for _, tt := range []struct{ extra, text string }{
		{"a=b+c", legal + `"a=b+c"`}, {"a=#", legal + `"a=#"`}, {"a\x00", legal + `"a\x00"`}, {"a\n=b", legal + `"a\n=b"`},
		{"a\x7f", legal + `"a\x7f"`}, {"a\u0085", legal + `"a\u0085"`}, {"a=\xff", legal + `"a=\xff"`},
		{"&", key + `""`}, {"&a=b", key + `""`}, {"a=b&", key + `""`}, {"a&&b", key + `""`}, {"=v", key + `"=v"`}, {"a&=", key + `"="`},
		{"%", escape + `"%" at byte 0`}, {"a=%", escape + `"%" at byte 2`}, {"a%4=b", escape + `"%4=b" at byte 1`}, {"a%4&1=b", escape + `"%4&1=b" at byte 1`},
		{"a=%20&c=%4g", escape + `"%4g" at byte 8`}, {"a%" + strings.Repeat("x", 100), escape + `"%` + strings.Repeat("x", 31) + `" at byte 1`},
	} {
		want := "topic: cannot be written: expected " + tt.text
		request := Request{Op: Register, RequestID: []byte("1"), Extra: []byte(tt.extra)}
		if _, err := request.AppendText(nil); !errors.Is(err, ErrInvalid) || err.Error() != want {
			t.Errorf("request, %q:\n got %v\nwant %v", tt.extra, err, want)
		}
		response := Response{Status: 200, Extra: []byte(tt.extra)}
		if _, err := response.AppendText(nil); !errors.Is(err, ErrInvalid) || err.Error() != want {
			t.Errorf("response, %q:\n got %v\nwant %v", tt.extra, err, want)
		}
	}
}

func TestParsedSlicesBorrowWhatNeedsNoDecodingAndCannotGrowIntoIt(t *testing.T) {
	topic := []byte("$dps/registrations/res/202/?a&b=1&$rid=abc&retry-after=x&")
	r, err := ParseResponse(topic)
	if err != nil {
		t.Fatal(err)
	}
	kept := string(topic)
	_ = append(r.RequestID, "overwritten"...)
	_ = append(r.BadRetryAfter, "overwritten"...)
	_ = append(r.Extra, "overwritten"...)
	if string(topic) != kept {
		t.Errorf("appending to a field changed the topic to %q", topic)
	}
	for i := range topic {
		topic[i] = '!'
	}
	want := Response{Status: 202, RequestID: []byte("!!!"), BadRetryAfter: []byte("!"), Extra: []byte("!!!!!")}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("not borrowed (-want +got):\n%s", diff)
	}
}

func TestParsedSlicesAreFreshWhereTheTextDiffers(t *testing.T) {
	topic := []byte("$dps/registrations/POST/x/?a&$rid=%31&b&operationId=%32")
	r, err := ParseRequest(topic)
	if err != nil {
		t.Fatal(err)
	}
	clear(topic)
	want := Request{Op: "POST/x", RequestID: []byte("1"), OperationID: []byte("2"), Extra: []byte("a&b")}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("still borrowed (-want +got):\n%s", diff)
	}
}

func TestParsersReadNothingBehindTheTopic(t *testing.T) {
	for _, topic := range []string{
		requestPrefix + string(Register) + "/?$rid=%41&x&operationId=%42&y",
		responsePrefix + "202/?a&$rid=%41&b&retry-after=%33",
	} {
		for i := range len(topic) {
			inside, alone := []byte(topic)[:i], slices.Clip([]byte(topic[:i]))
			request, err := ParseRequest(inside)
			wantRequest, wantErr := ParseRequest(alone)
			if diff := cmp.Diff(wantRequest, request); diff != "" || fmt.Sprint(err) != fmt.Sprint(wantErr) {
				t.Errorf("%q: %v, want %v (-want +got):\n%s", alone, err, wantErr, diff)
			}
			response, err := ParseResponse(inside)
			wantResponse, wantErr := ParseResponse(alone)
			if diff := cmp.Diff(wantResponse, response); diff != "" || fmt.Sprint(err) != fmt.Sprint(wantErr) {
				t.Errorf("%q: %v, want %v (-want +got):\n%s", alone, err, wantErr, diff)
			}
		}
	}
}

func TestExtraKeepsOrderHoweverPropertiesAreMixed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all, unknown []string
		for i := range rapid.IntRange(0, 8).Draw(t, "properties") {
			switch rapid.IntRange(0, 2).Draw(t, "kind") {
			case 0:
				all = append(all, "")
			case 1:
				all = append(all, "$rid=1")
			case 2:
				all = append(all, fmt.Sprint(i))
				unknown = append(unknown, fmt.Sprint(i))
			}
		}
		topic := responsePrefix + "200/?" + strings.Join(all, "&")
		r, err := ParseResponse([]byte(topic))
		if want := strings.Join(unknown, "&"); err != nil || string(r.Extra) != want {
			t.Errorf("%s: got %q, %v, want %q", topic, r.Extra, err, want)
		}
	})
}
