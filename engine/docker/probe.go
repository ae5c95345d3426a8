package docker

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

const (
	// firstPause and lastPause bound the pause between probes, which grows with
	// the time since the start: what becomes ready late is found late by a
	// pauseGrowth-th part of that.
	firstPause  = 25 * time.Millisecond
	lastPause   = time.Second
	pauseGrowth = 20
	// cheap is what a probe takes that costs the program little. The pause
	// after one is at least half as long as itself, after a dearer one pauseShare
	// times as long: probing takes at most a fifth of the time then. On a
	// machine that is busy starting things no probe is cheap.
	cheap      = 250 * time.Millisecond
	pauseShare = 4
	// defaultCheckTimeout is the engine's, for a check that has none.
	defaultCheckTimeout = 30 * time.Second
	// maxOutput is how much of a probe's output is kept, as in the engine.
	maxOutput = 4 << 10
)

// A check is a healthcheck's test as a command.
type check struct {
	command []string
	timeout time.Duration
}

// checkOf is the check of a container: the service's own, and where that says
// nothing, what the container was made with, the image's included. It is nil
// when there is none or it is switched off.
func checkOf(own *spec.Healthcheck, config *container.Config) *check {
	h := config.Healthcheck
	if own != nil && len(own.Test) > 0 {
		h = &container.HealthConfig{Test: own.Test, Timeout: own.Timeout}
	}
	if h == nil || len(h.Test) < 2 {
		return nil
	}
	c := check{command: h.Test[1:], timeout: h.Timeout}
	switch h.Test[0] {
	case "CMD":
	case "CMD-SHELL":
		c.command = append(shellOf(config), h.Test[1])
	default: // NONE
		return nil
	}
	if c.timeout <= 0 {
		c.timeout = defaultCheckTimeout
	}
	return &c
}

// shellOf is the image's SHELL.
func shellOf(config *container.Config) []string {
	if len(config.Shell) > 0 {
		return append([]string(nil), config.Shell...)
	}
	return []string{"/bin/sh", "-c"}
}

// A prober runs a check again and again, one at a time. It belongs to the
// wait's goroutine; each probe runs on one of its own and ends with a verdict.
type prober struct {
	engine    *Engine
	container string // ID
	check     check
	verdicts  chan verdict // holds one, so that a probe can outlive its wait

	starts int // of the container, as far as seen; tells old verdicts from new ones
	since  time.Time
	busy   bool
	next   time.Time
	hung   string // ID of an exec that has not ended in its time
	last   verdict
}

// A verdict is what one probe found.
type verdict struct {
	starts int // the prober's, when the probe began
	begun  time.Time
	ok     bool
	output string
	hung   string // ID of an exec that goes on
}

// reset begins anew after a start of the container.
func (p *prober) reset() {
	p.starts++
	p.since, p.next, p.last = time.Now(), time.Now(), verdict{}
}

// start runs a probe, unless one before it still hangs.
func (p *prober) start(ctx context.Context) {
	p.busy = true
	starts, hung, before := p.starts, p.hung, p.last.output
	go func() {
		v := verdict{begun: time.Now(), output: before, hung: hung}
		if hung == "" || !p.engine.running(ctx, hung) {
			v = p.engine.probe(ctx, p.container, p.check)
		}
		v.starts = starts
		p.verdicts <- v
	}()
}

// done takes a verdict in. One of an earlier start says nothing of this one.
func (p *prober) done(v verdict) {
	p.busy, p.hung = false, v.hung
	if v.starts != p.starts {
		return
	}
	p.last = v
	p.next = time.Now().Add(pauseAfter(time.Since(v.begun), time.Since(p.since)))
}

// pauseAfter is the pause after a probe that took so long, so long after the
// start.
func pauseAfter(took, since time.Duration) time.Duration {
	least := pauseShare * took
	if took <= cheap {
		least = took / 2
	}
	return max(least, min(max(firstPause, since/pauseGrowth), lastPause))
}

// probe runs a check once, as the engine does: with the container's user,
// environment and folder.
func (e *Engine) probe(ctx context.Context, id string, c check) verdict {
	v := verdict{begun: time.Now()}
	made, err := e.client.ContainerExecCreate(ctx, id, container.ExecOptions{
		Cmd: c.command, AttachStdout: true, AttachStderr: true,
	})
	if err != nil {
		v.output = answer{err}.Error()
		return v
	}
	limit, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var out excerpt
	err = e.attachExec(limit, made.ID, nil, engine.ExecOptions{Stdout: &out, Stderr: &out})
	code := 0
	if err == nil {
		code, err = e.exitCode(limit, made.ID)
	}
	v.ok, v.output = err == nil && code == 0, out.String()
	if limit.Err() != nil && e.running(ctx, made.ID) {
		v.hung = made.ID
		v.output += fmt.Sprintf("no end after %s", c.timeout)
	}
	return v
}

// running reports whether an exec goes on.
func (e *Engine) running(ctx context.Context, exec string) bool {
	found, err := e.client.ContainerExecInspect(ctx, exec)
	return err == nil && found.Running
}

// An excerpt keeps the beginning of what is written to it.
type excerpt struct{ bytes.Buffer }

func (x *excerpt) Write(p []byte) (int, error) {
	_, _ = x.Buffer.Write(p[:min(len(p), maxOutput-x.Len())]) // never fails
	return len(p), nil
}
