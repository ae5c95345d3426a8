package engine

import (
	"context"
	"io"
)

// Archives are trees of files on their way into containers and out of them.
type Archives interface {
	// PutArchive unpacks a tar archive into a folder of a container, running
	// or not, with the owners that it names. What is there of an entry's name
	// is replaced, and folders that entries lie in are made.
	PutArchive(ctx context.Context, container, folder string, archive io.Reader) error
}
