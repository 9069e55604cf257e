package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/demo"
)

// The demo polls and shows the hub, but neither a key nor a password.
func TestDemo(t *testing.T) {
	t.Parallel()
	tests := map[string]func(t *testing.T){}
	for _, transport := range transports {
		tests[transport] = func(t *testing.T) {
			got := try(t.Context(), "-transport", transport)
			if got.code != exitAssigned || got.stderr != "" {
				t.Fatalf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
			}
			for _, want := range []string{"demo", "connect to ", "wait 2", "the service asked for 2s", "Assigned.", demo.AssignedHub, demo.RegistrationID} {
				if !strings.Contains(got.stdout, want) {
					t.Errorf("want %q in\n%s", want, got.stdout)
				}
			}
			if strings.Contains(got.stdout, "SharedAccessSignature") || strings.Contains(got.stdout, demo.Key) {
				t.Error("the output contains a secret:\n" + got.stdout)
			}
		}
	}
	together(t, tests)
}

// After a refusal by the service, the exit code is 1, and there is no second
// attempt.
func TestRefusals(t *testing.T) {
	t.Parallel()
	disabled := dpstest.Outcome{Status: "disabled", AtOnce: true}
	tests := map[string]func(t *testing.T){}
	for _, transport := range transports {
		for name, c := range map[string]struct {
			outcome dpstest.Outcome
			fault   []dpstest.Fault
			args    []string
			want    string
		}{
			"disabled":          {disabled, nil, nil, `"disabled"`},
			"wrong key":         {dpstest.Outcome{}, nil, []string{"-key", otherKey}, "401"},
			"unknown device":    {dpstest.Outcome{}, nil, []string{"-registration-id", "other"}, "404"},
			"CONNECT refused":   {dpstest.Outcome{}, []dpstest.Fault{{At: dpstest.OnConnect, ReturnCode: 5}}, nil, "credentials not accepted: CONNECT refused: not Authorized"},
			"SUBSCRIBE refused": {dpstest.Outcome{}, []dpstest.Fault{{At: dpstest.OnSubscribe, ReturnCode: 0x80}}, nil, "credentials not accepted: subscription refused"},
		} {
			tests[name+"/"+transport] = func(t *testing.T) {
				d := newDesk(t, c.outcome, c.fault...)
				got := try(t.Context(), d.flags(transport, c.args...)...)
				if got.code != 1 || !strings.Contains(got.stderr, c.want) || d.count("CONNECT ") != 1 {
					t.Errorf("exit code %d, no %q, or more than one CONNECT\n%s%s\n%s", got.code, c.want, got.stdout, got.stderr, d.lines())
				}
				if name != "CONNECT refused" && !eventually(func() bool { return d.count("DISCONNECT") == 1 }) {
					t.Errorf("no DISCONNECT:\n%s", d.lines())
				}
			}
		}
	}
	together(t, tests)
}

// If the connection is lost at any step, the device connects and subscribes
// again. It resumes its operation instead of registering again.
func TestConnectionLost(t *testing.T) {
	t.Parallel()
	tests := map[string]func(t *testing.T){}
	for _, transport := range transports {
		for name, c := range map[string]struct {
			fault                 dpstest.Fault
			subscribes, registers int
		}{
			"at CONNECT":         {dpstest.Fault{At: dpstest.OnConnect, Nth: 1, HangUp: true}, 1, 1},
			"after CONNACK":      {dpstest.Fault{At: dpstest.OnConnect, Nth: 1, HangUpAfter: true}, 1, 1},
			"server unavailable": {dpstest.Fault{At: dpstest.OnConnect, Nth: 1, ReturnCode: 3}, 1, 1},
			"at SUBSCRIBE":       {dpstest.Fault{At: dpstest.OnSubscribe, Nth: 1, HangUp: true}, 2, 1},
			"at register":        {dpstest.Fault{At: dpstest.OnRegister, Nth: 1, HangUp: true}, 2, 2},
			"after register":     {dpstest.Fault{At: dpstest.OnRegister, Nth: 1, HangUpAfter: true}, 2, 1},
			"at query":           {dpstest.Fault{At: dpstest.OnQuery, Nth: 1, HangUp: true}, 2, 1},
		} {
			tests[name+"/"+transport] = func(t *testing.T) {
				d := newDesk(t, dpstest.Outcome{Polls: 1}, c.fault)
				got := try(t.Context(), d.flags(transport, "-timeout", "20s")...)
				if got.code != exitAssigned {
					t.Fatalf("exit code %d\n%s%s\n%s", got.code, got.stdout, got.stderr, d.lines())
				}
				if d.count("SUBSCRIBE") != c.subscribes || d.count("PUT/") != c.registers {
					t.Errorf("want %d SUBSCRIBE and %d register in\n%s", c.subscribes, c.registers, d.lines())
				}
			}
		}
	}
	together(t, tests)
}

