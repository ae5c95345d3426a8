package planner

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// A recovery is one generation while what it left out is looked for: in the
// containers that have it by their marks, and in what the user gave.
type recovery struct {
	generation engine.Generation
	observed   engine.State
	opts       RollbackOptions
	used       map[string]bool   // of the given values, by name
	texts      map[string]string // by pointer
	missing    []string
}

// wants reports whether the values of a service are needed: it is to go back,
// and has containers.
func (r *recovery) wants(service string) bool {
	chosen := len(r.opts.Services) == 0 || slices.Contains(r.opts.Services, service)
	return chosen && r.generation.Stack.Services[service].Replicas > 0
}

// values looks for each text that was left out.
func (r *recovery) values() {
	for _, pointer := range sortedKeys(r.generation.Withheld) {
		steps := engine.Steps(pointer)
		if steps[0] == "Services" && !r.wants(steps[1]) {
			continue
		}
		names := r.names(steps)
		if text, ok := r.given(names...); ok {
			if r.isFile(steps) {
				text = digest([]byte(text))
			}
			r.texts[pointer] = text
			continue
		}
		if text, ok := r.found(pointer, steps); ok {
			r.texts[pointer] = text
			continue
		}
		r.missing = append(r.missing, names[0])
	}
}

// isFile reports whether steps lead to the digest of a secret.
func (r *recovery) isFile(steps []string) bool {
	return len(steps) == 6 && steps[2] == "Container" && steps[3] == "files"
}

// names are what people call a value: web.DB_PASSWORD of an environment, or for
// all services DB_PASSWORD; secrets.db_password of a file; else the way to it.
func (r *recovery) names(steps []string) []string {
	switch {
	case r.isFile(steps):
		return []string{r.generation.Stack.Services[steps[1]].Container.Files[steps[4]].Source}
	case steps[0] != "Services":
		return []string{strings.ToLower(steps[0]) + "." + strings.Join(steps[1:], ".")}
	case len(steps) == 5 && steps[3] == "environment":
		return []string{steps[1] + "." + steps[4], steps[4]}
	case steps[2] == "Container":
		return []string{steps[1] + "." + strings.Join(steps[3:], ".")}
	}
	return []string{strings.Join(steps[1:], ".")}
}

// given is the user's value of one of the names.
func (r *recovery) given(names ...string) (string, bool) {
	for _, name := range names {
		if value, ok := r.opts.Values[name]; ok {
			r.used[name] = true
			return value, true
		}
	}
	return "", false
}

// found is the value of a container that has the same as those of the
// generation had. What networks and volumes were made from is read from those
// that are there: an engine cannot change it.
func (r *recovery) found(pointer string, steps []string) (value string, ok bool) {
	rest := engine.Pointer(steps[2:]...)
	switch steps[0] {
	case "Networks":
		return engine.Lookup(r.observed.Networks[r.generation.Stack.Networks[steps[1]].Name].Recorded, rest)
	case "Volumes":
		return engine.Lookup(r.observed.Volumes[r.generation.Stack.Volumes[steps[1]].Name].Recorded, rest)
	}
	eachHolder(r.observed, pointer, func(c engine.Container, rest, has string) {
		if !ok && slices.Contains(r.generation.Withheld[pointer], c.Mark(rest)) {
			value, ok = has, true
		}
	})
	return value, ok
}

// files looks for the contents of configs and secrets: the digests say which are
// the right ones.
func (r *recovery) files(s *spec.Stack) {
	for _, name := range sortedKeys(s.Services) {
		if !r.wants(name) {
			continue
		}
		service := s.Services[name]
		service.Files, service.Container.Files = maps.Clone(service.Files), maps.Clone(service.Container.Files)
		service.Container.Mounts = maps.Clone(service.Container.Mounts)
		for _, target := range sortedKeys(service.Container.Files) {
			r.file(&service, target)
		}
		s.Services[name] = service
	}
}

func (r *recovery) file(s *spec.Service, target string) {
	file := s.Container.Files[target]
	if slices.Contains(r.missing, file.Source) {
		return
	}
	content, given := []byte(nil), false
	if text, ok := r.given(file.Source); ok {
		content, given = []byte(text), true
		file.Digest = digest(content)
		s.Container.Files[target] = file
	}
	to, copied := s.Files[target]
	bound := s.Container.Mounts[target].Source
	switch there, ok := r.contents(s.Name, target, file.Digest, bound); {
	case ok && !copied: // what is bound is what it was
	case ok:
		to.Content = there
		s.Files[target] = to
	case given:
		to.Content = content
		s.Files = union(s.Files, map[string]spec.FileContent{target: to})
		delete(s.Container.Mounts, target) // it is not on the host any more
	default:
		r.missing = append(r.missing, file.Source)
	}
}

// contents are those in a container of the service that have a digest, bound
// from the same place if they are bound.
func (r *recovery) contents(service, target, wanted, bound string) ([]byte, bool) {
	for _, c := range r.observed.Containers {
		content, ok := c.Contents[target]
		if ok && c.Service == service && digest(content) == wanted && c.Recorded.Mounts[target].Source == bound {
			return content, true
		}
	}
	return nil, false
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return "sha256:" + hex.EncodeToString(sum[:])
}
