package engine

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stackfile/stack/spec"
)

// A Generation is a state that a stack was brought to, as the labels of a volume
// keep it. The volume is empty.
type Generation struct {
	Number  int    // from 1; 0 when nobody can tell
	Volume  string // its name
	Project string
	Created time.Time
	// Stack is what was reached, each service with the ID of its image, and
	// without secrets; nil when this version cannot read it.
	Stack *spec.Stack
	// Withheld are the pointers to what was left out of Stack, each with the
	// marks of the containers that had the value; see [Container.Mark].
	Withheld map[string][]string
	// Records tell how long the services took, in this run or an earlier one.
	Records map[string]Record
}

// generation is the form of LabelGenerationStack.
type generation struct {
	Version  int                 `json:"v"`
	Stack    *spec.Stack         `json:"stack"`
	Withheld map[string][]string `json:"withheld,omitempty"`
}

// generationVersion is raised when an older stack could misread a label. Fields
// that are only added do not raise it.
const generationVersion = 1

// Labels are those of the generation's volume.
func (g Generation) Labels() (map[string]string, error) {
	text, err := json.Marshal(generation{generationVersion, g.Stack, g.Withheld})
	if err != nil {
		return nil, fmt.Errorf("generation %d: %w", g.Number, err)
	}
	records, err := json.Marshal(g.Records)
	if err != nil {
		return nil, fmt.Errorf("generation %d: %w", g.Number, err)
	}
	return map[string]string{
		LabelProject: g.Project, LabelVolume: generationKey + strconv.Itoa(g.Number),
		LabelGeneration: strconv.Itoa(g.Number), LabelGenerationStack: string(text), LabelGenerationRecords: string(records),
	}, nil
}

// generationKey begins the name of a generation's volume behind the project's.
const generationKey = "stack-gen-"

// GenerationVolume is the name of the volume that keeps a generation.
func GenerationVolume(project string, number int) string {
	return project + "_" + generationKey + strconv.Itoa(number)
}

// DecodeGeneration reads the labels of a volume. ok is false for one that keeps
// no generation. Labels that this version cannot read give a Generation without
// a Stack: history may be lost, and nothing else.
func DecodeGeneration(volume string, v Volume) (g Generation, ok bool) {
	number, ok := v.Labels[LabelGeneration]
	if !ok {
		return Generation{}, false
	}
	g = Generation{Volume: volume, Project: v.Labels[LabelProject], Created: v.Created}
	if n, err := strconv.Atoi(number); err == nil && n > 0 {
		g.Number = n
	}
	var kept generation
	if err := json.Unmarshal([]byte(v.Labels[LabelGenerationStack]), &kept); err != nil || kept.Version != generationVersion {
		return g, true
	}
	if kept.Stack == nil || kept.Stack.Name != g.Project {
		return g, true
	}
	g.Stack, g.Withheld = kept.Stack, kept.Withheld
	_ = json.Unmarshal([]byte(v.Labels[LabelGenerationRecords]), &g.Records) // they are for people only
	return g, true
}

// AddVolume puts a volume into the state: among the generations, the oldest
// first, if it keeps one, and else among the volumes. A state of one project has
// the records of its newest generation.
func (s *State) AddVolume(name string, v Volume) {
	g, ok := DecodeGeneration(name, v)
	if !ok {
		s.Volumes[name] = v
		return
	}
	s.Generations = append(s.Generations, g)
	slices.SortFunc(s.Generations, func(a, b Generation) int {
		return cmp.Or(cmp.Compare(a.Project, b.Project), cmp.Compare(a.Number, b.Number), cmp.Compare(a.Volume, b.Volume))
	})
	if first, last := s.Generations[0], s.Generations[len(s.Generations)-1]; first.Project == last.Project {
		s.Records = last.Records
	}
}

// GenerationRepository is the repository of the references that keep the images
// of a project's generations. It has no "/" behind the first but where the
// project's name could not stand in a reference.
func GenerationRepository(project string) string {
	if component(project) {
		return "stack-gen/" + project
	}
	return fmt.Sprintf("stack-gen/encoded/%x", project)
}

// component reports whether the name of a project, which has only small letters,
// digits, - and _, can be a part of an image's reference: separators stand
// alone between others, but for __ and rows of -.
func component(name string) bool {
	for _, part := range strings.FieldsFunc(name, func(r rune) bool { return r != '-' && r != '_' }) {
		if part != "_" && part != "__" && strings.Trim(part, "-") != "" {
			return false
		}
	}
	return !strings.HasSuffix(name, "-") && !strings.HasSuffix(name, "_")
}

// Tags are the references that keep the images of the generation, with the IDs:
// each image has one, named after the first of its services.
func (g Generation) Tags() map[string]string {
	out, kept := map[string]string{}, map[string]bool{"": true}
	for _, name := range sortedKeys(g.Stack.Services) {
		if id := g.Stack.Services[name].ImageID; !kept[id] {
			kept[id] = true
			out[GenerationTag(g.Project, g.Number, name)] = id
		}
	}
	return out
}

// GenerationTag is the reference that keeps the image of a service, and with it
// that of all services with the same one, for a generation.
func GenerationTag(project string, number int, service string) string {
	tag := fmt.Sprintf("%d-%s", number, service)
	if len(tag) > longestTag {
		tag = fmt.Sprintf("%d-%x", number, sha256.Sum256([]byte(service)))
	}
	return GenerationRepository(project) + ":" + tag
}

// longestTag is how many letters the tag of a reference may have.
const longestTag = 128

// TaggedGeneration is the number of the generation that a reference of
// [GenerationTag] is for.
func TaggedGeneration(project, ref string) (number int, ok bool) {
	tag, ok := strings.CutPrefix(ref, GenerationRepository(project)+":")
	if !ok {
		return 0, false
	}
	digits, _, _ := strings.Cut(tag, "-")
	number, err := strconv.Atoi(digits)
	return number, err == nil
}
