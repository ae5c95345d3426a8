package docker

import (
	"testing"

	"github.com/stackfile/stack/spec"
)

func TestAnEngineIsHereOrOnAnotherMachine(t *testing.T) {
	for host, want := range map[string]spec.Distance{
		"": spec.Here, "unix:///run/docker.sock": spec.Here, "npipe:////./pipe/docker_engine": spec.Here,
		"tcp://localhost:2375": spec.Here, "tcp://127.0.0.1:2375": spec.Here, "tcp://[::1]:2375": spec.Here,
		"tcp://docker:2375": spec.Perhaps, "tcp://192.0.2.1:2376": spec.Perhaps, "http://far:2375": spec.Perhaps,
		"ssh://far": spec.Elsewhere, "ssh://me@localhost:22": spec.Elsewhere,
	} {
		if got := Distance(host); got != want {
			t.Errorf("%s: %d, want %d", host, got, want)
		}
	}
}
