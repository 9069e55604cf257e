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
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/cert"
	"example.com/dps/fsm/examples/internal/simulate"
)

// childEnv makes the test binary a server, in a process of its own whose memory can be
// measured.
const childEnv = "DPS_SIMULATE_CHILD"

const groupKey = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) == "" {
		os.Exit(m.Run())
	}
	if err := serveChild(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// A hello is what a child says first.
type hello struct{ TLS, Web, CA string }

// serveChild serves until its input ends. For each line it prints the peak of its memory.
func serveChild() error {
	discard := func(e dpstest.Event) { fmt.Fprintln(io.Discard, e) } // costs what a log costs
	service, err := dpstest.New(dpstest.Config{IDScope: scope, Remember: 1 << 16, Log: discard, Enrollments: []dpstest.Enrollment{
		{Group: "all", PrimaryKey: groupKey, Outcome: dpstest.Outcome{AtOnce: true}},
	}})
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
		fmt.Println(status("VmHWM"), status("VmRSS"))
	}
	return nil
}

// status returns a figure in KiB that Linux knows of this process; 0 elsewhere.
func status(name string) (kB int) {
	text, _ := os.ReadFile("/proc/self/status")
	if _, rest, ok := strings.Cut(string(text), name+":"); ok {
		fmt.Sscan(rest, &kB)
	}
	return kB
}

// A child is a server in a process of its own.
type child struct {
	hello
	client *tls.Config
	in     io.Writer
	out    *bufio.Reader
}

func startChild(t *testing.T) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	c := &child{in: in, out: bufio.NewReader(out)}
	line, err := c.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &c.hello)
	}
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(c.CA))
	c.client = &tls.Config{RootCAs: roots, ServerName: "localhost"}
	return c
}

// memory returns the largest size that the child has had, and the present one, in MiB.
func (c *child) memory(t *testing.T) (peak, now float64) {
	t.Helper()
	fmt.Fprintln(c.in)
	if _, err := fmt.Fscanln(c.out, &peak, &now); err != nil {
		t.Fatal(err)
	}
	return peak / 1024, now / 1024
}
