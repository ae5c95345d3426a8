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
