package dpstest_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/packet"
	"example.com/dps/sastoken"
	"example.com/dps/topic"
)

const captureKey = "cGVlcnMtd29yayB0aHJvdy1hd2F5IGtleSwgMzIgYnk="

// A moment is one line of a capture: bytes that one side sent.
type moment struct {
	connection, from string
	at               time.Duration
	bytes            []byte
}

// readMoments returns the lines of a capture that have bytes.
func readMoments(t *testing.T, name string) (all []moment) {
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		f := strings.Fields(line)
		if len(f) != 4 || f[0] != ">" && f[0] != "<" {
			continue
		}
		ms, err := strconv.Atoi(f[2])
		if err != nil {
			t.Fatal(err)
		}
		b, err := hex.DecodeString(f[3])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, moment{f[1], f[0], time.Duration(ms) * time.Millisecond, b})
	}
	return all
}

// A stream is one direction of a connection in a capture.
type stream struct {
	connection, from string // from is ">" for the client
}

// readCapture returns the bytes of each stream of a capture, in the pieces in
// which they arrived.
func readCapture(t *testing.T, name string) map[stream][][]byte {
	all := map[stream][][]byte{}
	for _, m := range readMoments(t, name) {
		key := stream{m.connection, m.from}
		all[key] = append(all[key], m.bytes)
	}
	if len(all) == 0 {
		t.Fatalf("%s contains no bytes", name)
	}
	return all
}

// timeOf returns a time at which the token that a client sent was valid.
func timeOf(client []byte) time.Time {
	_, text, ok := bytes.Cut(client, []byte("&se="))
	if !ok {
		return start
	}
	end := bytes.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	seconds, _ := strconv.ParseInt(string(text[:max(end, 0)]), 10, 64)
	return time.Unix(seconds, 0).Add(-30 * time.Minute)
}

func captures(t *testing.T) []string {
	if _, err := os.Stat("../../testdata"); errors.Is(err, fs.ErrNotExist) {
		t.Skip("the directory ../../testdata was not copied along with this package")
	}
	names, err := filepath.Glob("../../testdata/captures/*.txt")
	if err != nil || len(names) < 20 {
		t.Fatalf("%d captures: %v", len(names), err)
	}
	return names
}

// Every packet of real clients and of a real broker can be decoded, and encodes
// to its original bytes. One client is wrong on purpose: it copies an operation
// ID with '+' and '#' into a topic without encoding it.
func TestCapturesAreUnderstood(t *testing.T) {
	packets := 0
	for _, name := range captures(t) {
		if strings.HasSuffix(name, "operation-id-special.txt") {
			continue
		}
		for key, pieces := range readCapture(t, name) {
			var s packet.Splitter
			var again []byte
			for _, p := range pieces {
				s.Feed(p)
				for {
					f, err := s.Next()
					if err == packet.ErrShort {
						break
					}
					if err != nil {
						t.Fatalf("%s %v: %v", name, key, err)
					}
					p, err := packet.Decode(f)
					if err != nil {
						t.Fatalf("%s %v: %v", name, key, err)
					}
					if again, err = p.AppendBinary(again); err != nil {
						t.Fatalf("%s %v: %v", name, key, err)
					}
					packets++
				}
			}
			if !bytes.Equal(again, bytes.Join(pieces, nil)) || s.Buffered() > 0 {
				t.Errorf("%s %v: the packets do not encode to the original bytes", name, key)
			}
		}
	}
	if packets < 400 {
		t.Errorf("only %d packets", packets)
	}
}

// With this service, each recorded client receives an answer to its
// registration.
func TestCapturedClientsRegister(t *testing.T) {
	for _, name := range captures(t) {
		base := filepath.Base(name)
		if strings.HasPrefix(base, "broker-") {
			continue
		}
		t.Run(base, func(t *testing.T) {
			s, err := dpstest.New(dpstest.Config{IDScope: scope, Enrollments: []dpstest.Enrollment{
				{RegistrationID: "dev-x509-01", X509: true}, {RegistrationID: "dev-sym-01", PrimaryKey: captureKey},
				{RegistrationID: "Dev-1._:a", PrimaryKey: captureKey},
			}})
			if err != nil {
				t.Fatal(err)
			}
			cn := ""
			if strings.Contains(base, "x509") {
				cn = "dev-x509-01"
			}
			pieces := readCapture(t, name)[stream{"1", ">"}]
			if got := replay(t, s, cn, pieces); got != 202 {
				t.Errorf("the registration was answered with %d, want 202", got)
			}
		})
	}
}

// replay feeds the bytes of a client to the service, at a time at which its
// token was valid, and returns the status of the first answer.
func replay(t *testing.T, s *dpstest.Service, cn string, pieces [][]byte) int {
	now := timeOf(bytes.Join(pieces, nil))
	c := s.Open(now, certificate(cn))
	var out []byte
	for _, p := range pieces {
		c.Receive(now, p)
		out = c.AppendOutput(out)
	}
	for len(out) > 0 {
		f, rest, err := packet.Cut(out, 0)
		if err != nil {
			t.Fatal(err)
		}
		var p packet.Publish
		if f.Type == packet.PUBLISH && p.Decode(f) == nil {
			r, err := topic.ParseResponse(p.Topic)
			if err != nil {
				t.Fatal(err)
			}
			return r.Status
		}
		out = rest
	}
	t.Fatal("no answer")
	return 0
}

// DecodeKey accepts the key of the captures.
func TestCaptureKey(t *testing.T) {
	if key, err := sastoken.DecodeKey(captureKey); err != nil || len(key) != 32 {
		t.Errorf("%d bytes, %v", len(key), err)
	}
}
