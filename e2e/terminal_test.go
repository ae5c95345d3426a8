//go:build e2e

package e2e_test

import (
	"bytes"
	"cmp"
	"context"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// A seat is a person at a terminal in which the program runs.
type seat struct {
	t      testing.TB
	cmd    *exec.Cmd
	master *os.File
	mutex  sync.Mutex // the reading goroutine writes what is seen
	seen   bytes.Buffer
	more   chan struct{}
	over   chan struct{} // the terminal has no more to read
}

// sit runs the program in a terminal of 100 by 30.
func (s *sandbox) sit(args ...string) *seat {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), cmp.Or(s.patience, deadline))
	cmd := exec.CommandContext(ctx, stackBinary, args...)
	cmd.Dir, cmd.Env = s.dir, append(s.environment(), "TERM=xterm")
	master, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 30, Cols: 100})
	if err != nil {
		s.t.Fatal(err)
	}
	p := &seat{t: s.t, cmd: cmd, master: master, more: make(chan struct{}, 1), over: make(chan struct{})}
	s.t.Cleanup(func() {
		cancel()
		_ = master.Close() // what was there to see was seen
	})
	go p.read()
	return p
}

func (p *seat) read() {
	defer close(p.over)
	for buffer := make([]byte, 4096); ; {
		n, err := p.master.Read(buffer)
		p.mutex.Lock()
		p.seen.Write(buffer[:n])
		p.mutex.Unlock()
		select {
		case p.more <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

func (p *seat) screen() string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.seen.String()
}

func (p *seat) types(text string) {
	p.t.Helper()
	if _, err := p.master.WriteString(text); err != nil {
		p.t.Fatal(err)
	}
}

// sees returns when the screen matches, after what was there before.
func (p *seat) sees(pattern string) {
	p.t.Helper()
	for limit := time.After(deadline); !regexp.MustCompile(pattern).MatchString(p.screen()); {
		select {
		case <-p.more:
		case <-limit:
			p.t.Fatalf("nothing matches %q on\n%q", pattern, p.screen())
		}
	}
}

// leaves returns the exit status.
func (p *seat) leaves(want int) {
	p.t.Helper()
	_ = p.cmd.Wait() // its status is what is asked for
	if got := p.cmd.ProcessState.ExitCode(); got != want {
		p.t.Errorf("exit status %d, want %d\n%q", got, want, p.screen())
	}
}

const seated = `
-- stack.yaml --
services:
  shell:
    image: debian:bookworm-slim
    command: [sh]
    tty: true
    stdin_open: true
    init: true
`

// resizesAndInterrupts gives the terminal another size, which its shell has to learn
// of, and interrupts a program of the shell.
func (p *seat) resizesAndInterrupts() {
	p.t.Helper()
	if err := pty.Setsize(p.master, &pty.Winsize{Rows: 33, Cols: 111}); err != nil {
		p.t.Fatal(err)
	}
	p.types("until stty size | grep '33 111'; do sleep 0.1; done\r")
	p.sees(`[^']33 111\r\n`)
	p.types("tail -f /etc/debian_version\r")
	p.sees(`12\.\d+\r\n`) // now it is tail that the signal is for
	p.types("\x03")
	p.sees(`\^C`)
	p.types("echo $((60+6))\r")
	p.sees(`[^+]66\r\n`)
}

func TestRunInATerminal(t *testing.T) {
	s := newSandbox(t, seated)
	p := s.sit("run", "--rm", "shell", "bash", "--norc")
	p.sees(`bash-5\S+# $`)
	p.types("until stty size | grep '30 100'; do sleep 0.1; done; echo $((40+2))\r")
	p.sees(`30 100\r\n42\r\n`)
	p.resizesAndInterrupts()
	p.types("exit 9\r")
	p.leaves(9)
	if names := s.oneOffs(); len(names) > 0 {
		t.Errorf("left %q", names)
	}
}

func TestExecInATerminal(t *testing.T) {
	s := newSandbox(t, seated)
	s.run("up", "-d")
	p := s.sit("exec", "shell", "bash", "--norc")
	p.sees(`bash-5\S+# $`)
	p.types("tty; until stty size | grep '30 100'; do sleep 0.1; done\r")
	p.sees(`/dev/pts/\d+\r\n30 100\r\n`)
	p.resizesAndInterrupts()
	p.types("\x10\x11")
	p.leaves(0)
	p = s.sit("exec", "shell", "sh", "-c", "exit 11")
	p.leaves(11)
	s.try("exec", "-T", "shell", "sh", "-c", "tty").says("not a tty")
}

func TestAttachInATerminal(t *testing.T) {
	s := newSandbox(t, seated)
	s.run("up", "-d")
	p := s.sit("attach", "shell")
	p.types("until stty size | grep '30 100'; do sleep 0.1; done; echo $((40+2))\r")
	p.sees(`30 100\r\n42\r\n`)
	p.resizesAndInterrupts()
	p.types("\x10\x11")
	p.leaves(0)
	p = s.sit("attach", "--detach-keys", "ctrl-a,x", "shell")
	p.types("echo $((40+3)) \x10\x11\x7f\x7f\r")
	p.sees(`\r\n43`)
	p.types("\x01x")
	p.leaves(0)
	if c := s.container("shell"); c.State.Status != "running" {
		t.Errorf("a detach left it %s", c.State.Status)
	}
	s.try("attach", "--index", "2", "shell").ended(1)
	p = s.sit("attach", "shell")
	p.types("exit 6\r")
	p.leaves(6)
}

func TestAttachSendsSignalsOn(t *testing.T) {
	s := newSandbox(t, `
-- stack.yaml --
services:
  web:
    image: debian:bookworm-slim
    command: [sh, -c, "trap 'echo caught; exit 9' INT; while :; do echo tick; sleep 0.1; done"]
`)
	s.run("up", "-d")
	p := s.begin("attach", "--sig-proxy=false", "--no-stdin", "web")
	p.await("tick")
	p.signal(syscall.SIGINT)
	p.wait().ended(130)
	p = s.begin("attach", "web")
	p.await("tick")
	p.signal(syscall.SIGINT)
	p.wait().ended(9).says("caught")
}

func TestUpInATerminalIsStoppedByCtrlC(t *testing.T) {
	s := newSandbox(t, `
-- stack.yaml --
services:
  polite: {image: "${PROBE}"}
  deaf: {image: "${PROBE}", command: [-ignore-term], stop_grace_period: 1m}
`)
	p := s.sit("up")
	p.sees(`deaf-1 +.*\| .*serving`)
	p.sees(`polite-1 +.*\| .*serving`)
	p.types("\x03")
	p.sees(`polite-1 .*exited with code 0`)
	p.types("\x03")
	p.leaves(130)
	s.wantStopped("polite")
	if c := s.container("deaf"); c.State.ExitCode != 137 {
		t.Errorf("deaf ended with %d", c.State.ExitCode)
	}
	if !strings.Contains(p.screen(), "stopping") {
		t.Errorf("nothing of stopping on\n%q", p.screen())
	}
}
