// Package planner decides what to do: from what is desired and what was
// observed it makes a plan. It is pure. It does no I/O, asks nobody, reads no
// clock, logs nothing, and gives the same plan each time for the same input.
package planner

import (
	"time"

	"github.com/stackfile/stack/spec"
)

// Options of Up. The zero value converges the whole stack.
type Options struct {
	Services       []string       // these and what they depend on; empty: all
	Scale          map[string]int // replicas in place of the file's
	NoDeps         bool           // leave alone what the services depend on
	NoStart        bool           // create only
	ForceRecreate  bool           // replace containers that need no change
	NoRecreate     bool           // replace none
	RecreateDeps   bool           // with ForceRecreate and Services: dependencies too
	RenewAnonymous bool           // anonymous volumes are made anew
	RemoveOrphans  bool
	IgnoreOrphans  bool   // no note about orphans
	Build          bool   // build images before starting
	NoBuild        bool   // never build; a missing image is an error
	Pull           string // always, missing, never; "": as the file says
	Wait           bool   // the plan ends when every service is ready
	WaitTimeout    time.Duration
	StopTimeout    *time.Duration // nil: each service's own
	Rerun          bool           // run jobs again that are done: those among Services, or else all
	OnFailure      spec.OnFailure // what becomes of a failed replacement; "": as the file says
}

// DownOptions of Down. The zero value removes containers and networks.
type DownOptions struct {
	Services      []string // only these, and no networks; empty: the whole project
	Volumes       bool     // named volumes of the project and anonymous ones too
	Images        string   // "local": built images; "all": all used; "": none
	RemoveOrphans bool
	IgnoreOrphans bool // no note about orphans
	StopTimeout   *time.Duration
}

// StopOptions of Stop, Restart and Remove.
type StopOptions struct {
	Services []string // empty: those of the file in an active profile, or without a file all
	Timeout  *time.Duration
	NoDeps   bool // Restart: not those with depends_on.restart on the services
	Stop     bool // Remove: stop running containers first; else they are left
	Volumes  bool // Remove: anonymous volumes too
}

// StartOptions of Start.
type StartOptions struct {
	Services    []string // empty: those of the file in an active profile, or without a file all
	Wait        bool
	WaitTimeout time.Duration
}

// ImageOptions of Build, Pull and Push.
type ImageOptions struct {
	Services         []string // empty: all
	WithDependencies bool
	NoCache          bool              // Build
	Pull             bool              // Build: newer base images
	Args             map[string]string // Build: in place of the file's
	Push             bool              // Build: bring the images to their registries afterwards
	Provenance, SBOM string            // Build: in place of the file's; "": as it says
	SSH              map[string]string // Build: id -> path, "" for the agent; beside the file's
	Policy           string            // Pull: missing or always; "": always
	IgnoreBuildable  bool              // Pull: not those that can be built
}
