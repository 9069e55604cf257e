package clients_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// A call contains the arguments of a program.
type call struct {
	scenario
	address       string // of the simulator
	ca            string // file name
	key           string // in base64
	cert, certKey string // file names
}

// A program is one of the clients.
type program struct {
	transports []string
	missing    func() string // returns what is not installed and how to install it, or "" if everything is installed
	command    func(t *testing.T, c call) []string
}

var both = []string{"mqtt", "websocket"}

var programs = map[string]program{
	"azure-sdk": {both, missingNode, func(t *testing.T, c call) []string {
		return append([]string{"node", filepath.Join("node", "azure-sdk.js")}, c.options()...)
	}},
	"mqtt-js": {both, missingNode, func(t *testing.T, c call) []string {
		return append([]string{"node", filepath.Join("node", "mqtt-js.js"), "--ca", c.ca}, c.options()...)
	}},
	"python": {both, missingPython, func(t *testing.T, c call) []string {
		return append([]string{python(), filepath.Join("python", "register.py"), "--ca", c.ca}, c.options()...)
	}},
	"c": {[]string{"mqtt"}, missingC, func(t *testing.T, c call) []string {
		file, err := buildC()
		if err != nil {
			t.Fatal(err)
		}
		host, port, err := net.SplitHostPort(c.address)
		if err != nil {
			t.Fatal(err)
		}
		return append([]string{file, host, port, c.ca, idScope, c.device()}, c.proof(t)...)
	}},
	"mosquitto": {[]string{"mqtt"}, missingMosquitto, func(t *testing.T, c call) []string {
		return append([]string{filepath.Join("mosquitto", "register.sh"), c.address, c.ca, idScope, c.device()}, c.proof(t)...)
	}},
}

var buildC = build("register", "cc", "-Wall", "-Werror", "-o", "FILE", filepath.Join("c", "register.c"), "-lmosquitto")

// options returns the arguments of the programs in JavaScript and Python.
func (c call) options() []string {
	options := []string{"--host", c.address, "--id-scope", idScope, "--registration-id", c.device(), "--transport", c.transport}
	if c.auth == "key" {
		return append(options, "--key", c.key)
	}
	return append(options, "--cert", c.cert, "--cert-key", c.certKey)
}

// proof returns the last arguments of the programs that cannot create a token.
func (c call) proof(t *testing.T) []string {
	if c.auth == "key" {
		return []string{c.token(t)}
	}
	return []string{c.cert, c.certKey}
}

// skip skips a test because something is missing. In CI, it fails the test.
func skip(t *testing.T, missing string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("missing: %s", missing)
	}
	t.Skipf("missing: %s", missing)
}

func missingNode() string {
	if _, err := exec.LookPath("node"); err != nil {
		return "Node.js 18.3 or later, and npm: on Debian `apt-get install nodejs npm`"
	}
	if _, err := os.Stat(filepath.Join("node", "node_modules", "mqtt")); err != nil {
		return "the packages for Node: run `npm ci` in fsm/examples/simulator/clients/node"
	}
	return ""
}

// python returns a Python that has paho-mqtt, or "" if there is none. Debian's
// package of paho-mqtt is for Debian's Python.
var python = sync.OnceValue(func() string {
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(name, "-c", "import paho.mqtt.client").Run() == nil {
			return name
		}
	}
	return ""
})

func missingPython() string {
	if python() == "" {
		return "paho-mqtt for python3: on Debian `apt-get install python3-paho-mqtt`"
	}
	return ""
}

var missingC = sync.OnceValue(func() string {
	cmd := exec.Command("cc", "-E", "-")
	cmd.Stdin = strings.NewReader("#include <mosquitto.h>\n")
	if cmd.Run() != nil {
		return "cc and libmosquitto: on Debian `apt-get install gcc libc6-dev libmosquitto-dev`"
	}
	return ""
})

func missingMosquitto() string {
	for _, name := range []string{"mosquitto", "mosquitto_sub", "mosquitto_pub"} {
		_, err := exec.LookPath(name)
		_, err2 := os.Stat(filepath.Join("/usr/sbin", name))
		if err != nil && err2 != nil {
			return name + ": on Debian `apt-get install mosquitto mosquitto-clients`"
		}
	}
	return ""
}
