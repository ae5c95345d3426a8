package spec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A NoFileError says that there is no stack file, and where it was looked for.
type NoFileError struct {
	Dir   string   // the folder where the search began; it went on upwards
	Names []string // of the files looked for
}

func (e *NoFileError) Error() string {
	return fmt.Sprintf("no stack file in %s or above: looked for %s", e.Dir, strings.Join(e.Names, ", "))
}

// An input is what a load starts from: files, variables, names.
type input struct {
	dir  string // where relative paths begin: the project's folder, unless the file stands elsewhere
	home string // the project's folder
	// elsewhere says that the first file does not stand here.
	elsewhere bool
	name      string // of the project; "" while only the files may know it
	fixed     bool   // name comes from a flag or variable
	env       map[string]string
	sources   []*source
	profiles  []string
	warnings  []Finding
	origins   *origins // of env

	credentials func() ([]byte, error) // as in LoadOptions
	socket      string                 // likewise
	distance    Distance               // likewise
}

// A family of names, the preferred one first, and the names of files laid over
// it. The order within docker compose's family is docker compose's.
type family struct{ names, overrides []string }

var families = []family{
	{[]string{"stack.yaml", "stack.yml"}, []string{"stack.override.yaml", "stack.override.yml"}},
	{
		[]string{"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"},
		[]string{"compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"},
	},
}

// locate finds the files, the variables and the names, as docker compose does.
func locate(ctx context.Context, opts LoadOptions) (*input, error) {
	in := &input{env: maps.Clone(opts.Env), origins: &origins{env: opts.Env}, credentials: opts.Credentials, socket: opts.Socket, distance: opts.Distance}
	if in.env == nil {
		in.env = map[string]string{}
	}
	files, err := in.find(ctx, opts)
	if err != nil {
		return nil, err
	}
	if err := in.open(files, opts); err != nil {
		return nil, err
	}
	in.profiles = opts.Profiles
	if len(in.profiles) == 0 {
		in.profiles = splitList(in.env["COMPOSE_PROFILES"], ",")
	}
	if err := in.fixName(opts); err != nil {
		return nil, err
	}
	return in, nil
}

// find returns the paths of the files, with the variables that stand beside them
// known.
func (in *input) find(ctx context.Context, opts LoadOptions) (files []string, err error) {
	if opts.Files, err = in.fetch(ctx, opts.Files, opts); err != nil {
		return nil, err
	}
	in.begin(opts.Files, opts)
	if err := in.addEnvFiles(opts); err != nil {
		return nil, err
	}
	if files, err = in.files(opts); err != nil {
		return nil, err
	}
	if files, err = in.fetch(ctx, files, opts); err != nil {
		return nil, err
	}
	// The folder of a file named by a variable, or found further up, has an
	// .env of its own; what is known already wins.
	if in.begin(files, opts) {
		return files, in.addEnvFiles(opts)
	}
	return files, nil
}

// projectDir is the folder that relative paths are relative to.
func (o LoadOptions) projectDir(files []string) string {
	if o.ProjectDirectory != "" {
		return absolute(o.Dir, o.ProjectDirectory)
	}
	for _, file := range files {
		if file != "-" {
			return filepath.Dir(absolute(o.Dir, file))
		}
	}
	return o.Dir
}

// addEnvFiles adds the variables of the env files below those that are there.
func (in *input) addEnvFiles(opts LoadOptions) error {
	files := opts.EnvFiles
	if len(files) == 0 {
		files = splitList(opts.Env["COMPOSE_ENV_FILES"], ",")
	}
	if len(files) > 0 {
		resolved := make([]string, len(files))
		for i, file := range files {
			resolved[i] = absolute(opts.Dir, file)
		}
		return in.mergeEnv(resolved, opts)
	}
	if off, err := strconv.ParseBool(cmpOr(opts.Env["COMPOSE_DISABLE_ENV_FILE"], "false")); err != nil {
		return fmt.Errorf("COMPOSE_DISABLE_ENV_FILE: %q is neither true nor false", opts.Env["COMPOSE_DISABLE_ENV_FILE"])
	} else if off {
		return nil
	}
	if file := filepath.Join(in.home, ".env"); isFile(file) {
		return in.mergeEnv([]string{file}, opts)
	}
	return nil
}

// mergeEnv reads env files. What is wrong in them is one *FileError.
func (in *input) mergeEnv(files []string, opts LoadOptions) error {
	r := &reader{dir: opts.Dir}
	var findings []Finding
	in.origins = in.origins.with(files)
	in.env = withEnvFiles(in.env, files, func(file string, err error) {
		findings = append(findings, envFinding(r.name(file), err))
	}, func(file, name string) {
		if opts.StrictEnv {
			findings = append(findings, unsetIn(file, r.name(file), name))
			return
		}
		in.warnings = append(in.warnings, Finding{File: r.name(file), Message: unsetText(name)})
	})
	if len(findings) > 0 {
		return &FileError{Findings: sorted(findings)}
	}
	return nil
}

