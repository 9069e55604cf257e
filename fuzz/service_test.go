package fuzz

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/packet"
)

// Invariant: no bytes from a client make the service panic, send anything but
// MQTT packets, or report more than a short line at a time; and the pieces in
// which the bytes arrive make no difference.
func FuzzService(f *testing.F) { f.Fuzz(checkService) }

func checkService(t *testing.T, in []byte) {
	whole, split := serve(t, in, len(in)), serve(t, in, 1)
	if !bytes.Equal(whole, split) {
		t.Fatalf("whole: %q\nsplit: %q", whole, split)
	}
	for len(whole) > 0 {
		f, rest, err := packet.Cut(whole, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := packet.Decode(f); err != nil {
			t.Fatal(err)
		}
		whole = rest
	}
}

// serve passes the input to a new service in pieces of n bytes, and returns
// everything that the service sends.
func serve(t *testing.T, in []byte, n int) (out []byte) {
	s, err := dpstest.New(dpstest.Config{IDScope: "scope", Enrollments: []dpstest.Enrollment{
		{RegistrationID: "dev", X509: true}, {RegistrationID: "key", PrimaryKey: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="},
	}, Log: func(e dpstest.Event) {
		if len(e.Text) > 1<<10 || strings.ContainsFunc(e.Text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q", e)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c := s.Open(start, &dpstest.Certificate{CommonName: "dev"})
	for len(in) > 0 {
		piece := bytes.Clone(in[:min(n, len(in))])
		c.Receive(start, piece)
		clear(piece)
		out = c.AppendOutput(out)
		in = in[len(piece):]
	}
	c.Advance(start.Add(time.Hour))
	return c.AppendOutput(out)
}
