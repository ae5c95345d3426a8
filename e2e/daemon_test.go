//go:build e2e

package e2e_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A daemon is an engine of a test's own, to be treated badly. It lives in network
// and mount namespaces of its own: beside another engine in one network
// namespace it would take that one's bridge, and what it mounts is gone with it.
// A process that only sleeps holds the namespaces while it is down.
type daemon struct {
	t      testing.TB
	dir    string
	host   string // for DOCKER_HOST
	holder *exec.Cmd
	cmd    *exec.Cmd // nil while it is down
	log    *os.File
	api    api
}

// newDaemon starts one, with the test image, until the test ends. size is that of
// its storage, in memory, as tmpfs takes it; "" for the disk.
func newDaemon(t *testing.T, size string) *daemon {
	t.Helper()
	for _, program := range []string{"dockerd", "unshare", "nsenter"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("an engine of the test's own needs %s on this machine: %v", program, err)
		}
	}
	if os.Geteuid() != 0 {
		t.Skip("an engine of the test's own needs root")
	}
	d := &daemon{t: t}
	t.Cleanup(d.end) // of what is there by then
	d.prepare(size)
	d.start()
	d.loadProbe()
	return d
}

func (d *daemon) check(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// prepare makes its folder, its namespaces and its storage.
func (d *daemon) prepare(size string) {
	d.t.Helper()
	var err error
	d.dir, err = os.MkdirTemp("/var/tmp", "stack-e2e-engine") // overlay needs a real file system below
	d.check(err)
	d.check(os.Mkdir(filepath.Join(d.dir, "data"), 0o755))
	d.log, err = os.Create(filepath.Join(d.dir, "log"))
	d.check(err)
	d.host = "unix://" + filepath.Join(d.dir, "s")
	d.api = apiOf(d.t, d.host)
	script := "exec sleep infinity"
	if size != "" {
		script = "mount -t tmpfs -o size=" + size + " tmpfs " + filepath.Join(d.dir, "data") + " && " + script
	}
	d.holder = exec.Command("unshare", "--net", "--mount", "--propagation", "private", "sh", "-c", script)
	d.holder.Stdout, d.holder.Stderr = d.log, d.log
	d.check(d.holder.Start())
	d.settle()
}

// settle waits until the holder is in its namespaces, with the storage mounted.
func (d *daemon) settle() {
	d.t.Helper()
	d.until("the namespaces are there", func() bool {
		name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", d.holder.Process.Pid))
		return string(name) == "sleep\n"
	})
}

// until looks again and again: nothing tells of what these tests wait for.
func (d *daemon) until(what string, holds func() bool) {
	d.t.Helper()
	for limit := time.Now().Add(deadline); !holds(); <-time.After(20 * time.Millisecond) {
		if time.Now().After(limit) {
			text, _ := os.ReadFile(d.log.Name())
			d.t.Fatalf("waiting until %s: not within %s; the engine says\n%s", what, deadline, text)
		}
	}
}

// start returns when it answers.
func (d *daemon) start() {
	d.t.Helper()
	d.check(d.launch())
	d.until("the engine answers", func() bool {
		_, err := d.api.try(http.MethodGet, "/_ping", nil, nil)
		return err == nil
	})
}

func (d *daemon) launch() error {
	at := func(name string) string { return filepath.Join(d.dir, name) }
	_ = os.Remove(at("pid")) // of one that was killed: its number may be another's by now
	d.cmd = exec.Command("nsenter", "--net", "--mount", "--target", strconv.Itoa(d.holder.Process.Pid),
		"dockerd", "--host", d.host, "--data-root", at("data"), "--exec-root", at("exec"), "--pidfile", at("pid"), "--log-level", "warn")
	d.cmd.Stdout, d.cmd.Stderr = d.log, d.log
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return d.cmd.Start()
}

// stop sends it a signal, and returns when it has gone.
func (d *daemon) stop(sig syscall.Signal) {
	if d.cmd == nil {
		return
	}
	beside := filepath.Join(d.dir, "exec", "containerd", "containerd.pid")
	text, _ := os.ReadFile(beside)
	_ = d.cmd.Process.Signal(sig)
	_ = d.cmd.Wait() // its exit status is that of the signal
	d.cmd = nil
	// The next one would wait in vain for what dies with this one.
	if pid, err := strconv.Atoi(string(text)); err == nil {
		for limit := time.Now().Add(deadline); lives(pid) && time.Now().Before(limit); <-time.After(20 * time.Millisecond) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		_ = os.Remove(beside)
	}
}

// lives reports whether a process is there that has not ended.
func lives(pid int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(status), ") ")
	return err == nil && !strings.HasPrefix(rest, "Z")
}

// restart is stop and start, for a goroutine beside the test's: it fails nothing.
func (d *daemon) restart(sig syscall.Signal) error {
	d.stop(sig)
	if err := d.launch(); err != nil {
		return err
	}
	for limit := time.Now().Add(deadline); time.Now().Before(limit); <-time.After(20 * time.Millisecond) {
		if _, err := d.api.try(http.MethodGet, "/_ping", nil, nil); err == nil {
			return nil
		}
	}
	return errors.New("the engine does not come back")
}

// loadProbe brings the test image over from the other engine.
func (d *daemon) loadProbe() {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	save := exec.CommandContext(ctx, "docker", "save", probeImage)
	load := exec.CommandContext(ctx, "docker", "--host", d.host, "load", "--quiet")
	pipe, err := save.StdoutPipe()
	d.check(err)
	load.Stdin, load.Stdout = pipe, io.Discard
	load.Stderr = d.log
	d.check(errors.Join(save.Start(), load.Start()))
	d.check(errors.Join(load.Wait(), save.Wait()))
}

// end stops it and takes away all that it has left: processes by their number,
// those in its mount namespace, and its folder.
func (d *daemon) end() {
	if d.t.Failed() && d.log != nil {
		text, _ := os.ReadFile(d.log.Name())
		d.t.Logf("--- the engine's log ---\n%s", text)
	}
	if d.cmd != nil {
		for _, id := range strings.Fields(tryDocker("--host", d.host, "ps", "-aq")) {
			tryDocker("--host", d.host, "rm", "-fv", id)
		}
	}
	d.stop(syscall.SIGTERM)
	if d.holder != nil && d.holder.Process != nil {
		d.killAll()
		_ = d.holder.Process.Kill()
		_ = d.holder.Wait()
	}
	if err := os.RemoveAll(d.dir); err != nil && d.dir != "" {
		d.t.Logf("left behind: %v", err)
	}
}

// killAll ends what still lives in the mount namespace: shims of an engine that
// was killed.
func (d *daemon) killAll() {
	namespace := func(pid string) string {
		name, _ := os.Readlink("/proc/" + pid + "/ns/mnt")
		return name
	}
	holder := strconv.Itoa(d.holder.Process.Pid)
	ours := namespace(holder)
	if ours == "" || ours == namespace("self") {
		return
	}
	processes, _ := filepath.Glob("/proc/[0-9]*")
	for _, process := range processes {
		pid := filepath.Base(process)
		if n, err := strconv.Atoi(pid); err == nil && pid != holder && namespace(pid) == ours {
			_ = syscall.Kill(n, syscall.SIGKILL)
		}
	}
}

// sandbox is one whose engine is this.
func (d *daemon) sandbox(files string) *sandbox {
	d.t.Helper()
	s := &sandbox{t: d.t, name: "e2e-" + strings.ToLower(rand.Text()[:8]), dir: d.t.TempDir(), wire: wireTo(d.t, d.host)}
	s.write(files)
	return s
}
