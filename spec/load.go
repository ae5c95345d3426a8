package spec

import (
	"cmp"
	"context"
	"io"
	"slices"
)

// LoadOptions say what to load. Only Dir is required.
type LoadOptions struct {
	Dir              string    // the working folder, absolute
	Files            []string  // stack files, later ones over earlier ones; "-" is Stdin. Empty: looked for
	Stdin            io.Reader // read when a file is "-"
	Project          string    // the project's name; "": from the variables, the files, or the folder
	ProjectDirectory string    // what relative paths are relative to; "": the first file's folder
	Profiles         []string  // active profiles, "*" for all; empty: COMPOSE_PROFILES
	EnvFiles         []string  // files of variables; empty: COMPOSE_ENV_FILES, or .env
	// Env is the environment of the process. Load reads no other.
	Env map[string]string
	// Services are those named on the command line: each activates its own
	// profiles. An unknown one is an *UnknownServiceError.
	Services []string
	// StrictEnv makes a variable an error that has neither a value nor a
	// default, in place of a warning.
	StrictEnv bool
	// AllResources counts networks and volumes that no active service uses, too.
	AllResources bool
	// Compatibility has the parts of names joined by _, as docker-compose did
	// before its version 2.
	Compatibility bool
	// Credentials gives the docker command's config.json with what the user's
	// registries want to see, for services that use the API socket; it is called
	// only if there is one. nil: no credentials.
	Credentials func() ([]byte, error)
	// Socket is where the engine's machine has the engine's socket, for services
	// that use it; "": /var/run/docker.sock.
	Socket string
	// Distance is how far the engine is from this machine's files.
	Distance Distance
	// Remote fetches a file that stands elsewhere, by what names it in include,
	// extends, COMPOSE_FILE or Files, and returns its path here, the same each time;
	// ok is false for what names a file here. nil: all files are here.
	Remote func(ctx context.Context, name string) (path string, ok bool, err error)
	// Contexts has the files of build contexts looked at too, for
	// Service.Sources.
	Contexts bool
}

// Load reads a stack file, and the files that belong to it, into a Stack. When
// files are wrong, the error is a *FileError with every finding; when there is
// none to be found, a *NoFileError. The Stack is the caller's; what it warns of
// is in its Warnings.
func Load(ctx context.Context, opts LoadOptions) (*Stack, error) {
	r, err := read(ctx, opts)
	if err != nil {
		return nil, err
	}
	s, err := r.resolve(ctx)
	if err == nil && opts.Contexts {
		addSources(s)
	}
	return s, err
}

// A reading is a stack whose files are read and found to be right.
type reading struct {
	*input
	reader   *reader
	scope    scope
	tree     *node
	warnings []Finding
	unknown  error // an *UnknownServiceError; found only after what is wrong with the files
}

// read does all of Load up to and with the checks.
func read(ctx context.Context, opts LoadOptions) (*reading, error) {
	r, findings, err := readTree(ctx, opts, false)
	if err != nil {
		return nil, err
	}
	c := newChecker(r.input, r.tree, findings)
	if err := c.run(); err != nil {
		return nil, err
	}
	if err := r.unknown; err != nil {
		return nil, err
	}
	r.warnings = sorted(append(r.warnings, c.warnings...))
	return r, nil
}

// readUnchecked reads the files and leaves out the checks; raw leaves out the
// variables too. What cannot be read at all is a *FileError.
func readUnchecked(ctx context.Context, opts LoadOptions, raw bool) (*reading, error) {
	r, findings, err := readTree(ctx, opts, raw)
	switch {
	case err != nil:
		return nil, err
	case len(findings) > 0:
		return nil, &FileError{Findings: sorted(findings)}
	}
	return r, r.unknown
}

func readTree(ctx context.Context, opts LoadOptions, raw bool) (*reading, []Finding, error) {
	in, err := locate(ctx, opts)
	if err != nil {
		return nil, nil, err
	}
	if err := in.nameFrom(in.fileName()); err != nil {
		return nil, nil, err
	}
	r := newReader(opts.Dir)
	r.remote = opts.remote(ctx)
	r.warnings, r.strict, r.all, r.compatible = in.warnings, opts.StrictEnv, opts.AllResources, opts.Compatibility
	if !raw {
		if r.schema, err = composeSchema(); err != nil {
			return nil, nil, err
		}
	}
	s := scope{dir: in.dir, env: in.env, origins: in.origins, raw: raw, parsed: newParsed()}
	tree := r.files(ctx, s, in.sources)
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	out := &reading{input: in, reader: r, scope: s, tree: tree, warnings: r.warnings}
	out.unknown = in.activate(tree, opts)
	return out, r.findings, nil
}

// sorted orders findings by file and place, and leaves one of those that say
// the same of one place, as an anchor used twice makes them.
func sorted(list []Finding) []Finding {
	slices.SortStableFunc(list, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), a.Line-b.Line, a.Column-b.Column,
			cmp.Compare(a.Message, b.Message), cmp.Compare(a.Field, b.Field))
	})
	return slices.CompactFunc(list, func(a, b Finding) bool {
		a.Field, b.Field = "", ""
		return a == b && a.Line > 0
	})
}
