package main

import (
	"fmt"

	"github.com/spf13/pflag"
)

// A RefusedError says that a flag or a command of docker compose is known and not
// taken, and why.
type RefusedError struct{ Flag, Command, Reason string }

func (e *RefusedError) Error() string {
	if e.Command != "" {
		return fmt.Sprintf("command %q: not supported: %s", e.Command, e.Reason)
	}
	return fmt.Sprintf("--%s: not supported: %s", e.Flag, e.Reason)
}

// refused is the value of such a flag. Switching it off is fine.
type refused struct{ name, kind, reason string }

func (r *refused) String() string   { return "" }
func (r *refused) Type() string     { return r.kind }
func (r *refused) IsBoolFlag() bool { return r.kind == "bool" }

func (r *refused) Set(value string) error {
	if r.kind == "bool" && value == "false" {
		return nil
	}
	return &RefusedError{Flag: r.name, Reason: r.reason}
}

// refuse adds a flag that is refused by name. kind is bool or string.
func refuse(fs *pflag.FlagSet, name, kind, reason string) {
	refuseP(fs, name, "", kind, reason)
}

func refuseP(fs *pflag.FlagSet, name, short, kind, reason string) {
	f := fs.VarPF(&refused{name, kind, reason}, name, short, reason)
	f.Hidden = true
	if kind == "bool" {
		f.NoOptDefVal = "true"
	}
}

// useless adds a flag that docker compose takes and that has no effect there
// either; using it is worth a warning.
func useless(p *program, fs *pflag.FlagSet, name string) { uselessP(p, fs, name, "") }

func uselessP(p *program, fs *pflag.FlagSet, name, short string) {
	f := fs.VarPF(&ignored{p, name}, name, short, "has no effect, as in docker compose")
	f.Hidden = true
	f.NoOptDefVal = "true"
}

type ignored struct {
	program *program
	name    string
}

func (i *ignored) String() string   { return "" }
func (i *ignored) Type() string     { return "bool" }
func (i *ignored) IsBoolFlag() bool { return true }

func (i *ignored) Set(string) error {
	i.program.say("warning", "--"+i.name+" has no effect")
	return nil
}
