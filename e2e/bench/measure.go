//go:build linux

package main

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
	next       *bench // of what is timed in the same world; nil for nothing
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
	if o.only.MatchString("save") {
		return o.saves(dir)
	}
	return nil
}

func (o options) scenario(s scenario, dir string) (err error) {
	b := &bench{options: o, scenario: s, engine: newEngine(os.Getenv("DOCKER_HOST"))}
	if b.dir, err = os.MkdirTemp(dir, "scenario"); err != nil {
		return err
	}
	if err := b.enter(); err != nil {
		return err
	}
	defer func(contenders []*contender, e *engine) {
		for _, c := range contenders {
			err = errors.Join(err, e.sweep(c.project))
		}
	}(b.contenders, b.engine)
	if s.keeps {
		err = b.kept()
	} else {
		err = b.fresh()
	}
	for ; err == nil && b != nil; b = b.next {
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
	if b.then != nil {
		b.next = &bench{options: b.options, scenario: *b.then, engine: b.engine}
		for _, c := range b.contenders {
			b.next.contenders = append(b.next.contenders, &contender{name: c.name, project: c.project, dir: c.dir, program: c.program})
		}
	}
	return nil
}

// fresh measures what changes something: each run begins with nothing there.
func (b *bench) fresh() error {
	if err := b.calibrate(func(i int) ([]sample, error) { return b.once(i, nil) }); err != nil {
		return err
	}
	for range b.runs {
		for i := range b.contenders {
			samples, err := b.once(i, nil)
			if err != nil {
				return err
			}
			for n, of := range b.all() {
				of.contenders[i].samples = append(of.contenders[i].samples, samples[n])
			}
		}
	}
	return b.counting()
}

// all is this one and what is timed next.
func (b *bench) all() (out []*bench) {
	for ; b != nil; b = b.next {
		out = append(out, b)
	}
	return out
}

// once brings about what the timed command of the i-th contender is to find,
// times that and what comes next, and removes all again. hosts are the engine
// for each of them; nil for the usual one.
func (b *bench) once(i int, hosts []string) (out []sample, err error) {
	if err := b.prepare(b.contenders[i]); err != nil {
		return nil, err
	}
	for n, of := range b.all() {
		host := ""
		if hosts != nil {
			host = hosts[n]
		}
		s, err := of.timed(of.contenders[i], host)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	if err := b.look(b.contenders[i]); err != nil {
		return nil, err
	}
	return out, b.engine.sweep(b.contenders[i].project)
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
	if err := b.calibrate(func(i int) ([]sample, error) {
		s, err := b.timed(b.contenders[i], "")
		return []sample{s}, err
	}); err != nil {
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