// After a network failure, the exit code is 3, and the program ends in time.
func TestNetworkErrors(t *testing.T) {
	t.Parallel()
	closed, silent, d := listen(t), listen(t), newDesk(t, dpstest.Outcome{Status: "assigning"})
	closed.Close()
	device := []string{"-id-scope", demo.IDScope, "-registration-id", demo.RegistrationID, "-key", demo.Key}
	tests := map[string]func(t *testing.T){}
	for name, c := range map[string]struct {
		args   []string
		within time.Duration
		want   string
	}{
		"refused":           {[]string{"-host", closed.Addr().String(), "-timeout", "1s"}, 2 * time.Second, "gave up after"},
		"silent":            {[]string{"-host", silent.Addr().String(), "-timeout", "1s"}, 2 * time.Second, "gave up after"},
		"unknown authority": {[]string{"-host", d.tls, "-timeout", "20s"}, 5 * time.Second, "certificate signed by unknown authority"},
		"unknown name":      {[]string{"-host", "no.such.host.invalid", "-timeout", "5s"}, 6 * time.Second, "no such host"},
		"endless":           {d.flags("tls", "-timeout", "3s"), 4 * time.Second, "gave up after"},
	} {
		tests[name] = func(t *testing.T) {
			got := try(t.Context(), append(device, c.args...)...)
			if got.code != 3 || !strings.Contains(got.stderr, c.want) || got.took > c.within {
				t.Errorf("exit code %d after %v\n%s%s", got.code, got.took, got.stdout, got.stderr)
			}
		}
	}
	together(t, tests)
}

// Ctrl-C ends a registration within a second, with a DISCONNECT if there is a
// connection, and the program does not announce another attempt.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	silent := listen(t)
	tests := map[string]func(t *testing.T){}
	interrupt := func(t *testing.T, ready func() bool, args []string) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		done := make(chan outcome)
		go func() { done <- try(ctx, args...) }()
		if !eventually(ready) {
			t.Fatal("the registration did not begin")
		}
		start := time.Now()
		cancel()
		got := <-done
		if took := time.Since(start); got.code != 3 || took > time.Second || !strings.Contains(got.stderr, "stopped") {
			t.Errorf("exit code %d after %v\n%s%s", got.code, took, got.stdout, got.stderr)
		}
		if strings.Contains(got.stdout, "again in") {
			t.Errorf("the program announced another attempt:\n%s", got.stdout)
		}
	}
	for _, transport := range transports {
		tests[transport] = func(t *testing.T) {
			d := newDesk(t, dpstest.Outcome{RetryAfter: "100"})
			interrupt(t, func() bool { return d.count("PUT/") == 1 }, d.flags(transport))
			if !eventually(func() bool { return d.count("DISCONNECT") == 1 }) {
				t.Error("the service did not receive a DISCONNECT:\n" + d.lines())
			}
		}
	}
	tests["while connecting"] = func(t *testing.T) {
		start := time.Now()
		interrupt(t, func() bool { return time.Since(start) > 300*time.Millisecond }, []string{"-host", silent.Addr().String(),
			"-id-scope", demo.IDScope, "-registration-id", demo.RegistrationID, "-key", demo.Key})
	}
	together(t, tests)
}

// All mistakes in the command line are reported together, in terms of its
// flags, and -h explains the usage.
func TestUsage(t *testing.T) {
	t.Parallel()
	key := []string{"-host", "h", "-id-scope", "s", "-registration-id", "d", "-key", demo.Key}
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"-bogus"}, []string{"-bogus"}},
		{[]string{"x"}, []string{"unexpected argument"}},
		{[]string{"-timeout", "0s", "-transport", "quic", "-path", "x", "-key", demo.Key},
			[]string{"-timeout is 0s", `-transport is "quic"`, `-path is "x"`, "-host is missing", "-id-scope is missing", "-registration-id is missing"}},
		{append(key, "-group-key", otherKey), []string{"only one of -key and -group-key"}},
		{append(key, "-host", "https://h/"), []string{`-host is "https://h/"`}},
		{append(key, "-key", "%%%", "-ca", "/does/not/exist"), []string{"-key: sastoken: bad key", "-ca: open /does/not/exist"}},
		{append(key, "-registration-id", "a/b"), []string{"RegistrationID"}},
		{key[:6], []string{"a key is missing"}},
	} {
		got := try(t.Context(), c.args...)
		for _, want := range c.want {
			if !strings.Contains(got.stderr, want) {
				t.Errorf("%q: want %q in %s", c.args, want, got.stderr)
			}
		}
		if got.code != 2 || got.stdout != "" || strings.Contains(got.stderr, demo.Key) || !strings.HasSuffix(got.stderr, "\n(Run \"paho -h\" for usage.)\n") {
			t.Errorf("%q: exit code %d, %s%s", c.args, got.code, got.stdout, got.stderr)
		}
	}
	got := try(t.Context(), "-h")
	for _, want := range []string{"Exit code: 0 assigned; 1 refused by the service; 2 bad usage; 3 network", "HTTPS_PROXY", "NO_PROXY", "all_proxy"} {
		if got.code != 0 || !strings.Contains(got.stdout, want) || got.stderr != "" {
			t.Errorf("-h: want %q in %+v", want, got)
		}
	}
}
