//go:build e2e

// Package e2e runs the built program against a real Docker Engine, as a user
// does. It imports nothing of this module, and it never touches what it did not
// make: all its projects have names of their own and go when their test ends.
//
//	go test -tags e2e ./e2e/
//
// STACK_BIN names a program to test instead of the one built here; DOCKER_HOST
// names the engine. -screenshot saves the picture of the example's page. -faults
// runs all points and rounds, where a sample is the default.
package e2e_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

var screenshot = flag.Bool("screenshot", false, "save docs/images/ml-webapp.png")

// The program under test and the image that its containers run, from TestMain.
var (
	stackBinary string
	probeImage  string
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(suite(m))
}

func suite(m *testing.M) int {
	dir, err := os.MkdirTemp("", "stack-e2e")
	if err != nil {
		return fail(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := prepare(dir); err != nil {
		return fail(err)
	}
	if !isSet("test.parallel") {
		_ = flag.Set("test.parallel", "5") // the tests wait more than they compute
	}
	return m.Run()
}

func prepare(dir string) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if stackBinary, err = program(ctx, dir); err != nil {
		return err
	}
	probeImage, err = buildProbe(ctx, dir)
	return err
}

// program is the path of the program under test.
func program(ctx context.Context, dir string) (string, error) {
	if path := os.Getenv("STACK_BIN"); path != "" {
		return filepath.Abs(path)
	}
	path := filepath.Join(dir, "stack")
	return path, goBuild(ctx, path, "../cmd/stack")
}

// goBuild makes a static program, the same bytes each time.
func goBuild(ctx context.Context, out, pkg string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", out, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", pkg, err, text)
	}
	return nil
}

func isSet(name string) (set bool) {
	flag.Visit(func(f *flag.Flag) { set = set || f.Name == name })
	return set
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, "e2e:", err)
	return 1
}
