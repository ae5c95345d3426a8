package stack_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/reconciler"
	"github.com/stackfile/stack/spec"
)

// failed is an apply of which one action failed.
func failed(op plan.Op, err error, skips ...reconciler.Skip) *stack.ApplyError {
	action := plan.Action{ID: "it", Change: plan.Change{Verb: plan.Create, Object: "container", Name: "p-web-1", Service: "web"}, Op: op}
	e := &stack.ApplyError{Result: stack.Result{Plan: &plan.Plan{}}}
	e.Failed = []*reconciler.ActionError{{Action: action, Err: err}}
	e.Skipped = skips
	return e
}

func TestAnExitIsExplained(t *testing.T) {
	for _, c := range []struct {
		err     engine.NotReadyError
		code    string
		meaning string
	}{
		{engine.NotReadyError{Cause: "unhealthy"}, "none", ""},
		{engine.NotReadyError{Cause: "exited with code 0"}, "0", ""},
		{engine.NotReadyError{ExitCode: 1}, "1", "the program failed"},
		{engine.NotReadyError{ExitCode: 77}, "77", ""},
		{engine.NotReadyError{ExitCode: 137}, "137", "killed (SIGKILL)"},
		{engine.NotReadyError{ExitCode: 137, OOMKilled: true}, "137", "out of memory: it needs more than mem_limit allows"},
		{engine.NotReadyError{ExitCode: 126}, "126", "the command cannot be executed: not a program, or not permitted"},
	} {
		f := stack.Failures(failed(engine.WaitContainer{}, &c.err), nil)[0]
		code := "none"
		if f.ExitCode != nil {
			code = fmt.Sprint(*f.ExitCode)
		}
		if code != c.code || f.Meaning != c.meaning {
			t.Errorf("%+v: code %s, %q; want %s, %q", c.err, code, f.Meaning, c.code, c.meaning)
		}
	}
}

func TestAFailureSaysWhatToDo(t *testing.T) {
	for _, c := range []struct{ err, want string }{
		{"driver failed: Bind for 0.0.0.0:80 failed: port is already allocated", "publish another port"},
		{"invalid mount config: bind source path does not exist: /x", "make the file or folder"},
		{`exec: "nope": executable file not found in $PATH`, "see command and entrypoint"},
		{"pull access denied for web", "docker login"},
		{"manifest unknown", "has no such tag"},
		{"something else", "try again with: stack up"},
	} {
		if got := stack.Failures(failed(engine.StartContainer{}, errors.New(c.err)), nil)[0].Next; !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q in it", c.err, got, c.want)
		}
	}
	build := &engine.BuildError{Image: "web", Step: "[2/2] RUN make", Cause: "exit code: 2", Logs: []string{"no rule"}}
	f := stack.Failures(failed(engine.BuildImage{}, build), nil)[0]
	if f.Next != "mend what it is built from, then: stack build web" || !reflect.DeepEqual(f.Logs, []string{"no rule"}) {
		t.Errorf("a build: %+v", f)
	}
}

func TestAFailureNamesItsLineAndWhatItSkipped(t *testing.T) {
	of := func(id, service string) reconciler.Skip {
		return reconciler.Skip{Action: plan.Action{ID: id, Change: plan.Change{Object: "container", Name: id, Service: service}}, Cause: "it"}
	}
	other := of("c", "api")
	other.Cause = "another"
	desired := &spec.Stack{Positions: map[string]spec.Position{"web": {File: "stack.yaml", Line: 3, Column: 5}}}
	f := stack.Failures(failed(engine.StartContainer{}, errors.New("no"), of("a", "web"), of("b", "front"), of("b2", "front"), other, of("n", "")), desired)[0]
	if want := []string{"front", "container n"}; !reflect.DeepEqual(f.Skipped, want) {
		t.Errorf("skipped %v, want %v", f.Skipped, want)
	}
	if f.At == nil || *f.At != desired.Positions["web"] {
		t.Errorf("at %v, want %v", f.At, desired.Positions["web"])
	}
	if want := "create container p-web-1: no"; f.Error != want {
		t.Errorf("error %q, want %q", f.Error, want)
	}
}
