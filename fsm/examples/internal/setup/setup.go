// Package setup interprets the flags and environment variables that describe a
// device with a symmetric key and its service, and generates the device's
// passwords.
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

// MaxSkew is the largest tolerated difference between the clocks of the device
// and the service.
const MaxSkew = 5 * time.Minute

// Address returns host with a port: its own, or else the given default.
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

// Roots returns the system's root certificates, and those of the file unless
// its name is empty.
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
		return nil, fmt.Errorf("-ca: %s does not contain a certificate in PEM", file)
	}
	return pool, nil
}

// Proxy returns the proxy that the environment names for a WebSocket to addr:
// HTTPS_PROXY, unless NO_PROXY excludes the host. It returns nil if there is
// none. A loopback address never has a proxy.
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
		// ProxyFunc would ignore it. The error does not quote the text, which
		// may contain a password.
		return nil, errors.New("HTTPS_PROXY is not a URL such as http://USER:PASSWORD@HOST:PORT; special characters in a password must be percent-encoded")
	}
	return env.ProxyFunc()(&url.URL{Scheme: "https", Host: addr})
}

// ErrNoKey reports that neither the flags nor the environment contain a key.
var ErrNoKey = errors.New("a key is missing: give -key or DPS_KEY, or -group-key or DPS_GROUP_KEY")

// Key returns the device's key, or derives it from the group's. The keys of set
// are the names of the flags that were given. The flags -key and -group-key
// take precedence over the environment.
func Key(set map[string]bool, key, groupKey string, getenv func(string) string, registrationID string) ([]byte, error) {
	var name, text string
	group := false
	switch env, groupEnv := getenv("DPS_KEY"), getenv("DPS_GROUP_KEY"); {
	case set["key"]:
		name, text = "-key", key
	case set["group-key"]:
		name, text, group = "-group-key", groupKey, true
	case env != "" && groupEnv != "":
		return nil, errors.New("DPS_KEY and DPS_GROUP_KEY are both set: set only one of them")
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

// FileOrText returns the content of a file for "@FILE", and any other text
// unchanged.
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

// ErrClock reports that the clock is too wrong for a token to be valid.
var ErrClock = errors.New("the clock of this machine has not been set")

// Password returns a fresh SAS token that is valid for the given lifetime and
// for MaxSkew longer, because clocks differ.
func Password(key []byte, idScope, registrationID string, now time.Time, life time.Duration) ([]byte, error) {
	if now.Year() < 2024 {
		return nil, fmt.Errorf("%w: it shows %s", ErrClock, now.Format(time.DateTime))
	}
	token := sastoken.Sign(key, sastoken.Resource(idScope, registrationID), sastoken.KeyName, now.Add(life+MaxSkew))
	return token.AppendPassword(nil)
}
