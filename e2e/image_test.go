//go:build e2e

package e2e_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// buildProbe returns the reference of an image that holds nothing but the test
// program. It is made once for each content, and stays for the next run.
func buildProbe(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "probe")
	if err := goBuild(ctx, path, "./probe"); err != nil {
		return "", err
	}
	program, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(program)
	ref := "stack-e2e-probe:" + hex.EncodeToString(sum[:6])
	if exec.CommandContext(ctx, "docker", "image", "inspect", ref).Run() == nil {
		return ref, nil
	}
	return ref, importImage(ctx, ref, program)
}

func importImage(ctx context.Context, ref string, program []byte) error {
	layer, err := imageLayer(program)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "docker", "import",
		"--change", `ENTRYPOINT ["/probe"]`, "--change", "LABEL dev.stack.e2e=probe", "-", ref)
	cmd.Stdin = layer
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("docker import: %w\n%s", err, text)
	}
	return nil
}

// imageLayer is the program, with the folders that programs expect.
func imageLayer(program []byte) (*bytes.Buffer, error) {
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	for _, header := range []tar.Header{
		{Name: "tmp/", Typeflag: tar.TypeDir, Mode: 0o1777},
		{Name: "data/", Typeflag: tar.TypeDir, Mode: 0o1777},
		{Name: "probe", Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(program))},
	} {
		if err := w.WriteHeader(&header); err != nil {
			return nil, err
		}
		if header.Typeflag == tar.TypeReg {
			if _, err := w.Write(program); err != nil {
				return nil, err
			}
		}
	}
	return &layer, w.Close()
}
