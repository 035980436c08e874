// Package loopback is what the benchmark's clients have in common. They put load on a server of this machine and on
// no other.
package loopback

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"net"
	"os"
)

// Target is the server that is called, and the files to call it with.
type Target struct {
	Address, CA, Cert, Key string
}

// Flags reads the target from the command line.
func (t *Target) Flags() {
	flag.StringVar(&t.Address, "address", "", "host:port on loopback")
	flag.StringVar(&t.CA, "ca-file", "", "CA of the server")
	flag.StringVar(&t.Cert, "cert-file", "", "client certificate")
	flag.StringVar(&t.Key, "key-file", "", "its key")
}

// TLS checks that the address is on loopback, and reads the files.
func (t *Target) TLS() (*tls.Config, error) {
	host, _, err := net.SplitHostPort(t.Address)
	if err != nil || !net.ParseIP(host).IsLoopback() {
		return nil, errors.New("-address must be a port on a loopback address")
	}
	pem, err := os.ReadFile(t.CA)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: host}
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, errors.New("no certificate in " + t.CA)
	}
	if t.Cert != "" {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
