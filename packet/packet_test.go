package packet_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"example.com/dps/packet"
)

// Decode returns a packet with an error only if the error is ErrProtocolLevel.
func TestDecodeReturnsNoBrokenPacket(t *testing.T) {
	for _, row := range malformedTexts {
		p, err := decodeLimited(wire(row.wire))
		if level := errors.Is(err, packet.ErrProtocolLevel); err == nil || (p != nil) != level {
			t.Errorf("%s: packet %v, %v", row.wire, p, err)
		}
	}
}

func TestSecretPrintsAsStars(t *testing.T) {
	s := packet.Secret("swordfish")
	text, err := s.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	inJSON, err := json.Marshal(struct{ S packet.Secret }{s})
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []string{s.String(), string(text), fmt.Sprint(s), fmt.Sprintf("%x", s)} {
		if got != "***" {
			t.Errorf("printed %q", got)
		}
	}
	if string(inJSON) != `{"S":"***"}` {
		t.Errorf("in JSON %s", inJSON)
	}
}
