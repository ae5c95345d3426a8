package main

import (
	"context"
	"strings"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/cmd/stack/internal/progress"
	"github.com/stackfile/stack/plan"
	"github.com/stackfile/stack/reconciler"
)

// converge reaches a goal and shows the way there; with --dry-run it prints the
// plan instead. skip says which kinds of operation are not worth showing.
func (p *program) converge(ctx context.Context, goal stack.Goal, skip func(kind string) bool) (stack.Result, error) {
	e, err := p.open(ctx)
	if err != nil {
		return stack.Result{}, err
	}
	if p.globals.dryRun {
		return stack.Result{}, p.preview(ctx, goal)
	}
	options, err := p.applyOptions(skip)
	if err != nil {
		return stack.Result{}, err
	}
	result, err := stack.Apply(ctx, e, goal, options)
	p.warn(result)
	return result, err
}

// applyOptions show what happens in the view that the user asked for.
func (p *program) applyOptions(skip func(kind string) bool) (stack.Options, error) {
	view, err := progress.New(p.mode(), progress.Options{
		Out: p.progressTo(), Color: p.color(p.progressTo()), Size: p.size, Now: p.Now, Skip: skip,
	})
	if err != nil {
		return stack.Options{}, err
	}
	p.view = view
	return stack.Options{
		Parallel: p.parallel(), Abort: p.abort, Lock: p.lockOptions(),
		Events: func(e reconciler.Event) {
			p.remember(e)
			view.Event(e)
		},
		Planned: func(made *plan.Plan) error {
			p.notes(made)
			view.Plan(made)
			return nil
		},
	}, nil
}

func (p *program) notes(made *plan.Plan) {
	for _, n := range made.Notes {
		p.say("note", strings.TrimPrefix(n.String(), "note: "))
	}
}

// warn tells what the engine answered beside success.
func (p *program) warn(result stack.Result) {
	for _, w := range result.Warnings {
		p.say("warning", w.Action.Change.String()+": "+w.Text)
	}
	if result.Unrecorded != nil {
		p.say("warning", "rollback cannot come back to this state: "+result.Unrecorded.Error())
	}
}

// preview prints what would be done.
func (p *program) preview(ctx context.Context, goal stack.Goal) error {
	made, err := p.plan(ctx, goal)
	if err != nil {
		return err
	}
	p.answer(p.colored(made.Text()))
	return nil
}

// plan looks and plans, and is handed only a reader.
func (p *program) plan(ctx context.Context, goal stack.Goal) (*plan.Plan, error) {
	e, err := p.open(ctx)
	if err != nil {
		return nil, err
	}
	return stack.Plan(ctx, e, goal)
}

// verbColors are the colors of changes: what is new, what changes, what goes.
var verbColors = map[plan.Verb]string{
	plan.Create: "32", plan.Start: "32", plan.Unpause: "32", plan.Run: "32",
	plan.Pull: "36", plan.Build: "36", plan.Push: "36", plan.Commit: "36",
	plan.Update: "33", plan.Rename: "33", plan.Restart: "33", plan.Replace: "33", plan.Pause: "33",
	plan.Stop: "31", plan.Kill: "31", plan.Remove: "31",
}

// colored paints the lines of a plan's text that tell a change.
func (p *program) colored(text string) string {
	if !p.color(p.Stdout) {
		return text
	}
	lines := strings.SplitAfter(text, "\n")
	for i, line := range lines {
		verb, _, _ := strings.Cut(strings.TrimPrefix(line, "  "), " ")
		if code, ok := verbColors[plan.Verb(verb)]; ok && strings.HasPrefix(line, "  ") {
			lines[i] = "\x1b[" + code + "m" + strings.TrimSuffix(line, "\n") + "\x1b[0m\n"
		}
	}
	return strings.Join(lines, "")
}
