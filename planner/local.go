package planner

import (
	"slices"

	"github.com/stackfile/stack/spec"
)

// A LocalError says that services bind files of this machine on an engine that
// cannot have them. Nothing has been touched.
type LocalError struct{ Findings []spec.Finding }

func (e *LocalError) Error() string { return (&spec.FileError{Findings: e.Findings}).Error() }

// checkLocal refuses binds of the project's own files on another machine. The engine
// would make empty folders of them, and nobody would know why nothing is there.
func (u *up) checkLocal(s spec.Service) error {
	var found []spec.Finding
	for _, l := range s.Local {
		if l.Own && u.desired.Distance == spec.Elsewhere && u.replicas(s) > 0 {
			found = append(found, spec.Finding{
				File: l.At.File, Line: l.At.Line, Column: l.At.Column, Field: l.Field,
				Message: l.Source + " is on this machine, and the engine is on another one",
				Hint:    "use a volume, copy it into the image, or make it a config; STACK_SHARED_PATHS=1 says that both machines have the same files",
			})
		}
	}
	if len(found) == 0 {
		return nil
	}
	return &LocalError{found}
}

// remarkLocal tells of binds that mean what another machine has.
func (u *up) remarkLocal(s spec.Service) {
	if len(s.Local) == 0 || !slices.ContainsFunc(u.turns[s.Name], func(r *replica) bool { return r.begun != "" }) {
		return
	}
	var sources []string
	for _, l := range s.Local {
		sources = append(sources, l.Source)
	}
	u.note(s.Name, "the engine is on another machine, and binds what that one has: %s", some(sources))
}
