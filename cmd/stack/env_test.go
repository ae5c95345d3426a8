package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stackfile/stack/engine"
)

func TestNamedContextsAreRefusedUnlessAHostIsGiven(t *testing.T) {
	config := t.TempDir()
	if err := os.WriteFile(filepath.Join(config, "config.json"), []byte(`{"currentContext": "colima"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		env  map[string]string
		want string // in the error; "": none
	}{
		{map[string]string{}, ""},
		{map[string]string{"DOCKER_CONTEXT": "default"}, ""},
		{map[string]string{"DOCKER_CONTEXT": "far"}, `docker context "far" (DOCKER_CONTEXT)`},
		{map[string]string{"DOCKER_CONTEXT": "far", "DOCKER_HOST": "tcp://there:2375"}, ""},
		{map[string]string{"DOCKER_CONFIG": config}, `docker context "colima"`},
		{map[string]string{"DOCKER_CONFIG": config, "DOCKER_CONTEXT": "default"}, ""},
	} {
		e, err := openDocker(context.Background(), c.env)
		var usage *UsageError
		switch {
		case c.want == "" && (err != nil || e == nil):
			t.Errorf("%v: %v, %v", c.env, e, err)
		case c.want != "" && (!errors.As(err, &usage) || !strings.Contains(usage.Text, c.want) || !strings.Contains(usage.Hint, "DOCKER_HOST")):
			t.Errorf("%v: %v; want %s", c.env, err, c.want)
		}
	}
}

func TestTheSocketIsTheEnginesOwn(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("engines run in a virtual machine here")
	}
	for host, want := range map[string]string{
		"": "", "tcp://there:2375": "", "unix:///run/user/7/docker.sock": "/run/user/7/docker.sock",
		"unix:///home/me/.docker/desktop/docker.sock": "",
	} {
		if got := apiSocket(map[string]string{"DOCKER_HOST": host}); got != want {
			t.Errorf("DOCKER_HOST=%s: %q, want %q", host, got, want)
		}
	}
}

func TestAddressesAreReachableOnes(t *testing.T) {
	for _, c := range []struct {
		port engine.Port
		host string // DOCKER_HOST
		want string
	}{
		{engine.Port{IP: "0.0.0.0", Public: 8080, Private: 80, Protocol: "tcp"}, "", "http://localhost:8080"},
		{engine.Port{IP: "::", Public: 8080, Private: 8000, Protocol: "tcp"}, "", "http://localhost:8080"},
		{engine.Port{IP: "127.0.0.1", Public: 5432, Private: 5432, Protocol: "tcp"}, "", "localhost:5432"},
		{engine.Port{IP: "10.0.0.7", Public: 443, Private: 443, Protocol: "tcp"}, "", "https://10.0.0.7:443"},
		{engine.Port{IP: "0.0.0.0", Public: 53, Private: 53, Protocol: "udp"}, "", "localhost:53"},
		{engine.Port{IP: "0.0.0.0", Public: 80, Private: 80, Protocol: "tcp"}, "tcp://far:2375", "http://far:80"},
		{engine.Port{IP: "0.0.0.0", Public: 80, Private: 80, Protocol: "tcp"}, "unix:///run/docker.sock", "http://localhost:80"},
	} {
		p := &program{Environment: Environment{Env: map[string]string{"DOCKER_HOST": c.host}}}
		if got := p.url(c.port); got != c.want {
			t.Errorf("%+v at %q: %s, want %s", c.port, c.host, got, c.want)
		}
	}
}
