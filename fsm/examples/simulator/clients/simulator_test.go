package clients_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

const idScope = "0ne00000A1B"

// built is a directory for the programs that are compiled.
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

// build compiles a program once.
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

// A simulator is a process.
type simulator struct {
	TLS, WebSocket string // addresses
	CA             string // the file that clients must trust
	certs          string // the directory with client certificates

	mu  sync.Mutex
	out strings.Builder
}

// Write takes what the process prints.
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

// log returns what the simulator printed about a device.
func (sim *simulator) log(device string) string {
	var lines []string
	for line := range strings.Lines(sim.text()) {
		if strings.Contains(line, device) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// wait waits until the log of a device has a text.
func (sim *simulator) wait(t *testing.T, device, text string) {
	t.Helper()
	for range 500 {
		if strings.Contains(sim.log(device), text) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("the simulator's log has no %q:\n%s", text, sim.log(device))
}

// startSimulator starts a simulator for the devices of scenarios. It stops at the end of the test.
func startSimulator(t *testing.T, tls, web string, all []scenario) *simulator {
	t.Helper()
	program, err := buildSimulator()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "enrollments.json")
	if err := os.WriteFile(file, enrollments(t, all), 0o600); err != nil {
		t.Fatal(err)
	}
	sim := &simulator{certs: filepath.Join(dir, "certs")}
	cmd := exec.Command(program, "-tls", tls, "-websocket", web, "-enrollments", file,
		"-ca-out", filepath.Join(dir, "ca.pem"), "-client-certs", sim.certs)
	cmd.Stdout, cmd.Stderr = sim, sim
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("simulator: %v", err)
			}
		case <-time.After(30 * time.Second):
			t.Error("the simulator does not stop")
			cmd.Process.Kill()
		}
	})
	sim.ready(t)
	return sim
}

// ready waits until the simulator serves, and reads where.
func (sim *simulator) ready(t *testing.T) {
	t.Helper()
	greeting := regexp.MustCompile(`TLS +(\S+)\n +WebSocket +wss://([^/]+).*\n +CA +(\S+)(?s:.*)\n\n`)
	for range 3000 {
		if m := greeting.FindStringSubmatch(sim.text()); m != nil {
			sim.TLS, sim.WebSocket, sim.CA = m[1], m[2], m[3]
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("the simulator is not ready:\n%s", sim.text())
}

// ownAddress returns a loopback address on which the ports of the real service are free.
func ownAddress(t *testing.T) string {
	t.Helper()
	pid := os.Getpid()
	host := fmt.Sprintf("127.%d.%d.%d", 1+pid>>16&0x7f, pid>>8&0xff, 1+pid&0x7f)
	for _, port := range []string{"443", "8883"} {
		l, err := net.Listen("tcp", net.JoinHostPort(host, port))
		if err != nil {
			skip(t, err.Error()+": the SDK's ports need Linux, and a user that may listen on port 443")
		}
		l.Close()
	}
	return host
}
