package docker

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/registry"

	"github.com/stackfile/stack/engine/docker/internal/buildkit"
)

// helper answers for one registry, and knows nothing of others.
const helper = `#!/bin/sh
read -r registry
case "$1 $registry" in
"get helped.test") echo '{"ServerURL": "helped.test", "Username": "<token>", "Secret": "a token"}' ;;
"get "*) echo "credentials not found in native keychain"; exit 1 ;;
list*) echo '{}' ;;
esac
`

func configured(t *testing.T, text string) keyring {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "config.json"), text, 0o600)
	return keyring{dir}
}

func writeFile(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func TestCredentialsComeFromTheDockerConfiguration(t *testing.T) {
	bin := t.TempDir()
	writeFile(t, filepath.Join(bin, "docker-credential-test"), helper, 0o755)
	t.Setenv("PATH", bin+":/usr/bin:/bin")
	const plain = `{"auths": {"plain.test": {"auth": "bWU6c2VjcmV0"}, "https://index.docker.io/v1/": {"auth": "aHViOmh1YnBhc3M="}}}`
	cases := []struct {
		name, config, host string
		want               buildkit.Credentials
	}{
		{"plain", plain, "plain.test", buildkit.Credentials{Username: "me", Password: "secret"}},
		{"the hub by its name", plain, "docker.io", buildkit.Credentials{Username: "hub", Password: "hubpass"}},
		{"the hub by its address", plain, "registry-1.docker.io", buildkit.Credentials{Username: "hub", Password: "hubpass"}},
		{"unknown", plain, "other.test", buildkit.Credentials{}},
		{"helper for one", `{"credHelpers": {"helped.test": "test"}}`, "helped.test", buildkit.Credentials{IdentityToken: "a token"}},
		{"helper for all", `{"credsStore": "test"}`, "helped.test", buildkit.Credentials{IdentityToken: "a token"}},
		{"not in the helper", `{"credsStore": "test"}`, "other.test", buildkit.Credentials{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := configured(t, c.config).forBuild(c.host)
			if err != nil || got != c.want {
				t.Errorf("%+v, %v, want %+v", got, err, c.want)
			}
		})
	}
}

func TestNoConfigurationMeansNoCredentials(t *testing.T) {
	for _, k := range []keyring{{}, {t.TempDir()}} {
		got, err := k.header(imageName(t, "plain.test/image"))
		if got != "" || err != nil {
			t.Errorf("%+v: %q, %v", k, got, err)
		}
	}
}

func TestAConfigurationThatDoesNotWorkIsAnError(t *testing.T) {
	cases := []struct{ name, config, want string }{
		{"no JSON", `{`, "config.json"},
		{"no such helper", `{"credHelpers": {"plain.test": "none-such"}}`, "docker-credential-none-such"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := configured(t, c.config).header(imageName(t, "plain.test/image"))
			if err == nil || !strings.HasPrefix(err.Error(), "credentials for plain.test: ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestCredentialsGoIntoTheHeader(t *testing.T) {
	k := configured(t, `{"auths": {"plain.test": {"auth": "bWU6c2VjcmV0"}}}`)
	header, err := k.header(imageName(t, "plain.test/image:1"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := registry.DecodeAuthConfig(header)
	if err != nil {
		t.Fatal(err)
	}
	if got.Username != "me" || got.Password != "secret" || got.ServerAddress != "plain.test" {
		t.Errorf("%+v", got)
	}
}

func TestBuildsGetTheProxiesOfTheDockerConfiguration(t *testing.T) {
	k := configured(t, `{"proxies": {"default": {"httpProxy": "http://usual"}, "tcp://far": {"noProxy": "near"}}}`)
	cases := []struct {
		host string
		want map[string]string
	}{
		{"unix:///run/docker.sock", map[string]string{"HTTP_PROXY": "http://usual", "http_proxy": "http://usual"}},
		{"tcp://far", map[string]string{"NO_PROXY": "near", "no_proxy": "near"}},
	}
	for _, c := range cases {
		got, err := k.proxies(c.host)
		if err != nil || !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, %v", c.host, got, err)
		}
	}
}

func imageName(t *testing.T, image string) reference.Named {
	t.Helper()
	name, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func TestLoginIsAUserAndAPasswordOrAToken(t *testing.T) {
	dir := configured(t, `{"auths": {
		"example.org": {"auth": "bWU6c2VjcmV0"},
		"https://index.docker.io/v1/": {"auth": "bWU6", "identitytoken": "token"}
	}}`).dir
	for host, want := range map[string]string{"example.org": "me secret", "registry-1.docker.io": " token", "example.com": " "} {
		user, secret, err := Login(dir, host)
		if got := user + " " + secret; err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", host, got, err, want)
		}
	}
	if _, _, err := Login("", "example.org"); err != nil {
		t.Errorf("no configuration: %v", err)
	}
}
