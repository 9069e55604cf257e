package cert

import (
	"crypto/ecdsa"
	"crypto/tls"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// LoadAuthority returns the authority that is kept in dir, and makes one if there is none.
func LoadAuthority(dir, commonName string, now time.Time) (*Authority, error) {
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "ca.pem"), filepath.Join(dir, "ca.key"))
	if err == nil {
		return &Authority{pair.Leaf, pair.PrivateKey.(*ecdsa.PrivateKey)}, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	a, err := NewAuthority(commonName, now)
	if err != nil {
		return nil, err
	}
	_, key, err := Encode(tls.Certificate{PrivateKey: a.key})
	return a, errors.Join(err, os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, "ca.pem"), a.PEM(), 0o644), os.WriteFile(filepath.Join(dir, "ca.key"), key, 0o600))
}

// LoadPair reads a certificate and its key.
func LoadPair(certFile, keyFile string) (tls.Certificate, error) {
	return tls.LoadX509KeyPair(certFile, keyFile)
}
