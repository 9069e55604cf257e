//go:build unix

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// buildFolder is the directory in which build creates the program.
var buildFolder string

func TestMain(m *testing.M) {
	var err error
	if buildFolder, err = os.MkdirTemp("", "dps-simulator-test-"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(buildFolder)
	os.Exit(code)
}

// build builds the program and returns its file name.
var build = sync.OnceValues(func() (string, error) {
	program := filepath.Join(buildFolder, "simulator")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return program, nil
})

// A process is a simulator that runs as a separate process.
type process struct {
	*session
	cmd   *exec.Cmd
	ended chan struct{} // closed when the process has ended
}

// launch starts a simulator on free ports, with stdout as its standard output,
// and waits until it is ready.
func launch(t *testing.T, stdout io.Writer, args ...string) *process {
	t.Helper()
	program, err := build()
	if err != nil {
		t.Fatal(err)
	}
	ready := filepath.Join(t.TempDir(), "ready.json")
	p := &process{session: &session{out: new(screen)}, ended: make(chan struct{})}
	p.cmd = exec.Command(program, append([]string{"-tls", "127.0.0.1:0", "-websocket", "127.0.0.1:0", "-ready-file", ready}, args...)...)
	p.cmd.Stdout, p.cmd.Stderr = stdout, p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.cmd.Process.Kill(); <-p.ended })
	go func() {
		defer close(p.ended)
		p.cmd.Wait()
	}()
	p.ready, p.roots = waitReady(t, ready, p.out)
	return p
}

// end sends a signal and returns the exit code.
func (p *process) end(t *testing.T, signal os.Signal) int {
	t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.ended:
	case <-time.After(20 * time.Second):
		t.Fatal("the simulator still runs 20 seconds after the signal")
	}
	return p.cmd.ProcessState.ExitCode()
}

// pipe returns both ends of a pipe, which are closed at the end of the test.
func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

// many returns the name of a file with a device that is assigned in the answer
// to its registration and can register any number of times.
func many(t *testing.T) string {
	t.Helper()
	return writeFile(t, fmt.Sprintf(`{"idScope": %q, "registrationsPerMinute": -1, "enrollments": [{"registrationId": "dev", "primaryKey": %q, "outcome": {"atOnce": true}}]}`, testScope, testKey))
}

// A harness that does not read the output delays neither clients nor the end of
// the program.
func TestHarnessThatReadsNothing(t *testing.T) {
	r, w := pipe(t)
	p := launch(t, w, "-enrollments", many(t))
	for range 300 {
		p.client().mustRegister(t, "dev")
	}
	if code := p.end(t, syscall.SIGTERM); code != exitStopped {
		t.Errorf("exit code %d", code)
	}
	w.Close()
	text, err := io.ReadAll(r)
	if err != nil || !strings.Contains(string(text), "ID scope") {
		t.Errorf("%.300q, %v", text, err)
	}
}

// A harness that reads late learns how many lines were left out, and still gets
// the report.
func TestHarnessThatReadsLate(t *testing.T) {
	r, w := pipe(t)
	p := launch(t, w, "-enrollments", many(t), "-log-format", "json")
	for range 1000 {
		p.client().mustRegister(t, "dev")
	}
	read := make(chan string)
	go func() {
		text, _ := io.ReadAll(r)
		read <- string(text)
	}()
	if code := p.end(t, syscall.SIGTERM); code != exitStopped {
		t.Errorf("exit code %d", code)
	}
	w.Close()
	var events, left uint64
	kinds := map[string]int{}
	for line := range strings.Lines(<-read) {
		var n struct {
			Seq, LeftOut uint64
			Kind         string
		}
		if err := json.Unmarshal([]byte(line), &n); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		left += n.LeftOut
		events = max(events, n.Seq)
		kinds[n.Kind]++
	}
	if left == 0 || kinds["left-out"] == 0 || kinds["report"] != 1 || kinds["stopped"] != 1 || kinds["ready"] != 1 {
		t.Errorf("lines left out: %d; kinds: %v", left, kinds)
	}
	if n := kinds["opened"] + kinds["received"] + kinds["sent"] + kinds["closed"]; uint64(n)+left < events {
		t.Errorf("want %d events, got %d, and %d lines were left out", events, n, left)
	}
}

// A harness that closes the output does not end the service.
func TestHarnessThatCloses(t *testing.T) {
	r, w := pipe(t)
	p := launch(t, w, "-enrollments", many(t))
	w.Close()
	if line, err := bufio.NewReader(r).ReadString('\n'); err != nil || !strings.Contains(line, "simulated") {
		t.Fatalf("%q, %v", line, err)
	}
	r.Close()
	for range 20 {
		p.client().mustRegister(t, "dev")
	}
	if code := p.end(t, os.Interrupt); code != exitStopped {
		t.Errorf("exit code %d", code)
	}
	p.out.wait(t, " lines of the log could not be written")
}

// Two simulators that run at the same time do not share files, and another one
// that cannot start does not change their files.
func TestTwoAtOnce(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	a, b := launch(t, io.Discard, "-enrollments", many(t)), launch(t, io.Discard, "-enrollments", many(t))
	program, err := build()
	if err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if out, err := exec.Command(program, "-tls", a.TLS, "-websocket", "127.0.0.1:0").CombinedOutput(); !errors.As(err, &exit) || exit.ExitCode() != exitNetwork {
		t.Errorf("a third simulator on the same port: %v, %s", err, out)
	}
	if a.CA == b.CA || filepath.Dir(a.CA) != folder {
		t.Errorf("the CA files are %s and %s", a.CA, b.CA)
	}
	a.roots, b.roots = readPool(t, a.CA), readPool(t, b.CA)
	a.client().mustRegister(t, "dev")
	b.client().mustRegister(t, "dev")
	for _, p := range []*process{a, b} {
		if code := p.end(t, syscall.SIGTERM); code != exitStopped {
			t.Errorf("exit code %d", code)
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("want no files, got %v, %v", left, err)
	}
}

// SIGHUP reloads the enrollments and does not end the program.
func TestHangupSignal(t *testing.T) {
	file := devices(t, "dev-1")
	log := filepath.Join(t.TempDir(), "log")
	p := launch(t, io.Discard, "-enrollments", file, "-log", log)
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	p.out.wait(t, "f.json:1: unexpected end", "the old enrollments stay in effect")
	p.client().mustRegister(t, "dev-1")
	if code := p.end(t, syscall.SIGTERM); code != exitStopped {
		t.Errorf("exit code %d", code)
	}
}
