package clients_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const idScope = "0ne00000A1B"

// built is the directory for compiled programs.
var built string

func TestMain(m *testing.M) {
	var err error
	if built, err = os.MkdirTemp("", "dps-clients-"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(built)
	os.Exit(code)
}

// build returns a function that compiles a program once and returns its file
// name.
func build(name string, command ...string) func() (string, error) {
	return sync.OnceValues(func() (string, error) {
		file := filepath.Join(built, name)
		for i := range command {
			command[i] = strings.ReplaceAll(command[i], "FILE", file)
		}
		text, err := exec.Command(command[0], command[1:]...).CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%q: %w\n%s", command, err, text)
		}
		return file, err
	})
}

var buildSimulator = build("simulator", "go", "build", "-o", "FILE", "..")

// A simulator is a process that runs the simulator.
type simulator struct {
	TLS, WebSocket string // addresses
	CA             string // the file that clients must trust
	certs          string // the directory with client certificates

	process *os.Process
	ended   chan int // receives the exit code

	mu        sync.Mutex
	out       strings.Builder
	scenarios []scenario // those that ran
}

func (sim *simulator) ran(s scenario) {
	sim.mu.Lock()
	defer sim.mu.Unlock()
	sim.scenarios = append(sim.scenarios, s)
}

// Write records the output of the process.
func (sim *simulator) Write(p []byte) (int, error) {
	sim.mu.Lock()
	defer sim.mu.Unlock()
	return sim.out.Write(p)
}

func (sim *simulator) text() string {
	sim.mu.Lock()
	defer sim.mu.Unlock()
	return sim.out.String()
}

// log returns the lines of the log that contain the name of a device.
func (sim *simulator) log(device string) string {
	var lines []string
	for line := range strings.Lines(sim.text()) {
		if strings.Contains(line, device) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// wait waits until the log of a device contains the text.
func (sim *simulator) wait(t *testing.T, device, text string) {
	t.Helper()
	for range 3000 {
		if strings.Contains(sim.log(device), text) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("want %q in the simulator's log, got\n%s", text, sim.log(device))
}

// mistakes returns the diagnoses in the final report of each device that has
// any.
func (sim *simulator) mistakes(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for line := range strings.Lines(sim.text()) {
		var report struct {
			Kind, Device string
			Diagnoses    map[string]int
		}
		if err := json.Unmarshal([]byte(line), &report); err != nil {
			t.Errorf("%v in %q", err, line)
		}
		if report.Kind == "report" && len(report.Diagnoses) > 0 {
			all[report.Device] = slices.Sorted(maps.Keys(report.Diagnoses))
		}
	}
	return all
}

// startSimulator starts a simulator for the devices of scenarios.
func startSimulator(t *testing.T, tls, web string, all []scenario, flags ...string) *simulator {
	t.Helper()
	program, err := buildSimulator()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file, ready := filepath.Join(dir, "enrollments.json"), filepath.Join(dir, "ready.json")
	if err := os.WriteFile(file, enrollments(t, all), 0o600); err != nil {
		t.Fatal(err)
	}
	sim := &simulator{certs: filepath.Join(dir, "certs"), ended: make(chan int, 1)}
	cmd := exec.Command(program, append([]string{"-tls", tls, "-websocket", web, "-enrollments", file,
		"-ca-dir", filepath.Join(dir, "ca"), "-client-certs", sim.certs, "-ready-file", ready, "-log-format", "json", "-strict"}, flags...)...)
	cmd.Stdout, cmd.Stderr = sim, sim
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	sim.process = cmd.Process
	go func() {
		cmd.Wait()
		sim.ended <- cmd.ProcessState.ExitCode()
	}()
	t.Cleanup(func() { cmd.Process.Kill() })
	for range 3000 {
		if text, err := os.ReadFile(ready); err == nil {
			if err := json.Unmarshal(text, sim); err != nil {
				t.Fatal(err)
			}
			return sim
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("the simulator was not ready after 30 seconds:\n%s", sim.text())
	return nil
}

// stop ends the simulator and returns its exit code.
func (sim *simulator) stop(t *testing.T) int {
	t.Helper()
	sim.process.Signal(os.Interrupt)
	select {
	case code := <-sim.ended:
		return code
	case <-time.After(30 * time.Second):
		t.Fatal("the simulator did not stop within 30 seconds")
		return -1
	}
}

// ownAddress returns a loopback address with free ports 443 and 8883, which are
// those of the real service.
func ownAddress(t *testing.T) string {
	t.Helper()
	pid := os.Getpid()
	host := fmt.Sprintf("127.%d.%d.%d", 1+pid>>16&0x7f, pid>>8&0xff, 1+pid&0x7f)
	for _, port := range []string{"443", "8883"} {
		l, err := net.Listen("tcp", net.JoinHostPort(host, port))
		if err != nil {
			skip(t, err.Error()+"; the ports of the SDK require Linux and permission to listen on port 443")
		}
		l.Close()
	}
	return host
}
