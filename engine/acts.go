package engine

import (
	"context"

	"github.com/stackfile/stack/plan"
)

// Acts are the operations that only a command asks for by name: no difference
// between what is desired and what is there leads to them.
type Acts interface {
	PauseContainer(ctx context.Context, op PauseContainer) error
	KillContainer(ctx context.Context, op KillContainer) error
	// CommitContainer makes an image of a container, running or not; the outcome
	// has its ID.
	CommitContainer(ctx context.Context, op CommitContainer) (plan.Outcome, error)
	// PushImage brings an image that is there to the registry that its name says.
	PushImage(ctx context.Context, op PushImage, progress func(plan.Progress)) error
}
