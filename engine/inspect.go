package engine

import (
	"context"
	"time"
)

// An Inspector tells people what there is and what goes on. Nothing that is
// planned hangs on it, and it changes nothing.
type Inspector interface {
	// List returns the containers of a project, of all projects for "", as one
	// list of the engine tells of them, the newest first.
	List(ctx context.Context, project string) ([]Listing, error)
	// ListVolumes returns the volumes of a project, by name.
	ListVolumes(ctx context.Context, project string) ([]VolumeListing, error)
	// DescribeImage tells of an image, by reference or ID.
	DescribeImage(ctx context.Context, image string) (ImageDescription, error)
	// PinImage is the reference with the digest that its registry has for it,
	// in full; one with a digest stays as it is.
	PinImage(ctx context.Context, image string) (string, error)
	// Processes are those that run in a container.
	Processes(ctx context.Context, container string) (ProcessTable, error)
	// Usage measures what a container uses. It may take as long as a
	// measurement needs, about a second.
	Usage(ctx context.Context, container string) (Usage, error)
	// Events calls f, from one goroutine, for each event that q asks for, until
	// q's end or that of ctx, which is its error then.
	Events(ctx context.Context, q EventQuery, f func(Event)) error
}

// A Listing is a container in the words of a list for people.
type Listing struct {
	// Container has what [Container.Listed] has, and its Image, Command and
	// Created. Its Ports are all that the engine names, bound or not.
	Container
	Sentence string   // how it stands, such as Up 3 minutes (healthy)
	Networks []string // names, sorted
	Mounts   []string // names of volumes, and folders of the host, sorted
	Local    int      // how many of the mounts are volumes of driver local
}

// A VolumeListing is a volume in the words of a list for people.
type VolumeListing struct {
	Name, Driver, Mountpoint, Scope string
	Labels                          map[string]string
}

// An ImageDescription is what an engine says of an image.
type ImageDescription struct {
	ID         string
	References []string // with tags, in the engine's order
	OS, Arch   string
	Variant    string // of Arch
	Size       int64
	Created    time.Time // zero when the image does not say
	Tagged     time.Time // when one of its references was last set; zero when unknown
}

// A ProcessTable is what the engine's ps says: rows below titles.
type ProcessTable struct {
	Titles []string
	Rows   [][]string
}

// Usage is what a container uses. The zero value is that of one that does not
// run.
type Usage struct {
	CPU                 float64 // in percent of one core
	Memory, MemoryLimit uint64  // in bytes
	Received, Sent      uint64  // by all networks, in bytes
	Read, Written       uint64  // of block devices, in bytes
	Processes           uint64
}

// An EventQuery says which events are meant. Since and Until are times as in
// RFC 3339, Unix times, or durations before now; without a Since only what comes
// is told, without an Until there is no end.
type EventQuery struct {
	Project string // "" for all
	Since   string
	Until   string
}

// An Event is whatever happened to a container, in the engine's words.
type Event struct {
	ID         string // the container's
	Action     string // such as start, or exec_create: sh
	Time       time.Time
	Attributes map[string]string // labels, image, name, and what belongs to the action
}
