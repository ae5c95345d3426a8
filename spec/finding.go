package spec

import (
	"fmt"
	"strings"
)

// A Finding is one thing that is wrong with a stack file, or worth a warning,
// and where it stands.
type Finding struct {
	File         string // as the user named it; "" when no file is to blame
	Line, Column int    // from 1; 0 when unknown
	Field        string // such as services.web.ports[0]
	Message      string // what is wrong, lower case
	Hint         string // what to do; "" for none
}

// String is the finding on one line, in the form compilers use, so that editors
// find the place; a hint follows on a line of its own.
func (f Finding) String() string {
	var b strings.Builder
	if f.File != "" {
		b.WriteString(f.File)
		if f.Line > 0 {
			fmt.Fprintf(&b, ":%d:%d", f.Line, f.Column)
		}
		b.WriteString(": ")
	}
	if f.Field != "" {
		b.WriteString(f.Field + ": ")
	}
	b.WriteString(f.Message)
	if f.Hint != "" {
		b.WriteString("\n  hint: " + f.Hint)
	}
	return b.String()
}

// A FileError holds every finding of a load that did not succeed, in the order
// of files and lines.
type FileError struct {
	Findings []Finding
	Causes   []error // those among the findings that have a type, such as *CycleError
}

// Unwrap lets errors.As find the causes.
func (e *FileError) Unwrap() []error { return e.Causes }

func (e *FileError) Error() string {
	lines := make([]string, len(e.Findings))
	for i, f := range e.Findings {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}
