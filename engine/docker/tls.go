package docker

import (
	"net/http"
	"os"
	"path/filepath"

	"github.com/docker/docker/client"
	"github.com/docker/go-connections/tlsconfig"
)

// TLS names the files, of PEM text, with which engine and client prove who they are.
type TLS struct {
	// CA has the authorities that may vouch for the engine; "" for those of the
	// system.
	CA string
	// Cert and Key are the client's own; "" for a client that stays unknown.
	Cert, Key string
	// SkipVerify accepts any certificate of the engine.
	SkipVerify bool
}

// TLSIn is the TLS material of a folder, under the names that the docker command
// has for it: ca.pem, cert.pem and key.pem. What is not there is left out, but not
// one of the last two alone.
func TLSIn(dir string) *TLS {
	path := func(name string) string { return filepath.Join(dir, name) }
	out := &TLS{}
	if exists(path("ca.pem")) {
		out.CA = path("ca.pem")
	}
	if exists(path("cert.pem")) || exists(path("key.pem")) {
		out.Cert, out.Key = path("cert.pem"), path("key.pem")
	}
	return out
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func secureClient(t TLS) (*http.Client, error) {
	config, err := tlsconfig.Client(tlsconfig.Options{
		CAFile: t.CA, CertFile: t.Cert, KeyFile: t.Key,
		InsecureSkipVerify: t.SkipVerify, ExclusiveRootPools: true,
	})
	if err != nil {
		return nil, err
	}
	return &http.Client{
		Transport:     &http.Transport{TLSClientConfig: config},
		CheckRedirect: client.CheckRedirect,
	}, nil
}
