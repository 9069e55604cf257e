package clients_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/dps/sastoken"
	"github.com/google/go-cmp/cmp"
)

// A scenario is one registration: the program, how the device authenticates,
// how it connects, and how the registration ends.
type scenario struct {
	program   string // a key of programs
	auth      string // "key" or "x509"
	transport string // "mqtt" or "websocket"
	ending    string // a key of endings
}

// device returns the registration ID. Each scenario has its own device, because
// the simulator counts faults for each device.
func (s scenario) device() string {
	return strings.Join([]string{s.program, s.auth, s.transport, s.ending}, ".")
}

// deviceKey is the key of all devices. otherKey is not the key of any device.
const (
	deviceKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	otherKey  = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
)

// An outcome is the exit code of a program and what the program printed.
type outcome struct {
	Exit      int
	Status    string
	Hub       string
	Device    string
	ErrorCode int
}

type object = map[string]any

// busy answers a device's first registration and its first query with 429.
var busy = []object{
	{"at": "register", "nth": 1, "status": 429, "retryAfter": 1},
	{"at": "query", "nth": 1, "status": 429, "retryAfter": 1},
}

// endings lists the outcomes and faults that the simulator has for a device,
// with the outcome that the program must report.
var endings = map[string]struct {
	outcome object
	faults  []object
	want    outcome
}{
	"assigned":  {object{"assignedHub": "hub.example", "deviceId": "from-the-service"}, nil, outcome{0, "assigned", "hub.example", "from-the-service", 0}},
	"throttled": {object{"assignedHub": "hub.example", "deviceId": "in-the-end"}, busy, outcome{0, "assigned", "hub.example", "in-the-end", 0}},
	"failed":    {object{"status": "failed", "errorCode": 400207, "errorMessage": "Custom allocation failed with status code: 500"}, nil, outcome{1, "failed", "", "", 400207}},
	"disabled":  {object{"status": "disabled"}, nil, outcome{1, "disabled", "", "", 0}},

	// With a wrong key, or the certificate of another device.
	"unauthorized": {object{}, nil, outcome{1, "", "", "", 401000}},
}

// want returns the outcome that the program must report.
func (s scenario) want() outcome {
	want := endings[s.ending].want
	if s.ending == "unauthorized" && s.auth == "x509" {
		want.ErrorCode = 401002
	}
	return want
}

// scenarios returns all scenarios of the programs that are installed. It skips
// the other programs.
func scenarios(t *testing.T) (all []scenario) {
	for name, p := range programs {
		if missing := p.missing(); missing != "" {
			t.Run(name, func(t *testing.T) { skip(t, missing) })
			continue
		}
		for _, auth := range []string{"key", "x509"} {
			for _, transport := range p.transports {
				for ending := range endings {
					all = append(all, scenario{name, auth, transport, ending})
				}
			}
		}
	}
	return all
}

