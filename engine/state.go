package engine

import (
	"time"

	"github.com/stackfile/stack/spec"
)

// State is what an engine had when it was looked at. It is a value: nothing in
// it changes later, and it may be read from several goroutines.
type State struct {
	Target     string    // the kind of engine: docker, memory
	API        string    // in use, such as 1.41
	Taken      time.Time // when it was read, by the clock of this process
	Containers []Container
	Networks   map[string]Network // by name
	Volumes    map[string]Volume  // by name, those that keep a generation left out
	// Generations are what the project was brought to before, the oldest first.
	Generations []Generation
	// Locks are the names of the volumes that are the project's lock or part
	// of it, sorted.
	Locks   []string
	Images  map[string]Image // by the reference that was asked for
	Foreign []Foreign        // containers outside the project
	// Records tell how long a service took last time, by service; one that
	// was never measured is not in it.
	Records map[string]Record
	// Listening are the ports on which programs of the engine's host listen,
	// those that it publishes for containers too; Private is 0. nil where they
	// cannot be seen, as on another host, or the query does not ask for them.
	Listening []Port
	// Host is what the engine says of its machine; nil unless the query asks.
	Host *Host
	// ConnectAfterCreate says that a container is created with one network
	// and connected to the others afterwards (API below 1.44).
	ConnectAfterCreate bool
}

// A Record is how long one replica of a service took in an earlier run.
type Record struct {
	Stop  time.Duration `json:"stop,omitempty"`  // from the call to the program's end
	Ready time.Duration `json:"ready,omitempty"` // from the start to the proof that it is good
}

// A Container is one that carries the project's label.
type Container struct {
	ID, Name string
	Service  string
	Number   int  // of the replica, from 1
	OneOff   bool // made by run, no replica

	Image, ImageID string // the reference it was made from, and what that meant
	Command        string // the program that runs and its arguments, for people; "" when unknown
	Status         Status
	Health         Health
	ExitCode       int
	OOMKilled      bool
	Restarts       int
	Created        time.Time
	Started        time.Time
	Finished       time.Time
	Labels         map[string]string
	Ports          []Port

	// Recorded is what it was made from, the values of its environment read
	// back from the container. That of a container which another tool made is
	// read back as a whole, see Adopted; nil when that cannot be done.
	Recorded *spec.Container
	// Observed is Recorded, but with each live field as the engine has it now.
	Observed *spec.Container
	// Adopted is nil for a container that stack made.
	Adopted *Adopted
	// Untold names what the engine does not tell of it, or cannot do, as paths
	// such as cpu_shares. That counts as being what is asked for.
	Untold []string
	// Joins holds the IDs of the containers whose network, pid or ipc
	// namespace it shares.
	Joins []string
	// Stale holds the targets of single files bound into it that were replaced
	// on the host while it runs: it still has the old ones. A file that cannot
	// be looked at from here is not among them.
	Stale []string
	// Anonymous holds its anonymous volumes' names, by target.
	Anonymous map[string]string
	// Contents are the configs and secrets of Recorded as they are in the
	// container now, by target: only where the query asks, and only those
	// that are there.
	Contents map[string][]byte
}

// Adopted says how the Recorded of a container that another tool made is to be
// compared with what is asked for: it is not told in the words of a file.
type Adopted struct {
	// Defaults is what the container has without having been asked for it, from
	// its image and from the engine. It is not part of Recorded, and who asks
	// for it has it.
	Defaults spec.Container
}

// Status is where in its life a container is, in the engine's words.
type Status string

// The statuses of the Engine API, ContainerState.
const (
	StatusCreated    Status = "created"
	StatusRunning    Status = "running"
	StatusPaused     Status = "paused"
	StatusRestarting Status = "restarting"
	StatusExited     Status = "exited"
	StatusRemoving   Status = "removing"
	StatusDead       Status = "dead"
)

// Health is the verdict of a container's healthcheck, "" when it has none.
type Health string

// The verdicts of the Engine API.
const (
	HealthStarting  Health = "starting"
	HealthHealthy   Health = "healthy"
	HealthUnhealthy Health = "unhealthy"
)

// A Port is one published port. Public is 0 while it is not bound.
type Port struct {
	IP       string
	Public   uint16
	Private  uint16
	Protocol string
}

// A Network is one that the engine has.
type Network struct {
	ID       string
	Labels   map[string]string
	Recorded *spec.Network // from its label, or as Adopted says; nil when it belongs to no project
	Adopted  bool          // another tool made it: Recorded is read back, what the engine chose included
	Driver   string
	Members  []string // names of the containers attached, stopped ones left out
	// Doubles holds the IDs of the project's other networks of the same name,
	// to which nothing is attached. Engines before API 1.44 make a second one
	// for a run that was killed while it asked; the name is ambiguous then.
	Doubles []string
}

// A Volume is one that the engine has.
type Volume struct {
	Labels   map[string]string
	Recorded *spec.Volume // from its label, or as Adopted says; nil when it belongs to no project
	Adopted  bool         // another tool made it: Recorded is read back
	Driver   string
	Created  time.Time
}

// An Image is what a reference means.
type Image struct {
	ID      string
	Created time.Time
	Tagged  time.Time // when the reference last came to mean it; zero when unknown
	Labels  map[string]string
	// References are all that mean it, digests too; sorted.
	References []string
	// Healthcheck is the image's own, nil for none.
	Healthcheck *spec.Healthcheck
	// Volumes are the targets for which the image asks an anonymous volume.
	Volumes []string
}

// A Foreign container is one outside the project: its name and its published
// ports are taken.
type Foreign struct {
	Name    string
	Project string
	Ports   []Port
}
