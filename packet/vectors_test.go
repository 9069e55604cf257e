package packet_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"example.com/dps/packet"
	"github.com/google/go-cmp/cmp"
)

// A vector is a row of testdata/vectors/mqtt311.json, whose README describes
// it.
type vector struct {
	Name, Type, Group, Verdict string
	Valid                      bool
	Len                        int
	Hex                        string
	Fill                       fill
	Fields                     json.RawMessage
	Chunks                     []int
}

type fill struct {
	Hex, Char, After string
	Code             byte
	Count            int
	QoS              packet.QoS
}

func (f fill) bytes() []byte {
	unit := []byte(f.Char)
	if f.Hex != "" {
		unit = unhex(f.Hex)
	}
	return bytes.Repeat(unit, f.Count)
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func (v vector) bytes() []byte {
	return append(append(unhex(v.Hex), v.Fill.bytes()...), unhex(v.Fill.After)...)
}

func readVectors(t testing.TB) []vector {
	if _, err := os.Stat("../testdata"); errors.Is(err, fs.ErrNotExist) {
		t.Skip("the directory ../testdata was not copied along with this package")
	}
	text, err := os.ReadFile("../testdata/vectors/mqtt311.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []vector
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) < 150 {
		t.Fatalf("only %d vectors", len(all))
	}
	return all
}

const noLimit = 1 << 30

// sameBytes makes cmp fast for megabytes. nil and empty still differ.
var sameBytes = cmp.Comparer(func(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) })

// decodeAll decodes every packet of b until the first error.
func decodeAll(b []byte) (all []packet.Packet, err error) {
	for len(b) > 0 {
		f, rest, err := packet.Cut(b, noLimit)
		if err != nil {
			return all, err
		}
		p, err := packet.Decode(f)
		if err != nil {
			return all, err
		}
		all, b = append(all, p), rest
	}
	return all, nil
}

func TestVectors(t *testing.T) {
	for _, v := range readVectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			if v.Group == "huge" && os.Getenv("DPS_HUGE") == "" {
				t.Skip("256 MiB; set DPS_HUGE=1 to run it")
			}
			b := v.bytes()
			got, err := decodeAll(b)
			switch {
			case v.Valid:
				if err != nil {
					t.Fatalf("rejected: %v", err)
				}
				if diff := cmp.Diff(v.want(t), got, sameBytes); diff != "" {
					t.Fatalf("decoded (-want +got):\n%s", diff)
				}
				checkEncodes(t, got, b)
			case v.Verdict == "must-reject":
				if !errors.Is(err, packet.ErrMalformed) {
					t.Errorf("got %v, want ErrMalformed", err)
				}
				checkExplains(t, err)
			case v.Verdict == "incomplete":
				if err != packet.ErrShort {
					t.Errorf("got %v, want ErrShort", err)
				}
			case v.Verdict == "protocol-violation":
				if err != nil {
					t.Errorf("got %v, want well-formed packets", err)
				}
			default:
				t.Fatalf("unknown verdict %q", v.Verdict)
			}
		})
	}
}

func checkEncodes(t *testing.T, all []packet.Packet, want []byte) {
	t.Helper()
	var got []byte
	for _, p := range all {
		var err error
		if got, err = p.AppendBinary(got); err != nil {
			t.Fatalf("%v: %v", p, err)
		}
	}
	if !bytes.Equal(got, want) {
		t.Errorf("encodes to\n%.80x, want\n%.80x", got, want)
	}
}

func checkExplains(t *testing.T, err error) {
	t.Helper()
	var e *packet.SyntaxError
	if !errors.As(err, &e) {
		t.Fatalf("%v is not a SyntaxError", err)
	}
	if e.Rule == "" || e.Msg == "" || !strings.HasPrefix(err.Error(), "packet: ") {
		t.Errorf("error explains too little: %#v", e)
	}
}

// Cut and a Splitter return ErrShort for every prefix of a valid packet.
func TestVectorsTruncated(t *testing.T) {
	for _, v := range readVectors(t) {
		if !v.Valid || strings.Contains(string(v.Fields), `"stream"`) || v.Len > 1<<17 {
			continue
		}
		b := v.bytes()
		step := max(1, len(b)/300)
		for n := 0; n < len(b); n += step {
			if _, _, err := packet.Cut(b[:n], noLimit); err != packet.ErrShort {
				t.Errorf("%s: Cut of %d of %d bytes: %v", v.Name, n, len(b), err)
			}
			s := packet.Splitter{Limit: noLimit}
			s.Feed(b[:n])
			if _, err := s.Next(); err != packet.ErrShort || s.Buffered() != n {
				t.Errorf("%s: Splitter with %d of %d bytes: %v, %d buffered", v.Name, n, len(b), err, s.Buffered())
			}
		}
	}
}

// A packet with a truncated body must not decode, and neither must one with an
// extra byte, except if its payload takes up the remainder of the packet.
func TestVectorsWrongLength(t *testing.T) {
	for _, v := range readVectors(t) {
		if !v.Valid || strings.Contains(string(v.Fields), `"stream"`) || v.Len > 1<<17 {
			continue
		}
		b := v.bytes()
		f, _, err := packet.Cut(b, noLimit)
		if err != nil {
			t.Fatal(err)
		}
		whole := packet.New(f.Type)
		if err := whole.Decode(f); err != nil {
			t.Fatal(err)
		}
		for n := 0; n < len(f.Body); n += max(1, len(b)/300) {
			err := packet.New(f.Type).Decode(packet.Frame{Type: f.Type, Flags: f.Flags, Body: f.Body[:n]})
			if !errors.Is(err, packet.ErrMalformed) && !shorterIsValid(whole, len(f.Body)-n) {
				t.Errorf("%s: body of %d instead of %d bytes: %v", v.Name, n, len(f.Body), err)
			}
		}
		if _, ok := whole.(*packet.Publish); ok {
			continue
		}
		for _, c := range []byte{0x00, 0xff} {
			longer := append(bytes.Clone(f.Body), c)
			if f.Type == packet.SUBACK && c == 0 {
				continue // one more return code
			}
			err := packet.New(f.Type).Decode(packet.Frame{Type: f.Type, Flags: f.Flags, Body: longer})
			if !errors.Is(err, packet.ErrMalformed) {
				t.Errorf("%s: with a trailing %#02x: %v", v.Name, c, err)
			}
		}
	}
}

// shorterIsValid reports whether p is also a valid packet if bytes at its end
// are missing.
func shorterIsValid(p packet.Packet, less int) bool {
	switch p := p.(type) {
	case *packet.Publish:
		return less <= len(p.Payload)
	case *packet.Suback:
		return less < len(p.ReturnCodes)
	case *packet.Subscribe:
		n := 0
		for i := len(p.Subscriptions) - 1; i > 0; i-- {
			if n += 3 + len(p.Subscriptions[i].Filter); n == less {
				return true
			}
		}
	case *packet.Unsubscribe:
		n := 0
		for i := len(p.Filters) - 1; i > 0; i-- {
			if n += 2 + len(p.Filters[i]); n == less {
				return true
			}
		}
	}
	return false
}
