package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/stackfile/stack"
	"github.com/stackfile/stack/cmd/stack/internal/progress"
	"github.com/stackfile/stack/spec"
)

// annotate has GitHub show a failure at the line of its service.
func (p *program) annotate(f stack.Failure) {
	at := spec.Position{}
	if f.At != nil {
		at = *f.At
	}
	p.annotation(at, strings.Join(failure(f), "\n"))
}

// annotateFindings has GitHub show what is wrong with a stack file where it
// stands.
func (p *program) annotateFindings(err error) {
	var file *spec.FileError
	if !errors.As(err, &file) {
		return
	}
	for _, f := range file.Findings {
		at := spec.Position{File: f.File, Line: f.Line, Column: f.Column}
		f.File = ""
		p.annotation(at, f.String())
	}
}

// annotation writes one command of GitHub Actions, where that runs the program.
// JSON stays JSON: its readers have the place in the failure's record.
func (p *program) annotation(at spec.Position, text string) {
	if p.Env["GITHUB_ACTIONS"] != "true" || p.mode() == progress.JSON {
		return
	}
	where := "title=stack"
	if at.File != "" && at.Line > 0 {
		where = fmt.Sprintf("file=%s,line=%d,col=%d,title=stack", property.Replace(p.inRepository(at.File)), at.Line, at.Column)
	}
	_, _ = fmt.Fprintf(p.Stderr, "::error %s::%s\n", where, message.Replace(text))
}

// The characters that GitHub wants escaped: in a message, and in a property of
// a command.
var (
	message  = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// inRepository is a file's path from the top of the repository, as annotations
// want it.
func (p *program) inRepository(file string) string {
	full := file
	if !filepath.IsAbs(full) {
		full = filepath.Join(p.Dir, full)
	}
	path, err := filepath.Rel(p.Env["GITHUB_WORKSPACE"], full)
	if err != nil || path == ".." || strings.HasPrefix(path, "../") {
		return file
	}
	return filepath.ToSlash(path)
}
