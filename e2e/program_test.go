//go:build e2e

package e2e_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A result is what became of one run of the program.
type result struct {
	t      testing.TB
	args   []string
	stdout string
	stderr string
	code   int
	calls  []call // to the engine, meanwhile
	took   time.Duration
}

// run runs the program, which must succeed.
func (s *sandbox) run(args ...string) result {
	s.t.Helper()
	r := s.try(args...)
	if r.code != 0 {
		s.t.Fatalf("stack %s: exit status %d\n%s%s", strings.Join(args, " "), r.code, r.stdout, r.stderr)
	}
	return r
}

// try runs the program, whatever its exit status.
func (s *sandbox) try(args ...string) result {
	s.t.Helper()
	return s.begin(args...).wait()
}

// A process is the program while it runs.
type process struct {
	s       *sandbox
	cmd     *exec.Cmd
	args    []string
	cancel  context.CancelFunc
	before  int // calls at the wire
	begun   time.Time
	stdout  output
	stderr  output
	changed chan struct{} // some output came, or the end
}

// output is what came on one stream so far.
type output struct {
	mu   sync.Mutex // written by exec's goroutine
	text bytes.Buffer
	more chan struct{}
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.more <- struct{}{}:
	default:
	}
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// begin starts the program in the sandbox's folder. A run that outlives the
// deadline is made to show its goroutines.
func (s *sandbox) begin(args ...string) *process {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), cmp.Or(s.patience, deadline))
	p := &process{s: s, args: args, cancel: cancel, begun: time.Now(), before: len(s.wire.since(0)), changed: make(chan struct{}, 1)}
	p.stdout.more, p.stderr.more = p.changed, p.changed
	command := append(slices.Clone(s.through), args...)
	if s.through == nil {
		command = append([]string{stackBinary}, args...)
	}
	p.cmd = exec.CommandContext(ctx, command[0], command[1:]...)
	p.cmd.Dir, p.cmd.Env = s.dir, s.environment()
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGQUIT) }
	p.cmd.WaitDelay = 10 * time.Second
	if err := p.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(p.end)
	return p
}

// environment is what the program sees: nothing of the user's but the search
// path and the home folder.
func (s *sandbox) environment() []string {
	return append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "DOCKER_HOST=" + s.wire.host,
		"COMPOSE_PROJECT_NAME=" + s.name, "PROBE=" + probeImage,
	}, s.env...)
}

// wait returns when the program has ended.
func (p *process) wait() result {
	p.s.t.Helper()
	defer p.cancel()
	err := p.cmd.Wait()
	r := result{
		t: p.s.t, args: p.args, stdout: p.stdout.String(), stderr: p.stderr.String(),
		calls: p.s.wire.since(p.before), took: time.Since(p.begun), code: p.cmd.ProcessState.ExitCode(),
	}
	p.s.last = "$ stack " + strings.Join(p.args, " ") + "\n" + r.stdout + r.stderr
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		p.s.t.Fatalf("stack %s: %v\n%s", strings.Join(p.args, " "), err, p.s.last)
	}
	return r
}

// end sees to it that a run does not outlive its test.
func (p *process) end() {
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	}
	p.cancel()
}

func (p *process) signal(sig os.Signal) {
	p.s.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.s.t.Fatal(err)
	}
}

// await returns when the program has written something that matches.
func (p *process) await(pattern string) {
	p.s.t.Helper()
	want, limit := regexp.MustCompile(pattern), time.After(deadline)
	for !want.MatchString(p.stdout.String() + p.stderr.String()) {
		select {
		case <-p.changed:
		case <-limit:
			p.s.t.Fatalf("stack %s: nothing matches %q in\n%s%s", strings.Join(p.args, " "), pattern, p.stdout.String(), p.stderr.String())
		}
	}
}

// mutations are the calls that could change something.
func (r result) mutations() []call { return filter(r.calls, call.mutates) }

// changedNothing holds the run to calls that only read.
func (r result) changedNothing() {
	r.t.Helper()
	if m := r.mutations(); len(m) > 0 {
		r.t.Errorf("stack %s: changes something: %v\n%s%s", strings.Join(r.args, " "), m, r.stdout, r.stderr)
	}
}

// ended holds the run to an exit status.
func (r result) ended(code int) result {
	r.t.Helper()
	if r.code != code {
		r.t.Fatalf("stack %s: exit status %d, want %d\n%s%s", strings.Join(r.args, " "), r.code, code, r.stdout, r.stderr)
	}
	return r
}

// says holds both outputs together to texts.
func (r result) says(patterns ...string) result {
	r.t.Helper()
	for _, pattern := range patterns {
		if !regexp.MustCompile(pattern).MatchString(r.stdout + r.stderr) {
			r.t.Errorf("stack %s: nothing matches %q in\n%s%s", strings.Join(r.args, " "), pattern, r.stdout, r.stderr)
		}
	}
	return r
}

// decode reads JSON from the standard output: one value, or one for each line.
func decode[T any](r result) (out []T) {
	r.t.Helper()
	text := strings.TrimSpace(r.stdout)
	if strings.HasPrefix(text, "[") {
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			r.t.Fatalf("stack %s: %v\n%s", strings.Join(r.args, " "), err, text)
		}
		return out
	}
	for d := json.NewDecoder(bufio.NewReader(strings.NewReader(text))); ; {
		var v T
		if err := d.Decode(&v); errors.Is(err, io.EOF) {
			return out
		} else if err != nil {
			r.t.Fatalf("stack %s: %v\n%s", strings.Join(r.args, " "), err, text)
		}
		out = append(out, v)
	}
}
