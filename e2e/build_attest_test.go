//go:build e2e

package e2e_test

import (
	"strings"
	"testing"
)

// TestABuildAttestsWhereTheImageStoreKeepsIt: of a classic store it is an error,
// and the image is not made.
func TestABuildAttestsWhereTheImageStoreKeepsIt(t *testing.T) {
	s := newSandbox(t, `
-- stack.yaml --
services:
  web:
    build: {context: ., args: {PROBE: "${PROBE}"}, provenance: mode=max}
-- Dockerfile --
ARG PROBE
FROM ${PROBE}
`)
	if !strings.Contains(docker(t, "info", "--format", "{{.DriverStatus}}"), "io.containerd.snapshotter") {
		s.try("build").ended(1).says("provenance", "keeps no attestations")
		return
	}
	s.run("build")
	if !strings.Contains(docker(t, "save", s.name+"-web"), "attestation-manifest") {
		t.Error("the image has no attestation")
	}
	docker(t, "rmi", s.name+"-web")
}

// TestBuildMakesAllPlatformsWhereTheImageStoreKeepsThem, and up what runs here:
// the engine may not be able to run what the Dockerfile runs for another one.
func TestBuildMakesAllPlatformsWhereTheImageStoreKeepsThem(t *testing.T) {
	own := docker(t, "version", "--format", "{{.Server.Arch}}")
	other := map[bool]string{true: "arm64", false: "amd64"}[own == "amd64"]
	s := newSandbox(t, strings.NewReplacer("OWN", own, "OTHER", other).Replace(`
-- stack.yaml --
services:
  web:
    build: {context: ., args: {PROBE: "${PROBE}"}, platforms: [linux/OTHER, linux/OWN]}
-- Dockerfile --
ARG PROBE
FROM ${PROBE}
`))
	has := func(arch string) bool {
		return strings.Contains(docker(t, "save", s.name+"-web"), `"architecture":"`+arch+`"`)
	}
	s.run("up", "-d")
	if !has(own) || has(other) {
		t.Errorf("up made %s: %v, %s: %v", own, has(own), other, has(other))
	}
	s.run("build")
	keeps := strings.Contains(docker(t, "info", "--format", "{{.DriverStatus}}"), "io.containerd.snapshotter")
	if !has(own) || has(other) != keeps {
		t.Errorf("build made %s: %v, %s: %v", own, has(own), other, has(other))
	}
	s.run("down", "--rmi", "local")
}
