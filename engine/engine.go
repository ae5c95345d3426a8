// Package engine is the seam between what stack decides and the program that
// runs containers: the values that cross it, the operations, and the interfaces
// that every engine implements. It does no I/O of its own.
//
// Package docker is the real engine and package memory one in memory; both are
// held to the same suite, in package enginetest.
package engine

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/stackfile/stack/plan"
)

// The causes that callers tell apart. Engines wrap them with %w.
var (
	ErrNotFound    = errors.New("not found")
	ErrConflict    = errors.New("conflict")      // the name is taken, or the state does not allow it
	ErrUnavailable = errors.New("no engine")     // nothing answers where the engine should be
	ErrUnsupported = errors.New("not supported") // this engine, or its API version, cannot do it
)

// An Engine is all of it. Its methods may be called from several goroutines.
type Engine interface {
	Reader
	Mutator
	Stream
	Archives
	Attachments
	Files
	Inspector
}

// A Reader reads, and changes nothing.
type Reader interface {
	// Snapshot reads what q asks for. What is not there is absent in the
	// State; that is no error.
	Snapshot(ctx context.Context, q Query) (State, error)
	// VolumeLabels reads the labels of one volume as they are at one moment:
	// those of whoever made it first, however many asked for it at once. One
	// that is not there is an ErrNotFound.
	VolumeLabels(ctx context.Context, name string) (map[string]string, error)
	// VolumesWith returns the names of the volumes that carry a label with a
	// value, sorted.
	VolumesWith(ctx context.Context, label, value string) ([]string, error)
	// Version names the engine and its API, after negotiation.
	Version(ctx context.Context) (Version, error)
	// ID tells this engine from all others, for as long as what it keeps
	// lives.
	ID(ctx context.Context) (string, error)
}

// A Version names an engine.
type Version struct {
	Engine string `json:"engine"` // such as 20.10.24
	API    string `json:"api"`    // in use after negotiation, such as 1.41
	Host   string `json:"host"`   // where it answers
	OS     string `json:"os"`
	Arch   string `json:"arch"`
}

// A Mutator carries out the operations. Each call is one act on the engine, is
// finished when it returns, and may be cancelled. Calls that find their work
// already done succeed: creating what is there with the same definition,
// removing what is gone, stopping what is stopped.
type Mutator interface {
	Containers
	Resources
	Images
	Acts
}

// Containers are the operations on containers.
type Containers interface {
	CreateContainer(ctx context.Context, op CreateContainer) (plan.Outcome, error)
	StartContainer(ctx context.Context, op StartContainer) error
	StopContainer(ctx context.Context, op StopContainer) error
	RestartContainer(ctx context.Context, op RestartContainer) error
	UnpauseContainer(ctx context.Context, op UnpauseContainer) error
	UpdateContainer(ctx context.Context, op UpdateContainer) (plan.Outcome, error)
	RenameContainer(ctx context.Context, op RenameContainer) error
	RemoveContainer(ctx context.Context, op RemoveContainer) error
	CopyFiles(ctx context.Context, op CopyFiles) error
	RunHook(ctx context.Context, op RunHook, progress func(plan.Progress)) error
	// WaitContainer returns when the condition is met, or with an error that
	// is a *NotReadyError when it cannot be met any more.
	WaitContainer(ctx context.Context, op WaitContainer, progress func(plan.Progress)) (plan.Outcome, error)
}

// Resources are the operations on networks and volumes.
type Resources interface {
	CreateNetwork(ctx context.Context, op CreateNetwork) error
	RemoveNetwork(ctx context.Context, op RemoveNetwork) error
	ConnectNetwork(ctx context.Context, op ConnectNetwork) error
	DisconnectNetwork(ctx context.Context, op DisconnectNetwork) error
	CreateVolume(ctx context.Context, op CreateVolume) error
	// ClaimVolume makes a volume unless one of its name is there, and returns
	// the labels that it has then: those of whoever made it first, however
	// many ask for it at once.
	ClaimVolume(ctx context.Context, op CreateVolume) (labels map[string]string, err error)
	RemoveVolume(ctx context.Context, op RemoveVolume) error
}

// Images are the operations on images. Outcomes carry the ID that the reference
// means afterwards.
type Images interface {
	PullImage(ctx context.Context, op PullImage, progress func(plan.Progress)) (plan.Outcome, error)
	BuildImage(ctx context.Context, op BuildImage, progress func(plan.Progress)) (plan.Outcome, error)
	TagImage(ctx context.Context, op TagImage) error
	RemoveImage(ctx context.Context, op RemoveImage) error
}

// A Stream is what flows between a container and a person.
type Stream interface {
	// Logs writes a container's output to the writers until it ends, or, when
	// following, until the container stops or ctx is done.
	Logs(ctx context.Context, container string, opts LogOptions, stdout, stderr io.Writer) error
	// Exec runs a command in a container, to its end, and returns its exit code.
	Exec(ctx context.Context, container string, opts ExecOptions) (int, error)
	// Watch calls f, from one goroutine, for each event of the project's
	// containers until ctx is done, and returns once watching has begun.
	Watch(ctx context.Context, project string, f func(ContainerEvent)) error
	// WatchVolume calls f, from one goroutine, whenever the volume may have
	// been removed, until ctx is done. It returns once watching has begun: no
	// removal after that is missed, and one shortly before may be told of
	// too. It needs no volume to be there.
	WatchVolume(ctx context.Context, name string, f func()) error
}

// LogOptions choose what of a log is read. The zero value: all of it, once.
type LogOptions struct {
	Follow     bool
	Tail       string // a number of lines; "" or "all" for all
	Since      string // RFC 3339, or a duration before now such as 10m
	Until      string
	Timestamps bool
}

// ExecOptions describe a command in a container.
type ExecOptions struct {
	Command    []string
	Env        []string
	User       string
	WorkingDir string
	Privileged bool
	Detach     bool // do not wait for it
	Tty        bool
	Stdin      io.Reader // nil: none
	Stdout     io.Writer
	Stderr     io.Writer
	Resize     <-chan Size // sizes of the terminal; nil when there is none
	DetachKeys string      // as of AttachOptions, with a terminal only
}

// Size is that of a terminal, in characters.
type Size struct{ Width, Height uint }

// A ContainerEvent is a change in the life of one container.
type ContainerEvent struct {
	ID, Name, Service string
	Action            string // create, start, die, stop, health_status: healthy, destroy, ...
	ExitCode          int    // of die
	Time              time.Time
}
