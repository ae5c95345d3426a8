package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/lock"
)

// lockOptions say how a command that changes something takes the lock.
func (p *program) lockOptions() lock.Options {
	patience := p.globals.lockTimeout
	if patience == 0 {
		patience = -1 // where 0 is the default
	}
	return lock.Options{
		Command: p.command, Patience: patience, Now: p.Now,
		Waiting: func(h lock.Holder) { p.say("note", "waiting for the lock, held by "+h.String()) },
		Retry:   func(ctx context.Context, try func() error) error { return stack.Retry(ctx, nil, try) },
	}
}

func lockCommand(p *program) *cobra.Command {
	c := &cobra.Command{
		Use:   "lock COMMAND",
		Short: "Look at the project's lock",
		Long:  "lock looks at the lock that a command which changes a project holds meanwhile.",
		Args:  unknownLockCommand,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(lockStatusCommand(p))
	return c
}

func unknownLockCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return &UsageError{fmt.Sprintf("command %q: unknown", "lock "+args[0]), usage(c)}
}

func lockStatusCommand(p *program) *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "status [FLAGS]",
		Short: "Say who holds the project's lock",
		Long: `lock status prints who holds the project's lock, since when, and whether that
process is alive, where that can be told from here. Every command that changes a
project holds it meanwhile; another one waits for it, ten minutes unless
--lock-timeout says otherwise. From a dead holder the next command takes it over;
that of a holder elsewhere that is no more goes with stack unlock.

It changes nothing. With -p NAME no file is needed.`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if format != "" && format != "text" && format != "json" {
				return &UsageError{fmt.Sprintf("--format %q: want text or json", format), usage(c)}
			}
			return p.lockStatus(c, format)
		},
	}
	c.Flags().StringVar(&format, "format", "", "`FORM` of the answer: text or json")
	return c
}

// lockStatus is the JSON form of a lock's status.
type lockStatus struct {
	Project string       `json:"project"`
	Held    bool         `json:"held"`
	Holder  *lock.Holder `json:"holder,omitempty"`
	Life    lock.Life    `json:"life,omitempty"`
}

func (p *program) lockStatus(c *cobra.Command, format string) error {
	project, err := p.project(c.Context(), nil)
	if err != nil {
		return err
	}
	e, err := p.open(c.Context())
	if err != nil {
		return err
	}
	status, err := look(c.Context(), e, project.Name)
	if err != nil {
		return err
	}
	if format == "json" {
		text, err := json.Marshal(lockStatus{project.Name, status.Holder != nil, status.Holder, status.Life})
		p.answer(string(text) + "\n")
		return err
	}
	p.answer(p.lockText(status))
	return nil
}

func look(ctx context.Context, e engine.Reader, project string) (status lock.Status, err error) {
	err = stack.Retry(ctx, nil, func() error {
		status, err = lock.Look(ctx, e, project, lock.Self())
		return err
	})
	return status, err
}

func (p *program) lockText(s lock.Status) string {
	if s.Holder == nil {
		return "free\n"
	}
	life := map[lock.Life]string{lock.Alive: "it is alive", lock.Dead: "it is dead", lock.Unknown: "whether it is alive cannot be told from here"}
	ago := p.Now().Sub(s.Holder.Since).Round(time.Second)
	return fmt.Sprintf("held by %s (%s ago); %s\n", s.Holder, max(0, ago), life[s.Life])
}

func unlockCommand(p *program) *cobra.Command {
	var force bool
	c := &cobra.Command{
		Use:   "unlock [FLAGS]",
		Short: "Take the project's lock away from a holder that is no more",
		Long: `unlock removes the project's lock. It is for a lock whose holder is gone and that
nobody else can know to be gone: after a restart of the machine, or when it ran
on another one. See stack lock status. A holder that loses its lock while it
runs begins nothing new.

With -p NAME no file is needed.`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			project, err := p.project(c.Context(), nil)
			if err != nil {
				return err
			}
			return p.unlock(c, project, force)
		},
	}
	c.Flags().BoolVar(&force, "force", false, "even from a holder that is alive")
	return c
}

func (p *program) unlock(c *cobra.Command, project stack.Project, force bool) error {
	e, err := p.open(c.Context())
	if err != nil {
		return err
	}
	if p.globals.dryRun {
		status, err := look(c.Context(), e, project.Name)
		if err == nil {
			p.answer(p.lockText(status))
		}
		return err
	}
	by, err := lock.Break(c.Context(), e, project.Name, force, p.lockOptions())
	switch held := new(lock.HeldError); {
	case errors.As(err, &held):
		return fmt.Errorf("unlock: %w", err)
	case err != nil:
		return err
	case by == nil:
		p.say("note", "nobody holds the lock of project "+project.Name)
	default:
		p.say("note", "unlocked; it was held by "+by.String())
	}
	return nil
}

// heldHint says what to do about a lock that another holds.
func heldHint(e *lock.HeldError) string {
	if e.Life == lock.Alive {
		return "try again when it is done, or wait longer with --lock-timeout"
	}
	return "wait longer with --lock-timeout; or, if that process is no more: stack unlock"
}

// lost tells that the lock went while it was held, and of what failed before.
func (p *program) lost(err error) {
	var apply *stack.ApplyError
	if errors.As(err, &apply) {
		p.failures(apply)
	}
	var lost *lock.LostError
	if errors.As(err, &lost) {
		p.fail(lost.Error(), "nothing new was begun; when nobody else changes the project, run it again")
	}
}
