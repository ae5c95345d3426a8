// Package spec is the desired state: what a stack file asks for, as one value.
// It never talks to an engine, and it never changes anything.
//
// A Stack is made by [Load] from files that follow the Compose specification.
// Everything in it is resolved: names are the engine's names, paths are
// absolute, durations are durations, and collections without an order are maps
// keyed by what identifies an element, so that two stacks can be compared field
// by field.
package spec

import "time"

// A Stack is everything one stack file asks of a target. Callers do not change
// it; it may be read from several goroutines.
type Stack struct {
	Name       string // the project's name, as in the label com.docker.compose.project
	WorkingDir string // absolute
	Files      []string

	Services  map[string]Service // those of the active profiles, by name
	Inactive  []string           // declared, but outside the active profiles; sorted. Not orphans
	Separator string             `json:",omitempty"` // between the parts of a container's name; "": -

	Networks map[string]Network // those in use, by the file's key
	Volumes  map[string]Volume  // those in use, by the file's key
	// Providers and Models are what the services need from outside the engine.
	Providers map[string]Provider `json:",omitempty"` // by name; no services
	Models    map[string]Model    `json:",omitempty"` // those in use, by the file's key
	Warnings  []Finding           // accepted, but not honoured; each names its attribute

	Distance  Distance            `json:"-"` // of the engine, as in LoadOptions
	Positions map[string]Position `json:"-"` // where each service stands, by its name
}

// A Position is a place in a stack file.
type Position struct {
	File   string `json:"file"`   // as the user named it
	Line   int    `json:"line"`   // from 1
	Column int    `json:"column"` // from 1
}

// A Service is one program of a stack, in one or more replicas.
type Service struct {
	Name      string
	Container Container // what each replica is made from
	Replicas  int

	// ImageID is the image that containers are made from, whatever
	// Container.Image means now; "" for what that means. A file cannot ask
	// for it: a rollback does.
	ImageID string `json:",omitempty"`

	ContainerName string // fixed name instead of <project>-<service>-<n>; "" for none
	DependsOn     map[string]Dependency
	Placement     Placement   `json:",omitzero"`
	Reserved      Reservation `json:",omitzero"` // by each replica
	Build         *Build      // nil: the image is pulled
	PullPolicy    string      // missing, always, never, build, refresh
	PullAfter     time.Duration
	Files         map[string]FileContent // configs and secrets to copy, by target; bound ones are mounts

	// Providers and Models are what its containers have variables of, as long as
	// the values are not known.
	Providers []string            `json:",omitempty"` // sorted
	Models    map[string]ModelUse `json:",omitempty"` // by the file's key
	// Outside are the variables that it has got from them, sorted.
	Outside []string `json:",omitempty"`

	// Of is the service before whose start this one has to have succeeded, as a
	// step of its pre_start; "" for a service of the file. With PerReplica it is
	// run once for each replica of that.
	Of         string `json:",omitempty"`
	PerReplica bool   `json:",omitempty"`

	// OneOff says that this is a single run of another service; nil for none. A
	// file cannot ask for it.
	OneOff *OneOff `json:",omitempty"`

	Job         bool          // runs to completion: something depends on its success, or deploy.mode says so
	StopTimeout time.Duration // 0: the engine's default, 10 s
	Monitor     time.Duration // without a healthcheck: how long it must run before it counts as good; 0: 1 s
	Update      Update
	PostStart   []Hook
	PreStop     []Hook
	Attach      bool      // its logs show in an attached up
	Watch       []Watch   `json:"-"` // what is done when files of this machine change
	OnFailure   OnFailure `json:",omitempty"`

	// Of a job: when the bind mounts that it can write to were last written,
	// and why those without a digest in Container.Inputs were not looked at.
	// By target.
	Touched map[string]time.Time `json:",omitempty"`
	Unread  map[string]string    `json:",omitempty"`

	// Local are its binds of this machine's files, when the engine is not here.
	Local []Local `json:"-"`
	// Sources are what its image is built from, with LoadOptions.Contexts;
	// nil when nothing of it is on this machine.
	Sources *Sources `json:"-"`
}

// OnFailure says what becomes of a replica whose replacement is not good:
// x-stack.on_failure.
type OnFailure string

// What can be done about a failed replacement. "" is Rollback.
const (
	Rollback OnFailure = "rollback" // the old one comes back
	Stop     OnFailure = "stop"     // the new one is left as it is, the old one kept aside
	Continue OnFailure = "continue" // as Stop, and what depends on it goes on
)

// Update is how a replica is replaced: deploy.update_config, and our own
// x-stack.update.
type Update struct {
	StartFirst    bool // the new one starts, and is ready, before the old one stops
	SharedVolumes bool // both may have a writable volume at once
}

// A Dependency is one entry of depends_on, or one implied by links,
// volumes_from, or a shared namespace.
type Dependency struct {
	Condition Condition
	Restart   bool // replace the dependent when the dependency is replaced
	Required  bool
	Namespace bool // shares the dependency's container: follows each replace of it
}

// A Condition is what a container must meet before its dependents start.
type Condition string

// The conditions of the Compose specification, chapter 05, depends_on.
const (
	Started   Condition = "service_started"
	Healthy   Condition = "service_healthy"
	Completed Condition = "service_completed_successfully"
)

// A Hook is a command run inside a container at a point of its life.
type Hook struct {
	Command     []string          `json:"command,omitempty"`
	User        string            `json:"user,omitempty"`
	Privileged  bool              `json:"privileged,omitempty"`
	WorkingDir  string            `json:"working_dir,omitempty"`
	Environment map[string]string `json:"environment,omitempty"`
}

// FileContent is a config or secret whose text is copied into the container.
// The text is kept out of every label, plan text and log.
type FileContent struct {
	Content  []byte
	UID, GID int
	Mode     int64 // permission bits; 0: 0444
}

// A Network is a network of the stack, or an external one it uses.
type Network struct {
	Name       string            `json:"name"`
	External   bool              `json:"external,omitempty"`
	Driver     string            `json:"driver,omitempty"`
	DriverOpts map[string]string `json:"driver_opts,omitempty"`
	Internal   bool              `json:"internal,omitempty"`
	Attachable bool              `json:"attachable,omitempty"`
	EnableIPv4 *bool             `json:"enable_ipv4,omitempty"`
	EnableIPv6 *bool             `json:"enable_ipv6,omitempty"`
	IPAM       IPAM              `json:"ipam,omitzero"`
	Labels     map[string]string `json:"labels,omitempty"`
}

// IPAM is a network's address management.
type IPAM struct {
	Driver  string            `json:"driver,omitempty"`
	Options map[string]string `json:"options,omitempty"`
	Config  []Pool            `json:"config,omitempty"`
}

// A Pool is one address range of a network.
type Pool struct {
	Subnet       string            `json:"subnet,omitempty"`
	IPRange      string            `json:"ip_range,omitempty"`
	Gateway      string            `json:"gateway,omitempty"`
	AuxAddresses map[string]string `json:"aux_addresses,omitempty"`
}

// A Volume is a named volume of the stack, or an external one it uses.
type Volume struct {
	Name       string            `json:"name"`
	External   bool              `json:"external,omitempty"`
	Driver     string            `json:"driver,omitempty"`
	DriverOpts map[string]string `json:"driver_opts,omitempty"`
	Labels     map[string]string `json:"labels,omitempty"`
}
