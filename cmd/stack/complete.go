package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/stackfile/stack/spec"
)

// completing reports whether a shell asks for words: then nothing else is worth
// the time.
func completing(args []string) bool {
	return len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd)
}

// completable tells each command which words may follow. What only the engine
// knows is not asked for: the file is read, and nothing is said about it.
func (p *program) completable(root *cobra.Command) {
	for _, c := range append(all(root), root) {
		if strings.Contains(c.Use, "SERVICE") && c.ValidArgsFunction == nil {
			c.ValidArgsFunction = p.completeServices
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if words := p.words(f.Name); words != nil {
				_ = c.RegisterFlagCompletionFunc(f.Name, words) // each flag once
			}
		})
	}
}

type completion = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective)

// fixed are the values of flags that have a few.
var fixed = map[string][]string{
	"progress": {"auto", "tty", "plain", "json", "quiet"}, "ansi": {"auto", "always", "never"},
	"pull": {"always", "missing", "never"}, "policy": {"missing", "always"}, "rmi": {"local", "all"},
	"on-failure": {"rollback", "stop", "continue"}, "protocol": {"tcp", "udp"},
	"status": {"created", "running", "paused", "restarting", "exited", "removing", "dead"},
	"format": {"table", "json"}, "signal": {"SIGHUP", "SIGINT", "SIGKILL", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2"},
}

// words are those of a flag; nil leaves it to the shell, which knows files.
func (p *program) words(flag string) completion {
	switch flag {
	case "file":
		return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
		}
	case "project-directory", "workdir":
		return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		}
	case "profile":
		return func(c *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
			return p.inFile(c.Context(), spec.ListProfiles, typed), cobra.ShellCompDirectiveNoFileComp
		}
	case "attach", "no-attach", "exit-code-from":
		return func(c *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
			return p.inFile(c.Context(), spec.ListServices, typed), cobra.ShellCompDirectiveNoFileComp
		}
	case "scale":
		return p.completeScales
	}
	if values, ok := fixed[flag]; ok {
		return cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
	}
	return nil
}

// completeServices completes the services that were not named yet. Commands with
// one service leave what follows it to the shell.
func (p *program) completeServices(c *cobra.Command, named []string, typed string) ([]string, cobra.ShellCompDirective) {
	if strings.Contains(c.Use, "SERVICE=") {
		return p.completeScales(c, named, typed)
	}
	many := strings.Contains(c.Use, "SERVICE...]") || strings.Contains(c.Use, "[SERVICE")
	if len(named) > 0 && !many {
		return nil, cobra.ShellCompDirectiveDefault
	}
	found := p.inFile(c.Context(), spec.ListServices, typed)
	return slices.DeleteFunc(found, func(name string) bool { return slices.Contains(named, name) }), cobra.ShellCompDirectiveNoFileComp
}

func (p *program) completeScales(c *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	if strings.Contains(typed, "=") {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	found := p.inFile(c.Context(), spec.ListServices, typed)
	for i := range found {
		found[i] += "="
	}
	return found, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}

// inFile are the names of the file that begin as typed; none when the file cannot
// be read, which the command itself will say.
func (p *program) inFile(ctx context.Context, what spec.Listing, typed string) []string {
	opts := p.loadOptions(nil)
	opts.Profiles, opts.Remote = []string{"*"}, nil
	found, err := spec.List(ctx, opts, what)
	if err != nil {
		return nil
	}
	slices.Sort(found)
	return slices.DeleteFunc(found, func(name string) bool { return !strings.HasPrefix(name, typed) })
}
