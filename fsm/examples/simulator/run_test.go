package main

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/transport"
	"example.com/dps/packet"
)

// SIGHUP reloads the enrollments. If the file has mistakes, the old enrollments
// stay in effect, and the log reports the mistakes.
func TestReload(t *testing.T) {
	file := devices(t, "dev-1")
	s := start(t, "-enrollments", file, "-quiet")
	c := s.client()
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s.reload <- syscall.SIGHUP
	}
	c.mustRegister(t, "dev-1")
	write("{\"idScope\": \"0ne00000A1B\",\n\"enrollments\": [{\"registrationId\": \"dev-2\"}]}")
	s.out.wait(t, "error: -enrollments: "+file+":2: enrollments[0]: ", "the old enrollments stay in effect\n")
	c.mustRegister(t, "dev-1")
	other, err := os.ReadFile(devices(t, "dev-2"))
	if err != nil {
		t.Fatal(err)
	}
	write(string(other))
	s.reload <- syscall.SIGHUP // the first signal has been processed when the second one is received
	c.mustRegister(t, "dev-2")
	if answer, err := c.register(t, "dev-1", password(t, "dev-1")); strings.Contains(answer, "res/200") {
		t.Errorf("a device that is no longer enrolled: %s, %v", answer, err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	s.reload <- syscall.SIGHUP
	s.out.wait(t, "no such file", "the old enrollments stay in effect\n")
	c.mustRegister(t, "dev-2")
}

// Without -enrollments, SIGHUP has no effect except for an error in the log.
func TestReloadOfTheDemo(t *testing.T) {
	s := start(t)
	s.reload <- syscall.SIGHUP
	s.out.wait(t, "-enrollments is not set")
	s.client().mustRegister(t, "demo-key")
}

// With -strict, the exit code shows whether a client made a mistake, and the
// report names the mistake.
func TestStrict(t *testing.T) {
	for _, test := range []struct {
		name string
		args []string
		rude bool
		want int
	}{
		{"no mistake", []string{"-strict"}, false, exitStopped},
		{"a mistake", []string{"-strict"}, true, exitMistakes},
		{"not strict", nil, true, exitStopped},
		{"allowed", []string{"-strict", "-allow", "rid-again,no-disconnect"}, true, exitStopped},
		{"another mistake allowed", []string{"-strict", "-allow", "rid-again"}, true, exitMistakes},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := start(t, append(test.args, "-enrollments", devices(t, "dev-1", "dev-2"))...)
			c := s.client()
			c.mustRegister(t, "dev-2")
			c.rude = test.rude
			c.mustRegister(t, "dev-1")
			s.out.wait(t, "dev-1 = closed")
			if code := s.stop(); code != test.want {
				t.Errorf("want exit code %d, got %d", test.want, code)
			}
			report := "report: dev-1: 1 connection; no mistakes; last: closed"
			if test.rude {
				report = "report: dev-1: 1 connection; 1 × no-disconnect; last: closed"
			}
			s.out.wait(t, report, "report: dev-2: 1 connection; no mistakes", "stopped: 2 devices")
			if got := strings.Contains(s.out.String(), "-strict makes the exit code 3"); got != (test.want == exitMistakes) {
				t.Error(s.out)
			}
		})
	}
}

// If there are too many lines, diagnoses and summaries are not left out.
func TestDiagnosesAreKept(t *testing.T) {
	r, w := io.Pipe()
	d := newDesk(options{format: formatText}, w, io.Discard)
	for range 20_000 {
		d.event(dpstest.Event{Kind: dpstest.EventSent, Text: strings.Repeat("x", 200)})
	}
	d.event(dpstest.Event{Kind: dpstest.EventDiagnosis, Diagnosis: dpstest.EarlyQuery})
	d.event(dpstest.Event{Kind: dpstest.EventClosed, Text: "well"})
	var out screen
	go io.Copy(&out, r)
	out.wait(t, "✗ early-query", "= well")
	d.out.Close(time.Now().Add(10 * time.Second))
	out.wait(t, "left-out: ")
}

// If the simulator stops while clients are connected, that is not a client's
// mistake.
func TestEndWhileClientsAreConnected(t *testing.T) {
	s := start(t, "-strict", "-enrollments", devices(t, "dev-1"))
	conn, err := transport.DialTLS(t.Context(), s.TLS, &tls.Config{RootCAs: s.roots})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	p := packet.Connect{ClientID: []byte("dev-1"), Username: []byte(testScope + "/registrations/dev-1/api-version=2019-03-31"), Password: []byte(password(t, "dev-1")), CleanSession: true, KeepAlive: 60}
	if _, err := exchange(conn, new(packet.Splitter), &p); err != nil {
		t.Fatal(err)
	}
	if code := s.stop(); code != exitStopped {
		t.Errorf("exit code %d, %s", code, s.out)
	}
	s.out.wait(t, "dev-1 = closed because the simulator is stopping", "report: dev-1: 1 connection; no mistakes; last: closed because the simulator is stopping")
}

