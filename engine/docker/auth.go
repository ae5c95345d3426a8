package docker

import (
	"bytes"
	"fmt"

	"github.com/distribution/reference"
	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/credentials"
	"github.com/docker/cli/cli/config/types"
	"github.com/docker/docker/api/types/registry"

	"github.com/stackfile/stack/engine/docker/internal/buildkit"
)

// dockerHub is the key under which `docker login` keeps the credentials of
// docker.io, for history's sake.
const dockerHub = "https://index.docker.io/v1/"

// A keyring finds the credentials of registries where the docker command keeps
// them: in its config.json, or in a credential helper that is named there. The
// file is read at each question, since a login may change it.
type keyring struct {
	dir string // of config.json; "" for no credentials at all
}

// find returns the credentials for a registry's host, zero when there are none.
func (k keyring) find(host string) (registry.AuthConfig, error) {
	if k.dir == "" {
		return registry.AuthConfig{}, nil
	}
	file, err := k.read()
	if err != nil {
		return registry.AuthConfig{}, fmt.Errorf("credentials for %s: %w", host, err)
	}
	found, err := file.GetAuthConfig(key(host))
	if err != nil {
		return registry.AuthConfig{}, fmt.Errorf("credentials for %s: %w", host, err)
	}
	return registry.AuthConfig{
		Username: found.Username, Password: found.Password, Auth: found.Auth, ServerAddress: found.ServerAddress,
		IdentityToken: found.IdentityToken, RegistryToken: found.RegistryToken,
	}, nil
}

func (k keyring) read() (*configfile.ConfigFile, error) {
	file, err := config.Load(k.dir)
	if err != nil {
		return nil, err
	}
	if !file.ContainsAuth() {
		// As the docker command: the platform's own store, where there is one.
		file.CredentialsStore = credentials.DetectDefaultStore(file.CredentialsStore)
	}
	return file, nil
}

// Credentials is a config.json with the credentials that the docker command has
// in a folder, those in a credential helper too, and nothing else; dir "" has
// none.
func Credentials(dir string) ([]byte, error) {
	out := configfile.ConfigFile{AuthConfigs: map[string]types.AuthConfig{}}
	if dir != "" {
		file, err := keyring{dir}.read()
		if err != nil {
			return nil, err
		}
		if out.AuthConfigs, err = file.GetAllCredentials(); err != nil {
			return nil, err
		}
	}
	var text bytes.Buffer
	err := out.SaveToWriter(&text)
	return text.Bytes(), err
}

// Login is what the docker command has in a folder for the registry at a host: a
// user and a password, "" and an identity token, or nothing. dir "" has nothing.
func Login(dir, host string) (user, secret string, err error) {
	found, err := keyring{dir}.find(host)
	if found.IdentityToken != "" {
		return "", found.IdentityToken, err
	}
	return found.Username, found.Password, err
}

func key(host string) string {
	switch host {
	case "docker.io", "index.docker.io", "registry-1.docker.io":
		return dockerHub
	}
	return host
}

// header is the credentials for the registry of an image, in the form of the
// API's X-Registry-Auth.
func (k keyring) header(image reference.Named) (string, error) {
	found, err := k.find(reference.Domain(image))
	if err != nil || found == (registry.AuthConfig{}) {
		return "", err
	}
	return registry.EncodeAuthConfig(found)
}

// proxies are what the docker command gives to each build on the engine at host
// as arguments, such as HTTP_PROXY. They do not count for the build cache.
func (k keyring) proxies(host string) (map[string]string, error) {
	if k.dir == "" {
		return nil, nil
	}
	file, err := config.Load(k.dir)
	if err != nil {
		return nil, fmt.Errorf("proxies: %w", err)
	}
	out := map[string]string{}
	for name, value := range file.ParseProxyConfig(host, nil) {
		out[name] = *value
	}
	return out, nil
}

// forBuild is find, in the words of a build.
func (k keyring) forBuild(host string) (buildkit.Credentials, error) {
	found, err := k.find(host)
	return buildkit.Credentials{
		Username: found.Username, Password: found.Password, IdentityToken: found.IdentityToken,
	}, err
}
