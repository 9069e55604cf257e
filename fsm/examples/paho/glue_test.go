package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/demo"
	"example.com/dps/fsm/examples/internal/setup"
	"example.com/dps/fsm/registration"
	"example.com/dps/sastoken"
)

// A forged message is an answer that the service did not send.
type forged struct {
	mqtt.Message
	requestID int
}

func (f forged) Topic() string {
	return fmt.Sprintf("$dps/registrations/res/200/?$rid=%d", f.requestID)
}

func (f forged) Payload() []byte {
	return []byte(`{"operationId":"4.op","status":"assigned","registrationState":{"assignedHub":"late.example","deviceId":"late"}}`)
}

// A late callback of the first client neither ends the second link nor answers
// its requests, and it returns. Each link has its own client and options.
func TestLateCallbacks(t *testing.T) {
	t.Parallel()
	d := newDesk(t, dpstest.Outcome{Polls: 1},
		dpstest.Fault{At: dpstest.OnRegister, Nth: 1, HangUpAfter: true}, dpstest.Fault{At: dpstest.OnQuery, Delay: 0.3})
	key, err := sastoken.DecodeKey(demo.Key)
	if err != nil {
		t.Fatal(err)
	}
	r, err := registration.New(registration.Config{IDScope: demo.IDScope, RegistrationID: demo.RegistrationID})
	if err != nil {
		t.Fatal(err)
	}
	var first *mqtt.ClientOptions
	var late sync.WaitGroup
	done, links, calls := make(chan struct{}), 0, 0
	drive(t.Context(), r, func() (*mqtt.ClientOptions, error) {
		password, err := setup.Password(key, demo.IDScope, demo.RegistrationID, time.Now(), time.Hour)
		o := clientOptions(r, "tls://"+d.tls, &tls.Config{RootCAs: d.ca.Pool()}, string(password))
		if links++; links == 1 {
			first = o
			return o, err
		}
		late.Add(1)
		go func() {
			defer late.Done()
			for {
				first.OnConnectionLost(nil, errors.New("late"))
				first.DefaultPublishHandler(nil, forged{requestID: calls % 6})
				calls++
				select {
				case <-done:
					return
				case <-time.After(time.Millisecond):
				}
			}
		}()
		return o, err
	})
	close(done)
	late.Wait()
	a, err := r.Result()
	if err != nil || a.AssignedHub != "hub.example" || links != 2 || d.count("CONNECT ") != 2 || calls < 100 || r.Ignored() != 0 {
		t.Errorf("%v, hub %q after %d links, %d late calls, %d ignored\n%s", err, a.AssignedHub, links, calls, r.Ignored(), d.lines())
	}
}

// An error of the options function, such as a clock that has not been set, ends
// the registration with that error.
func TestOptionsError(t *testing.T) {
	t.Parallel()
	r, err := registration.New(registration.Config{IDScope: demo.IDScope, RegistrationID: demo.RegistrationID})
	if err != nil {
		t.Fatal(err)
	}
	drive(t.Context(), r, func() (*mqtt.ClientOptions, error) { return nil, setup.ErrClock })
	if _, err := r.Result(); !errors.Is(err, setup.ErrClock) {
		t.Error(err)
	}
}

// Neither package registration nor the glue links package packet or package
// fsm. (The demo does, because its simulated service speaks MQTT.)
func TestGlueNeedsNoPackets(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "glue.go", nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"list", "-deps"}
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	out, err := exec.Command("go", args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	for _, path := range []string{"example.com/dps/packet", "example.com/dps/fsm"} {
		if slices.Contains(deps, path) {
			t.Errorf("the glue links %s", path)
		}
	}
	if !slices.Contains(deps, "example.com/dps/fsm/registration") {
		t.Error("the glue does not use package registration")
	}
}
