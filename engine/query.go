package engine

import (
	"cmp"
	"maps"
	"slices"

	"github.com/stackfile/stack/spec"
)

// A Query says what a Snapshot holds.
type Query struct {
	Project  string   // containers, networks and volumes with the project's label; "" for those of all projects
	Networks []string // and these by name, such as external ones
	Volumes  []string // and these by name
	Images   []string // what these references mean now
	// Files are the targets, by service, at which another tool may have put a
	// file into a container that it made: their digests are read back.
	Files map[string][]string
	// Limits says that limits are desired: those that the engine cannot do are
	// looked for, also where none was asked for before.
	Limits bool
	// Host asks for the facts of the engine's machine.
	Host bool `json:"-"`
	// Repository asks for all local references of one repository: the State
	// has an image for each of them, without what only an inspect tells.
	Repository string
	Contents   bool // of the configs and secrets in the project's containers
	// Ports are host ports of which it has to be known whether a program of the
	// host listens on them. Where containers publish all of them already, that
	// is not asked.
	Ports []uint16 `json:"-"`
	// Brief asks for less: of containers only what [Container.Listed] has, and
	// no networks, volumes and foreign containers.
	Brief bool `json:"-"`
	// Enough, when it is not nil, is asked when all has been listed, with a
	// State that has of containers what [Container.Listed] has, and no images.
	// If it returns true, that is the Snapshot.
	Enough func(State) bool `json:"-"`
	// Generations asks also for what those of the project need to come back:
	// their networks, volumes and images.
	Generations bool
}

// For is the query with what has to be known to plan for a stack.
func (q Query) For(s *spec.Stack) Query {
	for _, key := range sortedKeys(s.Networks) {
		q.Networks = with(q.Networks, s.Networks[key].Name)
	}
	for _, key := range sortedKeys(s.Volumes) {
		q.Volumes = with(q.Volumes, s.Volumes[key].Name)
	}
	for _, name := range sortedKeys(s.Services) {
		service := s.Services[name]
		q.Images = with(q.Images, cmp.Or(service.ImageID, service.Container.Image))
		q.Files = withFiles(q.Files, service)
	}
	return q
}

// Extended is the query with what the generations among some volumes need, if it
// asks for that.
func (q Query) Extended(volumes map[string]Volume) Query {
	if !q.Generations {
		return q
	}
	for _, name := range sortedKeys(volumes) {
		if g, ok := DecodeGeneration(name, volumes[name]); ok && g.Stack != nil && g.Project == q.Project {
			q = q.For(g.Stack)
		}
	}
	return q
}

func withFiles(files map[string][]string, s spec.Service) map[string][]string {
	if len(s.Files) == 0 {
		return files
	}
	out := maps.Clone(files)
	if out == nil {
		out = map[string][]string{}
	}
	out[s.Name] = sortedKeys(s.Files)
	return out
}

func with(list []string, name string) []string {
	if slices.Contains(list, name) {
		return list
	}
	return append(slices.Clip(list), name)
}
