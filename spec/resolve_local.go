package spec

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// A Distance says whether an engine sees the files of this machine.
type Distance int

// The distances. At any but Here, configs and secrets are copied into containers
// and not bound.
const (
	Here      Distance = iota // it does
	Perhaps                   // it runs on another machine, which may have the same folders
	Elsewhere                 // it runs on another machine
)

// A Local is a file or folder that a service binds, by its path on this machine.
type Local struct {
	Source, Target string
	// Own is what belongs to the project: it has a relative path, or is in the
	// project's folder.
	Own   bool
	Field string
	At    Position
}

// locals are the binds of a service, for an engine that is not here.
func (r *resolver) locals(s types.ServiceConfig) (out []Local) {
	if r.distance == Here {
		return nil
	}
	for _, v := range s.Volumes {
		if v.Type == types.VolumeTypeBind {
			out = append(out, r.local(s.Name, v))
		}
	}
	return out
}

func (r *resolver) local(service string, v types.ServiceVolumeConfig) Local {
	i, written := r.volume(service, v.Target)
	below, err := filepath.Rel(r.home, v.Source)
	inside := err == nil && filepath.IsLocal(below)
	return r.placed(service, "volumes", i, Local{Source: v.Source, Target: v.Target, Own: inside || !filepath.IsAbs(written)})
}

// volume finds the entry that mounts something at target, and the source that is
// written there; -1 and target when there is none, as for what is extended from
// another file.
func (r *resolver) volume(service, target string) (i int, source string) {
	n := r.node(service, "volumes")
	if n == nil {
		return -1, target
	}
	for i, item := range slices.Backward(listed(n).items) {
		if item.get("target").text() == target {
			return i, item.get("source").text()
		}
		if before, _, short := strings.Cut(item.text(), ":"); short && strings.Contains(item.text()+":", ":"+target+":") {
			return i, before
		}
	}
	return -1, target
}

// placed says where a bind stands: at the entry i of a list, or else at the service.
func (r *resolver) placed(service, key string, i int, l Local) Local {
	f := r.finding(service, key, i, "")
	l.Field, l.At = f.Field, Position{File: f.File, Line: f.Line, Column: f.Column}
	if l.At.File == "" {
		l.At = r.node(service).position()
	}
	return l
}

// localsOf are the binds of a single run, which has some of its service's, and some of
// its own from a command line.
func (s *Stack) localsOf(run Service) (out []Local) {
	if s.Distance == Here {
		return nil
	}
	for target, m := range run.Container.Mounts {
		is := func(l Local) bool { return l.Target == target && l.Source == m.Source }
		if i := slices.IndexFunc(run.Local, is); i >= 0 {
			out = append(out, run.Local[i])
		} else if m.Type == types.VolumeTypeBind {
			below, err := filepath.Rel(s.WorkingDir, m.Source)
			out = append(out, Local{Source: m.Source, Target: target, Own: err == nil && filepath.IsLocal(below), Field: "volume " + target})
		}
	}
	slices.SortFunc(out, func(a, b Local) int { return strings.Compare(a.Target, b.Target) })
	return out
}

// localFile is a file that is bound for a config or secret.
func (r *resolver) localFile(out *Service, section, target, file string) {
	if r.distance != Here {
		out.Local = append(out.Local, r.placed(out.Name, section, -1, Local{Source: file, Target: target, Own: true}))
	}
}

// bound reports whether a config or secret from a file is bound and not copied: only
// a read-only container takes no copies.
func (r *resolver) bound(use types.FileReferenceConfig, object types.FileObjectConfig, readOnly bool) bool {
	plain := object.File != "" && use.UID == "" && use.GID == "" && use.Mode == nil
	return plain && (r.distance == Here || readOnly)
}
