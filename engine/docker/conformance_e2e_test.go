//go:build e2e

package docker_test

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/engine/docker"
	"github.com/stackfile/stack/engine/enginetest"
	"github.com/stackfile/stack/spec"
)

// TestConformance holds the engine at DOCKER_HOST to what every engine must do.
func TestConformance(t *testing.T) {
	const image = "stack-conform/probe:latest"
	program := buildProbe(t)
	importImage(t, image, program)
	enginetest.Run(t, enginetest.Env{
		Engine: open, Image: image, Prefix: fmt.Sprintf("conform%d", os.Getpid()), Subnet: "10.231.77",
		Build: &spec.Build{Context: program, DockerfileInline: "FROM scratch\nCOPY probe /probe\nENTRYPOINT [\"/probe\"]\n"},
		Pause: func(ctx context.Context, _ engine.Engine, name string) error {
			return exec.CommandContext(ctx, "docker", "pause", name).Run()
		},
	})
}

func open(t *testing.T) engine.Engine {
	e, err := docker.Open(t.Context(), docker.Options{Host: os.Getenv("DOCKER_HOST")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// buildProbe returns a folder with the program in e2e/probe.
func buildProbe(t *testing.T) string {
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-ldflags=-s -w", "-o", filepath.Join(dir, "probe"), "../../e2e/probe")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the probe: %v\n%s", err, out)
	}
	return dir
}

// importImage makes an image of the probe alone, with a folder for its data.
func importImage(t *testing.T, ref, dir string) {
	program, err := os.ReadFile(filepath.Join(dir, "probe"))
	if err != nil {
		t.Fatal(err)
	}
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	for _, h := range []tar.Header{
		{Name: "tmp/", Typeflag: tar.TypeDir, Mode: 0o1777},
		{Name: "probe", Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(program))},
	} {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Write(program); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	load := exec.CommandContext(t.Context(), "docker", "import", "--change", `ENTRYPOINT ["/probe"]`, "-", ref)
	load.Stdin = &layer
	if out, err := load.CombinedOutput(); err != nil {
		t.Fatalf("import: %v\n%s", err, out)
	}
}
