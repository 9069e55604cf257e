package fuzz

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// programs contains one program for each package. Each program calls the
// functions that users call, so that the linker keeps them.
var programs = []struct{ name, imports, body string }{
	{"nothing", ``, ``},
	{"packet", `"os"; "example.com/dps/packet"`, `
		var s packet.Splitter
		s.Feed([]byte(os.Args[0]))
		f, _ := s.Next()
		p, err := packet.Decode(f)
		if err == nil { b, _ := p.AppendBinary(nil); os.Stdout.Write(b) }`},
	{"topic", `"os"; "example.com/dps/topic"`, `
		r, _ := topic.ParseResponse([]byte(os.Args[0]))
		b, _ := topic.Request{Op: topic.Register, RequestID: r.RequestID}.AppendText(nil)
		os.Stdout.Write(b)`},
	{"sastoken", `"os"; "time"; "example.com/dps/sastoken"`, `
		key, _ := sastoken.DecodeKey(os.Args[0])
		b, _ := sastoken.Sign(key, sastoken.Resource("s", "r"), sastoken.KeyName, time.Now()).AppendPassword(nil)
		os.Stdout.Write(b)`},
	{"registration", `"os"; "time"; "example.com/dps/fsm/registration"`, `
		r, _ := registration.New(registration.Config{IDScope: os.Args[0], RegistrationID: "r"})
		r.Ready(time.Now())
		topic, payload, _ := r.AppendRequest(nil, nil)
		os.Stdout.Write(append(topic, payload...))
		r.Message(time.Now(), topic, payload)
		r.Lost(time.Now(), nil)
		_, _ = r.Result()`},
	{"fsm", `"os"; "time"; "example.com/dps/fsm"`, `
		m, _ := fsm.New(fsm.Config{IDScope: os.Args[0], RegistrationID: "r"})
		m.Open(time.Now(), nil)
		m.Receive(time.Now(), nil)
		m.Lost(time.Now(), nil)
		os.Stdout.Write(m.AppendOutput(nil))
		_, _ = m.Result()`},
}

// A program in another module, which vendors this one, links only our packages
// and the standard library. The log of the test reports how many bytes each
// package adds to a program, and how many of these belong to this module.
func TestVendoring(t *testing.T) {
	dir := newConsumer(t)
	for _, p := range programs {
		write(t, filepath.Join(dir, p.name), "main.go", fmt.Sprintf("package main\n\nimport (%s)\n\nfunc main() {%s}\n", p.imports, p.body))
	}
	run(t, dir, "mod", "vendor")
	for _, path := range strings.Fields(run(t, dir, "list", "-mod=vendor", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./...")) {
		if !strings.HasPrefix(path, "example.com/dps/") {
			t.Errorf("links %s", path)
		}
	}
	if deps := run(t, dir, "list", "-mod=vendor", "-deps", "./registration"); !strings.Contains(deps, "example.com/dps/topic\n") || strings.Contains(deps, "example.com/dps/packet\n") {
		t.Errorf("a program that only uses package registration depends on package packet, or not on package topic:\n%s", deps)
	}
	var base int64
	for _, p := range programs {
		run(t, dir, "build", "-mod=vendor", "-trimpath", "-ldflags=-s -w", "-o", p.name+".bin", "./"+p.name)
		info, err := os.Stat(filepath.Join(dir, p.name+".bin"))
		if err != nil {
			t.Fatal(err)
		}
		if p.name == "nothing" {
			base = info.Size()
		}
		run(t, dir, "build", "-mod=vendor", "-trimpath", "-ldflags=-w", "-o", p.name+".bin", "./"+p.name)
		ours := symbolBytes(t, run(t, dir, "tool", "nm", "-size", p.name+".bin"))
		if (ours == 0) != (p.name == "nothing") {
			t.Errorf("%s: %d bytes belong to this module", p.name, ours)
		}
		t.Logf("%-12s %8d bytes, %8d more than an empty program, %8d of them ours", p.name, info.Size(), info.Size()-base, ours)
	}
}

// newConsumer returns the directory of a new module that requires this one. Its
// path begins with the path of this module, which may have been renamed to one
// with "internal".
func newConsumer(t *testing.T) (dir string) {
	t.Helper()
	if testing.Short() {
		t.Skip("builds programs")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("the go command is not installed")
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "go.mod")); errors.Is(err, fs.ErrNotExist) {
		t.Skip("there is no ../go.mod: these packages were copied into another module")
	}
	dir = t.TempDir()
	write(t, dir, "go.mod", fmt.Sprintf("module example.com/dps/consumer\n\ngo 1.23\n\nrequire example.com/dps v0.0.0\n\nreplace example.com/dps => %q\n", root))
	return dir
}

