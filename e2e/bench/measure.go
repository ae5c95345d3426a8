//go:build linux

package main

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A sample is one run of one command.
type sample struct {
	took time.Duration
	peak int64 // of its memory, in bytes
}

// A contender is a way to do what a scenario asks for, with a world of its own.
type contender struct {
	name    string
	project string
	dir     string
	program []string // of stack or a peer; nil for the floor
	floor   script
	samples []sample
	calls   *tally
	extra   []string // what else was seen
}

// A bench is one scenario while it is measured.
type bench struct {
	options
	scenario
	engine     *engine
	dir        string
	contenders []*contender
}

func measure(o options) error {
	dir, err := os.MkdirTemp("", "stack-bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := about(o); err != nil {
		return err
	}
	if o.only.MatchString("version") {
		if err := o.version(dir); err != nil {
			return err
		}
	}
	for _, s := range scenarios() {
		if o.only.MatchString(s.name) {
			if err := o.scenario(s, dir); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	return nil
}

func (o options) scenario(s scenario, dir string) (err error) {
	b := &bench{options: o, scenario: s, engine: newEngine(os.Getenv("DOCKER_HOST"))}
	if b.dir, err = os.MkdirTemp(dir, "scenario"); err != nil {
		return err
	}
	defer func() {
		for _, c := range b.contenders {
			err = errors.Join(err, b.engine.sweep(c.project))
		}
	}()
	if err := b.enter(); err != nil {
		return err
	}
	if s.keeps {
		err = b.kept()
	} else {
		err = b.fresh()
	}
	if err == nil {
		b.report()
	}
	return err
}

// enter lays out the files of each contender.
func (b *bench) enter() error {
	b.contenders = []*contender{{name: "stack", program: []string{b.stack}}, {name: "floor"}}
	if b.peer != nil {
		b.contenders = append(b.contenders, &contender{name: "peer", program: b.peer})
	}
	tarball, err := archive()
	if err != nil {
		return err
	}
	for _, c := range b.contenders {
		c.project = "bench-" + strings.ToLower(rand.Text()[:8])
		c.dir = filepath.Join(b.dir, c.name)
		if err := os.Mkdir(c.dir, 0o755); err != nil {
			return err
		}
		files := map[string][]byte{"compose.yaml": []byte(b.file), "changed.yaml": []byte(cmp.Or(b.changed, b.file)), "context.tar": tarball}
		for name, text := range files {
			if err := os.WriteFile(filepath.Join(c.dir, name), text, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// fresh measures what changes something: each run begins with nothing there.
func (b *bench) fresh() error {
	if err := b.calibrate(func(c *contender) (sample, error) { return b.once(c, "") }); err != nil {
		return err
	}
	for range b.runs {
		for _, c := range b.contenders {
			s, err := b.once(c, "")
			if err != nil {
				return err
			}
			c.samples = append(c.samples, s)
		}
	}
	return b.counting(func(c *contender, host string) error {
		_, err := b.once(c, host)
		return err
	})
}

// once brings about what the timed command is to find, times that, and removes
// all again.
func (b *bench) once(c *contender, host string) (s sample, err error) {
	if err := b.prepare(c); err != nil {
		return s, err
	}
	if s, err = b.timed(c, host); err != nil {
		return s, err
	}
	if err := b.look(c); err != nil {
		return s, err
	}
	return s, b.engine.sweep(c.project)
}

func (b *bench) prepare(c *contender) error {
	switch {
	case c.program == nil && len(b.floorBefore) > 0:
		_, err := b.script(c, script{c.floor.Parallel, b.floorBefore})
		return err
	case c.program != nil && b.before != nil:
		_, err := b.command(c, "", append([]string{"-f", "compose.yaml"}, b.before...))
		return err
	}
	return nil
}

func (b *bench) timed(c *contender, host string) (sample, error) {
	if c.program == nil {
		return b.script(c, c.floor)
	}
	return b.command(c, host, append([]string{"-f", "changed.yaml"}, b.scenario.timed...))
}

// kept measures what changes nothing: stack and the floor look at the same
// world, a peer at one that it made itself.
func (b *bench) kept() error {
	stack, floor := b.contenders[0], b.contenders[1]
	floor.project = stack.project
	if err := b.prepare(stack); err != nil {
		return err
	}
	if err := b.calibrate(func(c *contender) (sample, error) { return b.timed(c, "") }); err != nil {
		return err
	}
	var beside []*contender
	for _, name := range slices.Sorted(maps.Keys(b.beside)) {
		beside = append(beside, &contender{name: name, project: stack.project, dir: stack.dir, program: b.beside[name]})
	}
	for range b.runs {
		for _, c := range append([]*contender{stack, floor}, beside...) {
			if err := b.sampled(c, b.beside[c.name] == nil); err != nil {
				return err
			}
		}
	}
	again := func(c *contender, host string) error {
		_, err := b.timed(c, host)
		return err
	}
	err := errors.Join(b.counted(stack, again), b.engine.sweep(stack.project))
	for _, peer := range b.contenders[2:] {
		err = errors.Join(err, b.prepare(peer))
		for range b.runs {
			err = errors.Join(err, b.sampled(peer, true))
		}
		err = errors.Join(err, b.counted(peer, again))
	}
	b.contenders = append(b.contenders, beside...)
	return err
}

func (b *bench) sampled(c *contender, ours bool) (err error) {
	var s sample
	if ours {
		s, err = b.timed(c, "")
	} else {
		s, err = b.command(c, "", nil)
	}
	c.samples = append(c.samples, s)
	return err
}

// calibrate finds how many chains of calls at once make the floor lowest.
func (b *bench) calibrate(try func(*contender) (sample, error)) error {
	c := b.contenders[1]
	best := time.Duration(0)
	parallel := 1
	for _, n := range []int{1, 2, 4, 8, 16} {
		c.floor = script{n, b.floor}
		s, err := try(c)
		if err != nil {
			return err
		}
		if best == 0 || s.took < best {
			best, parallel = s.took, n
		}
	}
	c.floor.Parallel, c.extra = parallel, nil
	return nil
}

// counting counts the calls of stack and of its peers, in runs of their own.
func (b *bench) counting(again func(c *contender, host string) error) error {
	for _, c := range b.contenders {
		if c.program != nil {
			if err := b.counted(c, again); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bench) counted(c *contender, again func(c *contender, host string) error) error {
	p, err := newProxy()
	if err != nil {
		return err
	}
	defer p.stop()
	if err := again(c, p.host); err != nil {
		return err
	}
	c.calls = p.taken()
	return nil
}

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
