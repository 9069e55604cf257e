package simulate_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/cert"
	"example.com/dps/fsm/examples/internal/simulate"
)

// If the environment variable childEnv is set, the test binary is a child
// process: with "server", it is a server, whose memory can be measured; with
// the name of an attack, it attacks, so that the attack does not use the memory
// and the processor time of the test. helloEnv then describes the server to
// attack and the number of connections.
const (
	childEnv = "DPS_SIMULATE_CHILD"
	helloEnv = "DPS_SIMULATE_HELLO"
)

const groupKey = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="

func TestMain(m *testing.M) {
	var err error
	switch what := os.Getenv(childEnv); what {
	case "":
		os.Exit(m.Run())
	case "server":
		err = serveChild()
	default:
		err = attackChild(what)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// A hello is the first line that a server prints.
type hello struct {
	TLS, Web, CA string
	Conns        int // the number of connections of an attack
}

// serveChild serves until its standard input ends. For each line of input, it
// prints how much memory and processor time it has used.
func serveChild() error {
	discard := func(e dpstest.Event) { fmt.Fprintln(io.Discard, e) } // as expensive as a log
	service, err := dpstest.New(dpstest.Config{
		IDScope: scope, Remember: 1 << 16, Log: discard,
		RegistrationsPerMinute: 1 << 30, PollsPer10s: 1 << 30, // because attackers would use up the quotas
		Enrollments: []dpstest.Enrollment{{Group: "all", PrimaryKey: groupKey, Outcome: dpstest.Outcome{AtOnce: true}}},
	})
	if err != nil {
		return err
	}
	ca, err := cert.NewAuthority("child CA", time.Now())
	if err != nil {
		return err
	}
	own, err := ca.Server(time.Now())
	if err != nil {
		return err
	}
	server := simulate.New(simulate.Options{Service: service, TLS: &tls.Config{Certificates: []tls.Certificate{own}}, Log: discard})
	h := hello{CA: string(ca.PEM())}
	for addr, serve := range map[*string]func(context.Context, net.Listener) error{&h.TLS: server.ServeTLS, &h.Web: server.ServeWebSocket} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		*addr = l.Addr().String()
		go serve(context.Background(), l)
	}
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	fmt.Printf("%s\n", text)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		fmt.Println(status("VmHWM"), status("VmRSS"), cpu())
	}
	return nil
}

// status returns a figure of this process in KiB on Linux, and 0 elsewhere.
func status(name string) (kB int) {
	text, _ := os.ReadFile("/proc/self/status")
	if _, rest, ok := strings.Cut(string(text), name+":"); ok {
		fmt.Sscan(rest, &kB)
	}
	return kB
}

// cpu returns the processor time of this process in milliseconds on Linux, and
// 0 elsewhere.
func cpu() int {
	text, _ := os.ReadFile("/proc/self/stat")
	_, rest, _ := strings.Cut(string(text), ") ") // after the name of the program
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return (user + system) * 10
}

// attackChild attacks until its standard input ends.
func attackChild(name string) error {
	var h hello
	if err := json.Unmarshal([]byte(os.Getenv(helloEnv)), &h); err != nil {
		return err
	}
	i := slices.IndexFunc(attacks, func(a attack) bool { return a.name == name })
	for n := range h.Conns {
		go func() {
			for c, id := h.target(), fmt.Sprint("bad-", n); ; time.Sleep(50 * time.Millisecond) {
				attacks[i].do(c, id)
			}
		}()
	}
	io.Copy(io.Discard, os.Stdin)
	return nil
}

// A target contains what a client needs to connect to a server.
type target struct {
	tls, web string // addresses
	client   *tls.Config
}

func (h *hello) target() *target {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(h.CA))
	return &target{h.TLS, h.Web, &tls.Config{RootCAs: roots, ServerName: "localhost"}}
}

// start starts a child process, which ends when stop is called.
func start(t *testing.T, kind, hello string) (in io.Writer, out *bufio.Reader, stop func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+kind, helloEnv+"="+hello)
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		pipe.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return pipe, bufio.NewReader(stdout), stop
}

// A child is a server in a child process.
type child struct {
	hello
	in  io.Writer
	out *bufio.Reader
}

func startServer(t *testing.T) *child {
	t.Helper()
	c := new(child)
	c.in, c.out, _ = start(t, "server", "")
	line, err := c.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &c.hello)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// attack starts an attack, which lasts until stop is called.
func (c *child) attack(t *testing.T, name string, conns int) (stop func()) {
	t.Helper()
	h := c.hello
	h.Conns = conns
	text, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	_, _, stop = start(t, name, string(text))
	return stop
}

// usage returns the server's peak and current memory in MiB, and its processor
// time.
func (c *child) usage(t *testing.T) (peak, now float64, cpu time.Duration) {
	t.Helper()
	var ms int
	fmt.Fprintln(c.in)
	if _, err := fmt.Fscanln(c.out, &peak, &now, &ms); err != nil {
		t.Fatal(err)
	}
	return peak / 1024, now / 1024, time.Duration(ms) * time.Millisecond
}
