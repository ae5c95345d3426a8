package engine

import (
	"time"

	"github.com/stackfile/stack/spec"
)

// CreateContainer makes a container and does not start it. Networks of the
// definition that Connect does not name are left for ConnectNetwork.
type CreateContainer struct {
	Name       string
	Definition spec.Container
	Image      string            // an ID, in place of what the definition's image means; "": as it means
	Labels     map[string]string // all of them: the user's, Compose's and ours
	Connect    []string          // names of networks to create it with, the main one first
	Anonymous  map[string]string // anonymous volumes to carry over: target -> volume name
	// NetworkMode, PID, IPC and VolumesFrom stand in place of the
	// definition's when those name a service: here they name a container.
	NetworkMode, PID, IPC string
	VolumesFrom           []string
	StopTimeout           time.Duration // 0: the engine's default
	// StdinOnce ends the program's standard input when who is attached to it
	// ends theirs.
	StdinOnce bool `json:",omitempty"`
}

// StartContainer starts a created or stopped container.
type StartContainer struct{ Name string }

// StopContainer asks the program to end, and ends it after the timeout.
type StopContainer struct {
	Name    string         // an ID or a name
	Timeout *time.Duration // nil: the container's own
}

// RestartContainer stops and starts a container, keeping its file system.
type RestartContainer struct {
	Name    string
	Timeout *time.Duration
}

// UnpauseContainer lets a paused container go on.
type UnpauseContainer struct{ Name string }

// PauseContainer freezes the processes of a running container. One that is paused
// already, or does not run any more, is success.
type PauseContainer struct{ Name string }

// KillContainer sends a signal to the program of a container. One that does not
// run, or is gone, is success.
type KillContainer struct {
	Name   string
	Signal string // such as SIGHUP or 1; "": SIGKILL
}

// CommitContainer makes an image of a container's file system. The outcome has
// its ID.
type CommitContainer struct {
	Name    string
	Image   string   `json:",omitempty"` // the reference that it gets; "" for none
	Author  string   `json:",omitempty"`
	Message string   `json:",omitempty"`
	Changes []string `json:",omitempty"` // instructions of a Dockerfile
	Pause   bool     // the container, meanwhile
}

// UpdateContainer changes resources and the restart policy in place. Only the
// fields named in Fields, by their JSON names, are sent.
type UpdateContainer struct {
	Name       string
	Definition spec.Container
	Fields     []string
}

// RenameContainer gives a container another name.
type RenameContainer struct{ From, To string }

// RemoveContainer removes a container, running or not.
type RemoveContainer struct {
	Name    string
	Volumes bool // the anonymous volumes that were made with it, too
}

// CopyFiles puts files into a container that was created and not started.
type CopyFiles struct {
	Name  string
	Files map[string]spec.FileContent // by target
}

// RunHook runs a command in a running container. An exit code other than 0 is
// an error.
type RunHook struct {
	Name string
	Hook spec.Hook
}

// WaitContainer waits until a container meets a condition.
type WaitContainer struct {
	Name      string
	Condition Condition
	// Check is the service's own healthcheck, nil for the image's. The wait
	// runs its test by exec, without waiting for the engine's interval.
	Check *spec.Healthcheck
	// Hold is how long an early success must hold: for a program that
	// initialises a new volume and restarts once.
	Hold time.Duration
	// Monitor is how long a container without a healthcheck must have been
	// running, since it started, before it counts as good; 0 for at once.
	Monitor time.Duration
	// Timeout ends the wait with a failure; 0 for none.
	Timeout time.Duration
}

// A Condition is what a wait waits for.
type Condition string

// The conditions. Ready is healthy where there is a healthcheck, and running
// where there is none.
const (
	Running   Condition = "running"
	Healthy   Condition = "healthy"
	Ready     Condition = "ready"
	Completed Condition = "completed" // exited with 0
)

