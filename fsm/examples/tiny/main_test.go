package main

import (
	"bytes"
	"errors"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/packet"
	"example.com/dps/sastoken"
)

// A faulty board is a simulation with faults that records what the device
// sends.
type faulty struct {
	*simulation
	dials     int  // so far
	noDials   int  // the number of dials that fail at first
	lostAfter int  // the number of answered requests after which a read fails once; 0 for no failure
	slow      bool // bytes arrive one by one
	silent    bool // no bytes arrive
	sent      []byte
	written   []byte // the last write, in the memory of the device
	leaked    bool   // whether the memory still contained a token at the next read
}

var errFault = errors.New("no carrier")

func (b *faulty) dial() error {
	if b.dials++; b.dials <= b.noDials {
		return errFault
	}
	return b.simulation.dial()
}

func (b *faulty) read(p []byte) (int, error) {
	b.leaked = b.leaked || bytes.Contains(b.written, []byte("SharedAccessSignature"))
	switch {
	case b.silent:
		return 0, nil
	case b.lostAfter > 0 && b.requests == b.lostAfter && len(b.queue) == 0:
		b.lostAfter = 0
		return 0, errFault
	case b.slow:
		p = p[:1]
	}
	return b.simulation.read(p)
}

func (b *faulty) write(p []byte) error {
	b.sent = append(b.sent, p...)
	b.written = p
	return b.simulation.write(p)
}

// packets returns the packets that were sent.
func (b *faulty) packets(t *testing.T) (all []packet.Packet, types string) {
	t.Helper()
	for rest := b.sent; len(rest) > 0; {
		var f packet.Frame
		var err error
		if f, rest, err = packet.Cut(rest, 0); err != nil {
			t.Fatal(err)
		}
		p, err := packet.Decode(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
		types += " " + f.Type.String()
	}
	return all, strings.TrimSpace(types)
}

// The device is assigned to its hub in the time that the service asks for, in
// spite of slow bytes, failed dials and a lost connection.
func TestRegister(t *testing.T) {
	const (
		hello   = "CONNECT SUBSCRIBE"
		request = " PUBLISH PUBACK"
		goodbye = " DISCONNECT"
	)
	for name, c := range map[string]struct {
		faulty
		packets string
		seconds time.Duration // 3 per poll, plus the backoff
	}{
		"no fault":     {faulty{}, hello + request + request + request + goodbye, 6},
		"byte by byte": {faulty{slow: true}, hello + request + request + request + goodbye, 6},
		"no dial":      {faulty{noDials: 2}, hello + request + request + request + goodbye, 1 + 2 + 6},
		"lost link":    {faulty{lostAfter: 1}, hello + request + " " + hello + request + request + goodbye, 6},
	} {
		t.Run(name, func(t *testing.T) {
			b := &c.faulty
			b.simulation = newSimulation()
			start, key := b.now(), decodeKey(t)
			a, err := register(newMachine(t), b, key)
			if err != nil || a.AssignedHub != assignedHub || a.DeviceID != registrationID {
				t.Fatalf("%+v, %v", a, err)
			}
			if d := b.now().Sub(start); d/time.Second != c.seconds {
				t.Errorf("want the registration to take %d s, got %v", c.seconds, d)
			}
			if b.leaked {
				t.Error("the device did not clear the token")
			}
			all, types := b.packets(t)
			if types != c.packets {
				t.Errorf("want %s\ngot  %s", c.packets, types)
			}
			token, err := sastoken.Parse(all[0].(*packet.Connect).Password)
			if err != nil || token.Verify(key) != nil || !token.IsFor(idScope, registrationID) || token.Expired(b.now(), 0) {
				t.Errorf("the service would not accept the token: %v, %v", token, err)
			}
		})
	}
}

// The loop ends if no attempt can succeed.
func TestRegisterEnds(t *testing.T) {
	for name, c := range map[string]struct {
		faulty
		key  []byte
		want error
	}{
		"no answer": {faulty{silent: true}, decodeKey(t), fsm.ErrNoAnswer},
		"no dial":   {faulty{noDials: 1 << 30}, decodeKey(t), fsm.ErrDial},
		"no key":    {faulty{}, nil, sastoken.ErrKey},
	} {
		t.Run(name, func(t *testing.T) {
			c.simulation = newSimulation()
			if _, err := register(newMachine(t), &c.faulty, c.key); !errors.Is(err, c.want) {
				t.Errorf("want %v, got %v", c.want, err)
			}
		})
	}
}

func decodeKey(t *testing.T) []byte {
	t.Helper()
	key, err := sastoken.DecodeKey(deviceKey)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newMachine(t *testing.T) *fsm.Machine {
	t.Helper()
	m, err := fsm.New(fsm.Config{IDScope: idScope, RegistrationID: registrationID})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Neither the program nor the packages that it uses need an operating system,
// and the program does not link packages for networks.
func TestNoOperatingSystem(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", `{{.ImportPath}}{{if not .Standard}} imports {{join .Imports " "}} .{{end}}`, ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(out), "example.com/dps/fsm imports ") {
		t.Fatalf("want package fsm in\n%s", out)
	}
	for _, banned := range []string{
		`(?m)^(net|crypto/tls|log|os/exec|os/signal|testing)(/.*)?$`, // no matter which package imports it
		`(?m)^.* imports .*\b(os|log|log/slog|sync|runtime) .*$`,     // imported by a package of ours
	} {
		for _, found := range regexp.MustCompile(banned).FindAllString(string(out), -1) {
			t.Error(found)
		}
	}
}
