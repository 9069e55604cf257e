package peers

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"
)

// A vector is a row of testdata/vectors/mqtt311.json.
type vector struct {
	Name, Group, Direction, Hex string
	Valid                       bool
	Fill                        struct {
		Hex, Char, After string
		Count            int
	}
}

// vectors returns all rows except the row of 256 MiB.
func vectors(t testing.TB) (all []vector) {
	t.Helper()
	text, err := os.ReadFile("../../testdata/vectors/mqtt311.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []vector
	if err := json.Unmarshal(text, &rows); err != nil {
		t.Fatal(err)
	}
	for _, v := range rows {
		if v.Group != "huge" {
			all = append(all, v)
		}
	}
	if len(all) < 150 {
		t.Fatalf("got only %d vectors", len(all))
	}
	return all
}

func (v vector) bytes(t testing.TB) []byte {
	unit := []byte(v.Fill.Char)
	if v.Fill.Hex != "" {
		unit = unhex(t, v.Fill.Hex)
	}
	b := append(unhex(t, v.Hex), bytes.Repeat(unit, v.Fill.Count)...)
	return append(b, unhex(t, v.Fill.After)...)
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
