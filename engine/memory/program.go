package memory

import (
	"github.com/stackfile/stack/engine"
	"github.com/stackfile/stack/spec"
)

// A Program says what the program of a container does, given what the container
// is made from.
type Program func(spec.Container) Behaviour

// A Behaviour is what a program does. The zero Behaviour runs for ever, is
// healthy as soon as somebody waits for it, ends with 0 when somebody waits for
// that, and writes nothing.
type Behaviour struct {
	// Exits has the program end, with Code, as soon as it has started.
	Exits bool
	Code  int
	// Health is what the healthcheck finds: starting for never, unhealthy, or
	// healthy, which "" stands for too.
	Health engine.Health
	// Endless has the program go on although its end is waited for.
	Endless bool
	// Probe is what the healthcheck prints.
	Probe string
	// Output and Errors are what the program writes when it starts.
	Output, Errors string
	// Exec carries out a command inside the container, a hook included, and
	// returns its exit code. It must not call the engine. nil: every command
	// prints nothing and ends with 0.
	Exec func(Process) int
}

// A Process is a command inside a container.
type Process struct {
	engine.ExecOptions                             // its writers are never nil
	Container          spec.Container              // what the container is made from
	Files              map[string]spec.FileContent // what was copied into it, by target
}

// SetProgram says what containers of a service, or of an image reference, do
// from their next start on. A service goes before its image.
func (e *Engine) SetProgram(serviceOrImage string, p Program) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.programs[serviceOrImage] = p
	e.programs[canonical(serviceOrImage)] = p
}

// Behave is SetProgram for a program that always does the same.
func (e *Engine) Behave(serviceOrImage string, b Behaviour) {
	e.SetProgram(serviceOrImage, func(spec.Container) Behaviour { return b })
}

func (w *world) behaviour(c *container) Behaviour {
	for _, key := range []string{c.labels[engine.LabelService], canonical(c.image)} {
		if p, ok := w.programs[key]; ok && key != "" {
			return p(c.made)
		}
	}
	return Behaviour{}
}
