package fsm_test

import (
	"fmt"
	"strings"
	"testing"

	"example.com/dps/fsm"
)

// names returns the joined names of the first values of an enumeration.
func names[T interface {
	~byte
	fmt.Stringer
}](n int) string {
	var all []string
	for i := range n {
		all = append(all, T(i).String())
	}
	return strings.Join(all, ", ")
}

func TestEnumsHaveNames(t *testing.T) {
	for want, got := range map[string]string{
		"idle, dialing, connecting, subscribing, registering, waiting, polling, closing, finished, state 9": names[fsm.State](10),
		"dial, exchange, close, done, want 4":                names[fsm.Want](5),
		"sent, received, ignored, wait, retry, end, event 6": names[fsm.EventKind](7),
		"symmetric key, X.509, TPM, attestation 3":           names[fsm.Attestation](4),
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
