package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/stackfile/stack/spec"
)

// The labels that docker compose puts on its objects, which other tools read.
const (
	LabelProject    = "com.docker.compose.project"
	LabelService    = "com.docker.compose.service"
	LabelNumber     = "com.docker.compose.container-number"
	LabelOneOff     = "com.docker.compose.oneoff" // True or False
	LabelWorkingDir = "com.docker.compose.project.working_dir"
	LabelFiles      = "com.docker.compose.project.config_files"
	LabelHash       = "com.docker.compose.config-hash" // a digest; stack never reads it
	LabelNetwork    = "com.docker.compose.network"
	LabelVolume     = "com.docker.compose.volume"
	LabelDependsOn  = "com.docker.compose.depends_on" // db:service_healthy:false,...
	LabelVersion    = "com.docker.compose.version"
	LabelSlug       = "com.docker.compose.slug" // tells one-off containers apart
)

// The labels of stack itself.
const (
	// LabelDefinition holds what an object was made from, as JSON.
	LabelDefinition = "dev.stack.definition"
	// LabelAnonymous, on a container, lists its anonymous volumes' targets
	// and names, so that a replace carries them over.
	LabelAnonymous = "dev.stack.anonymous"
	// LabelReasons, on a container, says why it was made, as JSON. It is no
	// part of what is compared.
	LabelReasons = "dev.stack.reasons"
	// LabelHooks holds the post_start and pre_stop hooks, so that a start or a
	// stop without the stack file runs them.
	LabelHooks = "dev.stack.hooks"
	// LabelPreStart is the service of whose pre_start a container is a step.
	LabelPreStart = "dev.stack.pre_start"
	// LabelOutside names the variables of a container that came from providers and
	// models, separated by commas: a plan asks neither, and takes them as they are.
	LabelOutside = "dev.stack.outside"
	// LabelLock, on a volume that is a lock or part of one, names the project;
	// LabelHolder says who holds it, as JSON. Such a volume has none of docker
	// compose's labels: it belongs to no stack.
	LabelLock   = "dev.stack.lock"
	LabelHolder = "dev.stack.lock.holder"
	// LabelMarks, on a container, says of which secret values another one
	// before it had the very same: see [Container.Mark].
	LabelMarks = "dev.stack.marks"
	// LabelGeneration, on a volume, is the number of the generation that it
	// keeps: see [Generation].
	LabelGeneration        = "dev.stack.generation"
	LabelGenerationStack   = "dev.stack.generation.stack"
	LabelGenerationRecords = "dev.stack.generation.records"
)

// definition is the form of LabelDefinition on a container. The values of the
// environment are not in it: labels are repeated in every event and every list,
// and the container has the values anyhow.
type definition struct {
	Version     int            `json:"v"`
	Container   spec.Container `json:"container"`
	Environment []string       `json:"env,omitempty"` // keys; a key alone is unset, see EncodeDefinition
	Unset       []string       `json:"unset,omitempty"`
}

// definitionVersion is raised when an older stack could misread a label. Fields
// that are only added do not raise it.
const definitionVersion = 1

// EncodeDefinition returns the label that records what a container is made
// from.
func EncodeDefinition(c spec.Container) (string, error) {
	d := definition{Version: definitionVersion, Container: c}
	d.Container.Env = nil
	for _, key := range sortedKeys(c.Env) {
		if c.Env[key] == nil {
			d.Unset = append(d.Unset, key)
		} else {
			d.Environment = append(d.Environment, key)
		}
	}
	text, err := json.Marshal(d)
	return string(text), err
}

// DecodeDefinition reads the label back. env is the container's environment as
// KEY=value; a recorded key that it lacks is taken as unset.
func DecodeDefinition(label string, env []string) (*spec.Container, error) {
	var d definition
	if err := json.Unmarshal([]byte(label), &d); err != nil {
		return nil, fmt.Errorf("label %s: %w", LabelDefinition, err)
	}
	if d.Version > definitionVersion {
		return nil, fmt.Errorf("label %s: version %d: %w", LabelDefinition, d.Version, ErrUnsupported)
	}
	values := map[string]string{}
	for _, line := range env {
		key, value, _ := strings.Cut(line, "=")
		values[key] = value
	}
	d.Container.Env = d.environment(values)
	return &d.Container, nil
}

func (d definition) environment(values map[string]string) map[string]*string {
	if len(d.Environment)+len(d.Unset) == 0 {
		return nil
	}
	out := make(map[string]*string, len(d.Environment)+len(d.Unset))
	for _, key := range d.Environment {
		if value, ok := values[key]; ok {
			out[key] = &value
		}
	}
	for _, key := range d.Unset {
		out[key] = nil
	}
	return out
}

// EncodeMap is the form in which a small map stands in a label.
func EncodeMap(m map[string]string) string {
	text, _ := json.Marshal(m) // a map of strings always encodes, its keys sorted
	return string(text)
}

// With returns labels with more of them; neither argument is changed.
func With(labels, more map[string]string) map[string]string {
	out := make(map[string]string, len(labels)+len(more))
	maps.Copy(out, labels)
	maps.Copy(out, more)
	return out
}