// enrollments returns the content of the enrollments file.
func enrollments(t *testing.T, all []scenario) []byte {
	t.Helper()
	var list []object
	for _, s := range all {
		e := object{"registrationId": s.device(), "outcome": endings[s.ending].outcome}
		if faults := endings[s.ending].faults; faults != nil {
			e["faults"] = faults
		}
		if s.auth == "key" {
			e["primaryKey"] = deviceKey
		} else {
			e["x509"] = true
		}
		list = append(list, e)
	}
	text, err := json.Marshal(object{"idScope": idScope, "retryAfter": 1, "enrollments": list})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Exit codes of the simulator with -strict.
const (
	noMistakes = 0
	mistakes   = 3
)

// behaviors lists the flags of the simulators, their exit codes, and the
// mistakes that they must report: none, except for mistakes that are made on
// purpose or cannot be avoided.
var behaviors = map[string]struct {
	flags    []string
	code     int
	mistakes func(s scenario) []string
}{
	"sound": {nil, noMistakes, func(scenario) []string { return nil }},

	// The broker does not send a DISCONNECT when it closes the connection of
	// its bridge.
	"bridge": {[]string{"-allow", "no-disconnect"}, noMistakes, func(scenario) []string { return []string{"no-disconnect"} }},

	"unauthorized": {nil, mistakes, func(s scenario) []string {
		named := "signature-key"
		if s.auth == "x509" {
			named = "certificate-name"
		}
		if s.program == "mosquitto" {
			return slices.Sorted(slices.Values([]string{named, "no-disconnect"}))
		}
		return []string{named}
	}},
}

// behavior returns the key in behaviors of the scenario.
func (s scenario) behavior() string {
	switch {
	case s.ending == "unauthorized":
		return "unauthorized"
	case s.program == "mosquitto":
		return "bridge"
	}
	return "sound"
}

// Every program reports the outcome of its device, with a key and with a
// certificate, on each transport that it supports. The simulator reports
// exactly the expected mistakes.
func TestOutcomes(t *testing.T) {
	if testing.Short() {
		t.Skip("the test runs a process for each of some 80 registrations")
	}
	all := scenarios(t)
	sims := map[string]*simulator{}
	for name, b := range behaviors {
		sims[name] = startSimulator(t, "127.0.0.1:0", "127.0.0.1:0", all, b.flags...)
	}
	parallel(all, 8, func(s scenario) {
		t.Run(strings.ReplaceAll(s.device(), ".", "/"), func(t *testing.T) {
			sim := sims[s.behavior()]
			sim.ran(s)
			got := sim.register(t, s, sim.TLS, sim.WebSocket)
			if diff := cmp.Diff(s.want(), got); diff != "" {
				t.Errorf("outcome (-want +got):\n%s", diff)
			}
			if s.ending == "throttled" {
				sim.wait(t, s.device(), "429001")
			}
			sim.wait(t, s.device(), `"kind":"closed"`)
		})
	})
	for name, sim := range sims {
		sim.checkMistakes(t, name)
	}
}

// checkMistakes stops the simulator and compares the mistakes that it reported
// with those that are expected of the scenarios that ran.
func (sim *simulator) checkMistakes(t *testing.T, behavior string) {
	t.Helper()
	b, want := behaviors[behavior], map[string][]string{}
	for _, s := range sim.scenarios {
		if named := b.mistakes(s); len(named) > 0 {
			want[s.device()] = named
		}
	}
	if code := sim.stop(t); len(sim.scenarios) > 0 && code != b.code {
		t.Errorf("%s: want exit code %d of the simulator, got %d", behavior, b.code, code)
	}
	if diff := cmp.Diff(want, sim.mistakes(t)); diff != "" {
		t.Errorf("%s: mistakes (-want +got):\n%s", behavior, diff)
	}
}

// Microsoft's SDK registers a device without changes, on the ports that it
// always uses.
func TestSDKOnItsOwnPorts(t *testing.T) {
	if testing.Short() {
		t.Skip("the test runs other programs")
	}
	if missing := programs["azure-sdk"].missing(); missing != "" {
		skip(t, missing)
	}
	host := ownAddress(t)
	all := []scenario{{"azure-sdk", "key", "mqtt", "assigned"}, {"azure-sdk", "x509", "websocket", "assigned"}}
	sim := startSimulator(t, host+":8883", host+":443", all)
	for _, s := range all {
		sim.ran(s)
		if diff := cmp.Diff(s.want(), sim.register(t, s, host, host)); diff != "" {
			t.Errorf("%v: outcome (-want +got):\n%s", s, diff)
		}
		sim.wait(t, s.device(), `"kind":"closed"`)
	}
	sim.checkMistakes(t, "sound")
}

// The lock file pins packages but does not name a registry. The configuration
// of npm determines the registry.
func TestLockFileNamesNoRegistry(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("node", "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	var lock struct {
		Packages map[string]struct{ Version, Resolved, Integrity string }
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		t.Fatal(err)
	}
	delete(lock.Packages, "") // the package of this directory
	if len(lock.Packages) == 0 {
		t.Error("the lock file does not contain any packages")
	}
	for name, p := range lock.Packages {
		if p.Version == "" || p.Integrity == "" || p.Resolved != "" {
			t.Errorf("%s: version %q, integrity %q, resolved %q", name, p.Version, p.Integrity, p.Resolved)
		}
	}
}

// register runs the program of a scenario and returns the outcome.
func (sim *simulator) register(t *testing.T, s scenario, tls, web string) outcome {
	t.Helper()
	p := programs[s.program]
	c := call{scenario: s, address: tls, ca: sim.CA, key: deviceKey}
	certOf := s
	if s.ending == "unauthorized" {
		c.key, certOf.ending = otherKey, "assigned"
	}
	if s.transport == "websocket" {
		c.address = web
	}
	c.cert = filepath.Join(sim.certs, certOf.device()+".pem")
	c.certKey = filepath.Join(sim.certs, certOf.device()+".key")

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	argv := p.command(t, c)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+sim.CA) // for the SDK, which does not have an option
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	got, ok := read(stdout.String())
	if got.Exit = cmd.ProcessState.ExitCode(); !ok {
		t.Errorf("%q: %v\nstandard output: %q\nstandard error: %q\nlog of the simulator:\n%s", argv, err, &stdout, &stderr, sim.log(s.device()))
	}
	return got
}

// read parses the line that a program prints, which is the service's last
// answer.
func read(line string) (outcome, bool) {
	var answer struct {
		Status            string
		ErrorCode         int
		RegistrationState struct {
			AssignedHub, DeviceID string
			ErrorCode             int
		}
	}
	if err := json.Unmarshal([]byte(line), &answer); err != nil {
		return outcome{}, false
	}
	state := answer.RegistrationState
	return outcome{Status: answer.Status, Hub: state.AssignedHub, Device: state.DeviceID, ErrorCode: max(answer.ErrorCode, state.ErrorCode)}, true
}

// parallel calls f for each scenario, n at a time, because registrations mostly
// wait.
func parallel(all []scenario, n int, f func(scenario)) {
	var wait sync.WaitGroup
	slots := make(chan struct{}, n)
	for _, s := range all {
		wait.Add(1)
		go func() {
			defer wait.Done()
			slots <- struct{}{}
			defer func() { <-slots }()
			f(s)
		}()
	}
	wait.Wait()
}

// token returns the SAS token of a scenario's device, for the programs that
// cannot create one.
func (c call) token(t *testing.T) string {
	t.Helper()
	key, err := sastoken.DecodeKey(c.key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := sastoken.Sign(key, sastoken.Resource(idScope, c.device()), sastoken.KeyName, time.Now().Add(time.Hour)).AppendPassword(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
