package spec

import (
	"errors"
	"strings"
	"testing"
)

const socketed = `
services:
  web:
    image: web
    use_api_socket: true
    pre_start: [{command: login}]
  own: {image: own, use_api_socket: true, environment: {DOCKER_CONFIG: /mine}}
  other: {image: other}
`

func socketOptions(credentials func() ([]byte, error)) LoadOptions {
	return LoadOptions{Files: []string{"-"}, Project: "p", Stdin: strings.NewReader(socketed), Credentials: credentials}
}

func TestTheAPISocketComesWithCredentials(t *testing.T) {
	for given, want := range map[string]string{"": "/var/run/docker.sock", "/run/user/7/docker.sock": "/run/user/7/docker.sock"} {
		opts := socketOptions(func() ([]byte, error) { return []byte("secret"), nil })
		opts.Socket = given
		s, err := Load(t.Context(), opts)
		if err != nil {
			t.Fatal(err)
		}
		for name, copied := range map[string]string{"web": "secret", "web.pre_start.1": "secret", "own": "", "other": ""} {
			service := s.Services[name]
			m, bound := service.Container.Mounts["/var/run/docker.sock"]
			if bound != (name != "other") || bound && (m.Source != want || m.Type != "bind" || !m.NoCreate) {
				t.Errorf("%s has %+v; want %s", name, m, want)
			}
			if got := string(service.Files["/run/secrets/docker/config.json"].Content); got != copied {
				t.Errorf("%s has the credentials %q, want %q", name, got, copied)
			}
			if folder := service.Container.Env["DOCKER_CONFIG"]; copied != "" && (folder == nil || *folder != "/run/secrets/docker") {
				t.Errorf("%s has its configuration at %v", name, folder)
			}
		}
	}
}

func TestCredentialsAreOnlyReadForTheAPISocket(t *testing.T) {
	opts := socketOptions(func() ([]byte, error) { return nil, errors.New("the helper is broken") })
	_, err := Load(t.Context(), opts)
	if err == nil || !strings.Contains(err.Error(), "5:21: services.web.use_api_socket: credentials of registries: the helper is broken") {
		t.Errorf("got %v", err)
	}
	opts.Stdin = strings.NewReader("services: {web: {image: web}}")
	if _, err := Load(t.Context(), opts); err != nil {
		t.Errorf("without use_api_socket: %v", err)
	}
}
