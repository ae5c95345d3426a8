package engine

import (
	"context"
	"io"
	"io/fs"
)

// Files are what can be copied out of a container's file system and into it,
// running or not.
type Files interface {
	// PutOwned is PutArchive, but all that is unpacked belongs to the user that
	// the container runs as.
	PutOwned(ctx context.Context, container, folder string, archive io.Reader) error
	// StatPath tells of one file of a container; of a link, of the link itself.
	// One that is not there is an ErrNotFound.
	StatPath(ctx context.Context, container, path string) (PathStat, error)
	// GetArchive writes a file, or a folder with all that is in it, as a tar
	// archive. The names in it begin with the last part of path.
	GetArchive(ctx context.Context, container, path string, to io.Writer) error
	// ExportContainer writes the whole file system as a tar archive, without
	// what is mounted in it.
	ExportContainer(ctx context.Context, container string, to io.Writer) error
}

// A PathStat tells of one file in a container.
type PathStat struct {
	Name string // the last part of its path
	Size int64
	Mode fs.FileMode
	Link string // what a link leads to, as an absolute path; "" for no link
}
