package stack

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/stackfile/stack/engine"
)

// A Line is one line of a container's output, its end of line taken off.
type Line struct {
	Container string // its name
	Service   string
	Text      string
	Stderr    bool
}

// A Viewer is the part of an engine that logs need.
type Viewer interface {
	engine.Reader
	engine.Stream
}

// Logs hands the output of the selected containers to emit, line by line, from
// one goroutine. What is there already comes in the order in which it was
// written, over all containers. When opts.Follow is set, lines come as they
// arrive, those of containers started later too, until none of the selected
// containers runs any more or ctx ends.
func Logs(ctx context.Context, e Viewer, p Project, sel Selection, opts engine.LogOptions, emit func(Line)) error {
	list, err := Containers(ctx, e, p, sel)
	if err != nil {
		return err
	}
	if !opts.Follow {
		return history(ctx, e, list, opts, emit)
	}
	f := newFollower(e, p)
	f.wanted = func(c engine.ContainerEvent) bool {
		return sel.Index == 0 && sel.has(engine.Container{Service: c.Service})
	}
	f.emit, f.timestamps, f.settled = emit, opts.Timestamps, true
	if err := f.watch(ctx); err != nil {
		return err
	}
	for _, c := range list {
		f.begin(c, opts)
	}
	return f.loop()
}

// tail hands each line of one container's log to emit.
func tail(ctx context.Context, e engine.Stream, c engine.Container, opts engine.LogOptions, emit func(Line)) error {
	line := func(stderr bool) *lineWriter {
		return &lineWriter{emit: func(text string) {
			emit(Line{Container: c.Name, Service: c.Service, Text: text, Stderr: stderr})
		}}
	}
	stdout, stderr := line(false), line(true)
	err := e.Logs(ctx, c.ID, opts, stdout, stderr)
	stdout.flush()
	stderr.flush()
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("logs of %s: %w", c.Name, err)
	}
	return ctx.Err()
}

// history merges the logs of the containers by the time of each line. Each log
// is read as far as the merge has come, so that none is held in memory.
func history(ctx context.Context, e engine.Stream, list []engine.Container, opts engine.LogOptions, emit func(Line)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	logs := make([]*timedLog, len(list))
	for i, c := range list {
		logs[i] = openTimed(ctx, e, c, opts)
	}
	for {
		next, err := earliest(logs)
		if next == nil || err != nil {
			return err
		}
		line := next.head.Line
		if opts.Timestamps {
			line.Text = next.head.stamp + line.Text
		}
		emit(line)
		next.head = nil
	}
}

// earliest returns the log whose next line was written first, or nil when all
// have ended.
func earliest(logs []*timedLog) (*timedLog, error) {
	var first *timedLog
	for _, l := range logs {
		if err := l.fill(); err != nil {
			return nil, err
		}
		if l.head != nil && (first == nil || l.head.time.Before(first.head.time)) {
			first = l
		}
	}
	return first, nil
}

// timedLog is one log on its way into the merge.
type timedLog struct {
	lines <-chan timedLine
	ended <-chan error
	head  *timedLine
	last  time.Time
}

type timedLine struct {
	Line
	time  time.Time
	stamp string // as the engine wrote it, with the blank behind it
}

func openTimed(ctx context.Context, e engine.Stream, c engine.Container, opts engine.LogOptions) *timedLog {
	opts.Timestamps = true
	lines, ended := make(chan timedLine, 64), make(chan error, 1)
	go func() {
		ended <- tail(ctx, e, c, opts, func(l Line) {
			select {
			case lines <- timed(l):
			case <-ctx.Done():
			}
		})
		close(lines)
	}()
	return &timedLog{lines: lines, ended: ended}
}

// fill reads the next line, unless it is there.
func (l *timedLog) fill() error {
	if l.head != nil || l.lines == nil {
		return nil
	}
	line, ok := <-l.lines
	if !ok {
		l.lines = nil
		return <-l.ended
	}
	if line.time.Before(l.last) { // a line without a time, or a clock set back: order within a log is kept
		line.time = l.last
	}
	l.head, l.last = &line, line.time
	return nil
}

// timed takes the engine's time stamp off a line.
func timed(l Line) timedLine {
	stamp, text, ok := bytes.Cut([]byte(l.Text), []byte(" "))
	at, err := time.Parse(time.RFC3339Nano, string(stamp))
	if err != nil {
		return timedLine{Line: l}
	}
	l.Text = string(text)
	if ok {
		stamp = append(stamp, ' ')
	}
	return timedLine{Line: l, time: at, stamp: string(stamp)}
}

// lineWriter cuts what is written into lines.
type lineWriter struct {
	emit func(string)
	rest []byte
}

var _ io.Writer = (*lineWriter)(nil)

func (w *lineWriter) Write(p []byte) (int, error) {
	w.rest = append(w.rest, p...)
	for {
		line, rest, ok := bytes.Cut(w.rest, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		w.emit(string(bytes.TrimSuffix(line, []byte("\r"))))
		w.rest = rest
	}
}

// flush emits a last line that has no end.
func (w *lineWriter) flush() {
	if len(w.rest) > 0 {
		w.emit(string(w.rest))
		w.rest = nil
	}
}
