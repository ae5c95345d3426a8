package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/stackfile/stack/cmd/stack/internal/progress"
	"github.com/stackfile/stack/lock"
)

// globals are the flags that every command takes, before its name or after.
type globals struct {
	files, profiles, envFiles []string
	project, directory        string
	progress, ansi            string
	parallel                  int
	lockTimeout               time.Duration
	dryRun, noANSI, version   bool
	strictEnv                 bool
	allResources, compatible  bool
	verbose                   bool
	insecure                  []string
}

func (g *globals) add(fs *pflag.FlagSet, env map[string]string) {
	fs.StringArrayVarP(&g.files, "file", "f", nil, "stack `FILE`, - for standard input; several are merged, later ones over earlier ones")
	fs.StringVarP(&g.project, "project-name", "p", "", "`NAME` of the project; with it alone, most commands need no file")
	fs.StringArrayVar(&g.profiles, "profile", nil, "`PROFILE` to activate")
	fs.StringVar(&g.directory, "project-directory", "", "`FOLDER` that relative paths start from (default: that of the first file)")
	fs.StringVar(&g.directory, "workdir", "", "former name of --project-directory")
	fs.StringArrayVar(&g.envFiles, "env-file", nil, "`FILE` of variables in place of .env")
	fs.BoolVar(&g.strictEnv, "strict-env", false, "a variable that is not set, and has no default, is an error and no warning")
	fs.StringVar(&g.ansi, "ansi", or(env["COMPOSE_ANSI"], "auto"), "`WHEN` to use colors and move the cursor: never, always or auto")
	fs.BoolVar(&g.noANSI, "no-ansi", false, "former name of --ansi never")
	fs.StringVar(&g.progress, "progress", or(env["COMPOSE_PROGRESS"], "auto"), "`HOW` progress shows: auto, tty, plain, json or quiet")
	fs.IntVar(&g.parallel, "parallel", number(env["COMPOSE_PARALLEL_LIMIT"]), "at most `N` operations at once; -1 for no limit, 0 for the default")
	fs.DurationVar(&g.lockTimeout, "lock-timeout", lock.DefaultPatience, "`DURATION` to wait while another command changes the project; 0 for not at all")
	fs.BoolVar(&g.dryRun, "dry-run", false, "say what would be done, and do nothing")
	fs.BoolVar(&g.allResources, "all-resources", false, "networks and volumes that no service uses, too")
	fs.BoolVar(&g.compatible, "compatibility", enabled(env, "COMPOSE_COMPATIBILITY"), "join the parts of names by _, as docker-compose 1 did (web_1, not web-1)")
	fs.StringArrayVar(&g.insecure, "insecure-registry", nil, "`HOST` of stack files that may be talked to without TLS; for images see the engine's daemon.json")
	fs.BoolVar(&g.verbose, "verbose", false, "the same as --progress plain")
	for _, name := range []string{"workdir", "no-ansi", "insecure-registry", "verbose"} {
		fs.Lookup(name).Hidden = true
	}
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

func number(text string) int {
	n, _ := strconv.Atoi(text) // a bad one is reported by check
	return n
}

// check refuses values that no command could honour.
func (p *program) check() error {
	switch p.globals.ansi {
	case "never", "always", "auto":
	default:
		return fmt.Errorf("--ansi %q: want never, always or auto", p.globals.ansi)
	}
	switch progress.Mode(p.globals.progress) {
	case "auto", progress.TTY, progress.Plain, progress.JSON, progress.Quiet:
	default:
		return fmt.Errorf("--progress %q: want auto, tty, plain, json or quiet", p.globals.progress)
	}
	if limit := p.Env["COMPOSE_PARALLEL_LIMIT"]; limit != "" {
		if _, err := strconv.Atoi(limit); err != nil {
			return fmt.Errorf("COMPOSE_PARALLEL_LIMIT %q: not a number", limit)
		}
	}
	if p.globals.lockTimeout < 0 {
		return fmt.Errorf("--lock-timeout %s: below 0", p.globals.lockTimeout)
	}
	return nil
}

// enabled reads a variable that switches something on.
func (p *program) enabled(name string) bool { return enabled(p.Env, name) }

func enabled(env map[string]string, name string) bool {
	on, err := strconv.ParseBool(env[name])
	return err == nil && on
}

// spread lets every command take the global flags after its name too. Where a
// command has a flag of that letter, its own wins, as -f of logs. Only those
// commands can run, or be completed, whose names are among the arguments: the
// others would get their flags for nothing, at each start.
func (g *globals) spread(root *cobra.Command, args []string) {
	for _, command := range all(root) {
		if !slices.ContainsFunc(args, func(arg string) bool { return arg == command.Name() || command.HasAlias(arg) }) {
			continue
		}
		own := command.Flags()
		root.Flags().VisitAll(func(f *pflag.Flag) {
			if _, dockers := f.Annotations[dockersFlag]; dockers || f.Name == "version" || f.Name == "help" || own.Lookup(f.Name) != nil {
				return
			}
			inherited := *f
			inherited.Hidden = true
			inherited.Annotations = map[string][]string{globalFlag: nil}
			if own.ShorthandLookup(f.Shorthand) != nil {
				inherited.Shorthand = ""
			}
			own.AddFlag(&inherited)
		})
	}
}

// all are the commands below a command, each before its own.
func all(root *cobra.Command) (out []*cobra.Command) {
	for _, c := range root.Commands() {
		out = append(append(out, c), all(c)...)
	}
	return out
}

// globalFlag marks a global flag in a command's own set.
const globalFlag = "global"

func (p *program) parallel() int {
	if p.globals.parallel < 0 {
		return 1 << 20
	}
	return p.globals.parallel
}

// mode is the progress that fits: the tree in a terminal, else lines.
func (p *program) mode() progress.Mode {
	switch {
	case p.globals.progress != "auto":
		return progress.Mode(p.globals.progress)
	case p.globals.verbose:
		return progress.Plain
	case terminal(p.progressTo()) && p.ansi() != "never" && p.Env["TERM"] != "dumb":
		return progress.TTY
	}
	return progress.Plain
}

func (p *program) ansi() string {
	if p.globals.noANSI {
		return "never"
	}
	return p.globals.ansi
}

// color reports whether text to w is colored.
func (p *program) color(w any) bool {
	switch p.ansi() {
	case "always":
		return true
	case "never":
		return false
	}
	return terminal(w) && p.Env["NO_COLOR"] == "" && p.Env["TERM"] != "dumb"
}

func terminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// progressTo is where progress shows.
func (p *program) progressTo() io.Writer {
	if p.enabled("COMPOSE_STATUS_STDOUT") {
		return p.Stdout
	}
	return p.Stderr
}

// size is that of the terminal in which progress shows.
func (p *program) size() (width, height int) {
	if f, ok := p.progressTo().(*os.File); ok {
		if w, h, err := term.GetSize(int(f.Fd())); err == nil && w > 0 && h > 0 {
			return w, h
		}
	}
	return 80, 24
}
