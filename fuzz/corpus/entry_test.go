package main

import (
	"bytes"
	"testing"

	libfuzzer "github.com/AdamKorcz/go-118-fuzz-build/testing"
	"github.com/google/go-cmp/cmp"
)

// A target that is built for libFuzzer receives the same arguments as from the
// file in the corpus.
func TestArgumentsAreReadOffAnInput(t *testing.T) {
	for _, want := range [][]any{
		{[]byte("a")}, {[]byte{}}, {bytes.Repeat([]byte("ab"), 1000)}, {[]byte("script"), true}, {[]byte("script"), false}, {[]byte{}, true},
		{[]byte("stream"), []byte{1}, 0}, {[]byte("stream"), []byte{}, -1}, {[]byte{}, []byte{}, 1 << 40}, {[]byte("packet"), uint16(0xfffe), byte(0xff), []byte("behind")},
		{[]byte{}, uint16(1), byte(0), []byte{}}, {byte(8), byte(3), uint16(60), byte(1), []byte("a"), []byte{}, []byte("ccc"), []byte{}},
	} {
		got := read(t, libFuzzer(want), want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// read returns the arguments that the tool decodes from an input, if they have
// the given types.
func read(t *testing.T, input []byte, types []any) (got []any) {
	f := &libfuzzer.F{Data: input, T: libfuzzer.NewT()}
	switch len(types) {
	case 1:
		f.Fuzz(func(_ *libfuzzer.T, a []byte) { got = []any{a} })
	case 2:
		f.Fuzz(func(_ *libfuzzer.T, a []byte, b bool) { got = []any{a, b} })
	case 3:
		f.Fuzz(func(_ *libfuzzer.T, a, b []byte, c int) { got = []any{a, b, c} })
	case 4:
		f.Fuzz(func(_ *libfuzzer.T, a []byte, b uint16, c byte, d []byte) { got = []any{a, b, c, d} })
	case 8:
		f.Fuzz(func(_ *libfuzzer.T, a, b byte, c uint16, d byte, e, f, g, h []byte) {
			got = []any{a, b, c, d, e, f, g, h}
		})
	default:
		t.Fatalf("no target has %d arguments", len(types))
	}
	return got
}

func TestFilesOfTheGoCommandAreParsed(t *testing.T) {
	text := "go test fuzz v1\n[]byte(\"a\\n\\xff(é)\")\nbool(true)\nint(-7)\nuint16(65535)\nbyte('\\x01')\nbyte('ÿ')\nbyte('\\'')\n[]byte(\"\")\n"
	got, err := parseEntry(text)
	if err != nil {
		t.Fatal(err)
	}
	want := []any{[]byte("a\n\xff(é)"), true, -7, uint16(65535), byte(1), byte(0xff), byte('\''), []byte("")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOtherFilesAreRejected(t *testing.T) {
	for _, text := range []string{
		"", "go test fuzz v2\n[]byte(\"\")\n", "go test fuzz v1\n", "go test fuzz v1\n[]byte(\"\"\n", "go test fuzz v1\n[]byte(x)\n", "go test fuzz v1\nfloat64(1)\n",
		"go test fuzz v1\nuint16(65536)\n", "go test fuzz v1\nbyte('ab')\n", "go test fuzz v1\nbyte('€')\n", "go test fuzz v1\nbool(1x)\n", "go test fuzz v1\nint()\n",
	} {
		if args, err := parseEntry(text); err == nil {
			t.Errorf("%q is %v", text, args)
		}
	}
}