func envFinding(name string, err error) Finding {
	var at *lineError
	switch {
	case !errors.As(err, &at):
		return Finding{File: name, Message: "cannot be read: " + reason(err)}
	case at.line == 0:
		return Finding{File: name, Line: 1, Column: 1, Message: at.text}
	}
	return Finding{File: name, Line: at.line, Column: 1, Message: at.text}
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func splitList(text, separator string) []string {
	var out []string
	for _, item := range strings.Split(text, separator) {
		if item = strings.TrimSpace(item); item != "" {
			out = append(out, item)
		}
	}
	return out
}

// files returns the paths of the stack files: from the flags, the variables,
// or a search upwards.
func (in *input) files(opts LoadOptions) ([]string, error) {
	if len(opts.Files) > 0 {
		return opts.Files, nil
	}
	for _, name := range []string{"STACK_FILE", "COMPOSE_FILE"} {
		if text := in.env[name]; text != "" {
			separator := cmpOr(in.env["COMPOSE_PATH_SEPARATOR"], string(os.PathListSeparator))
			return splitList(text, separator), nil
		}
	}
	var names []string
	for _, f := range families {
		names = append(names, f.names...)
	}
	start := in.dir
	for dir := start; ; dir = filepath.Dir(dir) {
		for _, f := range families {
			if files := in.pick(dir, f); len(files) > 0 {
				return files, nil
			}
		}
		if dir == filepath.Dir(dir) {
			return nil, &NoFileError{Dir: start, Names: names}
		}
	}
}

// pick returns the family's file in a folder with its override, if any.
func (in *input) pick(dir string, f family) []string {
	files := in.first(dir, f.names)
	if len(files) > 0 {
		files = append(files, in.first(dir, f.overrides)...)
	}
	return files
}

// first returns the first of the names that exists, and warns of others.
func (in *input) first(dir string, names []string) []string {
	var found []string
	for _, name := range names {
		if path := filepath.Join(dir, name); isFile(path) {
			found = append(found, path)
		}
	}
	if len(found) > 1 {
		in.warnings = append(in.warnings, Finding{
			File:    filepath.Base(found[0]),
			Message: "used, and not " + baseNames(found[1:]) + " beside it",
		})
	}
	return found[:min(len(found), 1)]
}

func baseNames(paths []string) string {
	var names []string
	for _, path := range paths {
		names = append(names, filepath.Base(path))
	}
	return strings.Join(names, ", ")
}

// open reads the files. Those that cannot be read are one *FileError.
func (in *input) open(files []string, opts LoadOptions) error {
	r := &reader{dir: opts.Dir}
	var findings []Finding
	for _, file := range files {
		src := &source{name: file, dir: in.dir}
		if filepath.IsAbs(file) && !slices.Contains(opts.Files, file) {
			src.name = r.name(file)
		}
		var err error
		if file == "-" {
			src.name = "<stdin>"
			if opts.Stdin == nil {
				return errors.New("standard input: none to read a stack file from")
			}
			src.text, err = io.ReadAll(opts.Stdin)
		} else {
			src.path = absolute(opts.Dir, file)
			src.text, err = os.ReadFile(src.path)
		}
		if err != nil {
			findings = append(findings, Finding{File: src.name, Message: "cannot be read: " + reason(err)})
		}
		in.sources = append(in.sources, src)
	}
	if len(findings) > 0 {
		return &FileError{Findings: sorted(findings)}
	}
	return nil
}

var validName = pattern(`^[a-z0-9][a-z0-9_-]*$`)

// fixName takes the project's name from the flag or the variable.
func (in *input) fixName(opts LoadOptions) error {
	name := cmpOr(opts.Project, in.env["COMPOSE_PROJECT_NAME"])
	if name == "" {
		return nil
	}
	if !validName().MatchString(name) {
		return fmt.Errorf("project name %q: must begin with a lower-case letter or a digit, and hold only those, dashes and underscores", name)
	}
	in.name, in.fixed = name, true
	return nil
}

// fileName is the project's name as the last file that has one gives it.
func (in *input) fileName() string {
	name := ""
	for _, src := range in.sources {
		if text := src.rootText("name"); text != "" {
			s := substitution{lookup: func(key string) (string, bool) { v, ok := in.env[key]; return v, ok }}
			name = s.expand(text)
		}
	}
	return name
}

// nameFrom settles the project's name from the last file that has one, or from
// the folder. The variable COMPOSE_PROJECT_NAME carries it from then on.
func (in *input) nameFrom(name string) error {
	if !in.fixed {
		in.name = normalName(cmpOr(normalName(name), filepath.Base(in.home)))
	}
	if in.name == "" {
		return fmt.Errorf("project name: the folder %s gives none; use -p, or name: in the file", in.home)
	}
	in.env["COMPOSE_PROJECT_NAME"] = in.name
	return nil
}

// normalName leaves of a text what a project's name may hold.
func normalName(text string) string {
	letters := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' || r == '-' {
			return r
		}
		return -1
	}, strings.ToLower(text))
	return strings.TrimLeft(letters, "_-")
}
