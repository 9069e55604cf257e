package registration_test

import (
	"errors"
	"testing"
	"time"

	"example.com/dps/fsm/registration"
)

// No message is the answer to a request that has not been taken.
func TestS4_ARequestThatWasNotTakenHasNoAnswer(t *testing.T) {
	g := newRig(t)
	g.r.Ready(g.now)
	if g.r.Message(g.now, []byte("$dps/registrations/res/202/?$rid="), []byte(assigning)) || g.r.Ignored() != 1 {
		t.Error("the answer counts")
	}
	g.want(registration.Registering, registration.WantExchange)
}

// Even an input at the wrong time does everything that is due.
func TestS1_EveryInputMovesTheClock(t *testing.T) {
	for name, input := range map[string]func(r *registration.Registration, now time.Time){
		"Ready": func(r *registration.Registration, now time.Time) { r.Ready(now) }, "DialFailed": func(r *registration.Registration, now time.Time) { r.DialFailed(now, nil) },
		"Message": func(r *registration.Registration, now time.Time) { r.Message(now, nil, nil) },
	} {
		g := newRig(t)
		g.r.Ready(g.now)
		input(g.r, g.now.Add(30*time.Second))
		if g.r.Want() != registration.WantClose {
			t.Errorf("%s: %v", name, g.r.State())
		}
	}
}

func TestTheShortestStayIsANanosecond(t *testing.T) {
	g := newRig(t, func(c *registration.Config) { c.Policy.StayConnected = 1 })
	g.exchange(202, "2", assigning)
	g.want(registration.Closing, registration.WantClose)
}

func TestErrorCodesAreOfTheirClass(t *testing.T) {
	for code, want := range map[int]error{403999: registration.ErrInvalid, 404000: registration.ErrNotFound, 404999: registration.ErrNotFound, 405000: registration.ErrInvalid} {
		if err := (&registration.ServiceError{Status: 400, ErrorCode: code}); !errors.Is(err, want) {
			t.Errorf("%v is not %v", err, want)
		}
	}
}

func TestLimitsOfConfigAreInclusive(t *testing.T) {
	for name, cfg := range map[string]registration.Config{
		"CSR":       {CSR: "AAAA", APIVersion: "2025-07-01"},
		"FleetSize": {Policy: registration.Policy{FleetSize: 1_000_000_000}, Jitter: func() float64 { return 0 }},
	} {
		cfg.IDScope, cfg.RegistrationID = "s", "d"
		if _, err := registration.New(cfg); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
