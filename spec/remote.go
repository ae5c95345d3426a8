package spec

import (
	"context"
	"fmt"
)

// remotely finds the path here of a file that stands elsewhere; elsewhere is
// false for what names a file here.
type remotely func(name string) (path string, elsewhere bool, err error)

func (o LoadOptions) remote(ctx context.Context) remotely {
	if o.Remote == nil {
		return func(string) (string, bool, error) { return "", false, nil }
	}
	return func(name string) (string, bool, error) { return o.Remote(ctx, name) }
}

// fetch puts the paths here in place of files that stand elsewhere.
func (in *input) fetch(ctx context.Context, files []string, opts LoadOptions) ([]string, error) {
	out := make([]string, len(files))
	first := true
	for i, name := range files {
		path, elsewhere, err := opts.remote(ctx)(name)
		if err != nil {
			return nil, &FileError{Findings: []Finding{{File: anonymous(name), Message: "cannot be fetched: " + anonymous(err.Error())}}}
		}
		if out[i] = name; elsewhere {
			out[i] = path
			in.elsewhere = in.elsewhere || first
		}
		first = first && name == "-"
	}
	return out, nil
}

// begin settles where the project begins, and reports whether it is another
// folder than before. A file from elsewhere makes the working folder a project,
// which gives the name and .env, while its own paths begin where it is, as docker
// compose has it. Were the project's folder the one that the file was fetched to,
// each commit would be another project.
func (in *input) begin(files []string, opts LoadOptions) bool {
	before := in.home
	in.home = opts.projectDir(files)
	if in.elsewhere {
		in.home, opts.ProjectDirectory = opts.projectDir(nil), ""
	}
	in.dir = opts.projectDir(files)
	return in.home != before
}

// pathOf is the path of a file that is named in another one, fetched if it stands
// elsewhere.
func (r *reader) pathOf(name, dir string) (string, error) {
	path, elsewhere, err := r.remote(name)
	switch {
	case err != nil:
		return "", fmt.Errorf("cannot fetch %s: %w", name, err)
	case elsewhere:
		return path, nil
	}
	return absolute(dir, name), nil
}

// located is pathOf for an entry of a file, which what is wrong is reported at.
func (r *reader) located(item *node, fieldName string, s scope) (path string, ok bool) {
	path, err := r.pathOf(item.text(), s.dir)
	if err != nil {
		r.report(item.at.finding(fieldName, anonymous(err.Error()), ""))
	}
	return path, err == nil
}

var credentials = pattern(`(https?://)[^/\s@]+@`)

// anonymous is a text without who asks in its URLs: a token may stand for the
// user.
func anonymous(text string) string { return credentials().ReplaceAllString(text, "$1***@") }
