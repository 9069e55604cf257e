// Package setup reads from the command line and the environment what describes a device
// with a symmetric key and its service, and makes its passwords.
package setup

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"

	"example.com/dps/sastoken"
)

// MaxSkew is how much the clocks of device and service may differ.
const MaxSkew = 5 * time.Minute

// Address adds the port that is usual for the transport, unless host has one.
func Address(host, port string) (string, error) {
	name := strings.Trim(host, "[]") // of an IPv6 address
	if n, p, err := net.SplitHostPort(host); err == nil {
		name, port = n, p
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil || name == "" || strings.ContainsAny(name, "/@[] ") {
		return "", fmt.Errorf("-host is %q, expected name or name:port", host)
	}
	return net.JoinHostPort(name, port), nil
}

// Roots returns the roots of the system, and those of a file if one is given.
func Roots(file string) (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if file == "" {
		return pool, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("-ca: %w", err)
	}
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("-ca: %s holds no certificate in PEM", file)
	}
	return pool, nil
}

// Proxy returns the proxy that the environment names for a WebSocket to addr: HTTPS_PROXY,
// unless NO_PROXY excludes the host. It returns nil if there is none. A loopback address
// never has one.
func Proxy(getenv func(string) string, addr string) (*url.URL, error) {
	env := httpproxy.Config{
		HTTPSProxy: cmp.Or(getenv("HTTPS_PROXY"), getenv("https_proxy")),
		NoProxy:    cmp.Or(getenv("NO_PROXY"), getenv("no_proxy")),
	}
	proxy := env.HTTPSProxy
	if !strings.Contains(proxy, "://") {
		proxy = "http://" + proxy
	}
	if u, err := url.Parse(proxy); env.HTTPSProxy != "" && (err != nil || u.Hostname() == "") {
		// It would be ignored. The text, which may have a password, is not shown.
		return nil, errors.New("HTTPS_PROXY is not a URL such as http://USER:PASSWORD@HOST:PORT; special characters in a password must be percent-encoded")
	}
	return env.ProxyFunc()(&url.URL{Scheme: "https", Host: addr})
}

// ErrNoKey reports that neither a flag nor the environment has a key.
var ErrNoKey = errors.New("a key is missing: -key or DPS_KEY, -group-key or DPS_GROUP_KEY")

// Key finds the device's key, or derives it from the group's. set has the names of the
// flags that were given, of which -key and -group-key come before the environment.
func Key(set map[string]bool, key, groupKey string, getenv func(string) string, registrationID string) ([]byte, error) {
	var name, text string
	group := false
	switch env, groupEnv := getenv("DPS_KEY"), getenv("DPS_GROUP_KEY"); {
	case set["key"]:
		name, text = "-key", key
	case set["group-key"]:
		name, text, group = "-group-key", groupKey, true
	case env != "" && groupEnv != "":
		return nil, errors.New("DPS_KEY and DPS_GROUP_KEY are both set: a device has one of them")
	case env != "":
		name, text = "DPS_KEY", env
	case groupEnv != "":
		name, text, group = "DPS_GROUP_KEY", groupEnv, true
	default:
		return nil, ErrNoKey
	}
	text, err := FileOrText(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	secret, err := sastoken.DecodeKey(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if group {
		secret = sastoken.DeriveKey(secret, registrationID)
	}
	return secret, nil
}

// FileOrText returns the content of a file for "@FILE", and any other text as it is.
func FileOrText(text string) (string, error) {
	file, ok := strings.CutPrefix(text, "@")
	if !ok {
		return text, nil
	}
	content, err := os.ReadFile(file)
	if err == nil && len(content) == 0 {
		err = fmt.Errorf("%s is empty", file)
	}
	return string(content), err
}

// ErrClock reports that a token would be worth nothing.
var ErrClock = errors.New("the clock of this machine has not been set")

// Password returns a fresh SAS token that is valid for this long, and a little longer
// since clocks differ.
func Password(key []byte, idScope, registrationID string, now time.Time, life time.Duration) ([]byte, error) {
	if now.Year() < 2024 {
		return nil, fmt.Errorf("%w: it says %s", ErrClock, now.Format(time.DateTime))
	}
	token := sastoken.Sign(key, sastoken.Resource(idScope, registrationID), sastoken.KeyName, now.Add(life+MaxSkew))
	return token.AppendPassword(nil)
}
