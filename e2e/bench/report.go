//go:build linux

package main

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// about says what is measured, on what, and beside what.
func about(o options) error {
	var engine struct{ Version, KernelVersion string }
	if err := newEngine(os.Getenv("DOCKER_HOST")).get("/version", &engine); err != nil {
		return err
	}
	info, err := os.Stat(o.stack)
	if err != nil {
		return err
	}
	load, _ := os.ReadFile("/proc/loadavg") // without one there is nothing to say
	fmt.Fprintf(os.Stdout, "%s\n", time.Now().UTC().Format(time.RFC3339))
	fmt.Fprintf(os.Stdout, "engine %s, kernel %s, %d processors, load before %s", engine.Version, engine.KernelVersion, runtime.NumCPU(), load)
	fmt.Fprintf(os.Stdout, "stack: %s, %.1f MB\n", firstLine(o.stack, "version"), float64(info.Size())/1e6)
	if o.peer != nil {
		fmt.Fprintf(os.Stdout, "peer: %s\n", firstLine(append(slices.Clone(o.peer), "version")...))
	}
	fmt.Fprintf(os.Stdout, "medians of %d runs, in turn\n", o.runs)
	return nil
}

func firstLine(command ...string) string {
	out, _ := exec.Command(command[0], command[1:]...).Output() // shown empty
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return line
}

// report prints what was measured of a scenario.
func (b *bench) report() {
	floor := b.contenders[1]
	heading(b.name)
	base := median(floor.samples)
	for _, c := range b.contenders {
		calls := "-"
		switch {
		case c == floor:
			calls = fmt.Sprint(c.floor.count())
		case c.calls != nil:
			calls = fmt.Sprint(c.calls.total())
		}
		row(c, base, calls)
	}
	fmt.Fprintf(os.Stdout, "  floor, %d at once: %s\n", floor.floor.Parallel, floor.floor.text())
	for _, c := range b.contenders {
		if c.calls != nil {
			fmt.Fprintf(os.Stdout, "  %s: %s\n", c.name, c.calls)
		}
		if took := median(c.samples); b.levels > 0 {
			fmt.Fprintf(os.Stdout, "  %s: %.3f s per level above the programs' own readiness\n", c.name, (took-b.gates).Seconds()/float64(b.levels))
		}
		for _, line := range c.extra {
			fmt.Fprintf(os.Stdout, "  %s: %s\n", c.name, line)
		}
	}
}

func heading(name string) {
	fmt.Fprintf(os.Stdout, "\n%s\n  %-14s %10s %10s %10s %8s %7s %8s\n", name, "", "median", "least", "most", "x floor", "calls", "memory")
}

func row(c *contender, base time.Duration, calls string) {
	took, peak := sorted(c.samples), int64(0)
	for _, s := range c.samples {
		peak = max(peak, s.peak)
	}
	middle := median(c.samples)
	fmt.Fprintf(os.Stdout, "  %-14s %7.1f ms %7.1f ms %7.1f ms %8.2f %7s %5.1f MB\n", c.name, ms(middle), ms(took[0]), ms(took[len(took)-1]),
		float64(middle)/float64(base), calls, float64(peak)/1e6)
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func sorted(samples []sample) (out []time.Duration) {
	for _, s := range samples {
		out = append(out, s.took)
	}
	slices.Sort(out)
	return out
}

func median(samples []sample) time.Duration {
	s := sorted(samples)
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// look notes, of a cold start, how long the early service was up before the
// slow image was there.
func (b *bench) look(c *contender) error {
	if b.early == "" {
		return nil
	}
	var early struct{ State struct{ StartedAt time.Time } }
	var slow struct{ Created time.Time }
	at := func(service string) string { return "/containers/" + c.project + "-" + service + "-1/json" }
	if err := cmp.Or(b.engine.get(at(b.early), &early), b.engine.get(at(b.slowest), &slow)); err != nil {
		return err
	}
	c.extra = append(c.extra, fmt.Sprintf("%s was ready %.1f s before %s was there", b.early,
		slow.Created.Sub(early.State.StartedAt.Add(ready)).Seconds(), b.slowest))
	return nil
}

// version measures the start of the process itself, against a program that does
// nothing and has the same clients linked in.
func (o options) version(dir string) error {
	empty := filepath.Join(dir, "empty")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", empty, "./e2e/bench/testdata/empty")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	stack := &contender{name: "stack version"}
	floor := &contender{name: "empty program"}
	for range 4 * o.runs {
		for _, c := range []*contender{stack, floor} {
			cmd := exec.Command(empty)
			if c == stack {
				cmd = exec.Command(o.stack, "version")
			}
			s, err := timedRun(cmd)
			if err != nil {
				return err
			}
			c.samples = append(c.samples, s)
		}
	}
	heading("version")
	for _, c := range []*contender{stack, floor} {
		row(c, median(floor.samples), "0")
	}
	return nil
}
