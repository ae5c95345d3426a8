package buildkit

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/session/auth"
	"github.com/moby/buildkit/session/secrets/secretsprovider"

	"github.com/stackfile/stack/spec"
)

func TestSecretsAreReadBeforeTheBuild(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := New(nil, Options{Environment: func(name string) (string, bool) { return "value", name == "SET" }})
	got, err := b.secrets(map[string]string{"file": path, "env": "env:SET"})
	if err != nil || string(got["file"]) != "text" || string(got["env"]) != "value" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestASecretThatIsMissingIsAnError(t *testing.T) {
	big := filepath.Join(t.TempDir(), "big")
	if err := os.WriteFile(big, make([]byte, secretsprovider.MaxSecretSize+1), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := []struct{ name, source, want string }{
		{"file", "/none/such", "open /none/such: no such file or directory"},
		{"variable", "env:UNSET", "the environment variable UNSET is not set"},
		{"size", big, "512001 bytes"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := New(nil, Options{}).session(spec.Build{Secrets: map[string]string{"key": c.source}})
			if err == nil || !strings.Contains(err.Error(), `secret "key": `+c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func TestAnAgentThatIsMissingIsAnError(t *testing.T) {
	_, err := New(nil, Options{}).session(spec.Build{SSH: map[string]string{"default": "/none/such"}})
	if err == nil || !strings.HasPrefix(err.Error(), "ssh: ") {
		t.Errorf("%v", err)
	}
}

func TestALoginAnswersWithTheCredentials(t *testing.T) {
	known := map[string]Credentials{"plain": {Username: "me", Password: "secret"}, "token": {IdentityToken: "t"}}
	l := &login{lookup: func(host string) (Credentials, error) {
		if host == "broken" {
			return Credentials{}, errors.New("no helper")
		}
		return known[host], nil
	}}
	cases := []struct{ host, username, secret string }{
		{"plain", "me", "secret"},
		{"token", "", "t"},
		{"unknown", "", ""},
		{"broken", "", ""},
	}
	for _, c := range cases {
		got, err := l.Credentials(t.Context(), &auth.CredentialsRequest{Host: c.host})
		if err != nil || got.Username != c.username || got.Secret != c.secret {
			t.Errorf("%s: %v, %v", c.host, got, err)
		}
	}
	s := &buildSession{login: l}
	if got := s.warnings(); !slices.Equal(got, []string{"no helper"}) {
		t.Errorf("warnings %q", got)
	}
}
