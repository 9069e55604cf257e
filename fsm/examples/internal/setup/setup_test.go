package setup_test

import (
	"testing"

	"example.com/dps/fsm/examples/internal/setup"
)

// The port that is usual for the transport is added where none is given.
func TestAddress(t *testing.T) {
	for host, want := range map[string]string{
		"h": "h:8883", "h:1": "h:1", "127.0.0.1": "127.0.0.1:8883", "::1": "[::1]:8883", "[::1]": "[::1]:8883", "[::1]:1": "[::1]:1",
		"": "", ":1": "", "h:": "", "h:x": "", "h:99999": "", "a b": "", "u@h": "", "h/p": "",
	} {
		if got, err := setup.Address(host, "8883"); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", host, got, err)
		}
	}
}
