package cert

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// The files of an authority that is kept in a directory.
const (
	CAFile  = "ca.pem" // its certificate, for clients
	keyFile = "ca.key"
	lock    = "ca.lock" // exists while the other files are written
)

// keptLifetime is how long the certificate of an authority that is kept is
// valid.
const keptLifetime = 10 * lifetime

// LoadAuthority returns the authority that is kept in dir, in [CAFile] and a
// file with its key that other users cannot read. If there is no authority, or
// if it has expired, LoadAuthority creates one. Programs that do so at the same
// time get the same authority. The files may also hold an authority from
// elsewhere, with an ECDSA or RSA key.
func LoadAuthority(dir, commonName string, now time.Time) (*Authority, error) {
	a, err := readAuthority(dir, now)
	if err == nil {
		return a, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("cert: %w", err)
	}
	unlock, lockErr := takeLock(filepath.Join(dir, lock))
	if lockErr != nil {
		if !makeNew(err) {
			lockErr = err
		}
		return nil, fmt.Errorf("cert: %w", lockErr)
	}
	defer unlock()
	if a, err = readAuthority(dir, now); err == nil || !makeNew(err) {
		return a, err // another program has created it since the first attempt
	}
	if a, err = newAuthority(commonName, now, keptLifetime); err != nil {
		return nil, err
	}
	_, key, err := Encode(tls.Certificate{PrivateKey: a.key})
	if err != nil {
		return nil, err
	}
	if err := writeFile(filepath.Join(dir, keyFile), key, 0o600); err != nil {
		return nil, fmt.Errorf("cert: %w", err)
	}
	if err := writeFile(filepath.Join(dir, CAFile), a.PEM(), 0o644); err != nil {
		return nil, fmt.Errorf("cert: %w", err)
	}
	return a, nil
}

var errNone, errExpired = errors.New("there is no authority"), errors.New("the authority has expired")

// makeNew reports whether to create a new authority after an error.
func makeNew(err error) bool { return errors.Is(err, errNone) || errors.Is(err, errExpired) }

// readAuthority reads the two files.
func readAuthority(dir string, now time.Time) (*Authority, error) {
	certName, keyName := filepath.Join(dir, CAFile), filepath.Join(dir, keyFile)
	_, certErr := os.Stat(certName)
	_, keyErr := os.Stat(keyName)
	switch noCert, noKey := errors.Is(certErr, fs.ErrNotExist), errors.Is(keyErr, fs.ErrNotExist); {
	case noCert && noKey:
		return nil, errNone
	case noKey:
		return nil, fmt.Errorf("cert: %s exists without its key, %s", certName, keyName)
	case noCert:
		return nil, fmt.Errorf("cert: %s exists without its certificate, %s", keyName, certName)
	}
	pair, err := LoadPair(certName, keyName)
	switch {
	case err != nil:
		return nil, err
	case !pair.Leaf.IsCA:
		return nil, fmt.Errorf("cert: %s is the certificate of %q, which is not an authority", certName, pair.Leaf.Subject.CommonName)
	case now.After(pair.Leaf.NotAfter):
		return nil, errExpired
	}
	return &Authority{pair.Leaf, pair.PrivateKey.(crypto.Signer)}, nil
}

// How long to wait for a program that holds the lock, which writes two small
// files.
const (
	lockTimeout = 5 * time.Second
	lockPause   = 20 * time.Millisecond
)

// takeLock creates a file that must not exist, and returns a function that
// removes it.
func takeLock(name string) (unlock func(), err error) {
	for start := time.Now(); ; time.Sleep(lockPause) {
		f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		switch {
		case err == nil:
			f.Close()
			return func() { os.Remove(name) }, nil
		case !errors.Is(err, fs.ErrExist):
			return nil, err
		case time.Since(start) > lockTimeout:
			return nil, fmt.Errorf("%s exists: another program is creating the authority; if none is, remove the file", name)
		}
	}
}

// writeFile writes a file atomically.
func writeFile(name string, content []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".ca-*") // which other users cannot read
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails after the rename
	_, err = f.Write(content)
	if err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// LoadPair reads a certificate, followed by the rest of its chain, and its
// private key, which must be ECDSA or RSA, because all clients support these.
// Both may be in the same file.
func LoadPair(certName, keyName string) (tls.Certificate, error) {
	chain, err := readPEM(certName, "CERTIFICATE", "a certificate")
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := readPEM(keyName, "PRIVATE KEY", "a private key")
	if err != nil {
		return tls.Certificate{}, err
	}
	pair, err := tls.X509KeyPair(chain, key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("cert: %s and %s: %w", certName, keyName, err)
	}
	if pair.Leaf == nil { // as with GODEBUG=x509keypairleaf=0
		if pair.Leaf, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
			return tls.Certificate{}, fmt.Errorf("cert: %s: %w", certName, err)
		}
	}
	switch pair.PrivateKey.(type) {
	case *ecdsa.PrivateKey, *rsa.PrivateKey:
		return pair, nil
	}
	return tls.Certificate{}, fmt.Errorf("cert: %s holds a key of the type %T, expected ECDSA or RSA", keyName, pair.PrivateKey)
}

// readPEM reads a file that must contain a block of the given kind. Otherwise
// the error lists the blocks that it contains.
func readPEM(name, kind, what string) ([]byte, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("cert: %w", err)
	}
	var others []string
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		switch {
		case block.Type == "ENCRYPTED PRIVATE KEY", block.Headers["DEK-Info"] != "":
			return nil, fmt.Errorf("cert: %s holds an encrypted private key; decrypt it first, for example with openssl pkey", name)
		case block.Type == kind, kind == "PRIVATE KEY" && (block.Type == "EC PRIVATE KEY" || block.Type == "RSA PRIVATE KEY"):
			return text, nil
		}
		others = append(others, block.Type)
	}
	if others == nil {
		return nil, fmt.Errorf("cert: %s does not hold %s in PEM", name, what)
	}
	return nil, fmt.Errorf("cert: %s does not hold %s; it holds %.80q", name, what, others)
}
