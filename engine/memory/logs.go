package memory

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/stackfile/stack/engine"
)

// line is one line of output, with its newline if it has one.
type line struct {
	at     time.Time
	stderr bool
	text   string
}

func (c *container) write(at time.Time, stderr bool, text string) {
	for l := range strings.Lines(text) {
		c.output = append(c.output, line{at, stderr, l})
	}
}

// Print has a container write text to its standard output.
func (e *Engine) Print(name, text string) {
	Drift{e}.change(name, func(c *container) { c.write(e.now(), false, text) })
}

// Logs writes what the container has written. When following, it goes on until
// the container stops or is removed.
func (e *Engine) Logs(ctx context.Context, container string, opts engine.LogOptions, stdout, stderr io.Writer) error {
	r, err := e.reader(container, opts, map[bool]io.Writer{false: stdout, true: stderr})
	if err != nil {
		return fmt.Errorf("logs of container %s: %w", container, err)
	}
	for {
		changed, ended, err := r.read()
		if err != nil || !opts.Follow || ended {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// reader is one reading of a container's output.
type reader struct {
	e            *Engine
	c            *container
	opts         engine.LogOptions
	since, until time.Time          // zero: no bound
	next         int                // the line to go on with
	out          map[bool]io.Writer // by whether a line is of stderr
}

func (e *Engine) reader(name string, opts engine.LogOptions, out map[bool]io.Writer) (*reader, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.reads++
	c, err := e.get(name)
	if err != nil {
		return nil, err
	}
	r := &reader{e: e, c: c, opts: opts, out: out}
	if r.since, err = e.moment(opts.Since); err != nil {
		return nil, err
	}
	if r.until, err = e.moment(opts.Until); err != nil {
		return nil, err
	}
	if opts.Tail != "" && opts.Tail != "all" {
		n, err := strconv.Atoi(opts.Tail)
		if err != nil {
			return nil, fmt.Errorf("tail %q: %w", opts.Tail, err)
		}
		r.next = max(0, len(c.output)-n)
	}
	return r, nil
}

// moment reads RFC 3339, or a duration before now; zero for "".
func (w *world) moment(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if before, err := time.ParseDuration(text); err == nil {
		return w.now().Add(-before), nil
	}
	return time.Parse(time.RFC3339, text)
}

// read writes what is new. changed tells when to look again, ended that there
// will be nothing more.
func (r *reader) read() (changed <-chan struct{}, ended bool, err error) {
	r.e.mu.Lock()
	lines := r.c.output[r.next:]
	r.next = len(r.c.output)
	changed = r.e.changed
	ended = !r.c.runs() || r.e.containers[r.c.id] == nil
	r.e.mu.Unlock()
	for _, l := range lines {
		if err := r.print(l); err != nil {
			return nil, true, err
		}
	}
	return changed, ended, nil
}

func (r *reader) print(l line) error {
	if l.at.Before(r.since) || !r.until.IsZero() && l.at.After(r.until) {
		return nil
	}
	if r.opts.Timestamps {
		l.text = l.at.Format(time.RFC3339Nano) + " " + l.text
	}
	_, err := io.WriteString(r.out[l.stderr], l.text)
	return err
}
