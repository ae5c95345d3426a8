//go:build linux

package main

import (
	"archive/tar"
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// savedFile is a service that gets what is saved below src.
const savedFile = `services:
  page:
    image: ` + image + `
    init: true
    command: [sleep, infinity]
    develop: {watch: [{action: sync, path: src, target: /src}]}
`

// patience bounds each wait for what programs do.
const patience = time.Minute

// saves measures the time from a save to the file in the container, as the
// container sees it: through /proc, in the mount namespace of its program.
func (o options) saves(dir string) error {
	fmt.Fprintf(os.Stdout, "\n## a save, to the file in the container\n\n")
	programs := map[string][]string{"stack": {o.stack}}
	if o.peer != nil {
		programs["peer"] = o.peer
	}
	for _, name := range []string{"stack", "peer"} {
		if programs[name] == nil {
			continue
		}
		if err := o.savesOf(name, programs[name], dir); err != nil {
			return err
		}
	}
	return nil
}

func (o options) savesOf(name string, program []string, dir string) (err error) {
	s := &saver{engine: newEngine(os.Getenv("DOCKER_HOST")), project: "bench-" + strings.ToLower(rand.Text()[:8]), program: program, dir: filepath.Join(dir, "saves-"+name)}
	if err := s.layOut(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.run("down", "-t", "1")) }()
	end, err := s.watch()
	if err != nil {
		return err
	}
	defer end()
	if err := s.find(); err != nil {
		return err
	}
	if name == "stack" {
		report("floor: the call alone", s.times(10*o.runs, s.put))
	}
	report(name, s.times(10*o.runs, s.save))
	return nil
}

func report(name string, times []time.Duration) {
	slices.Sort(times)
	fmt.Fprintf(os.Stdout, "%-24s median %4d ms, of %d the slowest %d ms\n", name, times[len(times)/2].Milliseconds(), len(times), times[len(times)-1].Milliseconds())
}

// A saver saves files beside a program that watches them.
type saver struct {
	engine       *engine
	project, dir string
	program      []string
	container    string
	pid          int
}

func (s *saver) layOut() error {
	if err := os.MkdirAll(filepath.Join(s.dir, "src"), 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.dir, "compose.yaml"), []byte(savedFile), 0o644)
}

func (s *saver) command(args ...string) *exec.Cmd {
	cmd := exec.Command(s.program[0], append(slices.Clone(s.program[1:]), args...)...)
	cmd.Dir, cmd.Env = s.dir, append(os.Environ(), "COMPOSE_PROJECT_NAME="+s.project)
	return cmd
}

func (s *saver) run(args ...string) error {
	if out, err := s.command(args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// watch begins to watch, and returns when the program says that it does.
func (s *saver) watch() (end func(), err error) {
	cmd := s.command("watch")
	var said told
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	end = func() {
		_ = cmd.Process.Signal(syscall.SIGINT) // it has ended, or does now
		_ = cmd.Wait()
	}
	for began := time.Now(); !strings.Contains(strings.ToLower(said.String()), "watch"); <-time.After(10 * time.Millisecond) {
		if time.Since(began) > patience {
			end()
			return nil, fmt.Errorf("watch: says nothing of it:\n%s", said.String())
		}
	}
	return end, nil
}

func (s *saver) find() error {
	var found struct {
		ID    string `json:"Id"`
		State struct{ Pid int }
	}
	if err := s.engine.get("/containers/"+s.project+"-page-1/json", &found); err != nil {
		return err
	}
	s.container, s.pid = found.ID, found.State.Pid
	return nil
}

// times are how long each of n changes takes into the container.
func (s *saver) times(n int, change func(text string) error) (out []time.Duration) {
	for range n {
		text := rand.Text()
		began := time.Now()
		if change(text) != nil || !s.arrives(text) {
			continue // it is missing among those that are reported
		}
		out = append(out, time.Since(began))
		<-time.After(300 * time.Millisecond) // so that each is a change of its own
	}
	return out
}

func (s *saver) arrives(text string) bool {
	for began := time.Now(); time.Since(began) < patience; <-time.After(time.Millisecond) {
		got, err := os.ReadFile(fmt.Sprintf("/proc/%d/root/src/file", s.pid))
		if err == nil && string(got) == text {
			return true
		}
	}
	return false
}

func (s *saver) save(text string) error {
	return os.WriteFile(filepath.Join(s.dir, "src", "file"), []byte(text), 0o644)
}

// put is the one call that a copy needs.
func (s *saver) put(text string) error {
	var archive bytes.Buffer
	to := tar.NewWriter(&archive)
	if err := to.WriteHeader(&tar.Header{Name: "src/file", Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(text))}); err != nil {
		return err
	}
	if _, err := to.Write([]byte(text)); err != nil {
		return err
	}
	if err := to.Close(); err != nil {
		return err
	}
	ask, err := http.NewRequest(http.MethodPut, "http://engine/v1.41/containers/"+s.container+"/archive?path=/", &archive)
	if err != nil {
		return err
	}
	answer, err := s.engine.client.Do(ask)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// told is what a program has said so far.
type told struct {
	mutex sync.Mutex // exec's goroutine writes
	text  bytes.Buffer
}

func (t *told) Write(p []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.text.Write(p)
}

func (t *told) String() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.text.String()
}
