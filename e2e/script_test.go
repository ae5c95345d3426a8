//go:build e2e

package e2e_test

import (
	"errors"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs the scenarios of testdata/script. Beside testscript's own
// verbs they have
//
//	stack ARGS    runs the program; with !, it must fail
//	status N      holds the last run of it to an exit status
//	readonly      holds the last run of it to calls that change nothing
//	docker ARGS   runs docker
//
// and $PROJECT and $PROBE in the environment.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		Setup:               setUpScript,
		Deadline:            time.Now().Add(10 * time.Minute),
		RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"stack": scriptStack, "status": scriptStatus, "readonly": scriptReadonly, "docker": scriptDocker,
		},
	})
}

// A scriptRun is what a script did last.
type scriptRun struct {
	sandbox *sandbox
	calls   []call
	code    int
}

type scriptKey struct{}

func setUpScript(env *testscript.Env) error {
	t, ok := env.T().(testing.TB)
	if !ok {
		return errors.New("testscript does not run under package testing")
	}
	s := sandboxAt(t, env.WorkDir)
	for _, entry := range s.environment() {
		key, value, _ := strings.Cut(entry, "=")
		env.Setenv(key, value)
	}
	env.Setenv("PROJECT", s.name)
	env.Values[scriptKey{}] = &scriptRun{sandbox: s}
	return nil
}

func lastRun(ts *testscript.TestScript) *scriptRun {
	run, ok := ts.Value(scriptKey{}).(*scriptRun)
	if !ok {
		ts.Fatalf("the script was not set up")
	}
	return run
}

func scriptStack(ts *testscript.TestScript, neg bool, args []string) {
	run := lastRun(ts)
	before := len(run.sandbox.wire.since(0))
	err := ts.Exec(stackBinary, args...)
	run.calls, run.code = run.sandbox.wire.since(before), 0
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		run.code = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("stack %s: %v", strings.Join(args, " "), err)
	}
	if failed := run.code != 0; failed != neg {
		ts.Fatalf("stack %s: exit status %d", strings.Join(args, " "), run.code)
	}
}

func scriptStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: status N")
	}
	if run := lastRun(ts); strconv.Itoa(run.code) != args[0] {
		ts.Fatalf("exit status %d, want %s", run.code, args[0])
	}
}

func scriptReadonly(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: readonly")
	}
	if m := filter(lastRun(ts).calls, call.mutates); len(m) > 0 {
		ts.Fatalf("changes something: %v", m)
	}
}

func scriptDocker(ts *testscript.TestScript, neg bool, args []string) {
	if err := ts.Exec("docker", args...); (err != nil) != neg {
		ts.Fatalf("docker %s: %v", strings.Join(args, " "), err)
	}
}
