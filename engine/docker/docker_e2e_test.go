//go:build e2e

package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/spec"
)

// probeImage holds only e2e/probe, so no registry is needed.
const probeImage = "stack-docker-test/probe:latest"

var makeProbeImage sync.Once

// realEngine is the engine at DOCKER_HOST, with the test image in it.
func realEngine(t *testing.T) *Engine {
	t.Helper()
	e, err := Open(t.Context(), Options{Host: os.Getenv("DOCKER_HOST")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() }) // the test is over, whatever it says
	makeProbeImage.Do(func() { importProbe(t, e) })
	return e
}

func importProbe(t *testing.T, e *Engine) {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "probe")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", binary, "../../e2e/probe")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the probe: %v\n%s", err, out)
	}
	content, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	if err := w.WriteHeader(&tar.Header{Name: "probe", Mode: 0o755, Size: int64(len(content))}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	// Each import makes another image: the one of the last run would stay
	// behind without a name.
	must(t, e.RemoveImage(t.Context(), engine.RemoveImage{Image: probeImage}))
	answer, err := e.client.ImageImport(t.Context(), image.ImportSource{Source: &archive, SourceName: "-"}, probeImage,
		image.ImportOptions{Changes: []string{`ENTRYPOINT ["/probe"]`}})
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Close()
	if _, err := io.Copy(io.Discard, answer); err != nil {
		t.Fatal(err)
	}
}

// project is a name for the objects of one test, all of which are removed at
// its end.
func project(t *testing.T, e *Engine) string {
	t.Helper()
	name := fmt.Sprintf("dkr%d", time.Now().UnixNano()%1e9)
	t.Cleanup(func() { sweep(e, name) })
	return name
}

func sweep(e *Engine, project string) {
	ctx := context.Background()
	mine := filters.NewArgs(filters.Arg("label", engine.LabelProject+"="+project))
	containers, _ := e.client.ContainerList(ctx, container.ListOptions{All: true, Filters: mine})
	for _, c := range containers {
		_ = e.client.ContainerRemove(ctx, c.ID, container.RemoveOptions{Force: true, RemoveVolumes: true})
	}
	networks, _ := e.client.NetworkList(ctx, network.ListOptions{Filters: mine})
	for _, n := range networks {
		_ = e.client.NetworkRemove(ctx, n.ID)
	}
	volumes, _ := e.client.VolumeList(ctx, volume.ListOptions{Filters: mine})
	for _, v := range volumes.Volumes {
		_ = e.client.VolumeRemove(ctx, v.Name, true)
	}
}

// creating is the operation that makes a container of the project.
func creating(t *testing.T, project, service string, c spec.Container) engine.CreateContainer {
	t.Helper()
	if c.Image == "" {
		c.Image = probeImage
	}
	definition, err := engine.EncodeDefinition(c)
	if err != nil {
		t.Fatal(err)
	}
	op := engine.CreateContainer{
		Name: project + "-" + service + "-1", Definition: c,
		Labels: map[string]string{
			engine.LabelProject: project, engine.LabelService: service, engine.LabelNumber: "1",
			engine.LabelDefinition: definition,
		},
	}
	if names := sortedKeys(c.Networks); len(names) > 0 {
		op.Connect = names[:1]
	}
	return op
}

// begin creates a container, connects it to all its networks and starts it.
func begin(t *testing.T, e *Engine, op engine.CreateContainer) string {
	t.Helper()
	out, err := e.CreateContainer(t.Context(), op)
	must(t, err)
	for _, name := range sortedKeys(op.Definition.Networks) {
		if name != op.Connect[0] {
			must(t, e.ConnectNetwork(t.Context(), engine.ConnectNetwork{Network: name, Container: op.Name, Endpoint: op.Definition.Networks[name]}))
		}
	}
	must(t, e.StartContainer(t.Context(), engine.StartContainer{Name: op.Name}))
	return out.ContainerID
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func quiet(plan.Progress) {}

func words(s string) *[]string {
	w := strings.Fields(s)
	return &w
}