// symbolBytes adds up the sizes of this module's code and data, as go tool nm
// lists them.
func symbolBytes(t *testing.T, symbols string) (sum int) {
	t.Helper()
	for _, line := range strings.Split(symbols, "\n") {
		if !strings.Contains(line, "example.com/dps/") {
			continue
		}
		size, err := strconv.Atoi(strings.Fields(line)[1])
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		sum += size
	}
	return sum
}

// A program that registers a device with all packages and prints packets and
// errors does not link the printing code of package fmt, which would be the
// larger part of the program on a small device.
func TestPrintingIsNotLinked(t *testing.T) {
	dir := newConsumer(t)
	for name, want := range map[string]bool{"without": false, "with": true} {
		write(t, filepath.Join(dir, name), "main.go", printing[name])
		run(t, dir, "build", "-o", name+".bin", "./"+name)
		symbols := run(t, dir, "tool", "nm", name+".bin")
		if got := strings.Contains(symbols, " fmt.(*pp).doPrintf\n"); got != want || !strings.Contains(symbols, "packet.(*Publish).String\n") {
			t.Errorf("the program %s package fmt: doPrintf is linked: %v", name, got)
		}
	}
}

// printing contains two programs. One of them prints with package fmt.
var printing = map[string]string{
	"without": `package main

import (
	"os"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/fsm/registration"
	"example.com/dps/packet"
	"example.com/dps/sastoken"
	"example.com/dps/topic"
)

func main() {
	var s packet.Splitter
	s.Feed([]byte(os.Args[0]))
	f, err := s.Next()
	print(err)
	p, err := packet.Decode(f)
	print(err)
	b, err := p.AppendBinary(nil)
	print(err)
	os.Stdout.Write(b)
	os.Stdout.WriteString(p.String())
	r, err := topic.ParseResponse(b)
	print(err)
	q, err := topic.ParseRequest(b)
	print(err)
	b, err = r.AppendText(b)
	print(err)
	_, err = q.AppendText(b)
	print(err)
	register(b)
	registerAlone(b)
}

// register drives a registration without a service.
func register(b []byte) {
	key, err := sastoken.DecodeKey(os.Args[0])
	print(err)
	token := sastoken.Sign(key, sastoken.Resource("s", "r"), sastoken.KeyName, time.Now())
	os.Stdout.WriteString(token.String())
	password, err := token.AppendPassword(nil)
	print(err)
	token, err = sastoken.Parse(password)
	print(err)
	print(token.Verify(key))
	m, err := fsm.New(fsm.Config{IDScope: "s", RegistrationID: "r", Trace: func(e fsm.Event) {
		os.Stdout.WriteString(e.Kind.String() + e.State.String() + e.Note)
		print(e.Err)
	}})
	print(err)
	for m.Want() != fsm.WantDone {
		print(m.Open(time.Now(), password))
		os.Stdout.Write(m.AppendOutput(nil))
		m.Receive(time.Now(), b)
		m.Lost(time.Now(), err)
	}
	_, err = m.Result()
	print(err)
	os.Stdout.WriteString(m.String())
}

func registerAlone(b []byte) {
	r, err := registration.New(registration.Config{IDScope: "s", RegistrationID: "r"})
	print(err)
	r.Ready(time.Now())
	name, payload, _ := r.AppendRequest(nil, nil)
	os.Stdout.Write(append(name, payload...))
	r.Message(time.Now(), b, b)
	a, err := r.Result()
	print(err)
	os.Stdout.WriteString(r.String() + a.AssignedHub)
}

func print(err error) {
	if err != nil {
		os.Stdout.WriteString(err.Error())
	}
}
`,
	"with": `package main

import (
	"fmt"
	"os"

	"example.com/dps/packet"
)

func main() {
	f, _, err := packet.Cut([]byte(os.Args[0]), 0)
	p, _ := packet.Decode(f)
	fmt.Printf("%v %v", p, err)
}
`,
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// run runs the go command without the network and returns what it prints.
func run(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GOPROXY=off", "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}
