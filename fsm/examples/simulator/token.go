package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/sastoken"
	"example.com/dps/topic"
)

// tokenLife is how long a token of -token is valid.
const tokenLife = time.Hour

// tokenText returns what -token prints: a token, and commands that use it.
func (o *options) tokenText(now time.Time) (string, error) {
	cfg, err := o.load()
	if err != nil {
		return "", err
	}
	password, err := o.password(&cfg, now)
	if err != nil {
		return "", err
	}
	addr, ca, err := o.where()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(`%s

# The token is valid until %s. These commands work with a simulator on %s.
# mosquitto_pub sends a registration. It cannot also subscribe, so the answer is shown only in
# the log of the simulator. mosquitto_sub shows that the client can connect and subscribe; the
# service does not check the token until a request arrives.
%s`, password, now.Add(tokenLife).UTC().Format(time.RFC3339), addr, o.mosquitto(&cfg, password, addr, ca)), nil
}

// password returns a token for the device.
func (o *options) password(cfg *dpstest.Config, now time.Time) (string, error) {
	e := o.enrollment(cfg)
	switch {
	case e == nil:
		return "", fmt.Errorf("-registration-id: %q is not enrolled: no device and no group has this name or prefix", o.registrationID)
	case e.X509:
		return "", fmt.Errorf("-registration-id: %q uses a certificate, not a token: see -client-certs", o.registrationID)
	}
	key, err := sastoken.DecodeKey(string(e.PrimaryKey))
	if err != nil {
		return "", err
	}
	if e.Group != "" {
		key = sastoken.DeriveKey(key, o.registrationID)
	}
	token := sastoken.Sign(key, sastoken.Resource(cfg.IDScope, o.registrationID), sastoken.KeyName, now.Add(tokenLife))
	password, err := token.AppendPassword(nil)
	return string(password), err
}

// enrollment returns the enrollment of a device, or nil if there is none. An
// individual enrollment takes precedence over groups.
func (o *options) enrollment(cfg *dpstest.Config) *dpstest.Enrollment {
	find := func(fits func(e dpstest.Enrollment) bool) *dpstest.Enrollment {
		if i := slices.IndexFunc(cfg.Enrollments, fits); i >= 0 {
			return &cfg.Enrollments[i]
		}
		return nil
	}
	id := strings.ToLower(o.registrationID)
	if e := find(func(e dpstest.Enrollment) bool { return e.Group == "" && strings.ToLower(e.RegistrationID) == id }); e != nil {
		return e
	}
	group := func(e dpstest.Enrollment) bool {
		return e.Group != "" && strings.HasPrefix(id, strings.ToLower(e.Prefix))
	}
	if e := find(func(e dpstest.Enrollment) bool { return group(e) && !e.X509 }); e != nil {
		return e
	}
	return find(group)
}

// where returns the address of the simulator that the commands connect to, and
// its CA file, from -ready-file if that is set, and otherwise from the other
// flags.
func (o *options) where() (addr, ca string, err error) {
	if o.readyFile == "" {
		return reachable(o.tlsAddr), o.caFile(o.tlsAddr), nil
	}
	text, err := os.ReadFile(o.readyFile)
	if err != nil {
		return "", "", fmt.Errorf("-ready-file: %w", err)
	}
	var r ready
	if err := json.Unmarshal(text, &r); err != nil || r.TLS == "" {
		return "", "", fmt.Errorf("-ready-file: %s was not written by a simulator", o.readyFile)
	}
	return reachable(r.TLS), r.CA, nil
}

// mosquitto returns the commands for the mosquitto clients.
func (o *options) mosquitto(cfg *dpstest.Config, password, addr, ca string) string {
	host, port, _ := net.SplitHostPort(addr)
	trust := "--tls-use-os-certs"
	if ca != "" {
		trust = "--cafile " + quote(ca)
	}
	common := fmt.Sprintf("-d -V mqttv311 -h %s -p %s %s -i %s -q 1 \\\n  -u %s \\\n  -P %s \\\n ",
		host, port, trust, quote(o.registrationID), quote(cfg.IDScope+"/registrations/"+o.registrationID+"/api-version=2019-03-31"), quote(password))
	body, _ := json.Marshal(map[string]string{"registrationId": o.registrationID})
	return fmt.Sprintf(`
mosquitto_pub %s -t %s -m %s

mosquitto_sub %[1]s -t %[4]s -E
`, common, quote("$dps/registrations/PUT/iotdps-register/?$rid=1"), quote(string(body)), quote(topic.ResponseFilter))
}

// quote quotes a word for a POSIX shell, if necessary.
func quote(word string) string {
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool {
		return !strings.ContainsRune("-_./:@%+,=", r) && (r < '0' || '9' < r) && (r < 'A' || 'Z' < r) && (r < 'a' || 'z' < r)
	}) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