// With -quiet, the simulator prints nothing unless a client makes a mistake.
func TestQuiet(t *testing.T) {
	s := start(t, "-quiet", "-enrollments", devices(t, "dev-1"))
	c := s.client()
	c.mustRegister(t, "dev-1")
	if s.out.String() != "" {
		t.Errorf("%s", s.out)
	}
	c.rude = true
	c.mustRegister(t, "dev-1")
	s.out.wait(t, " #2 dev-1 ✗ no-disconnect: ")
	s.stop()
	s.out.wait(t, "✗", "report: dev-1: ", "stopped: 1 device, 1 mistake")
	if n := strings.Count(s.out.String(), "\n"); n != 3 {
		t.Errorf("%d lines: %s", n, s.out)
	}
	s = start(t, "-quiet")
	if s.stop(); s.out.String() != "" {
		t.Errorf("%s", s.out)
	}
}

// A log in JSON has one object per line. The first one describes how to
// connect. The log does not contain secrets.
func TestJSON(t *testing.T) {
	s := start(t, "-log-format", "json", "-admin", "127.0.0.1:0", "-enrollments", devices(t, "dev-1"))
	c := s.client()
	c.rude = true
	c.mustRegister(t, "dev-1")
	s.out.wait(t, `"kind":"closed"`)
	s.stop()
	text := s.out.wait(t, `"kind":"stopped"`, "\n")
	if strings.Contains(text, testKey) || strings.Contains(text, "sig=") {
		t.Errorf("the log contains a secret: %s", text)
	}
	var seq uint64
	kinds := map[string]int{}
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		var e struct {
			ready
			Seq                                  uint64
			Device, Direction, Packet, Diagnosis string
			Diagnoses                            map[string]int
			Mistakes, Total                      int
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		switch kinds[e.Kind]++; {
		case i == 0:
			if e.ready != s.ready || e.Kind != "ready" || e.PID != os.Getpid() || e.TLS == "" || e.WebSocket == "" || e.Admin == "" || e.CA == "" || e.IDScope != testScope || e.Version == "" {
				t.Errorf("want %+v, got %s", s.ready, line)
			}
		case e.Time.IsZero():
			t.Errorf("the time is missing: %s", line)
		case e.Kind == "received" && (e.Direction != "in" || e.Packet == ""), e.Kind == "sent" && (e.Direction != "out" || e.Packet == ""):
			t.Errorf("the direction is wrong or the packet is missing: %s", line)
		case e.Kind == "diagnosis" && (e.Diagnosis != "no-disconnect" || e.Device != "dev-1"):
			t.Error(line)
		case e.Kind == "report" && (e.Device != "dev-1" || e.Mistakes != 1 || e.Diagnoses["no-disconnect"] != 1):
			t.Error(line)
		case e.Kind == "stopped" && e.Total != 1:
			t.Error(line)
		}
		if e.Seq != 0 && e.Seq != seq+1 {
			t.Errorf("want seq %d, got %d", seq+1, e.Seq)
		}
		seq = max(seq, e.Seq)
	}
	if kinds["ready"] != 1 || kinds["opened"] != 1 || kinds["received"] != 3 || kinds["sent"] != 3 || kinds["diagnosis"] != 1 || kinds["closed"] != 1 || kinds["report"] != 1 || kinds["stopped"] != 1 {
		t.Error(kinds)
	}
}

// With -log, the log is appended to the file, and standard output has only the
// greeting and the report.
func TestLogFile(t *testing.T) {
	file := writeFile(t, "before\n")
	s := start(t, "-log", file, "-enrollments", devices(t, "dev-1"))
	s.client().mustRegister(t, "dev-1")
	for range 1000 {
		if text, _ := os.ReadFile(file); strings.Contains(string(text), "= closed") {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.stop()
	text, err := os.ReadFile(file)
	if err != nil || !strings.HasPrefix(string(text), "before\nA simulated") || !strings.Contains(string(text), "dev-1 ← PUBLISH") || !strings.HasSuffix(string(text), "stopped: 1 device, 0 mistakes\n") {
		t.Errorf("%s, %v", text, err)
	}
	if out := s.out.wait(t, "Log        "+file, "report: dev-1: ", "stopped: "); strings.Contains(out, "PUBLISH") {
		t.Error(out)
	}
}

// At the end, the simulator removes the ready file and a CA file that was not
// requested, but not a file that another program has replaced.
func TestFilesAtTheEnd(t *testing.T) {
	s := start(t)
	if !exists(s.CA) || !exists(s.readyFile) {
		t.Errorf("%s or %s does not exist", s.CA, s.readyFile)
	}
	if s.stop(); exists(s.CA) || exists(s.readyFile) {
		t.Errorf("%s or %s still exists", s.CA, s.readyFile)
	}
	kept := filepath.Join(t.TempDir(), "ca.pem")
	s = start(t, "-ca-out", kept)
	if err := os.WriteFile(s.readyFile, []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s.stop(); !exists(kept) || !exists(s.readyFile) {
		t.Errorf("%s or %s does not exist", kept, s.readyFile)
	}
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}
