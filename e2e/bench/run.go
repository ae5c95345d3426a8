//go:build linux

package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// script runs the floor program.
func (b *bench) script(c *contender, s script) (sample, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return sample{}, err
	}
	plain := strings.NewReplacer("PROJECT", c.project, "ARCHIVE", filepath.Join(c.dir, "context.tar")).Replace(string(text))
	path := filepath.Join(c.dir, "floor.json")
	if err := os.WriteFile(path, []byte(plain), 0o644); err != nil {
		return sample{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return sample{}, err
	}
	return timedRun(exec.Command(self, "floor", path))
}

// command runs stack or another program.
func (b *bench) command(c *contender, host string, args []string) (sample, error) {
	cmd := exec.Command(c.program[0], append(slices.Clone(c.program[1:]), args...)...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "COMPOSE_PROJECT_NAME="+c.project, "NONCE="+rand.Text())
	if host != "" {
		cmd.Env = append(cmd.Env, "DOCKER_HOST="+host)
	}
	return timedRun(cmd)
}

// timedRun runs a command, and times it from before its start to after its end.
func timedRun(cmd *exec.Cmd) (sample, error) {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	began := time.Now()
	err := cmd.Run()
	s := sample{took: time.Since(began)}
	if err != nil {
		return s, fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, out.String())
	}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		s.peak = usage.Maxrss << 10
	}
	return s, nil
}