// CreateNetwork makes a network.
type CreateNetwork struct {
	Definition spec.Network
	Labels     map[string]string // all of them
	// Contested says that another call for the same network may be under way:
	// that of a run that was killed, or one whose answer was lost. It is no
	// part of a plan.
	Contested bool `json:"-"`
}

// RemoveNetwork removes a network that nothing is connected to.
type RemoveNetwork struct{ Name string } // an ID or a name

// ConnectNetwork connects a container with the full settings of its endpoint.
type ConnectNetwork struct {
	Network, Container string
	Endpoint           spec.Endpoint
}

// DisconnectNetwork takes a container off a network.
type DisconnectNetwork struct{ Network, Container string }

// CreateVolume makes a named volume.
type CreateVolume struct {
	Definition spec.Volume
	Labels     map[string]string // all of them
}

// RemoveVolume removes a volume and what is in it.
type RemoveVolume struct{ Name string }

// PullImage brings an image from its registry.
type PullImage struct{ Image, Platform string }

// PushImage brings an image to its registry.
type PushImage struct{ Image string }

// BuildImage makes an image and gives it a reference.
type BuildImage struct {
	Image    string // the reference
	Platform string
	Build    spec.Build
	// AllPlatforms makes it for each of Build.Platforms, where the engine can keep
	// that. Else it is for Platform, or the engine's own one of them: to run here.
	AllPlatforms bool `json:",omitempty"`
}

// TagImage gives an image one more reference. One that means another image
// means this one from then on.
type TagImage struct {
	Image string // a reference or an ID
	As    string // the reference
}

// RemoveImage takes a reference away, and the image with the last of them. An
// image that a container uses stays, and is an ErrConflict.
type RemoveImage struct{ Image string }

// Kind names the operation, as plans and events print it.
func (CreateContainer) Kind() string   { return "CreateContainer" }
func (StartContainer) Kind() string    { return "StartContainer" }
func (StopContainer) Kind() string     { return "StopContainer" }
func (RestartContainer) Kind() string  { return "RestartContainer" }
func (UnpauseContainer) Kind() string  { return "UnpauseContainer" }
func (PauseContainer) Kind() string    { return "PauseContainer" }
func (KillContainer) Kind() string     { return "KillContainer" }
func (CommitContainer) Kind() string   { return "CommitContainer" }
func (UpdateContainer) Kind() string   { return "UpdateContainer" }
func (RenameContainer) Kind() string   { return "RenameContainer" }
func (RemoveContainer) Kind() string   { return "RemoveContainer" }
func (CopyFiles) Kind() string         { return "CopyFiles" }
func (RunHook) Kind() string           { return "RunHook" }
func (WaitContainer) Kind() string     { return "WaitContainer" }
func (CreateNetwork) Kind() string     { return "CreateNetwork" }
func (RemoveNetwork) Kind() string     { return "RemoveNetwork" }
func (ConnectNetwork) Kind() string    { return "ConnectNetwork" }
func (DisconnectNetwork) Kind() string { return "DisconnectNetwork" }
func (CreateVolume) Kind() string      { return "CreateVolume" }
func (RemoveVolume) Kind() string      { return "RemoveVolume" }
func (PullImage) Kind() string         { return "PullImage" }
func (PushImage) Kind() string         { return "PushImage" }
func (BuildImage) Kind() string        { return "BuildImage" }
func (TagImage) Kind() string          { return "TagImage" }
func (RemoveImage) Kind() string       { return "RemoveImage" }

// Waits marks the wait: it changes nothing.
func (WaitContainer) Waits() {}

// Cancellable marks a pull: cut off, it leaves nothing half-made.
func (PullImage) Cancellable() {}

// Cancellable marks a push: cut off, it leaves nothing that has a name.
func (PushImage) Cancellable() {}

// Cancellable marks a build: cut off, it leaves nothing half-made.
func (BuildImage) Cancellable() {}
